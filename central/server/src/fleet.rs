//! The fleet: what every shop's box said last, and how it stands with it.

mod board;
mod hour;
mod incidents;
mod lists;
mod machine;
mod opening;
mod row;
mod troubles;

pub(crate) use board::{Board, Snapshot};
pub(crate) use incidents::{Incident, incidents};
pub(crate) use row::Row;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::Code;
use tidemark_ledger::{HeartbeatRow, Ledger, LedgerError, StoreRow};
use tidemark_model::{Block, BlockIndex, BoxId, Epoch, StoreId};
use tidemark_sync::message::{Heartbeat, OpenBlock};
use tidemark_sync::{Millis, Rival};

use hour::Hour;
use lists::Lists;
use machine::Machine;
use opening::Opening;

/// A box not heard for this long is offline, unless the configuration says
/// otherwise.
const OFFLINE_MS: u64 = 90_000;
/// A shop whose oldest movement is older than this is behind.
const BEHIND_S: u64 = 60;

/// The fleet; cheap to clone. The lock is held for map operations only.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    shops: Arc<Mutex<BTreeMap<StoreId, Shop>>>,
    offline_ms: u64,
}

impl Default for Fleet {
    fn default() -> Self {
        Self { shops: Arc::default(), offline_ms: OFFLINE_MS }
    }
}

#[derive(Clone, Debug, Default)]
struct Shop {
    heard: Option<Heard>,
    /// Whether it was heard by a process that runs, and has not left since.
    present: bool,
    /// Whether it said that it leaves.
    left: bool,
    connected: bool,
    /// When it was seen, a label.
    seen_at: Option<i64>,
    /// When the ledger kept what it said, as the ledger tells it.
    kept_at: Option<i64>,
    facts: Facts,
    told: Option<(Epoch, OpenBlock)>,
    /// Whether what was told last has been compared.
    compared: bool,
    digest: Verdict,
    hour: Hour,
    hours: Opening,
    lists: Lists,
}

/// Now, by both clocks: ages come from the steady one, and whether a shop is
/// open is a matter of the wall's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) steady: Millis,
    /// Milliseconds since 1970.
    pub(crate) wall: i64,
}

impl Moment {
    pub(crate) fn now(clock: Clock) -> Self {
        Self { steady: Millis(clock.millis()), wall: clock.wall().0 }
    }

    /// Where the wall clock does not matter.
    #[cfg(test)]
    pub(crate) const fn steady(millis: u64) -> Self {
        Self { steady: Millis(millis), wall: 0 }
    }
}

/// When a box was heard: so long before a moment of this process, which may
/// have begun later. Ages come from the steady clock here and from the
/// database's; the wall clocks of two processes are never compared.
#[derive(Clone, Copy, Debug)]
struct Heard {
    at: Millis,
    before_ms: u64,
}

impl Heard {
    const fn now(at: Millis) -> Self {
        Self { at, before_ms: 0 }
    }

    const fn age_ms(self, now: Millis) -> u64 {
        self.before_ms.saturating_add(now.since(self.at))
    }
}

/// What of a heartbeat is kept over a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    oldest_age_ms: Option<u64>,
    backlog: u64,
    conditions: Vec<Told>,
    agent_version: String,
    catalogue: u64,
    open_block: Option<ToldBlock>,
    /// Which box it was.
    #[serde(default)]
    box_id: Option<[u8; 16]>,
    #[serde(default)]
    machine: Machine,
}

/// The open block as the box told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ToldBlock {
    index: u64,
    count: u32,
    digest: u64,
    stock: u64,
}

/// A condition as the box told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    code: String,
    detail: String,
}

/// Whether box and centre hold the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// By the last comparison.
    Match,
    /// They do not.
    Differs,
    /// Not compared yet.
    #[default]
    Unknown,
}

impl Shop {
    /// Takes when it was heard by whichever process.
    fn take(&mut self, row: &HeartbeatRow, now: Millis) {
        self.heard = Some(Heard { at: now, before_ms: row.age_ms });
        self.seen_at = Some(row.seen_at);
        self.kept_at = Some(row.seen_at);
    }

    const fn is_there(&mut self) {
        self.present = true;
        self.left = false;
    }

    fn is_heard_within(&self, millis: u64, now: Millis) -> bool {
        self.present && self.heard.is_some_and(|heard| heard.age_ms(now) < millis)
    }
}

