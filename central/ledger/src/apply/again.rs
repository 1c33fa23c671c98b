//! Applying what the centre itself parked: what it could not read or keep may
//! be read or kept now, with the box's own effect.

use tidemark_model::digest::{movement_digest, stock_digest};
use tidemark_model::{Bitmap, BlockIndex, ParkReason, Position, StoreId};
use tidemark_wire::decode_movement;

use super::{ApplyRecord, Content, Known, Plan, decide};

/// A movement that the centre parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedHere {
    /// The shop.
    pub store: StoreId,
    /// Where it stands.
    pub position: Position,
    /// Why it was parked.
    pub reason: ParkReason,
    /// Its bytes.
    pub bytes: bytes::Bytes,
}

impl ParkedHere {
    /// It as a record of the stream.
    #[must_use]
    pub fn record(&self) -> ApplyRecord {
        let content = Content::Movement(self.position, self.bytes.clone());
        ApplyRecord { offset: 0, store: self.store.clone(), content }
    }

    /// Decides it as if it had come now: its position is handled as before,
    /// and what it does is added. Refused with the reason if it can't be read
    /// still, or was parked by its box.
    pub fn decide(&self, mut known: Known) -> Result<(Known, Plan), String> {
        let movement = decode_movement(&self.bytes).map_err(|error| format!("it can't be read still: {error}"))?;
        let key = (self.store.clone(), self.position.epoch, BlockIndex::of(self.position.seq));
        let Some(block) = known.blocks.get_mut(&key) else { return Err("its block is not there".to_owned()) };
        // The database refused what had been read: its effect is in the sum.
        let was_read = self.reason == ParkReason::DatabaseRefused;
        let stock = movement.sku.as_ref().filter(|_| was_read).map_or(0, |sku| stock_digest(sku, movement.effect));
        let mut own = Bitmap::EMPTY;
        own.insert(self.position.seq);
        block.bitmap = block.bitmap.without(&own);
        block.digest = block.digest.wrapping_sub(movement_digest(&self.store, self.position, &self.bytes));
        block.stock = block.stock.wrapping_sub(stock);
        let mut plan = decide(&[self.record()], &known);
        if let Some(letter) = plan.dead_letters.first() {
            return Err(format!("its box parked it as {}: {}", letter.reason, letter.detail));
        }
        // It was counted when it was parked.
        plan.counts.values_mut().for_each(|counts| counts.handled = 0);
        Ok((known, plan))
    }
}
