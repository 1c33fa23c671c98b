//! What an epoch begins with, piece by piece.

mod count;
mod document;
mod suspense;

use bytes::Bytes;
use prost::Message as _;
use tidemark_model::books::{ClosedCount, ItemEffect, Stock};
use tidemark_model::{Basis, Epoch, Odometer, Quantity, Sku};
use tidemark_sync::message::{FetchOpening, OpeningPage, OpeningPart, OpeningSent, SendOpening};

use super::field::{all, at_most, needed, ordinal, store, text, unknown};
use super::to_centre::{till, till_of};
use crate::error::DecodeError;
use crate::limits::CURSOR_BYTES;
use crate::schema::sync::v1 as proto;
use crate::schema::sync::v1::opening_part::Part;

pub(crate) fn fetch(request: &FetchOpening) -> proto::FetchOpeningRequest {
    proto::FetchOpeningRequest {
        store: request.store.as_str().to_owned(),
        epoch: request.epoch.0,
        ordinal: request.ordinal.0,
        cursor: request.cursor.clone(),
    }
}

pub(crate) fn fetch_of(message: proto::FetchOpeningRequest) -> Result<FetchOpening, DecodeError> {
    at_most(message.cursor.len(), CURSOR_BYTES, "cursor")?;
    Ok(FetchOpening {
        store: store(&message.store)?,
        epoch: Epoch(message.epoch),
        ordinal: ordinal(message.ordinal, "ordinal")?,
        cursor: message.cursor,
    })
}

pub(crate) fn page(page: &OpeningPage) -> proto::FetchOpeningResponse {
    proto::FetchOpeningResponse {
        parts: page.parts.iter().map(part).collect(),
        enough: page.enough,
        cursor: page.cursor.clone().unwrap_or_default(),
    }
}

pub(crate) fn page_of(message: proto::FetchOpeningResponse) -> Result<OpeningPage, DecodeError> {
    at_most(message.cursor.len(), CURSOR_BYTES, "cursor")?;
    Ok(OpeningPage {
        parts: all(message.parts, part_of)?,
        enough: message.enough,
        cursor: Some(message.cursor).filter(|cursor: &Bytes| !cursor.is_empty()),
    })
}

pub(crate) fn send(request: &SendOpening) -> proto::SendOpeningRequest {
    proto::SendOpeningRequest {
        store: request.store.as_str().to_owned(),
        epoch: request.epoch.0,
        ordinal: request.ordinal.0,
        taken: request.taken.0,
        page: request.page,
        parts: request.parts.iter().map(part).collect(),
        last: request.last,
    }
}

pub(crate) fn send_of(message: proto::SendOpeningRequest) -> Result<SendOpening, DecodeError> {
    Ok(SendOpening {
        store: store(&message.store)?,
        epoch: Epoch(message.epoch),
        ordinal: ordinal(message.ordinal, "ordinal")?,
        taken: Odometer(message.taken),
        page: message.page,
        parts: all(message.parts, part_of)?,
        last: message.last,
    })
}

pub(crate) fn sent(sent: OpeningSent) -> proto::SendOpeningResponse {
    proto::SendOpeningResponse { next_page: sent.next_page }
}

pub(crate) fn sent_of(message: proto::SendOpeningResponse) -> OpeningSent {
    OpeningSent { next_page: message.next_page }
}

/// The bytes of a page, as a database keeps them.
#[must_use]
pub fn encode_opening_page(of: &OpeningPage) -> Vec<u8> {
    page(of).encode_to_vec()
}

/// The page of these bytes.
pub fn decode_opening_page(bytes: &[u8]) -> Result<OpeningPage, DecodeError> {
    page_of(proto::FetchOpeningResponse::decode(bytes)?)
}

fn part(part: &OpeningPart) -> proto::OpeningPart {
    let part = match part {
        OpeningPart::Stock(sku, held) => Part::Stock(stock(sku, held)),
        OpeningPart::Document(key, record) => Part::Document(document::document(*key, record)),
        OpeningPart::Suspense(code, held) => Part::Suspense(suspense::suspense(code, held)),
        OpeningPart::Count(reference, state) => Part::Count(count::count(reference, state)),
        OpeningPart::Till(facts) => Part::Till(till(facts)),
        OpeningPart::Effect(sku, held) => Part::Effect(effect(sku, held)),
        OpeningPart::Sum(sku, sum) => {
            Part::Sum(proto::OpeningSum { sku: sku.as_str().to_owned(), sum: sum.as_thousandths() })
        }
    };
    proto::OpeningPart { part: Some(part) }
}

/// A piece that only a newer release knows is refused: without it the opening
/// would be another.
fn part_of(message: proto::OpeningPart) -> Result<OpeningPart, DecodeError> {
    Ok(match needed(message.part, "parts.part")? {
        Part::Stock(stock) => stock_of(stock)?,
        Part::Document(record) => document::document_of(record)?,
        Part::Suspense(held) => suspense::suspense_of(held)?,
        Part::Count(state) => count::count_of(state)?,
        Part::Till(facts) => OpeningPart::Till(till_of(facts)?),
        Part::Effect(held) => effect_of(&held)?,
        Part::Sum(of) => OpeningPart::Sum(text(&of.sku, "sum.sku", Sku::new)?, Quantity::thousandths(of.sum)),
    })
}

fn effect(sku: &Sku, held: &ItemEffect) -> proto::OpeningEffect {
    proto::OpeningEffect {
        sku: sku.as_str().to_owned(),
        happened: held.happened.0,
        part: held.part,
        effect: held.effect.as_thousandths(),
        trade: held.trade,
        unsure: held.unsure,
    }
}

fn effect_of(message: &proto::OpeningEffect) -> Result<OpeningPart, DecodeError> {
    let effect = ItemEffect {
        happened: Odometer(message.happened),
        seq: 0,
        part: message.part,
        effect: Quantity::thousandths(message.effect),
        trade: message.trade,
        unsure: message.unsure,
    };
    Ok(OpeningPart::Effect(text(&message.sku, "effect.sku", Sku::new)?, effect))
}

fn stock(sku: &Sku, held: &Stock) -> proto::OpeningStock {
    proto::OpeningStock {
        sku: sku.as_str().to_owned(),
        on_hand: held.on_hand.as_thousandths(),
        basis: held.basis.number().into(),
        last: held.last,
        closed: held.closed.map(|closed| proto::ClosedCount { first: closed.first.0, last: closed.last.0 }),
    }
}

fn stock_of(message: proto::OpeningStock) -> Result<OpeningPart, DecodeError> {
    let basis = u8::try_from(message.basis).ok().and_then(Basis::from_number);
    let stock = Stock {
        on_hand: Quantity::thousandths(message.on_hand),
        basis: basis.ok_or_else(|| unknown("stock.basis", message.basis))?,
        last: message.last,
        closed: message.closed.map(|closed| ClosedCount { first: Odometer(closed.first), last: Odometer(closed.last) }),
    };
    Ok(OpeningPart::Stock(text(&message.sku, "stock.sku", Sku::new)?, stock))
}