impl Facts {
    fn of(box_id: BoxId, heartbeat: &Heartbeat) -> Self {
        let told = heartbeat.conditions.iter();
        Self {
            oldest_age_ms: heartbeat.oldest_age_ms,
            backlog: heartbeat.backlog,
            conditions: told.map(|c| Told { code: format!("TM-{:04}", c.code), detail: c.detail.clone() }).collect(),
            agent_version: heartbeat.device.agent_version.clone(),
            catalogue: heartbeat.catalogue,
            open_block: heartbeat.open_block.map(|told| {
                let OpenBlock { index, count, digest, stock } = told;
                ToldBlock { index: index.0, count, digest, stock }
            }),
            box_id: Some(box_id.0),
            machine: Machine::of(heartbeat),
        }
    }

    fn told(&self, epoch: Epoch) -> Option<(Epoch, OpenBlock)> {
        let ToldBlock { index, count, digest, stock } = self.open_block?;
        Some((epoch, OpenBlock { index: BlockIndex(index), count, digest, stock }))
    }
}

impl Fleet {
    /// The fleet as it was when the centre stopped.
    /// A box that is not heard for `offline_after` is offline.
    pub(crate) async fn load(ledger: &Ledger, offline_after: Duration, now: Millis) -> Result<Self, LedgerError> {
        let offline_ms = u64::try_from(offline_after.as_millis()).unwrap_or(u64::MAX);
        let fleet = Self { offline_ms, ..Self::default() };
        for row in ledger.heartbeats().await? {
            // Facts of another release are only not shown.
            let facts: Facts = serde_json::from_str(&row.body).unwrap_or_default();
            fleet.change(&row.store, |shop| {
                shop.take(&row, now);
                shop.told = facts.told(row.epoch);
                shop.facts = facts;
            });
        }
        Ok(fleet)
    }

    /// Takes what boxes said to another process of the centre, unless it is
    /// older than what is known here.
    pub(crate) fn learn(&self, row: &HeartbeatRow, now: Millis) {
        let facts: Facts = serde_json::from_str(&row.body).unwrap_or_default();
        self.change(&row.store, |shop| {
            let known = shop.kept_at == Some(row.seen_at);
            let older = shop.heard.is_some_and(|heard| heard.age_ms(now) <= row.age_ms);
            if shop.connected || known || older {
                return;
            }
            shop.take(row, now);
            shop.is_there();
            let told = facts.told(row.epoch);
            shop.compared = shop.compared && shop.told == told;
            shop.told = told;
            shop.facts = facts;
        });
    }

    /// Open blocks that were told and not compared yet.
    pub(crate) fn to_compare(&self) -> Vec<(StoreId, Epoch, BlockIndex)> {
        let shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |(store, shop): (&StoreId, &Shop)| {
            let (epoch, told) = shop.told.filter(|_| !shop.compared)?;
            Some((store.clone(), epoch, told.index))
        };
        shops.iter().filter_map(waits).collect()
    }

    fn change<T>(&self, store: &StoreId, change: impl FnOnce(&mut Shop) -> T) -> T {
        let mut shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        change(shops.entry(store.clone()).or_default())
    }

    fn each(&self, change: impl Fn(&StoreId, &mut Shop)) {
        let mut shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        shops.iter_mut().for_each(|(store, shop)| change(store, shop));
    }

    /// A box's stream was opened or ended.
    pub(crate) fn connected(&self, store: &StoreId, connected: bool, now: Millis, wall: i64) {
        self.change(store, |shop| {
            shop.connected = connected;
            shop.is_there();
            shop.heard = Some(Heard::now(now));
            shop.seen_at = Some(wall);
        });
    }

    /// A box left on purpose: it is offline at once.
    pub(crate) fn left(&self, store: &StoreId) {
        self.change(store, |shop| {
            shop.connected = false;
            shop.present = false;
            shop.left = true;
            shop.facts.box_id = None;
        });
    }

    /// Another box that spoke for a store last, here, to another process of
    /// the centre or before this one was started, unless it left on purpose.
    pub(crate) fn rival(&self, store: &StoreId, box_id: BoxId, now: Millis) -> Option<Rival> {
        self.change(store, |shop| {
            let other = shop.facts.box_id.map(BoxId).filter(|other| *other != box_id)?;
            Some(Rival { box_id: other, heard_ms: shop.heard?.age_ms(now) })
        })
    }

