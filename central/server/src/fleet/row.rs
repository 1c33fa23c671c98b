//! One shop as the pages and the API show it.

use serde::Serialize;
use serde_json::Value;
use tidemark_ledger::StoreRow;

use super::machine::Machine;
use super::{BEHIND_S, Fleet, Moment, Shop, Told, Verdict, troubles};
use crate::api::time_text;

/// One row of the fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    pub(super) store: String,
    name: String,
    pub(super) region: String,
    time_zone: String,
    /// When it is open, as it was given; empty if at any time.
    opening_hours: String,
    /// The assortment it has; empty if all items.
    assortment: String,
    committed: u64,
    applied: u64,
    parked: u64,
    lost: u64,
    /// Of those, not signed by a person yet.
    lost_unsigned: u64,
    /// Movements that came after their epoch was closed.
    late: u64,
    /// Positions that came twice with other bytes and wait for their box.
    forks: u64,
    pending: u64,
    gaps: u64,
    oldest_pending_seconds: Option<u64>,
    seen_at: Option<String>,
    pub(super) sync: &'static str,
    pub(super) state: String,
    pub(super) conditions: Vec<Told>,
    digest: Verdict,
    /// What waits in the box, as it said last.
    backlog: u64,
    /// The release of the box; empty until it was heard.
    agent_version: String,
    /// The catalogue the box works with; 0 if none.
    catalogue: u64,
    /// Movements committed in each slice of the last hour, oldest first.
    last_hour: Vec<u64>,
    /// Whether it scanned codes that nobody knows.
    unknown_codes: bool,
    /// Whether it has items that were never counted.
    no_basis: bool,
    /// Tills that went silent today while another of the shop speaks.
    silent_tills: usize,
    /// When it was seen, for those who group.
    #[serde(skip)]
    pub(super) seen_ms: Option<i64>,
    /// The lost ranges, where one store is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    losses: Option<Vec<Value>>,
    /// The box, where one store is asked for.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    machine: Option<Machine>,
    /// How far the centre is with its stream, where one store is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<Value>,
}

impl Row {
    /// The store's id.
    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    /// How it is in step.
    pub(crate) const fn sync(&self) -> &'static str {
        self.sync
    }

    /// Movements on their way.
    pub(crate) const fn pending(&self) -> u64 {
        self.pending
    }

    /// How old the oldest of them is.
    pub(crate) const fn oldest_pending_seconds(&self) -> Option<u64> {
        self.oldest_pending_seconds
    }

    /// How many conditions hold.
    pub(crate) const fn conditions(&self) -> usize {
        self.conditions.len()
    }

    /// Whether its box holds something else.
    pub(crate) fn digest_differs(&self) -> bool {
        self.digest == Verdict::Differs
    }

    /// When its box was heard last, in milliseconds since 1970.
    pub(crate) const fn seen_ms(&self) -> Option<i64> {
        self.seen_ms
    }

    /// The release its box runs; empty if it never said.
    pub(crate) fn release(&self) -> &str {
        &self.agent_version
    }

    /// The row with its gaps counted.
    pub(crate) fn with_gaps(self, gaps: u64) -> Self {
        Self { gaps, ..self }
    }

    /// The row with what is shown of one store alone.
    pub(crate) fn with_details(self, losses: Vec<Value>, machine: Option<Machine>, stream: Value) -> Self {
        Self { losses: Some(losses), machine, stream: Some(stream), ..self }
    }

    /// Whether what its box said last still holds.
    pub(super) fn is_heard(&self) -> bool {
        !matches!(self.sync, "offline" | "asleep")
    }

    /// Whether anything is on its way.
    pub(crate) const fn has_pending(&self) -> bool {
        self.pending > 0
    }
}

impl Fleet {
    /// What a store's box said of itself; none if it was never heard.
    pub(crate) fn machine(&self, books: &StoreRow) -> Option<Machine> {
        self.change(&books.store, |shop| shop.heard.map(|_| shop.facts.machine.clone()))
    }

    /// A store's row.
    pub(crate) fn row(&self, books: &StoreRow, now: Moment) -> Row {
        self.change(&books.store, |shop| row_of(shop, books, self.offline_ms, now))
    }

    /// A store's row, whose count of movements is noted for its last hour.
    pub(super) fn noted_row(&self, books: &StoreRow, now: Moment) -> Row {
        self.change(&books.store, |shop| {
            shop.hour.note(books.committed, now.steady);
            row_of(shop, books, self.offline_ms, now)
        })
    }
}

fn row_of(shop: &mut Shop, books: &StoreRow, offline_ms: u64, now: Moment) -> Row {
    let oldest = shop.facts.oldest_age_ms.filter(|_| books.pending > 0).map(|ms| ms / 1_000);
    let store = books.store.to_string();
    Row {
        name: if books.name.is_empty() { store.clone() } else { books.name.clone() },
        region: books.region.clone(),
        time_zone: books.time_zone.clone(),
        store,
        committed: books.committed,
        applied: books.applied,
        parked: books.parked,
        lost: books.lost,
        lost_unsigned: books.lost_unsigned,
        late: books.late,
        forks: books.forks,
        pending: books.pending,
        gaps: 0,
        oldest_pending_seconds: oldest,
        seen_at: shop.seen_at.map(time_text),
        sync: sync_of(shop, books, oldest, (offline_ms, now)),
        opening_hours: books.opening_hours.clone(),
        assortment: books.assortment.clone(),
        state: books.state.clone(),
        conditions: conditions_of(shop, books, offline_ms, now),
        digest: shop.digest,
        backlog: shop.facts.backlog,
        agent_version: shop.facts.agent_version.clone(),
        catalogue: shop.facts.catalogue,
        last_hour: shop.hour.told(),
        unknown_codes: shop.lists.unknown_codes,
        no_basis: shop.lists.no_basis,
        silent_tills: shop.facts.machine.silent_tills(),
        seen_ms: shop.seen_at,
        losses: None,
        machine: None,
        stream: None,
    }
}

/// What the box said, and what is known of it here.
fn conditions_of(shop: &mut Shop, books: &StoreRow, offline_ms: u64, now: Moment) -> Vec<Told> {
    let here = troubles::of(shop, books, offline_ms, now).into_iter();
    let here = here.map(|(code, detail)| Told { code: code.to_string(), detail });
    shop.facts.conditions.iter().cloned().chain(here).collect()
}

fn sync_of(shop: &mut Shop, books: &StoreRow, oldest: Option<u64>, (offline_ms, now): (u64, Moment)) -> &'static str {
    let is_heard = shop.is_heard_within(offline_ms, now.steady);
    match (shop.seen_at, is_heard) {
        (None, _) => "never_seen",
        (Some(_), false) if shop.hours.is_closed(books, now.wall) => "asleep",
        (Some(_), false) => "offline",
        (Some(_), true) if books.pending == 0 => "in_sync",
        (Some(_), true) if oldest.is_some_and(|oldest| oldest > BEHIND_S) => "behind",
        (Some(_), true) => "catching_up",
    }
}
