//! From a movement to its bytes.

use tidemark_model::movement::{About, DocumentRef, Labels, Parked};
use tidemark_model::{Movement, Quantity};

use super::raw::{about, document, field, parked};
use crate::digits;
use crate::protobuf::{put_bytes, put_fixed64, put_message, put_present, put_sint, put_uint, zigzag};

/// The bytes of a movement, the same for the same movement for ever.
#[must_use]
pub fn encode_movement(movement: &Movement) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(160);
    let gtin = movement.code.as_ref().and_then(|code| digits::gtin_number(code.as_str()));
    put_uint(&mut bytes, field::KIND, movement.kind.number().into());
    put_text(&mut bytes, field::SKU, movement.sku.as_ref().map(|sku| sku.as_str()));
    put_uint(&mut bytes, field::GTIN, gtin.unwrap_or(0));
    put_sint(&mut bytes, field::QUANTITY, movement.quantity.as_thousandths());
    if movement.units_per_scan != Quantity::ONE {
        put_present(&mut bytes, field::UNITS_PER_SCAN, zigzag(movement.units_per_scan.as_thousandths()));
    }
    put_uint(&mut bytes, field::CATALOGUE, movement.catalogue);
    put_sint(&mut bytes, field::EFFECT, movement.effect.as_thousandths());
    if let Some(on_hand) = movement.on_hand_after {
        put_present(&mut bytes, field::ON_HAND_AFTER, zigzag(on_hand.as_thousandths()));
    }
    put_uint(&mut bytes, field::BASIS, movement.basis.number().into());
    put_uint(&mut bytes, field::PREVIOUS, movement.previous);
    put_message(&mut bytes, field::DOCUMENT, &document_bytes(&movement.document, &movement.labels));
    put_uint(&mut bytes, field::ORDINAL, movement.document.ordinal.into());
    put_uint(&mut bytes, field::COMMITTED, movement.committed.0);
    put_sint(&mut bytes, field::WALL, movement.wall.0);
    put_uint(&mut bytes, field::MARKS, movement.marks.bits().into());
    let code = movement.code.as_ref().filter(|_| gtin.is_none());
    put_text(&mut bytes, field::CODE, code.map(|code| code.as_str()));
    if movement.happened != movement.committed {
        put_present(&mut bytes, field::HAPPENED, movement.happened.0);
    }
    put_text(&mut bytes, field::REASON, movement.reason.as_ref().map(|reason| reason.as_str()));
    put_uint(&mut bytes, field::DISPOSITION, movement.disposition.map_or(0, |disposition| disposition.number()).into());
    put_text(&mut bytes, field::LOT, movement.line.lot.as_ref().map(|lot| lot.as_str()));
    put_text(&mut bytes, field::EXPIRY, movement.line.expiry.as_ref().map(|expiry| expiry.as_str()));
    put_text(&mut bytes, field::SERIAL, movement.line.serial.as_ref().map(|serial| serial.as_str()));
    if let Some(about) = &movement.about {
        put_message(&mut bytes, field::ABOUT, &about_bytes(about));
    }
    if let Some(parked) = &movement.parked {
        put_message(&mut bytes, field::PARKED, &parked_bytes(parked));
    }
    if let Some(documents) = movement.documents {
        put_present(&mut bytes, field::DOCUMENTS, documents);
    }
    bytes
}

fn put_text(bytes: &mut Vec<u8>, field: u64, text: Option<&str>) {
    put_bytes(bytes, field, text.unwrap_or_default().as_bytes());
}

fn document_bytes(of: &DocumentRef, labels: &Labels) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    let day = labels.business_day.as_ref().map(|day| day.as_str());
    let date = day.and_then(digits::day_number);
    put_text(&mut bytes, document::SOURCE, Some(of.source.as_str()));
    put_text(&mut bytes, document::ID, Some(of.id.as_str()));
    put_fixed64(&mut bytes, document::CONTENT, u64::from_be_bytes(of.content.0));
    put_uint(&mut bytes, document::COUNT, of.count.into());
    put_uint(&mut bytes, document::BUSINESS_DATE, date.unwrap_or(0).into());
    put_text(&mut bytes, document::BUSINESS_DAY, day.filter(|_| date.is_none()));
    put_text(&mut bytes, document::TILL, labels.till.as_ref().map(|till| till.as_str()));
    put_text(&mut bytes, document::OPERATOR, labels.operator.as_ref().map(|operator| operator.as_str()));
    put_text(&mut bytes, document::NOTE, labels.note.as_ref().map(|note| note.as_str()));
    put_text(&mut bytes, document::COUNTERPART, labels.counterpart.as_ref().map(|other| other.as_str()));
    put_text(&mut bytes, document::REFERENCE, labels.reference.as_ref().map(|reference| reference.as_str()));
    put_text(&mut bytes, document::FULFILS, labels.fulfils.as_ref().map(|fulfils| fulfils.as_str()));
    put_text(&mut bytes, document::ZONE, labels.zone.as_ref().map(|zone| zone.as_str()));
    put_text(&mut bytes, document::COUNTER, labels.counter.as_ref().map(|counter| counter.as_str()));
    bytes
}

fn about_bytes(of: &About) -> Vec<u8> {
    let mut inner = Vec::with_capacity(48);
    let mut bytes = Vec::with_capacity(48);
    match of {
        About::Document { source, id } => {
            put_text(&mut inner, about::NAME_SOURCE, Some(source.as_str()));
            put_text(&mut inner, about::NAME_ID, Some(id.as_str()));
            put_message(&mut bytes, about::DOCUMENT, &inner);
        }
        About::Position(position) => {
            put_fixed64(&mut inner, about::POSITION_EPOCH, position.epoch.0);
            put_uint(&mut inner, about::POSITION_SEQ, position.seq);
            put_message(&mut bytes, about::POSITION, &inner);
        }
        About::Instruction(instruction) => {
            put_message(&mut bytes, about::INSTRUCTION, instruction.as_str().as_bytes());
        }
        About::Resolution(resolution) => {
            put_text(&mut inner, about::RESOLUTION_SKU, Some(resolution.sku.as_str()));
            put_sint(&mut inner, about::RESOLUTION_UNITS, resolution.units_per_scan.as_thousandths());
            put_message(&mut bytes, about::RESOLUTION, &inner);
        }
    }
    bytes
}

fn parked_bytes(of: &Parked) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(of.detail.len() + of.raw.len() + 16);
    put_uint(&mut bytes, parked::REASON, of.reason.number().into());
    put_text(&mut bytes, parked::DETAIL, Some(&of.detail));
    put_text(&mut bytes, parked::RAW, Some(&of.raw));
    bytes
}
