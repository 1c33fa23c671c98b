//! One synced write for all that waits, answers after it, and a new start
//! after a write that failed.

use std::iter;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tidemark_model::books::Books;
use tidemark_model::content::content_digest;
use tidemark_model::document::Body;
use tidemark_model::movement::Labels;
use tidemark_model::{Document, DocumentId, DocumentKey, Odometer, Seq};
use tokio::sync::oneshot;

use super::prepare::{Prepared, prepare};
use super::{Health, Owner, Tail, answer, stamps_after};
use crate::aside;
use crate::books::StoredBooks;
use crate::counters::add;
use crate::layout::progress::Progress;
use crate::limits::{DAMAGED_LOOKS, REOPEN_MS};
use crate::open::{self, OpenError, Reopened};
use crate::side::Mark;
use crate::state::State;
use crate::store::{Durability, ReadError, Store};
use crate::submit::{NotSaved, Submission, Ticket};

/// What a count's mark has for itself.
const MARK: Duration = Duration::from_millis(1);

/// The database is closed after a failed write.
pub(super) struct Closed {
    pub(super) cause: String,
    pub(super) since: Odometer,
    next_attempt: Odometer,
    /// Attempts in a row that found it damaged.
    damaged: u32,
    /// It is to be set aside at the next open: this process goes on with it
    /// no more.
    condemned: bool,
}

/// Damage that the storage told of while it was open.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Of writes; each was followed by an opening that found nothing.
    writes: u32,
    /// Of reads for one decision, in a row.
    reads: u32,
}

/// A document of a lane that was told NOT SAVED: should it have survived, it
/// is voided, because nobody will repeat it.
#[derive(Debug)]
pub(crate) struct Unsaved {
    document: Document,
    /// The tail before it.
    after: Seq,
}

impl Owner {
    pub(super) fn commit_waiting(&mut self) {
        while !self.inner.waiting.is_empty() {
            if let Err(refusal) = self.ensure_open() {
                self.refuse_all(&refusal);
                return;
            }
            self.let_the_mark_pass();
            self.commit_some();
        }
    }

    /// A mark stands alone on its millisecond: the next batch waits for the
    /// end of it, unless the clock stands.
    fn let_the_mark_pass(&self) {
        if self.inner.stamps.is_ahead_of(self.shared.running.now()) {
            std::thread::park_timeout(MARK);
        }
    }

    pub(super) fn refuse_all(&mut self, refusal: &NotSaved) {
        let tickets: Vec<Ticket> = self.inner.waiting.drain(..).collect();
        for ticket in tickets {
            self.inner.unsaved.extend(ticket.voids);
            answer(ticket.reply, Err(refusal.clone()));
        }
        self.inner.alone = 0;
    }

    /// Decides and writes from the front of what waits.
    fn commit_some(&mut self) {
        let most = if self.inner.alone > 0 { 1 } else { usize::MAX };
        let submissions = self.inner.waiting.iter().map(|ticket| (&ticket.submission, ticket.arrived)).take(most);
        let clock = (&self.shared.running, self.inner.stamps);
        let prepared = self.shared.shelf.read(|store| prepare(store, &self.state, clock, submissions));
        self.inner.alone = self.inner.alone.saturating_sub(1);
        match prepared {
            Ok(prepared) => self.write_prepared(prepared),
            // Looked at again in a database opened anew; what stays damaged
            // is set aside, for without it the shop could not sell.
            Err(cause @ ReadError::Corrupt(_)) => {
                self.inner.faults.reads += 1;
                self.close(&cause, self.inner.faults.reads);
            }
            Err(cause) if most == 1 || self.inner.waiting.len() == 1 => {
                if let Some(ticket) = self.inner.waiting.pop_front() {
                    self.inner.unsaved.extend(ticket.voids);
                    answer(ticket.reply, Err(NotSaved::Read { cause }));
                }
            }
            // One of them can't be decided: each for itself, so that the
            // others go on.
            Err(_) => self.inner.alone = self.inner.waiting.len(),
        }
    }

    pub(super) fn write_prepared(&mut self, prepared: Prepared) {
        let tickets: Vec<Ticket> = self.inner.waiting.drain(..prepared.answers.len()).collect();
        // Nothing but duplicates, each of which stands behind an earlier sync.
        if !prepared.writes.is_empty() {
            let written = self.shared.shelf.read(|store| store.write(prepared.writes, Durability::Synced));
            if let Err(cause) = written {
                self.fail(&cause, tickets);
                return;
            }
            self.inner.faults.reads = 0;
            self.shared.counters.syncs.fetch_add(1, Ordering::Relaxed);
            self.shared.counters.batches.fetch_add(1, Ordering::Relaxed);
            self.shared.counters.batch_of(tickets.len());
            self.state.progress = prepared.progress;
            self.state.block = prepared.block;
            self.inner.stamps = prepared.stamps;
            self.inner.due.saved(prepared.progress.odometer);
            self.tell_tail();
        }
        let counters = &self.shared.counters;
        add(&counters.documents, tickets.len() - prepared.duplicates);
        add(&counters.duplicates, prepared.duplicates);
        add(&counters.movements, prepared.movements);
        add(&counters.bytes, prepared.bytes);
        for (ticket, committed) in iter::zip(tickets, prepared.answers) {
            answer(ticket.reply, Ok(committed));
        }
    }

    pub(super) fn tell_tail(&self) {
        let tail = Tail::of(&self.state);
        self.tellers.tail.send_if_modified(|told| std::mem::replace(told, tail) != tail);
    }

