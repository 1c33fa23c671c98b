//! The ledger's state without a database: what applying plans leaves.

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::{Block, Code, Epoch, Sku, StoreId};

use crate::apply::{
    ApplyRecord, BalanceChange, BlockKey, DocumentOf, EpochState, Known, Learnt, Place, StockHeld, TransferLine,
    Transit, UnknownLine, decide,
};

#[derive(Debug, Default)]
pub(super) struct World {
    epochs: BTreeMap<(StoreId, Epoch), EpochState>,
    blocks: BTreeMap<BlockKey, Block>,
    balances: BTreeMap<(StoreId, Sku), BalanceChange>,
    lines: Vec<TransferLine>,
    voided: BTreeSet<DocumentOf>,
    learnt: Vec<Learnt>,
    unknown: Vec<UnknownLine>,
    transit: Transit,
}

impl World {
    pub(super) fn apply(&mut self, records: &[ApplyRecord]) {
        let known = Known { epochs: self.epochs.clone(), blocks: self.blocks.clone(), ..Known::default() };
        let plan = decide(records, &known);
        for (store, epoch, ordinal) in &plan.opened {
            self.epochs.insert((store.clone(), *epoch), EpochState::begun(*ordinal));
        }
        self.blocks.extend(plan.blocks.clone());
        for (key, change) in &plan.balances {
            let first = BalanceChange { effect: 0, ..*change };
            let balance = self.balances.entry(key.clone()).or_insert(first);
            let effect = balance.effect + change.effect;
            let newest = if change.at > balance.at { *change } else { *balance };
            *balance = BalanceChange { effect, ..newest };
        }
        // Just what a database is asked for.
        let is_voided = |line: &&TransferLine| plan.stock.voided.contains(&(line.store.clone(), line.document));
        let is_learnt = |line: &&TransferLine| {
            let code = line.given.unknown();
            plan.stock.learnt.iter().any(|learnt| learnt.store == line.store && code == Some(&learnt.code))
        };
        let held = StockHeld {
            lines: self.lines.iter().filter(|line| is_voided(line) || is_learnt(line)).cloned().collect(),
            voided: self.voided.clone(),
            learnt: self.learnt.clone(),
        };
        for (key, change) in plan.stock.transit(&held) {
            *self.transit.entry(key).or_default() += change;
        }
        let voids = |line: &UnknownLine| plan.stock.voided.contains(&(line.store.clone(), line.document));
        let learns = |line: &UnknownLine| {
            let of = plan.stock.learnt.iter().filter(|learnt| learnt.store == line.store && learnt.code == line.code);
            of.into_iter().any(|learnt| learnt.at > line.at)
        };
        self.unknown.retain(|line| !voids(line) && !learns(line));
        self.unknown.extend(plan.stock.suspense(&held).cloned());
        self.lines.extend(plan.stock.lines);
        self.voided.extend(plan.stock.voided);
        self.learnt.extend(plan.stock.learnt);
    }

    /// On-hand by store and item.
    pub(super) fn levels(&self) -> BTreeMap<(StoreId, Sku), i64> {
        self.balances.iter().map(|(key, balance)| (key.clone(), balance.on_hand.as_thousandths())).collect()
    }

    pub(super) fn transit(&self) -> Transit {
        self.transit.iter().filter(|(_, sum)| **sum != 0).map(|(key, sum)| (key.clone(), *sum)).collect()
    }

    /// Lines under unknown codes, by store and code.
    pub(super) fn suspense(&self) -> BTreeMap<(StoreId, Code), Vec<Place>> {
        let mut suspense: BTreeMap<_, Vec<Place>> = BTreeMap::new();
        for line in &self.unknown {
            suspense.entry((line.store.clone(), line.code.clone())).or_default().push(line.at);
        }
        suspense.values_mut().for_each(|places| places.sort());
        suspense
    }
}
