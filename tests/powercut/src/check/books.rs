//! Sums after a cut: blocks, stock, and each item's chain of movements.

use std::collections::BTreeMap;

use tidemark_model::digest::stock_digest;
use tidemark_model::{Block, BlockIndex, Sku};

use super::{Checking, Fault, Finding};

/// What the movements make of an item.
#[derive(Default)]
struct Summed {
    on_hand: i64,
    last: u64,
}

impl Checking<'_> {
    /// The sums of a block are those of its movements.
    pub(super) fn blocks(&self, findings: &mut Vec<Finding>) -> Result<(), Finding> {
        let mut blocks: BTreeMap<BlockIndex, Block> = BTreeMap::new();
        for held in &self.content.movements {
            let movement = &held.movement;
            let stock = movement.sku.as_ref().map_or(0, |sku| stock_digest(sku, movement.effect));
            blocks.entry(BlockIndex::of(held.seq)).or_default().add(held.seq, held.digest, stock);
        }
        for (index, summed) in &blocks {
            let kept = self.journal.block_sums_under(*index, &summed.bitmap)?;
            if kept != Some(*summed) {
                findings
                    .push(Finding::new(Fault::Books, format!("the sums of block {} are not its movements'", index.0)));
            }
        }
        let open = self.journal.open_block()?;
        let summed = blocks.last_key_value().filter(|(index, _)| **index == BlockIndex::of(self.content.tail.max(1)));
        let same = match (&open, summed) {
            (Some(open), Some((_, summed))) => {
                (open.digest, open.stock) == (summed.digest, summed.stock) && open.count == summed.bitmap.count()
            }
            // The tail's block is trimmed, or there is no movement.
            (Some(_), None) => self.content.tail < self.content.trimmed_below,
            (None, None) => self.content.tail == 0,
            (None, Some(_)) => false,
        };
        if !same {
            findings.push(Finding::new(Fault::Books, "the open block is not its movements'"));
        }
        Ok(())
    }

    /// On-hand is the sum of all effects and the newest on-hand-after, and
    /// each movement knows the one before it of its item.
    pub(super) fn stock(&self, findings: &mut Vec<Finding>) -> Result<(), Finding> {
        let mut items: BTreeMap<String, Summed> = BTreeMap::new();
        let trimmed: Vec<_> = self.known.sent.iter().filter(|sent| sent.seq < self.content.trimmed_below).collect();
        if u64::try_from(trimmed.len()).ok() != Some(self.content.trimmed_below - 1) {
            findings.push(Finding::new(Fault::Lost, "more is trimmed than the centre has read"));
        }
        for sent in trimmed {
            if let Some(sku) = &sent.sku {
                let item = items.entry(sku.clone()).or_default();
                item.on_hand += sent.effect;
                item.last = sent.seq;
            }
        }
        for held in &self.content.movements {
            let movement = &held.movement;
            let Some(sku) = &movement.sku else { continue };
            let item = items.entry(sku.to_string()).or_default();
            item.on_hand += movement.effect.as_thousandths();
            let after = movement.on_hand_after.map(tidemark_model::Quantity::as_thousandths);
            if movement.previous != item.last || after != Some(item.on_hand) {
                findings
                    .push(Finding::new(Fault::Books, format!("movement {} does not follow {}", held.seq, item.last)));
            }
            item.last = held.seq;
        }
        self.kept_stock(&items, findings)
    }

    fn kept_stock(&self, items: &BTreeMap<String, Summed>, findings: &mut Vec<Finding>) -> Result<(), Finding> {
        let kept: BTreeMap<Sku, _> = self.journal.all_stock()?.into_iter().collect();
        for (sku, stock) in &kept {
            let summed = items.get(sku.as_str());
            let found = (stock.on_hand.as_thousandths(), stock.last);
            if summed.map(|summed| (summed.on_hand, summed.last)) != Some(found) {
                findings.push(Finding::new(Fault::Books, format!("the stock of {sku} is not its movements' sum")));
            }
        }
        if kept.len() != items.len() {
            findings
                .push(Finding::new(Fault::Books, format!("{} items have stock, {} moved", kept.len(), items.len())));
        }
        Ok(())
    }
}
