//! Metrics that are read when somebody asks: how the shops are, what waits,
//! what is the matter. Four series a shop, no more: with 5,000 shops that is
//! what one target may weigh.

use std::collections::BTreeMap;

use tidemark_daemon::conditions::Active;
use tidemark_daemon::metrics::{Gauge, Gauges, Metrics};
use tidemark_ledger::{PositionRow, StoreRow};

use crate::fleet::Row;

/// How the boxes stand, each state always told.
const SYNCS: [&str; 6] = ["in_sync", "catching_up", "behind", "offline", "asleep", "never_seen"];
/// Releases of boxes that are told apart.
const RELEASES: usize = 20;

/// The metrics.
#[derive(Clone, Debug)]
pub(crate) struct Readings {
    stores: Gauges,
    agents: Gauges,
    pending: Gauges,
    oldest: Gauges,
    seen: Gauges,
    troubles: Gauges,
    letters: Gauges,
    transfers: Gauges,
    lost_unsigned: Gauge,
    digests_differ: Gauge,
    conditions: Gauges,
    applied: Gauges,
}

impl Readings {
    pub(crate) fn declare(metrics: &mut Metrics) -> Self {
        Self {
            stores: metrics.gauges("stores", "Shops by how they are in step", "sync"),
            agents: metrics.gauges("boxes_by_release", "Boxes by the release they run", "release"),
            pending: metrics.gauges("store_pending_movements", "Movements of a shop on their way", "store"),
            oldest: metrics.gauges(
                "store_oldest_pending_seconds",
                "Age of the oldest movement of a shop on its way, as its box said last",
                "store",
            ),
            seen: metrics.gauges("store_seen_timestamp_seconds", "When the box of a shop was heard last", "store"),
            troubles: metrics.gauges("store_conditions", "Conditions that hold at or about a shop", "store"),
            letters: metrics.gauges("dead_letters_open", "Dead letters that are not closed, by reason", "reason"),
            transfers: metrics.gauges("transfers_open", "Transfers whose goods are in transit, or differ", "state"),
            lost_unsigned: metrics.gauge("positions_lost_unsigned", "Lost positions that no person has signed"),
            digests_differ: metrics.gauge("stores_digest_differs", "Shops whose box holds something else"),
            conditions: metrics.gauges("conditions", "Conditions that hold at this process, by code", "code"),
            applied: metrics.gauges("applied_offset", "The offset that a partition's applier takes next", "partition"),
        }
    }

    /// How the shops are; none of before stays.
    pub(crate) fn read_stores(&self, books: &[StoreRow], rows: &[Row]) {
        for gauges in [&self.pending, &self.oldest, &self.seen, &self.troubles, &self.stores, &self.agents] {
            gauges.clear();
        }
        for sync in SYNCS {
            self.stores.of(sync).set(0);
        }
        let mut releases: BTreeMap<&str, i64> = BTreeMap::new();
        for row in rows {
            let store = row.store();
            self.stores.of(row.sync()).inc();
            self.pending.of(store).set(signed(row.pending()));
            self.oldest.of(store).set(signed(row.oldest_pending_seconds().unwrap_or(0)));
            self.troubles.of(store).set(signed(u64::try_from(row.conditions()).unwrap_or(u64::MAX)));
            if let Some(seen_ms) = row.seen_ms() {
                self.seen.of(store).set(seen_ms / 1_000);
            }
            *releases.entry(row.release()).or_default() += 1;
        }
        for (release, boxes) in releases.into_iter().filter(|(release, _)| !release.is_empty()).take(RELEASES) {
            self.agents.of(release).set(boxes);
        }
        self.lost_unsigned.set(signed(books.iter().map(|row| row.lost_unsigned).sum()));
        self.digests_differ.set(signed(rows.iter().map(|row| u64::from(row.digest_differs())).sum()));
    }

    /// What waits in the dead letters, by reason.
    pub(crate) fn read_letters(&self, groups: &[(String, u64)]) {
        self.letters.clear();
        for (reason, count) in groups {
            self.letters.of(reason).set(signed(*count));
        }
    }

    /// Goods between shops: on their way, and differences that wait to be
    /// closed.
    pub(crate) fn read_transfers(&self, (in_transit, differences): (u64, u64)) {
        self.transfers.of("in_transit").set(signed(in_transit));
        self.transfers.of("difference").set(signed(differences));
    }

    /// Where the appliers stand.
    pub(crate) fn read_positions(&self, positions: &[PositionRow]) {
        for position in positions {
            self.applied.of(&position.partition.to_string()).set(signed(position.next));
        }
    }

    /// What is the matter here.
    pub(crate) fn read_conditions(&self, active: &Active) {
        self.conditions.clear();
        for raised in active.list() {
            self.conditions.of(&raised.code.to_string()).inc();
        }
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
