//! Scans as they come from scanners, and what is made of them.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use tidemark_barcode::{
    Ai, Confidence, Content, DecodeError, Gtin, GtinError, ItemCode, Judgement, NotKept, Symbology, data_of, decode,
};

fn gtin(scan: &str) -> Option<String> {
    decode(scan.as_bytes()).unwrap().gtin().map(|gtin| gtin.to_string())
}

fn symbology(scan: &str) -> Symbology {
    decode(scan.as_bytes()).unwrap().symbology
}

fn error(scan: &str) -> DecodeError {
    decode(scan.as_bytes()).unwrap_err().error
}

#[test]
fn a_scanner_that_names_the_symbology_is_believed() {
    for (scan, kind, gtin14) in [
        ("]E04006381333931", Symbology::Ean13, "04006381333931"),
        ("]E00036000291452", Symbology::Ean13, "00036000291452"),
        ("]E0036000291452", Symbology::UpcA, "00036000291452"),
        ("]E004252614", Symbology::UpcE, "00042100005264"),
        ("]E004006381333931", Symbology::Ean13, "04006381333931"),
        ("]E000036000291452", Symbology::Ean13, "00036000291452"),
        ("]E496385074", Symbology::Ean8, "00000096385074"),
        ("]I114006381333938", Symbology::Itf14, "14006381333938"),
        ("]e00104006381333931", Symbology::DataBar, "04006381333931"),
        ("]C10104006381333931", Symbology::Gs1Code128, "04006381333931"),
        ("]d2010400638133393110A", Symbology::Gs1DataMatrix, "04006381333931"),
        ("]Q3\u{1d}0104006381333931", Symbology::Gs1Qr, "04006381333931"),
        ("]J10104006381333931", Symbology::Gs1DotCode, "04006381333931"),
    ] {
        let read = decode(scan.as_bytes()).unwrap();
        assert_eq!((read.symbology, read.confidence), (kind, Confidence::Identified), "{scan}");
        assert_eq!(gtin(scan).as_deref(), Some(gtin14), "{scan}");
    }
}

#[test]
fn without_an_identifier_length_and_check_digit_decide() {
    for (scan, kind, confidence, gtin14) in [
        ("4006381333931", Symbology::Ean13, Confidence::Strong, "04006381333931"),
        ("4006381333931\r\n", Symbology::Ean13, Confidence::Strong, "04006381333931"),
        ("]X04006381333931", Symbology::Ean13, Confidence::Strong, "04006381333931"),
        ("036000291452", Symbology::UpcA, Confidence::Strong, "00036000291452"),
        ("14006381333938", Symbology::Itf14, Confidence::Strong, "14006381333938"),
        ("96385074", Symbology::Ean8, Confidence::Weak, "00000096385074"),
        ("04252614", Symbology::UpcE, Confidence::Weak, "00042100005264"),
        ("0104006381333931", Symbology::Gs1, Confidence::Strong, "04006381333931"),
        ("010400638133393110A\u{1d}17260131", Symbology::Gs1, Confidence::Strong, "04006381333931"),
    ] {
        let read = decode(scan.as_bytes()).unwrap();
        assert_eq!((read.symbology, read.confidence), (kind, confidence), "{scan}");
        assert_eq!(gtin(scan).as_deref(), Some(gtin14), "{scan}");
    }
}

#[test]
fn a_wrong_check_digit_is_refused_but_may_be_a_company_s_own_code() {
    let wrong = DecodeError::Gtin(GtinError::CheckDigit { found: 0, expected: 1 });
    let guessed = decode(b"4006381333930").unwrap_err();
    assert_eq!((guessed.error, guessed.if_catalogued()), (wrong, Some("4006381333930")));
    let named = decode(b"]E04006381333930").unwrap_err();
    assert_eq!((named.error, named.if_catalogued()), (wrong, None));
    assert_eq!(error("]I114006381333931"), DecodeError::Gtin(GtinError::CheckDigit { found: 1, expected: 8 }));
    // An ITF code whose check digit no scanner verified may be any number.
    assert_eq!(symbology("]I014006381333931"), Symbology::Itf);
}

