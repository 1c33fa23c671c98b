//! The centre's word of what it holds, compared with the box's own records.

use tidemark_model::{Block, BlockIndex, Epoch, EpochOrdinal, Generation, Seq};
use tidemark_sync::message::{Blocks, Handled, Welcome};

use crate::layout::handled::HandledBlock;
use crate::records::{sums_of_readable, sums_under};
use crate::state;
use crate::store::{ReadError, Shelf};

/// What the centre says is handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandledWord {
    /// Which history of the ledger speaks.
    pub generation: Generation,
    /// The epoch spoken of.
    pub epoch: Epoch,
    /// Blocks with their sums, each whole.
    pub blocks: Blocks,
    /// A `Welcome`, with which of its store's epochs this is: it takes the
    /// place of all that was known. Otherwise changed blocks, which count only
    /// within the known generation.
    pub welcome: Option<EpochOrdinal>,
}

impl HandledWord {
    /// What a `Welcome` says of the epoch that greeted.
    #[must_use]
    pub fn of_welcome(welcome: &Welcome, epoch: Epoch) -> Self {
        let (generation, blocks) = (welcome.generation, welcome.blocks.clone());
        Self { generation, epoch, blocks, welcome: Some(welcome.ordinal) }
    }
}

impl From<Handled> for HandledWord {
    fn from(told: Handled) -> Self {
        Self { generation: told.generation, epoch: told.epoch, blocks: told.blocks, welcome: None }
    }
}

/// What the comparison says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandledVerdict {
    /// Whether the word was taken: it speaks of the present epoch and the
    /// known history.
    pub taken: bool,
    /// Blocks in which the centre holds other movements than the box: the
    /// disk is a copy, or went back.
    pub forked: Vec<BlockIndex>,
    /// Blocks that can't be compared, because records can't be read.
    pub unproven: Vec<BlockIndex>,
    /// A handled seq beyond the tail: the disk went back.
    pub beyond_tail: Option<Seq>,
    /// All up to here is handled and proven.
    pub through: Seq,
    /// How many positions of the epoch are handled.
    pub count: u64,
}

/// A word with what the box's own records say to it.
#[derive(Debug)]
pub(crate) struct ProvenWord {
    pub(crate) told: HandledWord,
    pub(crate) proofs: Vec<Proof>,
    pub(crate) beyond_tail: Option<Seq>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Same,
    Other,
    Unknown,
}

/// Whether the centre holds the same bytes. Their digest alone says so: of what
/// it parked unread the centre knows no effect, and its stock sum lacks that.
fn is_content_of(own: &Block, told: &Block) -> bool {
    own.bitmap == told.bitmap && own.digest == told.digest
}

/// Sums the box's own records under the centre's bitmaps, block by block: a
/// writer that has to close the database waits for one block, not for all.
pub(crate) fn prove(shelf: &Shelf, told: HandledWord, tail: Seq) -> Result<ProvenWord, ReadError> {
    let mut proofs = Vec::with_capacity(told.blocks.len());
    let mut beyond_tail = None;
    for (index, block) in &told.blocks {
        let last = block.bitmap.seqs(*index).last().unwrap_or(0);
        if last > tail {
            beyond_tail = Some(last);
            proofs.push(Proof::Other);
            continue;
        }
        let own = shelf.read(|store| sums_under(store, told.epoch, *index, &block.bitmap))?;
        proofs.push(match own {
            Some(own) if is_content_of(&own, block) => Proof::Same,
            other => {
                // What can't be read the centre may hold as lost, without sums.
                let (readable, lost) =
                    shelf.read(|store| sums_of_readable(store, told.epoch, *index, &block.bitmap))?;
                match (lost, other) {
                    (true, _) if is_content_of(&readable, block) => Proof::Same,
                    (true, _) | (false, None) => Proof::Unknown,
                    (false, Some(_)) => Proof::Other,
                }
            }
        });
    }
    Ok(ProvenWord { told, proofs, beyond_tail })
}

impl ProvenWord {
    /// The blocks as they are kept.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (BlockIndex, HandledBlock)> {
        let blocks = self.told.blocks.iter().zip(&self.proofs);
        blocks.map(|((index, told), proof)| (*index, HandledBlock { told: *told, proven: *proof == Proof::Same }))
    }

    pub(crate) fn verdict(&self, handled: &state::Handled, taken: bool) -> HandledVerdict {
        let with = |wanted: Proof| {
            let blocks = self.told.blocks.keys().zip(&self.proofs);
            blocks.filter(|(_, proof)| **proof == wanted).map(|(index, _)| *index).collect()
        };
        HandledVerdict {
            taken,
            forked: with(Proof::Other),
            unproven: with(Proof::Unknown),
            beyond_tail: self.beyond_tail,
            through: handled.through,
            count: handled.count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_proves_the_content_and_a_stock_sum_does_not() {
        let mut own = Block::default();
        assert!(own.add(1, 7, 70) && own.add(2, 8, 80));
        let parked_unread = Block { stock: 70, ..own };
        assert!(is_content_of(&own, &parked_unread), "another effect is no other content");
        assert!(!is_content_of(&own, &Block { digest: 16, ..own }));
        let mut more = own;
        assert!(more.add(3, 0, 0));
        assert!(!is_content_of(&own, &more));
    }
}
