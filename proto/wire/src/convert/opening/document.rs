//! What is held of documents.

use bytes::Bytes;
use tidemark_model::books::{DocumentEntry, DocumentRecord, LineEffect, Reversal, Tally, Target};
use tidemark_model::{Code, ContentDigest, DocumentKey, Label, Odometer, Quantity, Reference, Sku};
use tidemark_sync::message::OpeningPart;

use crate::convert::document::{position, position_of};
use crate::convert::field::{all, array, needed, text_if, unknown};
use crate::convert::opening::suspense::{amount_of, in_base};
use crate::error::DecodeError;
use crate::schema::sync::v1 as proto;

pub(super) fn document(key: DocumentKey, record: &DocumentRecord) -> proto::OpeningDocument {
    proto::OpeningDocument {
        key: Bytes::copy_from_slice(&key.0),
        entries: record.entries.iter().map(entry).collect(),
        waiting_void: record.waiting_void.map(position),
    }
}

pub(super) fn document_of(message: proto::OpeningDocument) -> Result<OpeningPart, DecodeError> {
    let key = DocumentKey(array(&message.key, "document.key")?);
    let record = DocumentRecord {
        entries: all(message.entries, entry_of)?,
        waiting_void: message.waiting_void.as_ref().map(position_of),
    };
    Ok(OpeningPart::Document(key, record))
}

fn entry(entry: &DocumentEntry) -> proto::DocumentEntry {
    let (reversal, committed, lines) = match &entry.reversal {
        Reversal::Lines { committed, lines } => (proto::Reversal::Lines, committed.0, lines.as_slice()),
        Reversal::Done => (proto::Reversal::Done, 0, &[][..]),
        Reversal::Count => (proto::Reversal::Count, 0, &[][..]),
        Reversal::Nothing => (proto::Reversal::Nothing, 0, &[][..]),
    };
    proto::DocumentEntry {
        content: u64::from_be_bytes(entry.content.0),
        first: Some(position(entry.first)),
        count: entry.count,
        reversal: reversal.into(),
        committed,
        lines: lines.iter().map(line).collect(),
        missing: entry.missing.clone(),
    }
}

fn entry_of(message: proto::DocumentEntry) -> Result<DocumentEntry, DecodeError> {
    let reversal = match proto::Reversal::try_from(message.reversal) {
        Ok(proto::Reversal::Lines) => {
            Reversal::Lines { committed: Odometer(message.committed), lines: all(message.lines, line_of)? }
        }
        Ok(proto::Reversal::Done) => Reversal::Done,
        Ok(proto::Reversal::Count) => Reversal::Count,
        Ok(proto::Reversal::Nothing) => Reversal::Nothing,
        Ok(proto::Reversal::Unspecified) | Err(_) => {
            return Err(unknown("document.entries.reversal", message.reversal));
        }
    };
    Ok(DocumentEntry {
        content: ContentDigest(message.content.to_be_bytes()),
        first: position_of(&needed(message.first, "document.entries.first")?),
        count: message.count,
        missing: message.missing,
        reversal,
    })
}

fn line(effect: &LineEffect) -> proto::LineEffect {
    let mut message =
        proto::LineEffect { happened: effect.happened.0, trade: effect.trade, ..proto::LineEffect::default() };
    match &effect.target {
        Target::Item { sku, effect } => {
            message.sku = sku.to_string();
            message.amount = effect.as_thousandths();
        }
        Target::Suspense { code, amount, row } => {
            message.code = code.to_string();
            message.amount = amount.quantity().as_thousandths();
            message.in_base = in_base(*amount);
            message.row = *row;
        }
        Target::Tally(tally) => {
            message.sku = tally.sku.to_string();
            message.amount = tally.counted.as_thousandths();
            message.reference = tally.reference.to_string();
            message.zone = tally.zone.as_ref().map(ToString::to_string).unwrap_or_default();
            message.counter = tally.counter.as_ref().map(ToString::to_string).unwrap_or_default();
        }
        Target::Nothing => {}
    }
    message
}

fn line_of(message: proto::LineEffect) -> Result<LineEffect, DecodeError> {
    let sku = text_if(&message.sku, "document.lines.sku", Sku::new)?;
    let code = text_if(&message.code, "document.lines.code", Code::new)?;
    let reference = text_if(&message.reference, "document.lines.reference", Reference::new)?;
    let amount = Quantity::thousandths(message.amount);
    let target = match (sku, code, reference) {
        (Some(sku), None, None) => Target::Item { sku, effect: amount },
        (Some(sku), None, Some(reference)) => {
            let zone = text_if(&message.zone, "document.lines.zone", Label::new)?;
            let counter = text_if(&message.counter, "document.lines.counter", Label::new)?;
            Target::Tally(Box::new(Tally { sku, counted: amount, reference, zone, counter }))
        }
        (None, Some(code), None) => {
            Target::Suspense { code, amount: amount_of(message.amount, message.in_base), row: message.row }
        }
        (None, None, None) => Target::Nothing,
        (Some(_), Some(_), _) => {
            return Err(DecodeError::Both { one: "document.lines.sku", other: "document.lines.code" });
        }
        (None, _, Some(_)) => {
            return Err(DecodeError::Missing { field: "document.lines.sku" });
        }
    };
    Ok(LineEffect { target, happened: Odometer(message.happened), trade: message.trade })
}
