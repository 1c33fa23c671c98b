//! From bytes to a movement, every field checked.

use tidemark_model::books::Resolution;
use tidemark_model::limits::{MOVEMENTS_PER_DOCUMENT, RAW_BYTES, RECORD_BYTES};
use tidemark_model::movement::{About, DocumentRef, Labels, LineLabels, Parked};
use tidemark_model::{
    Basis, Code, ContentDigest, Disposition, DocumentId, Epoch, Kind, Label, Marks, Movement, Note, Odometer,
    ParkReason, Position, Quantity, Reference, Sku, Source, TextError, WallTime,
};

use super::DecodeError;
use super::raw::{RawDocument, RawMovement, about, bytes, fixed64, number, parked, signed};
use crate::digits;
use crate::protobuf::Fields;

/// The movement of these bytes. Fields of a newer release are passed over;
/// an enum's number of a newer release is an error, since what it means for
/// stock is not known here.
pub fn decode_movement(message: &[u8]) -> Result<Movement, DecodeError> {
    if message.len() > RECORD_BYTES {
        return Err(DecodeError::TooLong { found: message.len(), max: RECORD_BYTES });
    }
    let raw = RawMovement::read(message)?;
    let document = raw.document.ok_or(DecodeError::Missing { field: "document" })?;
    let document = RawDocument::read(document)?;
    let committed = Odometer(raw.committed);
    Ok(Movement {
        kind: kind(raw.kind)?,
        reason: text(raw.reason, "reason", Label::new)?,
        disposition: choice(raw.disposition, "disposition", Disposition::from_number)?,
        sku: text(raw.sku, "sku", Sku::new)?,
        code: code(&raw)?,
        quantity: Quantity::thousandths(raw.quantity),
        units_per_scan: raw.units_per_scan.map_or(Quantity::ONE, Quantity::thousandths),
        catalogue: raw.catalogue,
        effect: Quantity::thousandths(raw.effect),
        on_hand_after: raw.on_hand_after.map(Quantity::thousandths),
        basis: basis(raw.basis)?,
        previous: raw.previous,
        labels: labels(&document)?,
        document: document_ref(&document, raw.ordinal)?,
        line: LineLabels {
            lot: text(raw.lot, "lot", Label::new)?,
            expiry: text(raw.expiry, "expiry", Label::new)?,
            serial: text(raw.serial, "serial", Label::new)?,
        },
        about: raw.about.map(about_of).transpose()?.flatten(),
        happened: raw.happened.map_or(committed, Odometer),
        committed,
        wall: WallTime(raw.wall),
        marks: Marks::from_bits(small(raw.marks, "marks")?),
        parked: raw.parked.map(parked_of).transpose()?,
        documents: raw.documents,
    })
}

/// A text that may be absent.
fn text<T>(
    bytes: &[u8],
    field: &'static str,
    make: fn(&str) -> Result<T, TextError>,
) -> Result<Option<T>, DecodeError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    make(utf8(bytes, field)?).map(Some).map_err(|cause| DecodeError::Text { field, cause })
}

/// A text that must be there.
fn needed<T>(bytes: &[u8], field: &'static str, make: fn(&str) -> Result<T, TextError>) -> Result<T, DecodeError> {
    text(bytes, field, make)?.ok_or(DecodeError::Missing { field })
}

fn utf8<'a>(bytes: &'a [u8], field: &'static str) -> Result<&'a str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|_where| DecodeError::Utf8 { field })
}

/// A `uint32`.
fn small(value: u64, field: &'static str) -> Result<u32, DecodeError> {
    u32::try_from(value).map_err(|_beyond| DecodeError::Range { field, found: value, bounds: "beyond 32 bits" })
}

/// An enum of which 0 means none.
fn choice<T>(value: u64, field: &'static str, make: fn(u8) -> Option<T>) -> Result<Option<T>, DecodeError> {
    if value == 0 {
        return Ok(None);
    }
    let known = u8::try_from(value).ok().and_then(make);
    known.map(Some).ok_or(DecodeError::Unknown { field, number: value })
}

fn kind(value: u64) -> Result<Kind, DecodeError> {
    choice(value, "kind", Kind::from_number)?.ok_or(DecodeError::Missing { field: "kind" })
}

fn basis(value: u64) -> Result<Basis, DecodeError> {
    Ok(choice(value, "basis", Basis::from_number)?.unwrap_or(Basis::None))
}

fn code(raw: &RawMovement<'_>) -> Result<Option<Code>, DecodeError> {
    if raw.gtin == 0 {
        return text(raw.code, "code", Code::new);
    }
    if !raw.code.is_empty() {
        return Err(DecodeError::Both { one: "gtin", other: "code" });
    }
    let spelled = digits::gtin_text(raw.gtin);
    let out_of_range = DecodeError::Range { field: "gtin", found: raw.gtin, bounds: "beyond 14 digits" };
    text(&spelled.ok_or(out_of_range)?, "gtin", Code::new)
}

