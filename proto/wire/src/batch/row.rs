//! A movement's bytes as a row of fields: those of an ordinary sale one by
//! one, all others as the bytes that follow. A row writes exactly the bytes
//! it was read from, or the record is no row.

use super::shape::Shape;
use crate::movement::{document, field};
use crate::protobuf::{
    Fields, Value, put_bytes, put_fixed64, put_message, put_present, put_sint, put_uint, put_varint, unzigzag, zigzag,
};

/// The first field number that is not a column of its own.
const RARE: u64 = field::CODE;
/// The same in a document.
const RARE_LABEL: u64 = document::BUSINESS_DAY;

/// The fields of a movement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) kind: u64,
    pub(super) sku: Option<Shape<'a>>,
    pub(super) gtin: u64,
    pub(super) quantity: i64,
    pub(super) units: Option<i64>,
    pub(super) catalogue: u64,
    pub(super) effect: i64,
    pub(super) on_hand: Option<i64>,
    pub(super) basis: u64,
    pub(super) previous: u64,
    pub(super) document: Document<'a>,
    pub(super) ordinal: u64,
    pub(super) committed: u64,
    pub(super) wall: i64,
    pub(super) marks: u64,
    /// All fields from number 16 on, as they stand.
    pub(super) rest: &'a [u8],
}

/// The fields of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Document<'a> {
    pub(super) source: &'a [u8],
    pub(super) id: Shape<'a>,
    pub(super) content: u64,
    pub(super) count: u64,
    pub(super) day: u64,
    /// All fields from number 6 on, as they stand.
    pub(super) rest: &'a [u8],
}

impl<'a> Row<'a> {
    /// The row of a record and its SKU as it stands there; none if the record
    /// is not written as this release writes.
    pub(super) fn read(record: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut row = Self::default();
        let mut sku = &[][..];
        let mut fields = Fields::of(record);
        loop {
            let rest = fields.rest();
            let Some((number, value)) = fields.next().ok()? else { break };
            match (number, value) {
                (field::KIND, Value::Varint(kind)) => row.kind = kind,
                (field::SKU, Value::Bytes(text)) => sku = text,
                (field::GTIN, Value::Varint(gtin)) => row.gtin = gtin,
                (field::QUANTITY, Value::Varint(quantity)) => row.quantity = unzigzag(quantity),
                (field::UNITS_PER_SCAN, Value::Varint(units)) => row.units = Some(unzigzag(units)),
                (field::CATALOGUE, Value::Varint(version)) => row.catalogue = version,
                (field::EFFECT, Value::Varint(effect)) => row.effect = unzigzag(effect),
                (field::ON_HAND_AFTER, Value::Varint(on_hand)) => row.on_hand = Some(unzigzag(on_hand)),
                (field::BASIS, Value::Varint(basis)) => row.basis = basis,
                (field::PREVIOUS, Value::Varint(previous)) => row.previous = previous,
                (field::DOCUMENT, Value::Bytes(document)) => row.document = Document::read(document)?,
                (field::ORDINAL, Value::Varint(ordinal)) => row.ordinal = ordinal,
                (field::COMMITTED, Value::Varint(committed)) => row.committed = committed,
                (field::WALL, Value::Varint(wall)) => row.wall = unzigzag(wall),
                (field::MARKS, Value::Varint(marks)) => row.marks = marks,
                (rare, _) if rare >= RARE => {
                    row.rest = rest;
                    break;
                }
                _another_type => return None,
            }
        }
        row.sku = (!sku.is_empty()).then(|| Shape::split(sku));
        Some((row, sku))
    }

