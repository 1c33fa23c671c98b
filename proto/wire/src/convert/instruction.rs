//! Instructions; the body of a large one is fetched in pages of these bytes.

use bytes::Bytes;
use prost::Message;
use tidemark_model::{Epoch, EpochOrdinal, Label, Note, Quantity, Seq, Sku};
use tidemark_sync::message::{
    FetchInstruction, Instruction, InstructionBody, InstructionLine, InstructionPage, LateMovements, Settlement,
};

use super::document::{name, name_of, position, position_of};
use super::field::{all, needed, store, text};
use crate::error::DecodeError;
use crate::limits::INSTRUCTION_BODY_BYTES;
use crate::schema::sync::v1 as proto;
use crate::schema::sync::v1::instruction_body::What;

/// The bytes of an instruction's body.
#[must_use]
pub fn encode_instruction_body(wanted: &InstructionBody) -> Vec<u8> {
    body(wanted).encode_to_vec()
}

/// The body of these bytes; one that only a newer release knows is
/// [`InstructionBody::Unknown`].
pub fn decode_instruction_body(bytes: &[u8]) -> Result<InstructionBody, DecodeError> {
    if bytes.len() > INSTRUCTION_BODY_BYTES {
        return Err(DecodeError::TooLong { found: bytes.len(), max: INSTRUCTION_BODY_BYTES });
    }
    body_of(proto::InstructionBody::decode(bytes)?)
}

pub(super) fn instruction(wanted: &Instruction) -> proto::Instruction {
    proto::Instruction {
        id: wanted.id.as_str().to_owned(),
        body: Some(body(&wanted.body)),
        author: wanted.author.as_ref().map(|author| author.as_str().to_owned()).unwrap_or_default(),
        reason: wanted.reason.as_ref().map(|reason| reason.as_str().to_owned()).unwrap_or_default(),
    }
}

pub(super) fn instruction_of(message: proto::Instruction) -> Result<Instruction, DecodeError> {
    let id = text(&message.id, "instruction.id", Label::new)?;
    let body = message.body.unwrap_or_default();
    // One that can't be read must not end the stream at each welcome: it stays
    // open, as one of a newer release does, and the rest goes on.
    let kind = body.kind;
    let body = body_of(body).unwrap_or(InstructionBody::Unknown { kind });
    // Labels: what does not fit is left out, and the instruction stands.
    let (author, reason) = (Label::new(&message.author).ok(), Note::new(&message.reason).ok());
    Ok(Instruction { id, body, author, reason })
}

fn body(wanted: &InstructionBody) -> proto::InstructionBody {
    let (kind, what) = match wanted {
        InstructionBody::Fetch { bytes } => (2, Some(What::Fetch(*bytes))),
        InstructionBody::OpenStock { lines } => (3, Some(What::OpenStock(proto::OpenStock { lines: lines_to(lines) }))),
        InstructionBody::Correct { about, lines } => {
            let correct = proto::Correct { about: about.map(position), lines: lines_to(lines) };
            (4, Some(What::Correct(correct)))
        }
        InstructionBody::Void { source, id } => (5, Some(What::Void(name(source, id)))),
        InstructionBody::Accept { about } => (6, Some(What::Accept(position(*about)))),
        InstructionBody::Late(movements) => (7, Some(What::Late(late(movements)))),
        InstructionBody::Count { skus } => {
            let skus = skus.iter().map(|sku| sku.as_str().to_owned()).collect();
            (8, Some(What::Count(proto::CountItems { skus })))
        }
        InstructionBody::Settle(settlement) => (9, Some(What::Settle(settle(settlement)))),
        InstructionBody::Resend => (10, Some(What::Resend(proto::Resend {}))),
        InstructionBody::SupportFile => (11, Some(What::SupportFile(proto::SupportFile {}))),
        InstructionBody::Unknown { kind } => (*kind, None),
    };
    proto::InstructionBody { kind, what }
}

