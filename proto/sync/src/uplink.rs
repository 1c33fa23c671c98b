//! The box's end of the protocol.

pub(crate) mod beat;
mod connecting;
mod earlier;
mod freshness;
mod hearing;
pub(crate) mod input;
pub(crate) mod outgoing;
pub(crate) mod output;
mod purse;
mod reading;
pub(crate) mod search;
mod sending;
mod status;
mod window;

use std::collections::{BTreeMap, VecDeque};

use tidemark_model::{EpochOrdinal, Generation};

use crate::limits;
use crate::message::{Goodbye, Limits, OpeningTaken, Session, ToCentre};
use crate::random::Random;
use crate::time::Millis;
use beat::Beat;
use earlier::Earlier;
use freshness::Freshness;
use input::{Config, Facts, Input};
use outgoing::Outgoing;
use output::{Leaving, Output, Trouble, TroubleKind};
use purse::Purse;
use reading::Reading;
use search::{Attempt, BackOff, Search};
use window::Window;

pub use status::{LinkState, UplinkStatus};

/// Decides for a box what to say to the centre, and when.
#[derive(Debug)]
pub struct Uplink {
    config: Config,
    random: Random,
    session: Session,
    generation: Generation,
    opening: Option<OpeningTaken>,
    outgoing: Outgoing,
    earlier: Earlier,
    freshness: Freshness,
    link: Link,
    /// Since when no stream stood well; none while one does.
    search_since: Option<Millis>,
    last_attempt: u64,
    last_read: u64,
    back_off: BackOff,
    troubles: BTreeMap<TroubleKind, Trouble>,
    /// What a record has been long, on average.
    record_bytes: u64,
    ordinal: Option<EpochOrdinal>,
    closed: bool,
    heard: Option<Millis>,
    outputs: VecDeque<Output>,
}

/// How it stands with the connection.
#[derive(Debug)]
enum Link {
    /// Looking for the centre.
    Searching(Search),
    /// Staying away until then, as the centre asked.
    Waiting { until: Millis },
    /// Connected; the session number is being synced.
    Syncing { attempt: Attempt, since: Millis },
    /// `Hello` is sent or the stream is open.
    Talking(Box<Talk>),
    /// The agent stops, or this journal may not speak any more.
    Silent,
}

/// A stream on which `Hello` was sent.
#[derive(Debug)]
struct Talk {
    attempt: Attempt,
    /// What `Hello` said of the opening.
    opening: Option<OpeningTaken>,
    /// The limits and the generation of the `Welcome`; none before it.
    welcome: Option<(Limits, Generation)>,
    /// When it came.
    open_since: Option<Millis>,
    window: Window,
    purse: Purse,
    reading: Reading,
    beat: Beat,
    /// The journal could not read: not before then.
    read_after: Option<Millis>,
    /// Since when an answer is owed; none if nothing was said since the
    /// centre last spoke.
    owed_since: Option<Millis>,
}

/// Why the uplink wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// The next attempt to connect is due.
    Attempt,
    /// The wait after a refusal is over.
    BackOff,
    /// An answer is overdue.
    AnswerOverdue,
    /// A heartbeat is due.
    Heartbeat,
    /// One more movement may be sent live.
    Allowance,
    /// Live movements become backlog.
    Aging,
    /// The journal is asked again for what it could not read.
    ReadAgain,
}

impl Uplink {
    /// An uplink over a journal that holds `facts`; it begins to search at
    /// once.
    #[must_use]
    pub fn new(config: Config, facts: Facts, now: Millis) -> Self {
        let random = Random::seeded(config.seed);
        let freshness = Freshness::new(facts.tail);
        let outgoing = Outgoing::new(facts.epoch, facts.tail, facts.trimmed_below, facts.handled, facts.received);
        let mut uplink = Self {
            config,
            random,
            session: facts.session,
            generation: facts.generation,
            opening: facts.opening,
            outgoing,
            earlier: Earlier::new(facts.earlier),
            freshness,
            link: Link::Searching(Search::from(now, now)),
            search_since: Some(now),
            last_attempt: 0,
            last_read: 0,
            back_off: BackOff::default(),
            troubles: BTreeMap::new(),
            record_bytes: FIRST_RECORD_BYTES,
            ordinal: None,
            closed: false,
            heard: None,
            outputs: VecDeque::new(),
        };
        uplink.raise(Trouble::NotReached { cause: "the agent has just started".to_owned() });
        uplink.advance(now);
        uplink
    }