    /// Appends the record; `scratch` is room to work in.
    pub(super) fn write(&self, record: &mut Vec<u8>, scratch: &mut Vec<u8>) {
        put_uint(record, field::KIND, self.kind);
        if let Some(sku) = &self.sku {
            put_shape(record, field::SKU, sku);
        }
        put_uint(record, field::GTIN, self.gtin);
        put_sint(record, field::QUANTITY, self.quantity);
        if let Some(units) = self.units {
            put_present(record, field::UNITS_PER_SCAN, zigzag(units));
        }
        put_uint(record, field::CATALOGUE, self.catalogue);
        put_sint(record, field::EFFECT, self.effect);
        if let Some(on_hand) = self.on_hand {
            put_present(record, field::ON_HAND_AFTER, zigzag(on_hand));
        }
        put_uint(record, field::BASIS, self.basis);
        put_uint(record, field::PREVIOUS, self.previous);
        scratch.clear();
        self.document.write(scratch);
        put_message(record, field::DOCUMENT, scratch);
        put_uint(record, field::ORDINAL, self.ordinal);
        put_uint(record, field::COMMITTED, self.committed);
        put_sint(record, field::WALL, self.wall);
        put_uint(record, field::MARKS, self.marks);
        record.extend_from_slice(self.rest);
    }
}

impl<'a> Document<'a> {
    fn read(message: &'a [u8]) -> Option<Self> {
        let mut read = Self::default();
        let mut fields = Fields::of(message);
        loop {
            let rest = fields.rest();
            let Some((number, value)) = fields.next().ok()? else { break };
            match (number, value) {
                (document::SOURCE, Value::Bytes(source)) => read.source = source,
                (document::ID, Value::Bytes(id)) => read.id = Shape::split(id),
                (document::CONTENT, Value::Fixed64(content)) => read.content = content,
                (document::COUNT, Value::Varint(count)) => read.count = count,
                (document::BUSINESS_DATE, Value::Varint(day)) => read.day = day,
                (rare, _) if rare >= RARE_LABEL => {
                    read.rest = rest;
                    break;
                }
                _another_type => return None,
            }
        }
        Some(read)
    }

    fn write(&self, message: &mut Vec<u8>) {
        put_bytes(message, document::SOURCE, self.source);
        put_shape(message, document::ID, &self.id);
        put_fixed64(message, document::CONTENT, self.content);
        put_uint(message, document::COUNT, self.count);
        put_uint(message, document::BUSINESS_DATE, self.day);
        message.extend_from_slice(self.rest);
    }
}

/// Appends a text field that is kept as a shape.
fn put_shape(bytes: &mut Vec<u8>, field: u64, shape: &Shape<'_>) {
    // Labels have fewer than 128 bytes in the long run; the odd longer one
    // only moves its bytes once more.
    put_varint(bytes, field << 3 | 2);
    let at = bytes.len();
    bytes.push(0);
    shape.join(bytes);
    let length = bytes.len() - at - 1;
    match (u8::try_from(length), bytes.get_mut(at)) {
        (Ok(short @ ..0x80), Some(byte)) => *byte = short,
        (_long, _) => {
            let text = bytes.split_off(at + 1);
            bytes.truncate(at);
            put_varint(bytes, u64::try_from(length).unwrap_or(u64::MAX));
            bytes.extend_from_slice(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(row: &Row<'_>) -> Vec<u8> {
        let mut record = Vec::new();
        row.write(&mut record, &mut Vec::new());
        record
    }

    proptest! {
        #[test]
        fn a_row_writes_the_bytes_it_was_read_from(movement in crate::arbitrary::movement()) {
            let bytes = crate::encode_movement(&movement);
            let (row, _) = Row::read(&bytes).unwrap();
            prop_assert_eq!(written(&row), bytes);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            if let Some((row, _)) = Row::read(&bytes) {
                written(&row);
            }
        }
    }

    #[test]
    fn an_id_of_the_longest_kind_is_written_too() {
        let id = "x".repeat(128);
        let mut bytes = Vec::new();
        put_shape(&mut bytes, 2, &Shape::split(id.as_bytes()));
        assert_eq!(&bytes[..3], &[0x12, 0x80, 0x01]);
        assert_eq!(&bytes[3..], id.as_bytes());
    }
}