    /// A box said how it is; what is to be kept of it, as JSON.
    pub(crate) fn hear(
        &self,
        store: &StoreId,
        (box_id, epoch): (BoxId, Epoch),
        heartbeat: &Heartbeat,
        now: Millis,
        wall: i64,
    ) -> String {
        let facts = Facts::of(box_id, heartbeat);
        let body = serde_json::to_string(&facts).unwrap_or_default();
        self.change(store, |shop| {
            shop.heard = Some(Heard::now(now));
            shop.is_there();
            shop.seen_at = Some(wall);
            shop.facts = facts;
            let told = heartbeat.open_block.map(|block| (epoch, block));
            shop.compared = shop.compared && shop.told == told;
            shop.told = told;
        });
        body
    }

    /// The ledger keeps what a box said here; read again it is no news.
    pub(crate) fn kept(&self, store: &StoreId, kept_at: i64) {
        self.change(store, |shop| shop.kept_at = Some(kept_at));
    }

    /// The centre's own sums of a block: compared with what the box told, if
    /// both speak of the same number of movements. The sums of a block with
    /// lost positions are not the box's, and prove nothing.
    pub(crate) fn compare(&self, store: &StoreId, epoch: Epoch, index: BlockIndex, (block, has_lost): &(Block, bool)) {
        self.change(store, |shop| {
            let Some((of, told)) = shop.told else { return };
            if of != epoch || told.index != index || told.count != block.bitmap.count() {
                return;
            }
            let same = told.digest == block.digest && told.stock == block.stock;
            shop.digest = match (same, has_lost) {
                (true, _) => Verdict::Match,
                (false, false) => Verdict::Differs,
                (false, true) => Verdict::Unknown,
            };
            shop.compared = true;
        });
    }

    /// When a store's box was last seen, and whether what is known of it may
    /// be old.
    pub(crate) fn freshness(&self, store: &StoreId, now: Millis) -> (Option<i64>, bool) {
        self.change(store, |shop| (shop.seen_at, !(shop.connected || shop.is_heard_within(60_000, now))))
    }

    /// What is known here of a store's troubles.
    pub(crate) fn troubles(&self, books: &StoreRow, now: Moment) -> Vec<(Code, String)> {
        self.change(&books.store, |shop| troubles::of(shop, books, self.offline_ms, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> StoreId {
        StoreId::new("S0001").unwrap()
    }

    /// What box 9 said, read back with this age.
    fn said(seen_at: i64, age_ms: u64) -> HeartbeatRow {
        let facts = Facts { box_id: Some([9; 16]), ..Facts::default() };
        let body = serde_json::to_string(&facts).unwrap();
        HeartbeatRow { store: store(), seen_at, age_ms, epoch: Epoch(4), body }
    }

    fn heard_ms(fleet: &Fleet, now: u64) -> Option<u64> {
        fleet.rival(&store(), BoxId([7; 16]), Millis(now)).map(|rival| rival.heard_ms)
    }

    #[test]
    fn how_long_ago_another_box_was_heard_is_no_matter_of_anybodys_wall_clock() {
        let fleet = Fleet::default();
        // This process runs for one second; the label is years off.
        fleet.learn(&said(5, 60_000), Millis(1_000));
        assert_eq!(heard_ms(&fleet, 1_000), Some(60_000));
        assert_eq!(heard_ms(&fleet, 31_000), Some(90_000));
        assert_eq!(fleet.rival(&store(), BoxId([9; 16]), Millis(1_000)), None, "it is never its own rival");
    }

    #[test]
    fn what_is_read_again_or_is_older_is_no_news() {
        let fleet = Fleet::default();
        fleet.learn(&said(5, 10_000), Millis(0));
        fleet.learn(&said(5, 1), Millis(20_000));
        assert_eq!(heard_ms(&fleet, 20_000), Some(30_000), "the row that is known");
        fleet.learn(&said(4, 40_000), Millis(20_000));
        assert_eq!(heard_ms(&fleet, 20_000), Some(30_000), "one of before");
        fleet.learn(&said(1, 2_000), Millis(20_000));
        assert_eq!(heard_ms(&fleet, 20_000), Some(2_000), "one that is younger, whatever its label");
    }

    #[test]
    fn a_box_that_left_here_does_not_come_back_by_what_it_said_before() {
        let fleet = Fleet::default();
        let body = fleet.hear(&store(), (BoxId([9; 16]), Epoch(4)), &Heartbeat::default(), Millis(0), 70);
        fleet.kept(&store(), 77);
        fleet.left(&store());
        fleet.learn(&HeartbeatRow { body, ..said(77, 0) }, Millis(1_000));
        assert_eq!(heard_ms(&fleet, 1_000), None);
        assert_eq!(fleet.freshness(&store(), Millis(1_000)), (Some(70), true));
    }
}
