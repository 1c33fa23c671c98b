//! `suspense`: what was traded under codes that nobody has told us.

use tidemark_model::books::{Resolution, Suspended, Suspense, SuspenseRow};
use tidemark_model::{Code, Sku};

use super::bytes::{LayoutError, Packer, Reader, Value, key_text};

pub(crate) fn key(code: &Code) -> &[u8] {
    code.as_str().as_bytes()
}

pub(crate) fn read_key(key: &[u8]) -> Result<Code, LayoutError> {
    key_text("suspense", key, Code::new)
}

impl Value for Suspense {
    const WHAT: &'static str = "suspense";

    fn pack(&self, to: &mut Packer) {
        to.length(self.rows.len());
        for row in &self.rows {
            to.odometer(row.happened);
            to.number(row.seq);
            pack_amount(to, row.amount);
            to.flag(row.trade);
            to.flag(row.unsure);
        }
        to.maybe(self.resolved.as_ref(), |to, resolved| {
            to.text(resolved.sku.as_str());
            to.quantity(resolved.units_per_scan);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let rows = from.many(|from| {
            Ok(SuspenseRow {
                happened: from.odometer()?,
                seq: from.number()?,
                amount: read_amount(from)?,
                trade: from.flag()?,
                unsure: from.flag()?,
            })
        })?;
        let resolved =
            from.maybe(|from| Ok(Resolution { sku: from.checked(Sku::new)?, units_per_scan: from.quantity()? }))?;
        Ok(Self { rows, resolved })
    }
}

pub(super) fn pack_amount(to: &mut Packer, amount: Suspended) {
    to.flag(matches!(amount, Suspended::Base(_)));
    to.quantity(amount.quantity());
}

pub(super) fn read_amount(from: &mut Reader<'_>) -> Result<Suspended, LayoutError> {
    let in_base = from.flag()?;
    let quantity = from.quantity()?;
    Ok(if in_base { Suspended::Base(quantity) } else { Suspended::Packs(quantity) })
}
