//! How it stands with the uplink, for pages and metrics.

use tidemark_model::{EpochOrdinal, Generation};

use crate::message::Session;
use crate::time::Millis;

use super::{Link, Uplink};

/// How it stands with the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Looking for the centre.
    Searching,
    /// Staying away as the centre asked.
    Waiting,
    /// Connected, not yet welcome.
    Greeting,
    /// The stream is open.
    Open,
    /// Stopped, or not allowed to speak.
    Silent,
}

/// How it stands with the uplink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UplinkStatus {
    /// The connection.
    pub link: LinkState,
    /// The last session.
    pub session: Session,
    /// The highest generation heard of.
    pub generation: Generation,
    /// The ordinal of the epoch, once the centre told it.
    pub ordinal: Option<EpochOrdinal>,
    /// Whether another box took the shop over.
    pub closed: bool,
    /// When the centre was last heard.
    pub heard: Option<Millis>,
    /// Positions committed and not handled.
    pub pending: u64,
    /// Positions that wait to be sent.
    pub waiting: u64,
    /// Payload bytes in flight.
    pub in_flight_bytes: u64,
    /// The present window.
    pub window_bytes: u64,
    /// Credit for backlog.
    pub credit_bytes: u64,
}

impl Uplink {
    /// How it stands.
    #[must_use]
    pub fn status(&self) -> UplinkStatus {
        let talk = match &self.link {
            Link::Talking(talk) => Some(talk),
            Link::Searching(_) | Link::Waiting { .. } | Link::Syncing { .. } | Link::Silent => None,
        };
        UplinkStatus {
            link: self.link_state(),
            session: self.session,
            generation: self.generation,
            ordinal: self.ordinal,
            closed: self.closed,
            heard: self.heard,
            pending: self.pending(),
            waiting: self.outgoing.waiting().count().saturating_add(self.earlier.waiting()),
            in_flight_bytes: talk.map_or(0, |talk| talk.window.in_flight()),
            window_bytes: talk.map_or(0, |talk| talk.window.bytes()),
            credit_bytes: talk.map_or(0, |talk| talk.purse.credit()),
        }
    }

    fn pending(&self) -> u64 {
        let own = self.outgoing.untrimmed().saturating_sub(self.outgoing.handled_count());
        own.saturating_add(self.earlier.pending())
    }

    fn link_state(&self) -> LinkState {
        match &self.link {
            Link::Searching(_) => LinkState::Searching,
            Link::Waiting { .. } => LinkState::Waiting,
            Link::Syncing { .. } => LinkState::Greeting,
            Link::Talking(talk) if talk.welcome.is_none() => LinkState::Greeting,
            Link::Talking(_) => LinkState::Open,
            Link::Silent => LinkState::Silent,
        }
    }

    /// Whether the journal may trim what is handled: an epoch that follows
    /// another keeps everything until it has taken its opening.
    #[must_use]
    pub fn may_trim(&self) -> bool {
        self.opening.is_some() || self.ordinal.is_some_and(|ordinal| ordinal.0 == 1)
    }
}
