//! Counts of several zones.

use std::collections::BTreeMap;

use tidemark_model::books::{CountSheet, CountState, CountedItem};
use tidemark_model::{Label, Odometer, Quantity, Reference, Sku};
use tidemark_sync::message::OpeningPart;

use crate::convert::field::{all, text, text_if};
use crate::error::DecodeError;
use crate::schema::sync::v1 as proto;

pub(super) fn count(reference: &Reference, state: &CountState) -> proto::OpeningCount {
    proto::OpeningCount {
        reference: reference.as_str().to_owned(),
        sheets: state.sheets.iter().map(sheet).collect(),
        closed: state.closed.map(|closed| closed.0),
        full: state.full,
    }
}

pub(super) fn count_of(message: proto::OpeningCount) -> Result<OpeningPart, DecodeError> {
    let reference = text(&message.reference, "count.reference", Reference::new)?;
    let state =
        CountState { sheets: all(message.sheets, sheet_of)?, closed: message.closed.map(Odometer), full: message.full };
    Ok(OpeningPart::Count(reference, state))
}

fn sheet(sheet: &CountSheet) -> proto::CountSheet {
    let item = |(sku, item): (&Sku, &CountedItem)| proto::CountedItem {
        sku: sku.as_str().to_owned(),
        counted: item.counted.as_thousandths(),
        mark: item.mark.0,
        last: item.last.0,
        unsure: item.unsure,
    };
    proto::CountSheet {
        zone: sheet.zone.as_ref().map(|zone| zone.as_str().to_owned()).unwrap_or_default(),
        counter: sheet.counter.as_ref().map(|counter| counter.as_str().to_owned()).unwrap_or_default(),
        sells: sheet.sells,
        items: sheet.items.iter().map(item).collect(),
    }
}

fn sheet_of(message: proto::CountSheet) -> Result<CountSheet, DecodeError> {
    let mut items = BTreeMap::new();
    for item in message.items {
        let sku = text(&item.sku, "count.sheets.items.sku", Sku::new)?;
        let counted = CountedItem {
            counted: Quantity::thousandths(item.counted),
            mark: Odometer(item.mark),
            last: Odometer(item.last),
            unsure: item.unsure,
        };
        if items.insert(sku, counted).is_some() {
            return Err(DecodeError::Twice { field: "count.sheets.items.sku" });
        }
    }
    Ok(CountSheet {
        zone: text_if(&message.zone, "count.sheets.zone", Label::new)?,
        counter: text_if(&message.counter, "count.sheets.counter", Label::new)?,
        sells: message.sells,
        items,
    })
}
