//! Digests by which box and centre prove to each other that they hold the
//! same movements and the same stock.

use crate::position::Position;
use crate::quantity::Quantity;
use crate::text::{Sku, StoreId};

/// Digest of one movement: first 8 bytes (big-endian) of BLAKE3 over the
/// store, a zero byte, epoch and seq (big-endian) and the movement's bytes.
#[must_use]
pub fn movement_digest(store: &StoreId, position: Position, bytes: &[u8]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(store.as_str().as_bytes());
    hasher.update(&[0]);
    hasher.update(&position.epoch.0.to_be_bytes());
    hasher.update(&position.seq.to_be_bytes());
    hasher.update(bytes);
    first_eight(&hasher)
}

/// What an effect on `sku` adds to a block's stock digest: the effect times
/// an odd factor drawn from the SKU, modulo 2⁶⁴.
#[must_use]
pub fn stock_digest(sku: &Sku, effect: Quantity) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(sku.as_str().as_bytes());
    let factor = first_eight(&hasher) | 1;
    effect.as_thousandths().cast_unsigned().wrapping_mul(factor)
}

fn first_eight(hasher: &blake3::Hasher) -> u64 {
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Epoch;
    use proptest::prelude::*;

    #[test]
    fn another_store_epoch_seq_or_byte_gives_another_digest() {
        let store = |name| StoreId::new(name).unwrap();
        let at = |epoch, seq| Position { epoch: Epoch(epoch), seq };
        let base = movement_digest(&store("S1"), at(1, 1), b"abc");
        assert_ne!(base, movement_digest(&store("S2"), at(1, 1), b"abc"));
        assert_ne!(base, movement_digest(&store("S1"), at(2, 1), b"abc"));
        assert_ne!(base, movement_digest(&store("S1"), at(1, 2), b"abc"));
        assert_ne!(base, movement_digest(&store("S1"), at(1, 1), b"abd"));
    }

    proptest! {
        #[test]
        fn effects_that_cancel_leave_no_trace(effect in -1_000_000_i64..1_000_000) {
            let sku = Sku::new("4711").unwrap();
            let there = stock_digest(&sku, Quantity::thousandths(effect));
            let back = stock_digest(&sku, Quantity::thousandths(-effect));
            prop_assert_eq!(there.wrapping_add(back), 0);
        }
    }
}