fn document_ref(document: &RawDocument<'_>, ordinal: u64) -> Result<DocumentRef, DecodeError> {
    let count = small(document.count, "document.count")?;
    if count == 0 {
        return Err(DecodeError::Missing { field: "document.count" });
    }
    if count > MOVEMENTS_PER_DOCUMENT {
        let bounds = "more movements than a document may have";
        return Err(DecodeError::Range { field: "document.count", found: document.count, bounds });
    }
    if ordinal == 0 || ordinal > u64::from(count) {
        let bounds = "not from 1 to the document's count";
        return Err(DecodeError::Range { field: "ordinal", found: ordinal, bounds });
    }
    Ok(DocumentRef {
        source: needed(document.source, "document.source", Source::new)?,
        id: needed(document.id, "document.id", DocumentId::new)?,
        content: ContentDigest(document.content.to_be_bytes()),
        ordinal: small(ordinal, "ordinal")?,
        count,
    })
}

fn labels(document: &RawDocument<'_>) -> Result<Labels, DecodeError> {
    Ok(Labels {
        business_day: business_day(document)?,
        till: text(document.till, "document.till", Label::new)?,
        operator: text(document.operator, "document.operator", Label::new)?,
        note: text(document.note, "document.note", Note::new)?,
        counterpart: text(document.counterpart, "document.counterpart", Label::new)?,
        reference: text(document.reference, "document.reference", Reference::new)?,
        fulfils: text(document.fulfils, "document.fulfils", Reference::new)?,
        zone: text(document.zone, "document.zone", Label::new)?,
        counter: text(document.counter, "document.counter", Label::new)?,
    })
}

fn business_day(document: &RawDocument<'_>) -> Result<Option<Label>, DecodeError> {
    let (number, field) = (document.business_date, "document.business_date");
    if number == 0 {
        return text(document.business_day, "document.business_day", Label::new);
    }
    if !document.business_day.is_empty() {
        return Err(DecodeError::Both { one: field, other: "document.business_day" });
    }
    let spelled = digits::day_text(number);
    text(&spelled.ok_or(DecodeError::Range { field, found: number, bounds: "beyond 8 digits" })?, field, Label::new)
}

/// What it is about; none if only a newer release could tell.
fn about_of(message: &[u8]) -> Result<Option<About>, DecodeError> {
    let mut fields = Fields::of(message);
    let mut found = None;
    while let Some((number, value)) = fields.next()? {
        found = match number {
            about::DOCUMENT => Some(document_name(bytes(value, "about.document")?)?),
            about::POSITION => Some(position(bytes(value, "about.position")?)?),
            about::INSTRUCTION => {
                Some(About::Instruction(needed(bytes(value, "about.instruction")?, "about.instruction", Label::new)?))
            }
            about::RESOLUTION => Some(resolution(bytes(value, "about.resolution")?)?),
            // Of a newer release.
            _unknown => found,
        };
    }
    Ok(found)
}

fn document_name(message: &[u8]) -> Result<About, DecodeError> {
    let (mut source, mut id) = (&[][..], &[][..]);
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            about::NAME_SOURCE => source = bytes(value, "about.document.source")?,
            about::NAME_ID => id = bytes(value, "about.document.id")?,
            // Of a newer release.
            _unknown => {}
        }
    }
    Ok(About::Document {
        source: needed(source, "about.document.source", Source::new)?,
        id: needed(id, "about.document.id", DocumentId::new)?,
    })
}

fn position(message: &[u8]) -> Result<About, DecodeError> {
    let mut position = Position { epoch: Epoch(0), seq: 0 };
    let mut fields = Fields::of(message);
    while let Some((field, value)) = fields.next()? {
        match field {
            about::POSITION_EPOCH => position.epoch = Epoch(fixed64(value, "about.position.epoch")?),
            about::POSITION_SEQ => position.seq = number(value, "about.position.seq")?,
            // Of a newer release.
            _unknown => {}
        }
    }
    Ok(About::Position(position))
}

fn resolution(message: &[u8]) -> Result<About, DecodeError> {
    let (mut sku, mut units) = (&[][..], 0);
    let mut fields = Fields::of(message);
    while let Some((field, value)) = fields.next()? {
        match field {
            about::RESOLUTION_SKU => sku = bytes(value, "about.resolution.sku")?,
            about::RESOLUTION_UNITS => units = signed(value, "about.resolution.units_per_scan")?,
            // Of a newer release.
            _unknown => {}
        }
    }
    let sku = needed(sku, "about.resolution.sku", Sku::new)?;
    Ok(About::Resolution(Resolution { sku, units_per_scan: Quantity::thousandths(units) }))
}

fn parked_of(message: &[u8]) -> Result<Parked, DecodeError> {
    let (mut reason, mut detail, mut raw) = (0, &[][..], &[][..]);
    let mut fields = Fields::of(message);
    while let Some((field, value)) = fields.next()? {
        match field {
            parked::REASON => reason = number(value, "parked.reason")?,
            parked::DETAIL => detail = bytes(value, "parked.detail")?,
            parked::RAW => raw = bytes(value, "parked.raw")?,
            // Of a newer release.
            _unknown => {}
        }
    }
    if raw.len() > RAW_BYTES {
        return Err(DecodeError::TooMany { field: "parked.raw", found: raw.len(), max: RAW_BYTES });
    }
    let reason = choice(reason, "parked.reason", ParkReason::from_number)?;
    Ok(Parked {
        reason: reason.ok_or(DecodeError::Missing { field: "parked.reason" })?,
        detail: utf8(detail, "parked.detail")?.to_owned(),
        raw: utf8(raw, "parked.raw")?.to_owned(),
    })
}
