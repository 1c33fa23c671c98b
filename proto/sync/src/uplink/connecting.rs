//! From the first attempt to `Hello`, and the ways a connection ends.

use crate::limits;
use crate::message::{Hello, Session, ToCentre};
use crate::time::Millis;

use super::beat::Beat;
use super::input::Config;
use super::output::{Leaving, Output, Trouble, TroubleKind};
use super::purse::Purse;
use super::reading::Reading;
use super::search::{Attempt, Search};
use super::window::Window;
use super::{Link, Talk, Uplink};

impl Uplink {
    pub(super) fn attempt(&mut self, now: Millis) {
        let Link::Searching(search) = &mut self.link else { return };
        self.last_attempt = self.last_attempt.saturating_add(1);
        let attempt = Attempt(self.last_attempt);
        let given_up = search.open(attempt, now, &mut self.random);
        self.outputs.extend(given_up.map(|attempt| Output::Abandon { attempt }));
        self.outputs.push_back(Output::Connect { attempt });
    }

    pub(super) fn connected(&mut self, attempt: Attempt, now: Millis) {
        match &self.link {
            Link::Searching(search) if search.has(attempt) => {
                let others = search.others(attempt);
                self.outputs.extend(others.into_iter().map(|attempt| Output::Abandon { attempt }));
                self.link = Link::Syncing { attempt, since: now };
                self.session = self.session.next();
                self.outputs.push_back(Output::SyncSession(self.session));
            }
            // It comes too late: another became the connection, or none is
            // wanted.
            Link::Searching(_) | Link::Waiting { .. } | Link::Syncing { .. } | Link::Talking(_) | Link::Silent => {
                self.outputs.push_back(Output::Abandon { attempt });
            }
        }
    }

    pub(super) fn session_synced(&mut self, session: Session, now: Millis) {
        let Link::Syncing { attempt, .. } = self.link else { return };
        if session != self.session {
            return;
        }
        let limits = Config::first_limits();
        let period = self.config.heartbeat_ms();
        self.link = Link::Talking(Box::new(Talk {
            attempt,
            opening: self.opening,
            welcome: None,
            open_since: None,
            window: Window::new(&limits, now),
            purse: Purse::new(limits.live_per_second, now),
            reading: Reading::default(),
            beat: Beat::new(period, now.after(period)),
            read_after: None,
            owed_since: None,
        }));
        let hello = Hello {
            store: self.config.store.clone(),
            box_id: self.config.box_id,
            epoch: self.outgoing.epoch(),
            session,
            tail: self.outgoing.tail(),
            trimmed_below: self.outgoing.trimmed_below(),
            opening: self.opening,
            // A copy of this disk may have told the centre of more than is here.
            handled: self.outgoing.handled_count().min(self.outgoing.untrimmed()),
            generation: self.generation,
            protocol: limits::PROTOCOL,
            agent_version: self.config.agent_version.clone(),
            earlier: self.earlier.greet(),
        };
        self.say(ToCentre::Hello(hello), now);
    }

    pub(super) fn disconnected(&mut self, attempt: Attempt, cause: String, now: Millis) {
        match &mut self.link {
            Link::Searching(search) => {
                search.fail(attempt);
                self.raise(Trouble::NotReached { cause });
            }
            Link::Syncing { attempt: present, .. } if *present == attempt => self.lost(&cause, now),
            Link::Talking(talk) if talk.attempt == attempt => self.lost(&cause, now),
            // Of a connection that was let go.
            Link::Waiting { .. } | Link::Syncing { .. } | Link::Talking(_) | Link::Silent => {}
        }
    }

    /// The connection is gone: what was not acknowledged waits again, and the
    /// search begins, or goes on if the stream did not stand well.
    pub(super) fn lost(&mut self, cause: &str, now: Millis) {
        self.look_back(now);
        self.land_nothing();
        let since = *self.search_since.get_or_insert(now);
        let mut search = Search::from(since, now);
        search.put_off(now, &mut self.random);
        self.link = Link::Searching(search);
        self.raise(Trouble::NotReached { cause: cause.to_owned() });
    }

    /// The centre turns this box away: every connection is let go. The centre
    /// is reached, though.
    pub(super) fn turned_away(&mut self, now: Millis) {
        match &self.link {
            Link::Talking(talk) => {
                let attempt = talk.attempt;
                self.leave(attempt, Leaving::Refused);
            }
            Link::Syncing { attempt, .. } => self.leave(*attempt, Leaving::Refused),
            Link::Searching(search) => {
                let open = search.all();
                self.outputs.extend(open.into_iter().map(|attempt| Output::Abandon { attempt }));
            }
            // Nothing is open.
            Link::Waiting { .. } | Link::Silent => {}
        }
        self.heard = Some(now);
        self.clear(TroubleKind::NotReached);
        self.look_back(now);
        self.land_nothing();
    }

    /// A stream that stood well lets searches and waits begin anew; one that
    /// ended soon does not, or a box would knock three times a second for
    /// days.
    fn look_back(&mut self, now: Millis) {
        let Link::Talking(talk) = &self.link else { return };
        if talk.open_since.is_some_and(|since| now.since(since) >= limits::STEADY_MS) {
            self.search_since = None;
            self.back_off.reset();
        }
    }

    pub(super) fn leave(&mut self, attempt: Attempt, because: Leaving) {
        self.outputs.push_back(Output::Disconnect { attempt, because });
    }

    /// Nothing that was sent will be acknowledged any more.
    pub(super) fn land_nothing(&mut self) {
        let out = self.outgoing.out().clone();
        self.outgoing.give_back(&out);
        self.earlier.land_nothing();
    }

    /// The present `Hello` left something out: another is said.
    pub(super) fn greet_anew(&mut self, now: Millis) {
        let Link::Talking(talk) = &self.link else { return };
        let attempt = talk.attempt;
        self.leave(attempt, Leaving::EarlierEpoch);
        self.lost("the box has more to say than it greeted with", now);
    }

    /// This journal and the centre disagree: it neither speaks nor trims any
    /// more until it drew a new epoch.
    pub(super) fn fork(&mut self, detail: String) {
        if let Link::Talking(talk) = &self.link {
            let attempt = talk.attempt;
            self.leave(attempt, Leaving::Forked);
        }
        self.land_nothing();
        self.link = Link::Silent;
        self.raise(Trouble::Forked { detail });
    }
}

impl Talk {
    /// When an answer is overdue.
    pub(super) fn overdue(&self) -> Option<Millis> {
        let slack = self.window.in_flight().min(u64::from(limits::RECORD_BYTES));
        let owed = self.owed_since.map(|since| since.after(limits::ANSWER_MS).after(slack));
        let flight = self.window.oldest().map(|sent| sent.after(limits::FLIGHT_MS));
        owed.into_iter().chain(flight).min()
    }
}
