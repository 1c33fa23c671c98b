//! One synced write for all that waits, answers after it, and a new start
//! after a write that failed.

use std::iter;
use std::sync::atomic::Ordering;

use tidemark_model::books::Books;
use tidemark_model::content::content_digest;
use tidemark_model::document::{Body, Timing};
use tidemark_model::movement::Labels;
use tidemark_model::{Document, DocumentId, DocumentKey, Odometer};
use tokio::sync::oneshot;

use super::prepare::{Prepared, prepare};
use super::{Health, Owner, Tail, answer, stamps_after};
use crate::books::StoredBooks;
use crate::counters::add;
use crate::limits::REOPEN_MS;
use crate::open;
use crate::state::State;
use crate::store::{Durability, ReadError, Store};
use crate::submit::{NotSaved, Submission, Ticket};

/// The database is closed after a failed write.
pub(super) struct Closed {
    pub(super) cause: String,
    pub(super) since: Odometer,
    next_attempt: Odometer,
    /// Documents of lanes that were told NOT SAVED: should one have survived,
    /// it is voided, because nobody will repeat it.
    unsaved: Vec<Document>,
}

impl Owner {
    pub(super) fn commit_waiting(&mut self) {
        while !self.inner.waiting.is_empty() {
            if let Err(refusal) = self.ensure_open() {
                self.refuse_all(&refusal);
                return;
            }
            self.commit_some();
        }
    }

    fn refuse_all(&mut self, refusal: &NotSaved) {
        for ticket in self.inner.waiting.drain(..) {
            answer(ticket.reply, Err(refusal.clone()));
        }
        self.inner.alone = 0;
    }

    /// Decides and writes from the front of what waits.
    fn commit_some(&mut self) {
        let most = if self.inner.alone > 0 { 1 } else { usize::MAX };
        let submissions = self.inner.waiting.iter().map(|ticket| &ticket.submission).take(most);
        let clock = (&self.shared.running, self.inner.stamps);
        let prepared = self.shared.shelf.read(|store| prepare(store, &self.state, clock, submissions));
        self.inner.alone = self.inner.alone.saturating_sub(1);
        match prepared {
            Ok(prepared) => self.write_prepared(prepared),
            Err(cause) if most == 1 || self.inner.waiting.len() == 1 => {
                if let Some(ticket) = self.inner.waiting.pop_front() {
                    answer(ticket.reply, Err(NotSaved::Read { cause }));
                }
            }
            // One of them can't be decided: each for itself, so that the
            // others go on.
            Err(_) => self.inner.alone = self.inner.waiting.len(),
        }
    }

    fn write_prepared(&mut self, prepared: Prepared) {
        let tickets: Vec<Ticket> = self.inner.waiting.drain(..prepared.answers.len()).collect();
        // Nothing but duplicates, each of which stands behind an earlier sync.
        if !prepared.writes.is_empty() {
            let written = self.shared.shelf.read(|store| store.write(prepared.writes, Durability::Synced));
            if let Err(cause) = written {
                self.fail(&cause, tickets);
                return;
            }
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
        self.tail.send_if_modified(|told| std::mem::replace(told, tail) != tail);
    }

    /// A write failed: everything in it is refused, and the database closed.
    /// What is true now is what the disk says after opening it again.
    pub(super) fn fail(&mut self, cause: &ReadError, tickets: Vec<Ticket>) {
        self.shared.counters.failed_writes.fetch_add(1, Ordering::Relaxed);
        let cause = cause.to_string();
        let since = self.shared.running.now();
        let of_lane = tickets.iter().filter(|ticket| ticket.submission.lane.is_some());
        let unsaved = of_lane.map(|ticket| ticket.submission.document.clone()).collect();
        self.shared.shelf.close();
        self.inner.closed = Some(Closed { cause: cause.clone(), since, next_attempt: since, unsaved });
        self.health.send_replace(Health::NotWritable { cause: cause.clone(), since });
        for ticket in tickets {
            answer(ticket.reply, Err(NotSaved::Write { cause: cause.clone() }));
        }
    }

    /// Opens the database again if it is closed and an attempt is due.
    pub(super) fn ensure_open(&mut self) -> Result<(), NotSaved> {
        let Some(closed) = &mut self.inner.closed else { return Ok(()) };
        let now = self.shared.running.now();
        if now < closed.next_attempt {
            return Err(NotSaved::Write { cause: closed.cause.clone() });
        }
        match open::reopen(&self.config, &self.tuning, self.side.written()) {
            Err(error) => {
                closed.cause = error.to_string();
                closed.next_attempt = Odometer(now.0.saturating_add(REOPEN_MS));
                let (cause, since) = (closed.cause.clone(), closed.since);
                self.health.send_replace(Health::NotWritable { cause: cause.clone(), since });
                Err(NotSaved::Write { cause })
            }
            Ok((store, state)) => {
                let unsaved = std::mem::take(&mut closed.unsaved);
                self.inner.closed = None;
                self.go_on_with(store, state, &unsaved);
                Ok(())
            }
        }
    }

    fn go_on_with(&mut self, store: Store, state: State, unsaved: &[Document]) {
        let before = self.state.progress.tail;
        let voids: Vec<Document> =
            unsaved.iter().filter(|document| survived(&store, &state, document, before)).filter_map(void_of).collect();
        self.shared.shelf.put(store);
        self.inner.stamps = stamps_after(&state);
        self.state = state;
        self.shared.counters.reopened.fetch_add(1, Ordering::Relaxed);
        self.health.send_replace(Health::Writable);
        self.tell_tail();
        for document in voids {
            // Nobody waits for it; should it fail too, the next opening finds
            // the document as one of an unanswered lane no more, but the
            // lane's own undo still can take it back.
            let (reply, _nobody) = oneshot::channel();
            self.inner.waiting.push_front(Ticket { submission: Submission::of(document), reply });
        }
    }
}

/// Whether a document that was refused is on disk all the same. If that can't
/// be read it counts as not: a void that waits would do no harm, a void of
/// something else would.
fn survived(store: &Store, state: &State, document: &Document, before: u64) -> bool {
    let key = DocumentKey::of(&document.source, &document.id);
    let books = StoredBooks::new(store, &state.catalogue);
    let content = content_digest(document);
    let Ok(Some(record)) = books.document(key) else { return false };
    record.entries.first().is_some_and(|entry| entry.content == content && entry.first.seq > before)
}

/// The void of a survivor. Only trade can be voided; a count on a lane is
/// counted again.
fn void_of(document: &Document) -> Option<Document> {
    if !matches!(document.body, Body::Trade { .. }) {
        return None;
    }
    Some(Document {
        source: document.source.clone(),
        id: DocumentId::new(&format!("{}-unsaved", document.id)).ok()?,
        wall: document.wall,
        labels: Labels { business_day: document.labels.business_day.clone(), ..Labels::default() },
        business_day_given: document.business_day_given,
        timing: Timing::Live,
        sequence: None,
        body: Body::Void { source: document.source.clone(), id: document.id.clone() },
    })
}