    /// Takes what the shell tells.
    pub fn handle_input(&mut self, input: Input, now: Millis) {
        match input {
            Input::Committed { tail } => {
                self.outgoing.commit(tail);
                self.freshness.commit(tail, now);
            }
            Input::Trimmed { below } => self.outgoing.trim(below),
            Input::Connected { attempt } => self.connected(attempt, now),
            Input::Disconnected { attempt, cause } => self.disconnected(attempt, cause, now),
            Input::SessionSynced(session) => self.session_synced(session, now),
            Input::Message { attempt, message } => self.hear(attempt, message, now),
            Input::Records { read, records, unreadable, unreadable_digest } => {
                self.send_records(read, records, unreadable, unreadable_digest, now);
            }
            Input::Facts(facts) => self.send_heartbeat(facts, now),
            Input::ConditionsChanged => {
                if let Link::Talking(talk) = &mut self.link {
                    talk.beat.hasten(now);
                }
            }
            Input::OpeningTaken(taken) => {
                self.opening = Some(taken);
                if self.is_open() {
                    self.say(ToCentre::OpeningTaken(taken), now);
                }
            }
            Input::Earlier(facts) => {
                if self.earlier.follow(facts) {
                    self.greet_anew(now);
                }
            }
            Input::Differs { block } => {
                let (first, last) = (block.first(), block.last());
                self.fork(format!("the sums of positions {first} to {last} differ"));
            }
            Input::Stop { reason } => self.stop(reason, now),
        }
        self.advance(now);
    }

    /// What the uplink wants done next; drain it after each `handle_*`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When, and why, [`Self::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Millis, Wake)> {
        match &self.link {
            Link::Searching(search) => Some((search.next(), Wake::Attempt)),
            Link::Waiting { until } => Some((*until, Wake::BackOff)),
            Link::Syncing { since, .. } => Some((since.after(limits::ANSWER_MS), Wake::AnswerOverdue)),
            Link::Talking(talk) => self.next_of(talk),
            Link::Silent => None,
        }
    }

    /// The time of [`Self::poll_timeout`] has come; early calls do no harm.
    pub fn handle_timeout(&mut self, now: Millis) {
        self.advance(now);
    }

    fn advance(&mut self, now: Millis) {
        match &self.link {
            Link::Searching(search) if search.next() <= now => self.attempt(now),
            Link::Waiting { until } if *until <= now => {
                // The centre answered: whatever was searched for was found.
                self.search_since = Some(now);
                self.link = Link::Searching(Search::from(now, now));
                self.attempt(now);
            }
            Link::Syncing { attempt, since } if since.after(limits::ANSWER_MS) <= now => {
                let attempt = *attempt;
                self.leave(attempt, Leaving::NoAnswer);
                self.lost("the session number could not be synced", now);
            }
            Link::Talking(talk) if talk.overdue().is_some_and(|at| at <= now) => {
                let attempt = talk.attempt;
                self.leave(attempt, Leaving::NoAnswer);
                self.lost("head office does not answer", now);
            }
            Link::Talking(_) => {
                self.ask_for_facts(now);
                self.choose_reads(now);
                let settled = self.earlier.newly_settled().into_iter();
                self.outputs.extend(settled.map(|(epoch, through)| Output::EarlierHandled { epoch, through }));
            }
            // Their time has not come, or there is none.
            Link::Searching(_) | Link::Waiting { .. } | Link::Syncing { .. } | Link::Silent => {}
        }
    }

    fn is_open(&self) -> bool {
        matches!(&self.link, Link::Talking(talk) if talk.welcome.is_some())
    }

    /// Says something that the centre answers.
    fn say(&mut self, message: ToCentre, now: Millis) {
        if let Link::Talking(talk) = &mut self.link {
            talk.owed_since = talk.owed_since.or(Some(now));
            self.outputs.push_back(Output::Send(message));
        }
    }

    fn raise(&mut self, trouble: Trouble) {
        if self.troubles.get(&trouble.kind()) != Some(&trouble) {
            self.troubles.insert(trouble.kind(), trouble.clone());
            self.outputs.push_back(Output::Raise(trouble));
        }
    }

    fn clear(&mut self, kind: TroubleKind) {
        if self.troubles.remove(&kind).is_some() {
            self.outputs.push_back(Output::Clear(kind));
        }
    }

    fn stop(&mut self, reason: String, now: Millis) {
        match &self.link {
            Link::Talking(talk) => {
                let attempt = talk.attempt;
                self.say(ToCentre::Goodbye(Goodbye { reason }), now);
                self.leave(attempt, Leaving::Stopping);
            }
            Link::Syncing { attempt, .. } => self.leave(*attempt, Leaving::Stopping),
            Link::Searching(search) => {
                let open = search.all();
                self.outputs.extend(open.into_iter().map(|attempt| Output::Abandon { attempt }));
            }
            // There is nobody to leave.
            Link::Waiting { .. } | Link::Silent => {}
        }
        self.land_nothing();
        self.link = Link::Silent;
    }
}

/// What a record is thought to be long before one was seen.
const FIRST_RECORD_BYTES: u64 = 160;

#[cfg(test)]
mod tests;
