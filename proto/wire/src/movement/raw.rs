//! A movement's fields as they stand in its bytes, before they are checked.

use super::DecodeError;
use crate::protobuf::{Fields, Value, unzigzag};

/// Field numbers of `Movement`.
pub(crate) mod field {
    pub(crate) const KIND: u64 = 1;
    pub(crate) const SKU: u64 = 2;
    pub(crate) const GTIN: u64 = 3;
    pub(crate) const QUANTITY: u64 = 4;
    pub(crate) const UNITS_PER_SCAN: u64 = 5;
    pub(crate) const CATALOGUE: u64 = 6;
    pub(crate) const EFFECT: u64 = 7;
    pub(crate) const ON_HAND_AFTER: u64 = 8;
    pub(crate) const BASIS: u64 = 9;
    pub(crate) const PREVIOUS: u64 = 10;
    pub(crate) const DOCUMENT: u64 = 11;
    pub(crate) const ORDINAL: u64 = 12;
    pub(crate) const COMMITTED: u64 = 13;
    pub(crate) const WALL: u64 = 14;
    pub(crate) const MARKS: u64 = 15;
    pub(crate) const CODE: u64 = 16;
    pub(crate) const HAPPENED: u64 = 17;
    pub(crate) const REASON: u64 = 18;
    pub(crate) const DISPOSITION: u64 = 19;
    pub(crate) const LOT: u64 = 20;
    pub(crate) const EXPIRY: u64 = 21;
    pub(crate) const SERIAL: u64 = 22;
    pub(crate) const ABOUT: u64 = 23;
    pub(crate) const PARKED: u64 = 24;
    pub(crate) const DOCUMENTS: u64 = 25;
}

/// Field numbers of `Document`.
pub(crate) mod document {
    pub(crate) const SOURCE: u64 = 1;
    pub(crate) const ID: u64 = 2;
    pub(crate) const CONTENT: u64 = 3;
    pub(crate) const COUNT: u64 = 4;
    pub(crate) const BUSINESS_DATE: u64 = 5;
    pub(crate) const BUSINESS_DAY: u64 = 6;
    pub(crate) const TILL: u64 = 7;
    pub(crate) const OPERATOR: u64 = 8;
    pub(crate) const NOTE: u64 = 9;
    pub(crate) const COUNTERPART: u64 = 10;
    pub(crate) const REFERENCE: u64 = 11;
    pub(crate) const FULFILS: u64 = 12;
    pub(crate) const ZONE: u64 = 13;
    pub(crate) const COUNTER: u64 = 14;
}

/// Field numbers of `About`, `DocumentName`, `Position` and `Resolution`.
pub(crate) mod about {
    pub(crate) const DOCUMENT: u64 = 1;
    pub(crate) const POSITION: u64 = 2;
    pub(crate) const INSTRUCTION: u64 = 3;
    pub(crate) const RESOLUTION: u64 = 4;
    pub(crate) const NAME_SOURCE: u64 = 1;
    pub(crate) const NAME_ID: u64 = 2;
    pub(crate) const POSITION_EPOCH: u64 = 1;
    pub(crate) const POSITION_SEQ: u64 = 2;
    pub(crate) const RESOLUTION_SKU: u64 = 1;
    pub(crate) const RESOLUTION_UNITS: u64 = 2;
}

/// Field numbers of `Parked`.
pub(crate) mod parked {
    pub(crate) const REASON: u64 = 1;
    pub(crate) const DETAIL: u64 = 2;
    pub(crate) const RAW: u64 = 3;
}

/// A value that must be a number.
#[inline]
pub(crate) fn number(value: Value<'_>, field: &'static str) -> Result<u64, DecodeError> {
    match value {
        Value::Varint(number) => Ok(number),
        Value::Fixed64(_) | Value::Bytes(_) | Value::Fixed32 => Err(DecodeError::Type { field }),
    }
}

/// A value that must be a `sint64`.
#[inline]
pub(crate) fn signed(value: Value<'_>, field: &'static str) -> Result<i64, DecodeError> {
    number(value, field).map(unzigzag)
}

/// A value that must be bytes or a message.
#[inline]
pub(crate) fn bytes<'a>(value: Value<'a>, field: &'static str) -> Result<&'a [u8], DecodeError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        Value::Varint(_) | Value::Fixed64(_) | Value::Fixed32 => Err(DecodeError::Type { field }),
    }
}

/// A value that must be a `fixed64`.
#[inline]
pub(crate) fn fixed64(value: Value<'_>, field: &'static str) -> Result<u64, DecodeError> {
    match value {
        Value::Fixed64(bits) => Ok(bits),
        Value::Varint(_) | Value::Bytes(_) | Value::Fixed32 => Err(DecodeError::Type { field }),
    }
}

