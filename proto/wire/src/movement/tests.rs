use proptest::prelude::*;
use prost::Message;
use tidemark_model::limits::RECORD_BYTES;
use tidemark_model::{Kind, TextError};

use super::*;
use crate::arbitrary;
use crate::protobuf::{put_bytes, put_message, put_uint};
use crate::schema::inventory::v1 as inventory;

proptest! {
    #[test]
    fn a_movement_is_read_back_from_its_bytes(movement in arbitrary::movement()) {
        let bytes = encode_movement(&movement);
        prop_assert_eq!(decode_movement(&bytes), Ok(movement));
    }

    #[test]
    fn the_generated_code_reads_and_writes_the_same_bytes(movement in arbitrary::movement()) {
        let bytes = encode_movement(&movement);
        let generated = inventory::Movement::decode(bytes.as_slice()).unwrap();
        prop_assert_eq!(generated.kind, i32::from(movement.kind.number()));
        prop_assert_eq!(generated.quantity, movement.quantity.as_thousandths());
        prop_assert_eq!(generated.wall, movement.wall.0);
        prop_assert_eq!(generated.encode_to_vec(), bytes);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        drop(decode_movement(&bytes));
    }

    #[test]
    fn no_changed_byte_makes_it_panic(movement in arbitrary::movement(), at: prop::sample::Index, byte: u8) {
        let mut bytes = encode_movement(&movement);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        drop(decode_movement(&bytes));
    }

    #[test]
    fn fields_of_a_newer_release_are_passed_over(movement in arbitrary::movement()) {
        let mut bytes = encode_movement(&movement);
        put_uint(&mut bytes, 40, 7);
        put_bytes(&mut bytes, 41, b"from the future");
        prop_assert_eq!(decode_movement(&bytes), Ok(movement));
    }
}

/// The least that is a movement, by the generated code.
fn least() -> inventory::Movement {
    inventory::Movement {
        kind: 1,
        document: Some(inventory::Document {
            source: "till:3".into(),
            id: "7".into(),
            count: 2,
            ..inventory::Document::default()
        }),
        ordinal: 1,
        ..inventory::Movement::default()
    }
}

fn refused(change: impl FnOnce(&mut inventory::Movement)) -> DecodeError {
    let mut message = least();
    change(&mut message);
    decode_movement(&message.encode_to_vec()).unwrap_err()
}

fn document(message: &mut inventory::Movement) -> &mut inventory::Document {
    message.document.as_mut().unwrap()
}

#[test]
fn the_least_movement_is_taken() {
    assert_eq!(decode_movement(&least().encode_to_vec()).map(|movement| movement.kind), Ok(Kind::Sale));
}

#[test]
fn a_number_this_release_does_not_know_is_refused_by_the_name_of_its_field() {
    assert_eq!(refused(|m| m.kind = 99), DecodeError::Unknown { field: "kind", number: 99 });
    assert_eq!(refused(|m| m.basis = 2), DecodeError::Unknown { field: "basis", number: 2 });
    assert_eq!(refused(|m| m.disposition = 300), DecodeError::Unknown { field: "disposition", number: 300 });
    let parked = |m: &mut inventory::Movement| {
        m.parked = Some(inventory::Parked { reason: 200, ..inventory::Parked::default() });
    };
    assert_eq!(refused(parked), DecodeError::Unknown { field: "parked.reason", number: 200 });
}

#[test]
fn what_is_missing_is_named() {
    let missing = |field| DecodeError::Missing { field };
    assert_eq!(refused(|m| m.kind = 0), missing("kind"));
    assert_eq!(refused(|m| m.document = None), missing("document"));
    assert_eq!(refused(|m| document(m).source.clear()), missing("document.source"));
    assert_eq!(refused(|m| document(m).id.clear()), missing("document.id"));
    assert_eq!(refused(|m| document(m).count = 0), missing("document.count"));
    let beyond = refused(|m| document(m).count = (1 << 20) + 1);
    assert!(matches!(beyond, DecodeError::Range { field: "document.count", .. }), "{beyond}");
    assert_eq!(refused(|m| m.parked = Some(inventory::Parked::default())), missing("parked.reason"));
    let name = inventory::DocumentName { source: "a".into(), id: String::new() };
    let about = inventory::About { what: Some(inventory::about::What::Document(name)) };
    assert_eq!(refused(|m| m.about = Some(about)), missing("about.document.id"));
}