    /// A write failed: everything in it is refused, and the database closed.
    /// What is true now is what the disk says after opening it again.
    pub(super) fn fail(&mut self, error: &ReadError, tickets: Vec<Ticket>) {
        self.shared.counters.failed_writes.fetch_add(1, Ordering::Relaxed);
        let (cause, after) = (error.to_string(), self.state.progress.tail);
        let since = self.shared.running.now();
        self.tellers.health.send_replace(Health::NotWritable { cause: cause.clone(), since });
        // Told before the database is closed, which waits for its readers.
        for Ticket { submission, arrived: _, reply, voids } in tickets {
            let of_lane = submission.lane.is_some().then_some(Unsaved { document: submission.document, after });
            self.inner.unsaved.extend(of_lane.or(voids));
            answer(reply, Err(NotSaved::Write { cause: cause.clone() }));
        }
        if matches!(error, ReadError::Corrupt(_)) {
            self.inner.faults.writes += 1;
        }
        self.close(error, self.inner.faults.writes);
    }

    /// Closes the database, to be opened anew at once; or for good, if it was
    /// found damaged so many times.
    fn close(&mut self, cause: &ReadError, faults: u32) {
        let since = self.shared.running.now();
        let cause = cause.to_string();
        self.meet_failure(&cause);
        self.shared.shelf.close();
        let closed = Closed { cause: cause.clone(), since, next_attempt: since, damaged: 0, condemned: false };
        self.inner.closed = Some(closed);
        if faults >= DAMAGED_LOOKS {
            self.condemn(&cause);
        }
    }

    /// The journal can't be gone on with: the next open sets it aside. Until
    /// that is noted on disk, opening it again is tried on.
    fn condemn(&mut self, cause: &str) {
        if let Some(answered) = self.answered() {
            // Whatever the database holds now, so much was answered.
            let _written = self.side.write(answered);
        }
        if aside::condemn(&self.config, cause).is_ok() {
            if let Some(closed) = &mut self.inner.closed {
                closed.condemned = true;
                closed.cause = cause.to_owned();
            }
            self.tellers.health.send_replace(Health::Damaged { cause: cause.to_owned() });
        }
    }

    /// Opens the database again if it is closed and an attempt is due.
    pub(super) fn ensure_open(&mut self) -> Result<(), NotSaved> {
        let answered = self.answered();
        let Some(closed) = &mut self.inner.closed else { return Ok(()) };
        let now = self.shared.running.now();
        if closed.condemned || now < closed.next_attempt {
            return Err(NotSaved::Write { cause: closed.cause.clone() });
        }
        match open::reopen(&self.config, &self.tuning, answered) {
            Err(error) => {
                closed.damaged = if matches!(error, OpenError::Damaged(_)) { closed.damaged + 1 } else { 0 };
                let damaged = closed.damaged;
                closed.cause = error.to_string();
                closed.next_attempt = Odometer(now.0.saturating_add(REOPEN_MS));
                let (cause, since) = (closed.cause.clone(), closed.since);
                self.tellers.health.send_replace(Health::NotWritable { cause: cause.clone(), since });
                self.meet_failure(&cause);
                if damaged >= DAMAGED_LOOKS {
                    self.condemn(&cause);
                }
                Err(NotSaved::Write { cause })
            }
            Ok(reopened) => {
                self.inner.closed = None;
                self.go_on_with(reopened);
                Ok(())
            }
        }
    }

    /// How far everything was answered: the disk must hold at least that.
    pub(super) fn answered(&self) -> Option<Mark> {
        let Progress { tail, chain, .. } = self.state.progress;
        let identity = &self.state.identity;
        (tail > 0).then_some(Mark { epoch: identity.epoch, tail, chain, box_id: identity.box_id })
    }

    fn go_on_with(&mut self, Reopened { store, state, torn }: Reopened) {
        let unsaved = std::mem::take(&mut self.inner.unsaved);
        let now = self.shared.running.now();
        let survivors = unsaved.into_iter().filter(|unsaved| survived(&store, &state, unsaved));
        let voids = survivors.filter_map(|unsaved| void_of(unsaved, now));
        for ticket in voids {
            self.inner.waiting.push_front(ticket);
        }
        self.shared.shelf.put(store);
        self.inner.stamps = stamps_after(&state);
        self.state = state;
        self.shared.counters.reopened.fetch_add(1, Ordering::Relaxed);
        add(&self.shared.counters.torn_logs, usize::from(torn));
        self.tellers.health.send_replace(Health::Writable);
        self.tell_tail();
    }
}

/// Whether a document that was refused is on disk all the same. If that can't
/// be read it counts as not: a void that waits would do no harm, a void of
/// something else would.
fn survived(store: &Store, state: &State, Unsaved { document, after }: &Unsaved) -> bool {
    let key = DocumentKey::of(&document.source, &document.id);
    let books = StoredBooks::new(store, &state.catalogue);
    let content = content_digest(document);
    let Ok(Some(record)) = books.document(key) else { return false };
    record.entries.first().is_some_and(|entry| entry.content == content && entry.first.seq > *after)
}

/// The void of a survivor. Only trade can be voided; a count on a lane is
/// counted again. Nobody waits for it; if it fails too, it is owed still.
fn void_of(unsaved: Unsaved, arrived: Odometer) -> Option<Ticket> {
    let document = &unsaved.document;
    if !matches!(document.body, Body::Trade { .. }) {
        return None;
    }
    let identity = (document.source.clone(), DocumentId::new(&format!("{}-unsaved", document.id)).ok()?);
    let body = Body::Void { source: document.source.clone(), id: document.id.clone() };
    let void = Document {
        labels: Labels { business_day: document.labels.business_day.clone(), ..Labels::default() },
        business_day_given: document.business_day_given,
        ..Document::plain(identity, document.wall, body)
    };
    let (reply, _nobody) = oneshot::channel();
    Some(Ticket { submission: Submission::of(void), arrived, reply, voids: Some(unsaved) })
}
