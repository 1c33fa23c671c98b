//! Who may send backlog: credit for the shops of each partition, in turn, as
//! long as the partition's applier keeps up.

use std::collections::{BTreeMap, VecDeque};

use crate::limits;
use crate::receiver::output::Wants;
use crate::time::Millis;

/// A stream, by the number the shell gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer(pub u64);

/// Credit for one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The stream.
    pub peer: Peer,
    /// Payload bytes.
    pub bytes: u64,
}

/// Grants credit; one per centre process, for all streams in it.
#[derive(Debug, Default)]
pub struct CreditOffice {
    partitions: BTreeMap<u32, Partition>,
}

#[derive(Debug, Default)]
struct Partition {
    peers: BTreeMap<Peer, Wants>,
    /// Who was served last.
    turn: Option<Peer>,
    offset: u64,
    /// When the position was last heard and when it last moved.
    heard_at: Option<Millis>,
    moved_at: Option<Millis>,
    /// The stream's end as it was seen, ascending in time.
    ends: VecDeque<(Millis, u64)>,
    floor_at: Option<Millis>,
}

impl CreditOffice {
    /// An office that serves nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A receiver told what its shop needs.
    pub fn wants(&mut self, peer: Peer, partition: u32, wants: Wants) {
        self.partitions.entry(partition).or_default().peers.insert(peer, wants);
    }

    /// A stream ended.
    pub fn left(&mut self, peer: Peer) {
        for partition in self.partitions.values_mut() {
            partition.peers.remove(&peer);
        }
    }

    /// The ledger was looked at: the applier's position and, if it could be
    /// asked, the stream's end.
    pub fn reached(&mut self, partition: u32, offset: u64, end: Option<u64>, now: Millis) {
        self.partitions.entry(partition).or_default().reached(offset, end, now);
    }

    /// What is granted now; ask after each `wants` and `reached`. Each grant
    /// goes to its receiver.
    pub fn grants(&mut self, now: Millis) -> Vec<Grant> {
        self.partitions.values_mut().flat_map(|partition| partition.grants(now)).collect()
    }
}

impl Partition {
    fn reached(&mut self, offset: u64, end: Option<u64>, now: Millis) {
        if self.heard_at.is_none() || self.offset != offset {
            self.moved_at = Some(now);
        }
        self.offset = offset;
        self.heard_at = Some(now);
        if let Some(end) = end {
            if self.ends.back().is_some_and(|(_, last)| end < *last) {
                // Another life of the log: older ends mean nothing.
                self.ends.clear();
            }
            self.ends.push_back((now, end));
        }
        // One that is old enough is enough.
        while self.ends.get(1).is_some_and(|(at, _)| now.since(*at) >= limits::LAG_MS) {
            self.ends.pop_front();
        }
    }

    fn keeps_up(&self) -> bool {
        self.ends.front().is_some_and(|(_, end)| self.offset >= *end)
    }

    fn grants(&mut self, now: Millis) -> Vec<Grant> {
        if self.heard_at.is_none_or(|heard| now.since(heard) > limits::WORD_MS) {
            return Vec::new();
        }
        if self.keeps_up() {
            return self.shares();
        }
        let due = self.floor_at.is_none_or(|at| now.since(at) >= limits::FLOOR_MS);
        let moves = self.moved_at.is_some_and(|moved| now.since(moved) < limits::FLOOR_MS);
        if !(due && moves) {
            return Vec::new();
        }
        let floor = self.in_turn().into_iter().next().map(|peer| self.grant(peer, u64::from(limits::BATCH_BYTES)));
        if floor.is_some() {
            self.floor_at = Some(now);
        }
        floor.into_iter().collect()
    }

    /// Every shop with backlog gets up to its share.
    fn shares(&mut self) -> Vec<Grant> {
        let peers = self.in_turn();
        let count = u64::try_from(peers.len()).unwrap_or(u64::MAX).max(1);
        let share = (limits::PARTITION_CREDIT / count).clamp(limits::LEAST_CREDIT, limits::SHOP_CREDIT);
        let mut grants = Vec::new();
        for peer in peers {
            let outstanding = self.peers.get(&peer).map_or(0, |wants| wants.outstanding);
            // No small change: half a share at least.
            if outstanding <= share / 2 {
                grants.push(self.grant(peer, share.saturating_sub(outstanding)));
            }
        }
        grants
    }

