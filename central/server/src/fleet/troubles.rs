//! The troubles of a shop that are known at head office, beside what its box
//! says of itself.

use tidemark_daemon::conditions::{Code, registry};
use tidemark_ledger::StoreRow;
use tidemark_sync::Millis;

use super::{Moment, Shop, Verdict};

/// The state of a store that sells.
const OPEN: &str = "open";

pub(super) fn of(shop: &mut Shop, books: &StoreRow, offline_ms: u64, now: Moment) -> Vec<(Code, String)> {
    let mut troubles = Vec::new();
    let missed = |shop: &mut Shop| books.state == OPEN && !shop.hours.is_closed(books, now.wall);
    if let Some(detail) = silence(shop, offline_ms, now.steady).filter(|_| missed(shop)) {
        troubles.push((registry::BOX_OFFLINE, detail));
    }
    if books.lost_unsigned > 0 {
        let detail = format!("{} positions are lost and nobody has signed for them", books.lost_unsigned);
        troubles.push((registry::MOVEMENTS_LOST, detail));
    }
    if shop.digest == Verdict::Differs {
        let detail = "box and head office hold other movements under the same positions".to_owned();
        troubles.push((registry::DIGEST_DIFFERS, detail));
    }
    if books.forks > 0 {
        let detail = format!("{} positions came again with other bytes and wait for their box", books.forks);
        troubles.push((registry::POSITIONS_FORKED, detail));
    }
    troubles
}

/// Why a box that was heard once is not heard now; none if it is. After a
/// start of this process a box has its time to come back.
fn silence(shop: &Shop, offline_ms: u64, now: Millis) -> Option<String> {
    let age_ms = shop.heard.filter(|_| !shop.connected)?.age_ms(now);
    match (shop.left, age_ms >= offline_ms) {
        (true, _) => Some("it has said goodbye".to_owned()),
        (false, true) => Some(format!("last heard {} s ago", age_ms / 1_000)),
        (false, false) => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use tidemark_model::{Block, BlockIndex, BoxId, Epoch, StoreId};
    use tidemark_sync::message::{Heartbeat, OpenBlock};

    use super::super::{Fleet, OFFLINE_MS};
    use super::*;

    pub(in super::super) fn books(state: &str) -> StoreRow {
        StoreRow {
            store: StoreId::new("S0001").unwrap(),
            name: String::new(),
            region: String::new(),
            time_zone: String::new(),
            state: state.to_owned(),
            opening_hours: String::new(),
            assortment: String::new(),
            committed: 0,
            applied: 0,
            parked: 0,
            lost: 0,
            pending: 0,
            lost_unsigned: 0,
            late: 0,
            forks: 0,
        }
    }

    fn codes(fleet: &Fleet, books: &StoreRow, now: u64) -> Vec<Code> {
        fleet.troubles(books, Moment::steady(now)).into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn a_box_that_is_not_heard_is_told_of_until_it_is_heard_again() {
        let (fleet, open) = (Fleet::default(), books("open"));
        let store = &open.store;
        assert!(codes(&fleet, &open, OFFLINE_MS).is_empty(), "one that never was there is not missed");
        fleet.connected(store, true, Millis(0), 5);
        assert!(codes(&fleet, &open, 2 * OFFLINE_MS).is_empty());
        fleet.connected(store, false, Millis(0), 5);
        assert!(codes(&fleet, &open, OFFLINE_MS - 1).is_empty());
        assert_eq!(codes(&fleet, &open, OFFLINE_MS), [registry::BOX_OFFLINE]);
        assert!(codes(&fleet, &books("closed"), OFFLINE_MS).is_empty(), "a closed store has no box");
        fleet.connected(store, true, Millis(OFFLINE_MS), 5);
        assert!(codes(&fleet, &open, OFFLINE_MS).is_empty());
        fleet.left(store);
        assert_eq!(codes(&fleet, &open, OFFLINE_MS), [registry::BOX_OFFLINE], "at once");
    }

    #[test]
    fn a_shop_that_is_shut_sleeps_and_one_that_should_be_open_is_missed() {
        let fleet = Fleet::default();
        let books = StoreRow {
            time_zone: "Europe/Berlin".to_owned(),
            opening_hours: "Mo-Sa 08:00-20:00; 2026-12-25/2026-12-26 off".to_owned(),
            assortment: String::new(),
            ..books("open")
        };
        fleet.connected(&books.store, true, Millis(0), 5);
        fleet.left(&books.store);
        let hour = 3_600_000;
        let midnight = 1_796_079_600_000; // Tuesday, 2026-12-01T00:00 in Berlin
        for (hours, sync) in [(7, "asleep"), (8, "offline"), (19, "offline"), (20, "asleep"), (24 * 24 + 12, "asleep")]
        {
            let now = Moment { steady: Millis(2 * OFFLINE_MS), wall: midnight + hours * hour };
            assert_eq!(fleet.row(&books, now).sync(), sync, "{hours} h");
            let missed = fleet.troubles(&books, now).iter().any(|(code, _)| *code == registry::BOX_OFFLINE);
            assert_eq!(missed, sync == "offline", "{hours} h");
        }
        fleet.connected(&books.store, true, Millis(0), 5);
        let night = Moment { steady: Millis(1), wall: midnight };
        assert_eq!(fleet.row(&books, night).sync(), "in_sync", "one that is heard is awake");
    }

    #[test]
    fn what_the_books_wait_for_is_told_of_until_it_is_settled() {
        let (fleet, settled) = (Fleet::default(), books("open"));
        let waiting = StoreRow { lost_unsigned: 3, forks: 2, ..settled.clone() };
        assert_eq!(codes(&fleet, &waiting, 0), [registry::MOVEMENTS_LOST, registry::POSITIONS_FORKED]);
        assert!(codes(&fleet, &settled, 0).is_empty());
    }

    #[test]
    fn digests_that_differ_are_told_of_until_they_match() {
        let (fleet, open) = (Fleet::default(), books("open"));
        let (store, epoch, index) = (&open.store, Epoch(4), BlockIndex(0));
        let mut block = Block::default();
        block.put(1, 77, 9);
        let told = OpenBlock { index, count: 1, digest: 76, stock: 9 };
        let heartbeat = |digest| Heartbeat { open_block: Some(OpenBlock { digest, ..told }), ..Heartbeat::default() };
        fleet.connected(store, true, Millis(0), 5);
        let told_by_both = |digest| {
            fleet.hear(store, (BoxId([9; 16]), epoch), &heartbeat(digest), Millis(0), 5);
            fleet.compare(store, epoch, index, &(block, false));
            codes(&fleet, &open, 0)
        };
        assert_eq!(told_by_both(76), [registry::DIGEST_DIFFERS]);
        assert!(told_by_both(77).is_empty());
    }
}