/// A movement's fields; what is absent has its default.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawMovement<'a> {
    pub(crate) kind: u64,
    pub(crate) sku: &'a [u8],
    pub(crate) gtin: u64,
    pub(crate) quantity: i64,
    pub(crate) units_per_scan: Option<i64>,
    pub(crate) catalogue: u64,
    pub(crate) effect: i64,
    pub(crate) on_hand_after: Option<i64>,
    pub(crate) basis: u64,
    pub(crate) previous: u64,
    pub(crate) document: Option<&'a [u8]>,
    pub(crate) ordinal: u64,
    pub(crate) committed: u64,
    pub(crate) wall: i64,
    pub(crate) marks: u64,
    pub(crate) code: &'a [u8],
    pub(crate) happened: Option<u64>,
    pub(crate) reason: &'a [u8],
    pub(crate) disposition: u64,
    pub(crate) lot: &'a [u8],
    pub(crate) expiry: &'a [u8],
    pub(crate) serial: &'a [u8],
    pub(crate) about: Option<&'a [u8]>,
    pub(crate) parked: Option<&'a [u8]>,
    pub(crate) documents: Option<u64>,
}

impl<'a> RawMovement<'a> {
    /// Reads the fields; those that this release does not know are passed
    /// over.
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, DecodeError> {
        let mut raw = Self::default();
        let mut fields = Fields::of(message);
        while let Some((field, value)) = fields.next()? {
            raw.set(field, value)?;
        }
        Ok(raw)
    }

    #[inline]
    fn set(&mut self, field: u64, value: Value<'a>) -> Result<(), DecodeError> {
        match field {
            field::KIND => self.kind = number(value, "kind")?,
            field::SKU => self.sku = bytes(value, "sku")?,
            field::GTIN => self.gtin = number(value, "gtin")?,
            field::QUANTITY => self.quantity = signed(value, "quantity")?,
            field::UNITS_PER_SCAN => self.units_per_scan = Some(signed(value, "units_per_scan")?),
            field::CATALOGUE => self.catalogue = number(value, "catalogue")?,
            field::EFFECT => self.effect = signed(value, "effect")?,
            field::ON_HAND_AFTER => self.on_hand_after = Some(signed(value, "on_hand_after")?),
            field::BASIS => self.basis = number(value, "basis")?,
            field::PREVIOUS => self.previous = number(value, "previous")?,
            field::DOCUMENT => self.document = Some(bytes(value, "document")?),
            field::ORDINAL => self.ordinal = number(value, "ordinal")?,
            field::COMMITTED => self.committed = number(value, "committed")?,
            field::WALL => self.wall = signed(value, "wall")?,
            field::MARKS => self.marks = number(value, "marks")?,
            field::CODE => self.code = bytes(value, "code")?,
            field::HAPPENED => self.happened = Some(number(value, "happened")?),
            field::REASON => self.reason = bytes(value, "reason")?,
            field::DISPOSITION => self.disposition = number(value, "disposition")?,
            field::LOT => self.lot = bytes(value, "lot")?,
            field::EXPIRY => self.expiry = bytes(value, "expiry")?,
            field::SERIAL => self.serial = bytes(value, "serial")?,
            field::ABOUT => self.about = Some(bytes(value, "about")?),
            field::PARKED => self.parked = Some(bytes(value, "parked")?),
            field::DOCUMENTS => self.documents = Some(number(value, "documents")?),
            // Of a newer release.
            _unknown => {}
        }
        Ok(())
    }
}

/// A document's fields; what is absent has its default.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawDocument<'a> {
    pub(crate) source: &'a [u8],
    pub(crate) id: &'a [u8],
    pub(crate) content: u64,
    pub(crate) count: u64,
    pub(crate) business_date: u64,
    pub(crate) business_day: &'a [u8],
    pub(crate) till: &'a [u8],
    pub(crate) operator: &'a [u8],
    pub(crate) note: &'a [u8],
    pub(crate) counterpart: &'a [u8],
    pub(crate) reference: &'a [u8],
    pub(crate) fulfils: &'a [u8],
    pub(crate) zone: &'a [u8],
    pub(crate) counter: &'a [u8],
}

impl<'a> RawDocument<'a> {
    /// Reads the fields; those that this release does not know are passed
    /// over.
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, DecodeError> {
        let mut raw = Self::default();
        let mut fields = Fields::of(message);
        while let Some((field, value)) = fields.next()? {
            raw.set(field, value)?;
        }
        Ok(raw)
    }

    #[inline]
    fn set(&mut self, field: u64, value: Value<'a>) -> Result<(), DecodeError> {
        match field {
            document::SOURCE => self.source = bytes(value, "document.source")?,
            document::ID => self.id = bytes(value, "document.id")?,
            document::CONTENT => self.content = fixed64(value, "document.content")?,
            document::COUNT => self.count = number(value, "document.count")?,
            document::BUSINESS_DATE => self.business_date = number(value, "document.business_date")?,
            document::BUSINESS_DAY => self.business_day = bytes(value, "document.business_day")?,
            document::TILL => self.till = bytes(value, "document.till")?,
            document::OPERATOR => self.operator = bytes(value, "document.operator")?,
            document::NOTE => self.note = bytes(value, "document.note")?,
            document::COUNTERPART => self.counterpart = bytes(value, "document.counterpart")?,
            document::REFERENCE => self.reference = bytes(value, "document.reference")?,
            document::FULFILS => self.fulfils = bytes(value, "document.fulfils")?,
            document::ZONE => self.zone = bytes(value, "document.zone")?,
            document::COUNTER => self.counter = bytes(value, "document.counter")?,
            // Of a newer release.
            _unknown => {}
        }
        Ok(())
    }
}
