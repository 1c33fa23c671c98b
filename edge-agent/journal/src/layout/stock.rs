//! `stock`: on-hand by SKU.

use tidemark_model::books::{ClosedCount, Stock};
use tidemark_model::{Basis, Sku};

use super::bytes::{LayoutError, Packer, Reader, Value, key_text};

pub(crate) fn key(sku: &Sku) -> &[u8] {
    sku.as_str().as_bytes()
}

pub(crate) fn read_key(key: &[u8]) -> Result<Sku, LayoutError> {
    key_text("stock", key, Sku::new)
}

impl Value for Stock {
    const WHAT: &'static str = "stock";

    fn pack(&self, to: &mut Packer) {
        to.quantity(self.on_hand);
        to.byte(self.basis.number());
        to.number(self.last);
        to.maybe(self.closed, |to, closed| {
            to.odometer(closed.first);
            to.odometer(closed.last);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let on_hand = from.quantity()?;
        let basis = from.byte()?;
        let basis = Basis::from_number(basis).ok_or_else(|| from.meaningless(basis.into()))?;
        let last = from.number()?;
        let closed = from.maybe(|from| Ok(ClosedCount { first: from.odometer()?, last: from.odometer()? }))?;
        Ok(Self { on_hand, basis, last, closed })
    }
}