#[test]
fn each_faulty_scan_says_what_was_expected() {
    assert_eq!(error(""), DecodeError::Empty);
    assert_eq!(error("\r\n"), DecodeError::Empty);
    assert_eq!(error("]E0"), DecodeError::Empty);
    assert_eq!(error("]E105"), DecodeError::SupplementAlone);
    assert_eq!(error("]E49638507"), DecodeError::Length { expected: "8 digits", found: 7 });
    assert!(matches!(error("]E01234"), DecodeError::Length { found: 4, .. }));
    assert_eq!(error("]E0400638133393A"), DecodeError::Gtin(GtinError::Digit { found: 'A', at: 12 }));
    assert!(matches!(error("]C10600638133393"), DecodeError::Gs1(_)));
    assert_eq!(decode(b"40\xff").unwrap_err().error, DecodeError::NotText { at: 2 });
    assert_eq!(decode(&[b'1'; 9_000]).unwrap_err().error, DecodeError::TooLong(9_000));
}

#[test]
fn a_supplement_is_set_apart() {
    for scan in ["]E3977123456700305", "]E0977123456700305", "]E09771234567003]E105", "977123456700305"] {
        let read = decode(scan.as_bytes()).unwrap();
        assert_eq!((read.supplement, read.symbology), (Some("05"), Symbology::Ean13), "{scan}");
        assert_eq!(gtin(scan).as_deref(), Some("09771234567003"));
    }
    assert!(matches!(error("]E097712345670035199 9"), DecodeError::Length { .. }));
}

#[test]
fn fourteen_digits_are_the_gtin_unless_a_supplement_is_said() {
    // Both check digits fit: that of the GTIN, and that of a UPC-A in front.
    for digits in ["04000554337917", "04010374038031"] {
        assert_eq!(gtin(&format!("]E0{digits}")).as_deref(), Some(digits));
        let scan = format!("]E3{digits}");
        let read = decode(scan.as_bytes()).unwrap();
        assert_eq!((read.symbology, read.supplement), (Symbology::UpcA, Some(&digits[12..])));
        assert_eq!(gtin(&scan), Some(format!("00{}", &digits[..12])));
    }
    // It is no GTIN: a UPC-A whose supplement came under the plain identifier.
    let read = decode(b"]E003600029145205").unwrap();
    assert_eq!((read.symbology, read.supplement), (Symbology::UpcA, Some("05")));
    // A number of the shop is as printed, padded or not.
    let padded = decode(b"]E002012345678903").unwrap();
    assert_eq!(padded.judge(), Judgement::Item(ItemCode::InStore("2012345678903")));
}

#[test]
fn a_number_of_the_shop_stays_what_is_printed() {
    for scan in ["]E02012345678903", "2012345678903", "]E0212345678909"] {
        let read = decode(scan.as_bytes()).unwrap();
        let digits = scan.strip_prefix("]E0").unwrap_or(scan);
        assert_eq!(read.gtin(), None);
        assert_eq!(read.judge(), Judgement::Item(ItemCode::InStore(digits)));
    }
}

#[test]
fn elements_carry_lot_expiry_serial_and_weight() {
    let read = decode(b"]C1019400638133393431030012501726013110L-7\x1d21S9").unwrap();
    let elements = read.elements().unwrap();
    assert_eq!(elements.value(Ai::LOT), Some("L-7"));
    assert_eq!(elements.value(Ai::EXPIRY), Some("260131"));
    assert_eq!(elements.value(Ai::SERIAL), Some("S9"));
    assert_eq!(read.measure().unwrap().thousandths(), Some(1_250));
}

#[test]
fn only_codes_of_items_may_become_a_movement() {
    let judge = |scan| decode(scan).unwrap().judge();
    assert_eq!(judge(b"]C100340123450000000000"), Judgement::Item(ItemCode::Sscc("340123450000000000")));
    assert_eq!(judge(b"]A0ABC-123"), Judgement::IfCatalogued("ABC-123"));
    // A bank card's number looks like any company's number: only a catalogue can tell.
    assert_eq!(judge(b"4111111111111111"), Judgement::IfCatalogued("4111111111111111"));
    assert_eq!(judge(b"]C18018401234500000000128"), Judgement::NotKept(NotKept::NoItem));
    assert_eq!(judge(b"]L0@\n\x1e\rANSI 636000090002DL00410278"), Judgement::NotKept(NotKept::Licence));
    assert_eq!(judge(b"%B4111111111111111^DOE/J^2512"), Judgement::NotKept(NotKept::Payment));
    assert_eq!(judge(b";4111111111111111=2512101"), Judgement::NotKept(NotKept::Payment));
    assert_eq!(judge(b"]Q1HTTPS://example.com/c/1"), Judgement::NotKept(NotKept::Address));
    assert_eq!(judge(b"]Q1BEGIN:VCARD"), Judgement::NotKept(NotKept::Address));
    assert_eq!(judge(&[b'x'; 49]), Judgement::NotKept(NotKept::Long));
    assert_eq!(judge(b"]C0AB\x02C"), Judgement::NotKept(NotKept::Unprintable));
    assert!(matches!(judge(b"]C0TMSAB12"), Judgement::Command(_)));
    assert!(matches!(judge(b"TMQ12AB12"), Judgement::Command(_)));
}

