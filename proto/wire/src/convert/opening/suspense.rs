//! What was sold under codes that nobody knew.

use tidemark_model::books::{Resolution, Suspended, Suspense, SuspenseRow};
use tidemark_model::{Code, Odometer, Quantity, Sku};
use tidemark_sync::message::OpeningPart;

use crate::convert::field::text;
use crate::error::DecodeError;
use crate::schema::sync::v1 as proto;

pub(super) fn suspense(code: &Code, held: &Suspense) -> proto::OpeningSuspense {
    let row = |row: &SuspenseRow| proto::SuspenseRow {
        happened: row.happened.0,
        seq: row.seq,
        amount: row.amount.quantity().as_thousandths(),
        trade: row.trade,
        in_base: in_base(row.amount),
        unsure: row.unsure,
    };
    proto::OpeningSuspense {
        code: code.as_str().to_owned(),
        rows: held.rows.iter().map(row).collect(),
        resolved: held.resolved.as_ref().map(|resolved| proto::Resolution {
            sku: resolved.sku.as_str().to_owned(),
            units_per_scan: resolved.units_per_scan.as_thousandths(),
        }),
    }
}

pub(super) fn suspense_of(message: proto::OpeningSuspense) -> Result<OpeningPart, DecodeError> {
    let row = |row: proto::SuspenseRow| SuspenseRow {
        happened: Odometer(row.happened),
        seq: row.seq,
        amount: amount_of(row.amount, row.in_base),
        trade: row.trade,
        unsure: row.unsure,
    };
    let held = Suspense {
        rows: message.rows.into_iter().map(row).collect(),
        resolved: message.resolved.map(|resolved| resolution_of(&resolved)).transpose()?,
    };
    Ok(OpeningPart::Suspense(text(&message.code, "suspense.code", Code::new)?, held))
}

/// Whether an amount is in base units.
pub(super) const fn in_base(amount: Suspended) -> bool {
    matches!(amount, Suspended::Base(_))
}

pub(super) const fn amount_of(thousandths: i64, in_base: bool) -> Suspended {
    let quantity = Quantity::thousandths(thousandths);
    if in_base { Suspended::Base(quantity) } else { Suspended::Packs(quantity) }
}

fn resolution_of(message: &proto::Resolution) -> Result<Resolution, DecodeError> {
    let sku = text(&message.sku, "suspense.resolved.sku", Sku::new)?;
    Ok(Resolution { sku, units_per_scan: Quantity::thousandths(message.units_per_scan) })
}
