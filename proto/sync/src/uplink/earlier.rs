//! What is to be sent of earlier epochs, whose journals were damaged: as
//! backlog, after the box's own. Nothing goes before the centre has said on
//! the present stream what it holds, or all of it would come up again.

use std::collections::BTreeMap;

use tidemark_model::{Epoch, SeqSet, StreamPlace};

use crate::limits;
use crate::message::{AppliedThrough, Blocks, EarlierEpoch};

use super::input::EarlierFacts;
use super::outgoing::{Outgoing, ReceivedBlocks};

/// The earlier epochs of a box that are not settled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Earlier(BTreeMap<Epoch, One>);

#[derive(Clone, Debug)]
struct One {
    outgoing: Outgoing,
    ready: bool,
    /// The present stream's `Hello` speaks of it.
    greeted: bool,
    /// The centre has said on the present stream what it holds.
    told: bool,
    /// The shell was told that all of it is handled.
    settled: bool,
}

impl One {
    fn new(facts: EarlierFacts) -> Self {
        let EarlierFacts { of, ready, received } = facts;
        let outgoing = Outgoing::new(of.epoch, of.tail, of.first, Blocks::new(), received);
        Self { outgoing, ready, greeted: false, told: false, settled: false }
    }
}

impl Earlier {
    pub(crate) fn new(facts: Vec<EarlierFacts>) -> Self {
        Self(facts.into_iter().map(|facts| (facts.of.epoch, One::new(facts))).collect())
    }

    /// The journal says anew how it stands. True if the present stream's
    /// `Hello` did not speak of one that could be sent.
    pub(crate) fn follow(&mut self, facts: Vec<EarlierFacts>) -> bool {
        self.0.retain(|epoch, _| facts.iter().any(|facts| facts.of.epoch == *epoch));
        for facts in facts {
            match self.0.get_mut(&facts.of.epoch) {
                None => drop(self.0.insert(facts.of.epoch, One::new(facts))),
                Some(one) => {
                    one.settled &= one.outgoing.tail() >= facts.of.tail;
                    one.outgoing.commit(facts.of.tail);
                    one.outgoing.trim(facts.of.first);
                    one.ready = facts.ready;
                }
            }
        }
        let greeted = self.0.values().filter(|one| one.greeted).count();
        greeted < limits::EARLIER_EPOCHS && self.0.values().any(|one| one.ready && !one.greeted)
    }

    /// What a `Hello` says of them; a new stream begins.
    pub(crate) fn greet(&mut self) -> Vec<EarlierEpoch> {
        for (place, one) in self.0.values_mut().enumerate() {
            one.greeted = place < limits::EARLIER_EPOCHS;
            one.told = false;
        }
        let greeted = self.0.iter().filter(|(_, one)| one.greeted);
        let of = |(epoch, one): (&Epoch, &One)| {
            let first = one.outgoing.trimmed_below();
            EarlierEpoch { epoch: *epoch, first, tail: one.outgoing.tail() }
        };
        greeted.map(of).collect()
    }

    /// The centre says what it holds: all of it first, then what changed.
    pub(crate) fn handle(&mut self, epoch: Epoch, blocks: &Blocks) {
        let Some(one) = self.0.get_mut(&epoch).filter(|one| one.greeted) else { return };
        if one.told {
            one.outgoing.handle(blocks);
        } else {
            one.told = true;
            one.outgoing.replace_handled(blocks.clone());
        }
    }

    pub(crate) fn receive(&mut self, epoch: Epoch, seqs: &SeqSet, place: StreamPlace) -> ReceivedBlocks {
        self.0.get_mut(&epoch).map(|one| one.outgoing.receive(seqs, place)).unwrap_or_default()
    }

    /// The blocks whose memory changed, by epoch.
    pub(crate) fn give_up(&mut self, applied: &AppliedThrough) -> Vec<(Epoch, ReceivedBlocks)> {
        let changed = self.0.iter_mut().map(|(epoch, one)| (*epoch, one.outgoing.give_up(applied)));
        changed.filter(|(_, blocks)| !blocks.is_empty()).collect()
    }

    /// The lowest that wait of one epoch that can be sent.
    pub(crate) fn take(&mut self, count: u64) -> Option<(Epoch, SeqSet)> {
        let mut sendable = self.0.iter_mut().filter(|(_, one)| one.ready && one.told);
        let (epoch, one) = sendable.find(|(_, one)| !one.outgoing.waiting().is_empty())?;
        let seqs = one.outgoing.waiting().lowest(count);
        one.outgoing.take(&seqs);
        Some((*epoch, seqs))
    }

    pub(crate) fn give_back(&mut self, epoch: Epoch, seqs: &SeqSet) {
        if let Some(one) = self.0.get_mut(&epoch) {
            one.outgoing.give_back(seqs);
        }
    }

    /// Nothing that was sent will be acknowledged any more.
    pub(crate) fn land_nothing(&mut self) {
        for one in self.0.values_mut() {
            let out = one.outgoing.out().clone();
            one.outgoing.give_back(&out);
        }
    }

    /// How many wait that can be sent.
    pub(crate) fn waiting(&self) -> u64 {
        let sendable = self.0.values().filter(|one| one.ready && one.told);
        sendable.map(|one| one.outgoing.waiting().count()).sum()
    }

    /// How many are not handled by the centre's last word.
    pub(crate) fn pending(&self) -> u64 {
        let of = |one: &One| one.outgoing.untrimmed().saturating_sub(one.outgoing.handled_count());
        self.0.values().map(of).sum()
    }

    /// Those of which everything is handled, each once.
    pub(crate) fn newly_settled(&mut self) -> Vec<(Epoch, u64)> {
        let mut settled = Vec::new();
        for (epoch, one) in &mut self.0 {
            if one.ready && one.told && !one.settled && one.outgoing.oldest_unhandled().is_none() {
                one.settled = true;
                settled.push((*epoch, one.outgoing.tail()));
            }
        }
        settled
    }
}
