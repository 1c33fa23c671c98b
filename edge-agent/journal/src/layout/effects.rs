//! `item_effects`: what happened to an item, by when it happened.

use tidemark_model::books::ItemEffect;
use tidemark_model::{Odometer, Quantity, Seq, Sku};

use super::bytes::{LayoutError, Packer, Reader, Value, key_text};

const WHAT: &str = "item_effects";

/// What stands under the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) effect: Quantity,
    pub(crate) trade: bool,
    pub(crate) unsure: bool,
}

pub(crate) fn key(sku: &Sku, happened: Odometer, seq: Seq, part: u32) -> Vec<u8> {
    let mut key = prefix(sku);
    key.extend_from_slice(&happened.0.to_be_bytes());
    key.extend_from_slice(&seq.to_be_bytes());
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// What all keys of an item begin with.
pub(crate) fn prefix(sku: &Sku) -> Vec<u8> {
    let mut key = Vec::with_capacity(sku.as_str().len() + 21);
    key.extend_from_slice(sku.as_str().as_bytes());
    key.push(0);
    key
}

pub(crate) fn read_key(key: &[u8]) -> Result<(Sku, Odometer, Seq, u32), LayoutError> {
    let (sku, rest) = split(key).ok_or(LayoutError::Short { what: WHAT })?;
    let mut reader = Reader::new(WHAT, rest);
    let (happened, seq, part) = (reader.fixed64()?, reader.fixed64()?, reader.fixed32()?);
    Ok((key_text(WHAT, sku, Sku::new)?, Odometer(happened), seq, part))
}

/// When the effect under a key happened; none if it is no such key.
pub(crate) fn happened(key: &[u8]) -> Option<Odometer> {
    let (_, rest) = split(key)?;
    rest.first_chunk().map(|bytes| Odometer(u64::from_be_bytes(*bytes)))
}

/// The SKU and the 20 bytes after its end.
fn split(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (front, rest) = key.split_at_checked(key.len().checked_sub(20)?)?;
    match front.split_last() {
        Some((0, sku)) => Some((sku, rest)),
        Some(_) | None => None,
    }
}

impl Value for Effect {
    const WHAT: &'static str = WHAT;

    fn pack(&self, to: &mut Packer) {
        to.quantity(self.effect);
        to.flag(self.trade);
        to.flag(self.unsure);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        Ok(Self { effect: from.quantity()?, trade: from.flag()?, unsure: from.flag()? })
    }
}

pub(crate) fn read(key: &[u8], value: &[u8]) -> Result<ItemEffect, LayoutError> {
    let (_, happened, seq, part) = read_key(key)?;
    let Effect { effect, trade, unsure } = super::decode(value)?;
    Ok(ItemEffect { happened, seq, part, effect, trade, unsure })
}
