//! Blocks: a full one, or one of which only the beginning is in, needs no
//! bitmap.

use bytes::Bytes;
use tidemark_model::limits::BLOCK_SEQS;
use tidemark_model::{Bitmap, Block, BlockIndex};
use tidemark_sync::message::Blocks;

use super::field::{array, at_most};
use crate::error::DecodeError;
use crate::limits::BLOCKS;
use crate::schema::sync::v1 as proto;

pub(super) fn blocks(of: &Blocks) -> Vec<proto::Block> {
    of.iter().take(BLOCKS).map(|(index, known)| block(*index, known)).collect()
}

fn block(index: BlockIndex, known: &Block) -> proto::Block {
    let count = known.bitmap.count();
    let is_beginning = known.bitmap == beginning(count);
    proto::Block {
        index: index.0,
        leading: if is_beginning { count } else { 0 },
        bitmap: if is_beginning { Bytes::new() } else { Bytes::copy_from_slice(&known.bitmap.to_bytes()) },
        digest: known.digest,
        stock: known.stock,
    }
}

/// The first so many seqs of a block.
fn beginning(count: u32) -> Bitmap {
    let mut bytes = [0; 128];
    let mut left = u64::from(count).min(BLOCK_SEQS);
    for word in bytes.as_chunks_mut::<8>().0 {
        let bits = left.min(64);
        *word = if bits == 64 { u64::MAX } else { (1 << bits) - 1 }.to_be_bytes();
        left -= bits;
    }
    Bitmap::from_bytes(&bytes)
}

pub(super) fn blocks_of(messages: Vec<proto::Block>) -> Result<Blocks, DecodeError> {
    at_most(messages.len(), BLOCKS, "blocks")?;
    let mut blocks = Blocks::new();
    for message in messages {
        let index = BlockIndex(message.index);
        if blocks.last_key_value().is_some_and(|(last, _)| *last >= index) {
            return Err(DecodeError::Range { field: "blocks.index", found: index.0, bounds: "not ascending" });
        }
        blocks.insert(index, block_of(&message)?);
    }
    Ok(blocks)
}

fn block_of(message: &proto::Block) -> Result<Block, DecodeError> {
    let leading = u64::from(message.leading);
    if leading > BLOCK_SEQS {
        return Err(DecodeError::Range { field: "blocks.leading", found: leading, bounds: "more than a block has" });
    }
    let bitmap = match (message.leading, message.bitmap.is_empty()) {
        (leading, true) => beginning(leading),
        (0, false) => Bitmap::from_bytes(&array(&message.bitmap, "blocks.bitmap")?),
        (_both, false) => return Err(DecodeError::Both { one: "blocks.leading", other: "blocks.bitmap" }),
    };
    // The highest index whose seqs fit 64 bits.
    if message.index >= u64::MAX / BLOCK_SEQS {
        return Err(DecodeError::Range { field: "blocks.index", found: message.index, bounds: "beyond the last seq" });
    }
    Ok(Block { bitmap, digest: message.digest, stock: message.stock })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_are_read_back(bitmaps in proptest::collection::vec((any::<u64>(), 0_u32..=1024, any::<bool>()), 0..5)) {
            let mut known = Blocks::new();
            for (at, (word, count, is_beginning)) in (0..).zip(bitmaps) {
                let mut bytes = [0; 128];
                bytes[..8].copy_from_slice(&word.to_be_bytes());
                let bitmap = if is_beginning { beginning(count) } else { Bitmap::from_bytes(&bytes) };
                known.insert(BlockIndex(at * 3), Block { bitmap, digest: word, stock: !word });
            }
            prop_assert_eq!(blocks_of(blocks(&known)), Ok(known));
        }
    }

    #[test]
    fn a_full_block_needs_no_bitmap() {
        let full = block(BlockIndex(4), &Block { bitmap: Bitmap::FULL, digest: 1, stock: 2 });
        assert_eq!((full.leading, full.bitmap.len()), (1024, 0));
        assert!(beginning(1024).is_full());
        assert_eq!(beginning(65).count(), 65);
    }

    #[test]
    fn blocks_out_of_order_or_bounds_are_refused() {
        let at = |index, leading, bitmap: &[u8]| proto::Block {
            index,
            leading,
            bitmap: Bytes::copy_from_slice(bitmap),
            ..proto::Block::default()
        };
        let error = |messages| blocks_of(messages).unwrap_err().to_string();
        assert_eq!(error(vec![at(1, 1, &[]), at(1, 1, &[])]), "`blocks.index` is 1, not ascending");
        assert_eq!(error(vec![at(1, 1025, &[])]), "`blocks.leading` is 1025, more than a block has");
        assert_eq!(error(vec![at(1, 0, &[1])]), "`blocks.bitmap` has 1 bytes, not 128");
        assert_eq!(error(vec![at(1, 1, &[1])]), "`blocks.leading` and `blocks.bitmap` are both there, only one may be");
        assert!(error(vec![at(u64::MAX, 1, &[])]).ends_with("beyond the last seq"));
    }
}