#[test]
fn a_scan_that_is_not_kept_leaves_its_shape() {
    let shape = decode(b"]L0@\n\x1e\rANSI 636000090002").unwrap().shape();
    assert_eq!((shape.symbology, shape.length), (Symbology::Pdf417, 24));
}

fn check_digit(body: &str) -> char {
    let sum: u32 = body.bytes().rev().zip([3, 1].into_iter().cycle()).map(|(b, w)| u32::from(b - b'0') * w).sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap()
}

/// A valid GTIN of 8, 12, 13 or 14 digits that is no number of a shop's own.
fn gtins() -> impl Strategy<Value = String> {
    let body = prop_oneof!["[13-9][0-9]{6}", "[0135-9][0-9]{10}", "[13-9][0-9]{11}", "[1-8][13-9][0-9]{11}"];
    body.prop_map(|body| format!("{body}{}", check_digit(&body)))
}

proptest! {
    #[test]
    fn every_valid_gtin_comes_back_in_14_digits(digits in gtins()) {
        let padded = format!("{digits:0>14}");
        let identifier = match digits.len() { 8 => "]E4", 14 => "]I1", _ => "]E0" };
        let identified = format!("{identifier}{digits}");
        let elements = format!("]C101{padded}");
        for scan in [&digits, &identified, &elements] {
            let read = decode(scan.as_bytes()).unwrap();
            prop_assert_eq!(read.gtin(), Some(Gtin::parse(&digits).unwrap()));
            prop_assert_eq!(read.gtin().unwrap().to_string(), padded.clone());
        }
    }

    #[test]
    fn every_single_wrong_digit_is_found(digits in gtins(), at in 0_usize..14, by in 1_u8..10) {
        let mut wrong = digits.clone().into_bytes();
        let at = at % wrong.len();
        wrong[at] = (wrong[at] - b'0' + by) % 10 + b'0';
        let wrong = String::from_utf8(wrong).unwrap();
        let identifier = match digits.len() { 8 => "]E4", 14 => "]I1", _ => "]E0" };
        let identified = format!("{identifier}{wrong}");
        prop_assert!(decode(identified.as_bytes()).is_err());
        let elements = format!("]C101{wrong:0>14}");
        prop_assert!(decode(elements.as_bytes()).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic_or_give_an_invalid_item(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes)?;
    }

    #[test]
    fn no_text_like_a_scan_does_either(
        text in "(\\][A-Za-z][0-9])?(TM[A-Z])?(0[012]|10|17|21|3103|8006|[0-9]{13})?[0-9A-Z\u{1d}é]{0,40}"
    ) {
        check(text.as_bytes())?;
    }
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let read = match decode(bytes) {
        Ok(read) => read,
        Err(rejection) => {
            prop_assert!(!rejection.to_string().is_empty() && !rejection.error.code().is_empty());
            prop_assert!(rejection.shape.length <= bytes.len());
            return Ok(());
        }
    };
    if let Content::Elements(elements) = read.content {
        // What the elements say is all the code holds, but for separators.
        let again: String = elements.iter().map(|e| format!("{}{}", e.ai, e.value)).collect();
        let given: String =
            String::from_utf8_lossy(bytes).chars().filter(|c| !matches!(c, '\u{1d}' | '\r' | '\n')).collect();
        prop_assert!(given.ends_with(&again));
        prop_assert!(elements.iter().count() > 0);
    }
    match read.judge() {
        Judgement::Item(ItemCode::Gtin(gtin)) => prop_assert_eq!(Gtin::parse(gtin.as_str()), Ok(gtin)),
        Judgement::Item(code) => prop_assert!(code.as_str().bytes().all(|b| b.is_ascii_digit())),
        Judgement::IfCatalogued(text) => prop_assert!(!text.is_empty() && text.len() <= 48),
        Judgement::Command(_) | Judgement::NotKept(_) => {}
    }
    Ok(())
}

#[test]
fn the_data_of_a_frame_is_what_a_till_would_have_read() {
    assert_eq!(data_of(b"]E04006381333931\r\n"), "4006381333931");
    assert_eq!(data_of(b"4006381333931\n"), "4006381333931");
    assert_eq!(data_of(b"] no identifier"), "] no identifier");
    assert_eq!(data_of(b"caf\xe9"), "caf\u{fffd}");
    assert_eq!(data_of(b""), "");
}