#[test]
fn an_ordinal_beyond_the_count_is_refused() {
    for ordinal in [0, 3] {
        let error = refused(|m| m.ordinal = ordinal);
        assert!(matches!(error, DecodeError::Range { field: "ordinal", .. }), "{error}");
    }
}

#[test]
fn a_text_beyond_the_rules_of_its_label_is_refused() {
    let error = refused(|m| m.sku = "x".repeat(49));
    let cause = TextError::TooLong { what: "SKU", max: 48, found: 49 };
    assert_eq!(error, DecodeError::Text { field: "sku", cause });
    let error = refused(|m| document(m).till = "a\u{7}".into());
    assert!(matches!(error, DecodeError::Text { field: "document.till", .. }), "{error}");
    let mut bytes = least().encode_to_vec();
    put_bytes(&mut bytes, field::LOT, &[0xff]);
    assert_eq!(decode_movement(&bytes), Err(DecodeError::Utf8 { field: "lot" }));
}

#[test]
fn two_spellings_of_one_thing_are_refused() {
    let code = refused(|m| (m.gtin, m.code) = (4_006_381_333_931, "x".into()));
    assert_eq!(code, DecodeError::Both { one: "gtin", other: "code" });
    let day = refused(|m| {
        document(m).business_date = 20_260_820;
        document(m).business_day = "20.8.".into();
    });
    assert_eq!(day, DecodeError::Both { one: "document.business_date", other: "document.business_day" });
}

#[test]
fn numbers_with_too_many_digits_are_refused() {
    let gtin = refused(|m| m.gtin = 100_000_000_000_000);
    assert!(matches!(gtin, DecodeError::Range { field: "gtin", .. }));
    let day = refused(|m| document(m).business_date = 100_000_000);
    assert!(matches!(day, DecodeError::Range { field: "document.business_date", .. }));
    let raw = "x".repeat(33 * 1024);
    let parked = inventory::Parked { reason: 1, raw, ..inventory::Parked::default() };
    assert!(matches!(refused(|m| m.parked = Some(parked)), DecodeError::TooMany { field: "parked.raw", .. }));
    let mut bytes = least().encode_to_vec();
    put_uint(&mut bytes, field::MARKS, 1 << 32);
    assert!(matches!(decode_movement(&bytes), Err(DecodeError::Range { field: "marks", .. })));
}

#[test]
fn a_field_of_another_type_is_refused_by_name() {
    let mut bytes = least().encode_to_vec();
    put_bytes(&mut bytes, field::QUANTITY, b"2");
    assert_eq!(decode_movement(&bytes), Err(DecodeError::Type { field: "quantity" }));
    let mut bytes = least().encode_to_vec();
    put_uint(&mut bytes, field::DOCUMENT, 2);
    assert_eq!(decode_movement(&bytes), Err(DecodeError::Type { field: "document" }));
}

#[test]
fn more_than_a_record_may_have_is_refused_unread() {
    let bytes = vec![0; RECORD_BYTES + 1];
    assert_eq!(decode_movement(&bytes), Err(DecodeError::TooLong { found: RECORD_BYTES + 1, max: RECORD_BYTES }));
}

#[test]
fn what_only_a_newer_release_can_be_about_is_passed_over() {
    let mut bytes = least().encode_to_vec();
    let mut about = Vec::new();
    put_uint(&mut about, 9, 1);
    put_message(&mut bytes, field::ABOUT, &about);
    assert_eq!(decode_movement(&bytes).unwrap().about, None);
}
