//! `suspense`: what was traded under codes that nobody has told us.

use tidemark_model::books::{Resolution, Suspense, SuspenseRow};
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
            to.quantity(row.packs);
            to.flag(row.trade);
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
                packs: from.quantity()?,
                trade: from.flag()?,
            })
        })?;
        let resolved =
            from.maybe(|from| Ok(Resolution { sku: from.checked(Sku::new)?, units_per_scan: from.quantity()? }))?;
        Ok(Self { rows, resolved })
    }
}
