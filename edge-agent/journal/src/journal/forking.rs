//! When another life of this disk wrote under the same epoch: going on in a
//! new one, and replaying what the centre does not hold.

use tidemark_model::opening::Replays;
use tidemark_model::{BlockIndex, Epoch, Movement, Position, Seq, SeqSet, Status};

use super::Journal;
use crate::layout::salvage::{KeptEpoch, read_epoch_key};
use crate::layout::{Family, decode, meta, outbox};
use crate::store::{ReadError, Scan, Store};
use crate::submit::{NotSaved, Submission};
use crate::writer::Command;

/// Movements that are read for one submission.
const AT_ONCE: usize = 500;

/// An epoch that another life of this disk wrote too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forked {
    /// The epoch.
    pub epoch: Epoch,
    /// The lowest seq that is still held here.
    pub first: Seq,
    /// The last that was committed here; 0 if none.
    pub tail: Seq,
}

impl Journal {
    /// Goes on in a new epoch, unless this handle's was left already. The
    /// handle speaks of the old one from then on: the journal is to be opened
    /// anew.
    pub async fn fork(&self) -> Result<Epoch, NotSaved> {
        let old = self.identity.epoch;
        self.ask(|reply| Command::Fork { old, reply }).await
    }

    /// Whether the epoch of this handle was left.
    #[must_use]
    pub fn is_left(&self) -> bool {
        self.tail.borrow().epoch != self.identity.epoch
    }

    /// The forked epochs that are not replayed yet.
    pub fn forked(&self) -> Result<Vec<Forked>, ReadError> {
        self.shared.shelf.read(|store| {
            let mut all = Vec::new();
            store.scan_prefix(Family::Meta, &[meta::FORKED], |key, value| {
                let kept: KeptEpoch = decode(value)?;
                if !kept.is_let_go() {
                    let KeptEpoch { first, tail } = kept;
                    all.push(Forked { epoch: read_epoch_key(key)?, first, tail });
                }
                Ok::<_, ReadError>(Scan::On)
            })?;
            Ok(all)
        })
    }

    /// The digests of what is held here of one of its blocks, ascending.
    pub async fn forked_digests(&self, of: Forked, block: BlockIndex) -> Result<Vec<(Seq, u64)>, NotSaved> {
        let (first, last) = (block.first().max(of.first), block.last().min(of.tail));
        self.beside(move |shelf| shelf.read(|store| digests(store, of.epoch, first, last))).await
    }

    /// Commits in this epoch what of a forked one the centre does not hold
    /// byte for byte; how many documents that were new. Done again, they are
    /// duplicates.
    pub async fn replay(&self, of: Forked, differing: SeqSet) -> Result<u64, NotSaved> {
        let mut replays = Replays::of(of.epoch, differing, self.identity.epoch);
        let (mut next, mut committed) = (of.first, 0);
        while next <= of.tail {
            let from = next;
            let some = self.beside(move |shelf| shelf.read(|store| movements(store, of, from))).await?;
            next = some.last().map_or(of.tail, |(seq, _)| *seq).saturating_add(1);
            let mut documents = Vec::new();
            for (seq, movement) in some {
                documents.extend(replays.take(seq, movement));
            }
            if next > of.tail {
                documents.extend(replays.rest());
            }
            for done in self.submit_all(documents.into_iter().map(Submission::again).collect()).await {
                committed += u64::from(done?.status == Status::Accepted);
            }
        }
        Ok(committed)
    }

    /// Lets a forked epoch go that was replayed.
    pub async fn settle_fork(&self, epoch: Epoch) -> Result<(), NotSaved> {
        self.ask(|reply| Command::SettleFork { epoch, reply }).await
    }
}

fn digests(store: &Store, epoch: Epoch, first: Seq, last: Seq) -> Result<Vec<(Seq, u64)>, ReadError> {
    let mut digests = Vec::new();
    let key = |seq| outbox::key(Position { epoch, seq });
    store.scan(Family::Outbox, &key(first), Some(&key(last.saturating_add(1))), |key, value| {
        let position = outbox::read_key(key)?;
        // What can't be read can't be replayed either.
        if let Ok(kept) = outbox::read_value(position, value) {
            digests.push((position.seq, kept.digest));
        }
        Ok::<_, ReadError>(Scan::On)
    })?;
    Ok(digests)
}

/// The next movements from a seq on that can be read.
fn movements(store: &Store, of: Forked, from: Seq) -> Result<Vec<(Seq, Movement)>, ReadError> {
    let mut movements = Vec::new();
    for seq in from..=of.tail {
        let position = Position { epoch: of.epoch, seq };
        movements.extend(crate::records::movement(store, position)?.map(|movement| (seq, movement)));
        if movements.len() >= AT_ONCE {
            break;
        }
    }
    Ok(movements)
}