fn body_of(message: proto::InstructionBody) -> Result<InstructionBody, DecodeError> {
    Ok(match message.what {
        None if message.kind == 0 => return Err(DecodeError::Missing { field: "instruction.kind" }),
        None => InstructionBody::Unknown { kind: message.kind },
        Some(What::Fetch(bytes)) => InstructionBody::Fetch { bytes },
        Some(What::OpenStock(stock)) => InstructionBody::OpenStock { lines: all(stock.lines, line_of)? },
        Some(What::Correct(correct)) => InstructionBody::Correct {
            about: correct.about.as_ref().map(position_of),
            lines: all(correct.lines, line_of)?,
        },
        Some(What::Void(document)) => {
            let (source, id) = name_of(&document)?;
            InstructionBody::Void { source, id }
        }
        Some(What::Accept(about)) => InstructionBody::Accept { about: position_of(&about) },
        Some(What::Late(movements)) => InstructionBody::Late(late_of(movements)?),
        Some(What::Count(count)) => {
            InstructionBody::Count { skus: all(count.skus, |sku| text(&sku, "count.skus", Sku::new))? }
        }
        Some(What::Settle(settlement)) => InstructionBody::Settle(settle_of(settlement)?),
        Some(What::Resend(proto::Resend {})) => InstructionBody::Resend,
        Some(What::SupportFile(proto::SupportFile {})) => InstructionBody::SupportFile,
    })
}

fn settle(settlement: &Settlement) -> proto::Settle {
    let units = settlement.units_per_scan;
    proto::Settle {
        about: Some(position(settlement.about)),
        sku: settlement.sku.as_str().to_owned(),
        units_per_scan: if units == Quantity::ONE { 0 } else { units.as_thousandths() },
        quantity: settlement.quantity.map(Quantity::as_thousandths),
    }
}

fn settle_of(message: proto::Settle) -> Result<Settlement, DecodeError> {
    let units = Some(message.units_per_scan).filter(|units| *units != 0);
    Ok(Settlement {
        about: position_of(&needed(message.about, "settle.about")?),
        sku: text(&message.sku, "settle.sku", Sku::new)?,
        units_per_scan: units.map_or(Quantity::ONE, Quantity::thousandths),
        quantity: message.quantity.map(Quantity::thousandths),
    })
}

fn late(late: &LateMovements) -> proto::LateMovements {
    let movement = |(seq, movement): &(Seq, Bytes)| proto::LateMovement { seq: *seq, movement: movement.clone() };
    let movements = late.movements.iter().map(movement).collect();
    proto::LateMovements { epoch: late.epoch.0, ordinal: late.ordinal.0, movements }
}

fn late_of(message: proto::LateMovements) -> Result<LateMovements, DecodeError> {
    let ordinal = EpochOrdinal(needed(Some(message.ordinal).filter(|ordinal| *ordinal > 0), "late.ordinal")?);
    let movements = message.movements.into_iter().map(|one| (one.seq, one.movement)).collect();
    Ok(LateMovements { epoch: Epoch(message.epoch), ordinal, movements })
}

fn lines_to(lines: &[InstructionLine]) -> Vec<proto::InstructionLine> {
    let line = |line: &InstructionLine| proto::InstructionLine {
        sku: line.sku.as_str().to_owned(),
        quantity: line.quantity.as_thousandths(),
    };
    lines.iter().map(line).collect()
}

fn line_of(message: proto::InstructionLine) -> Result<InstructionLine, DecodeError> {
    let sku = text(&message.sku, "lines.sku", Sku::new)?;
    Ok(InstructionLine { sku, quantity: Quantity::thousandths(message.quantity) })
}

pub(crate) fn fetch(request: &FetchInstruction) -> proto::FetchInstructionRequest {
    proto::FetchInstructionRequest {
        store: request.store.as_str().to_owned(),
        id: request.id.as_str().to_owned(),
        from: request.from,
    }
}

pub(crate) fn fetch_of(message: &proto::FetchInstructionRequest) -> Result<FetchInstruction, DecodeError> {
    let id = text(&message.id, "instruction.id", Label::new)?;
    Ok(FetchInstruction { store: store(&message.store)?, id, from: message.from })
}

pub(crate) fn page(page: &InstructionPage) -> proto::FetchInstructionResponse {
    proto::FetchInstructionResponse {
        id: page.id.as_str().to_owned(),
        from: page.from,
        total: page.total,
        bytes: page.bytes.clone(),
    }
}

pub(crate) fn page_of(message: proto::FetchInstructionResponse) -> Result<InstructionPage, DecodeError> {
    let id = text(&message.id, "instruction.id", Label::new)?;
    let proto::FetchInstructionResponse { from, total, bytes, .. } = message;
    let end = u64::try_from(bytes.len()).ok().and_then(|length| from.checked_add(length));
    if end.is_none_or(|end| end > total) {
        return Err(DecodeError::Range { field: "instruction.from", found: from, bounds: "and ends beyond the body" });
    }
    Ok(InstructionPage { id, from, total, bytes })
}