    /// The shops with backlog, those after the last served one first.
    fn in_turn(&self) -> Vec<Peer> {
        let wanting = || self.peers.iter().filter(|(_, wants)| wants.backlog).map(|(peer, _)| *peer);
        let after = wanting().filter(|peer| Some(*peer) > self.turn);
        after.chain(wanting().filter(|peer| Some(*peer) <= self.turn)).collect()
    }

    fn grant(&mut self, peer: Peer, bytes: u64) -> Grant {
        self.turn = Some(peer);
        if let Some(wants) = self.peers.get_mut(&peer) {
            wants.outstanding = wants.outstanding.saturating_add(bytes);
        }
        Grant { peer, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKLOG: Wants = Wants { backlog: true, outstanding: 0 };

    fn office(peers: u64) -> CreditOffice {
        let mut office = CreditOffice::new();
        (1..=peers).for_each(|peer| office.wants(Peer(peer), 0, BACKLOG));
        office
    }

    #[test]
    fn a_shop_alone_gets_all_it_may_have_and_no_more_until_it_used_it() {
        let mut office = office(1);
        office.reached(0, 10, Some(10), Millis(0));
        assert_eq!(office.grants(Millis(0)), [Grant { peer: Peer(1), bytes: limits::SHOP_CREDIT }]);
        assert_eq!(office.grants(Millis(100)), []);
        office.wants(Peer(1), 0, Wants { backlog: true, outstanding: 1_000 });
        assert_eq!(office.grants(Millis(100)), [Grant { peer: Peer(1), bytes: limits::SHOP_CREDIT - 1_000 }]);
    }

    #[test]
    fn nothing_is_granted_without_backlog_or_word_of_the_applier() {
        let mut office = office(1);
        assert_eq!(office.grants(Millis(0)), []);
        office.reached(0, 10, Some(10), Millis(0));
        assert_eq!(office.grants(Millis(3_000)), [], "the database is down");
        office.wants(Peer(1), 0, Wants::default());
        assert_eq!(office.grants(Millis(0)), []);
    }

    #[test]
    fn a_partition_that_lags_but_moves_grants_a_batch_in_ten_seconds_in_turn() {
        let mut office = office(3);
        let mut served = Vec::new();
        for now in (0..60_000).step_by(100) {
            // The applier moves, but stays a million behind.
            office.reached(0, now, Some(now + 1_000_000), Millis(now));
            let grants = office.grants(Millis(now));
            assert!(grants.iter().all(|grant| grant.bytes == u64::from(limits::BATCH_BYTES)));
            served.extend(grants.into_iter().map(|grant| grant.peer.0));
        }
        assert_eq!(served, [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn a_partition_that_stands_still_grants_nothing() {
        let mut office = office(1);
        let granted: usize = (0..60_000)
            .step_by(100)
            .map(|now| {
                office.reached(0, 5, Some(1_000_000), Millis(now));
                office.grants(Millis(now)).len()
            })
            .sum();
        assert_eq!(granted, 1, "while the first position counts as news");
    }

    #[test]
    fn half_a_second_of_work_is_not_a_lag() {
        let mut office = office(1);
        for now in (0..2_000).step_by(100) {
            office.wants(Peer(1), 0, BACKLOG);
            office.reached(0, now, Some(now + 400), Millis(now));
            let granted = !office.grants(Millis(now)).is_empty();
            assert_eq!(granted, now >= 400 || now == 0, "at {now}");
        }
    }

    #[test]
    fn shops_of_other_partitions_do_not_wait_for_one_that_lags() {
        let mut office = office(1);
        office.wants(Peer(2), 1, BACKLOG);
        office.reached(0, 0, Some(1_000), Millis(0));
        office.reached(1, 0, Some(0), Millis(0));
        office.grants(Millis(0));
        office.wants(Peer(2), 1, BACKLOG);
        assert_eq!(office.grants(Millis(1)).iter().map(|grant| grant.peer).collect::<Vec<_>>(), [Peer(2)]);
    }
}
