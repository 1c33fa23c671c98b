//! Addresses: GS1 Digital Links, and those that are none.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use tidemark_barcode::{Ai, Confidence, DecodeError, ItemCode, Judgement, NotKept, Symbology, decode};

fn elements(scan: &str) -> Vec<(String, String)> {
    let scan = decode(scan.as_bytes()).unwrap();
    let elements = scan.elements().unwrap();
    elements.iter().map(|element| (element.ai.to_string(), element.text().into_owned())).collect()
}

fn fault(scan: &str) -> (&'static str, usize, String) {
    let rejection = decode(scan.as_bytes()).unwrap_err();
    assert_eq!(rejection.if_catalogued(), None, "an address is no code of a company: {scan}");
    (rejection.error.code(), rejection.at, rejection.to_string())
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(ai, value)| ((*ai).to_owned(), (*value).to_owned())).collect()
}

const GTIN: (&str, &str) = ("01", "04006381333931");

#[test]
fn a_link_of_any_host_says_what_an_element_string_says() {
    for scan in [
        "https://id.gs1.org/01/04006381333931",
        "http://example.com/01/04006381333931",
        "HTTPS://EXAMPLE.COM/01/04006381333931",
        "https://example.com:8080/shop/de/01/04006381333931",
        "https://user@example.com/01/04006381333931/",
        "https://example.com/01/04006381333931?lang=de&linkType=gs1:pip",
        "https://example.com/01/04006381333931#top",
        "]Q1https://example.com/01/04006381333931",
        "]d1https://example.com/01/04006381333931\r\n",
    ] {
        assert_eq!(elements(scan), pairs(&[GTIN]), "{scan}");
        let read = decode(scan.as_bytes()).unwrap();
        assert_eq!(read.judge(), Judgement::Item(ItemCode::Gtin(read.gtin().unwrap())), "{scan}");
        assert!(read.elements().unwrap().is_link());
    }
    let named = decode(b"]Q1https://example.com/01/04006381333931").unwrap();
    assert_eq!((named.symbology, named.confidence), (Symbology::Qr, Confidence::Identified));
    let bare = decode(b"https://example.com/01/04006381333931").unwrap();
    assert_eq!((bare.symbology, bare.confidence), (Symbology::Unknown, Confidence::Strong));
}

#[test]
fn qualifiers_and_attributes_are_elements_too() {
    let scan = "https://example.com/01/04006381333931/22/2A/10/A%2F7/21/S%25;1?17=260100&x=1;3103=001250&lang=de#f";
    let expected = [GTIN, ("22", "2A"), ("10", "A/7"), ("21", "S%;1"), ("17", "260100"), ("3103", "001250")];
    assert_eq!(elements(scan), pairs(&expected));
    let read = decode(scan.as_bytes()).unwrap();
    assert_eq!(read.measure().unwrap().thousandths(), Some(1_250));
    let string = read.elements().unwrap();
    assert_eq!((string.value(Ai::LOT), string.text(Ai::LOT).as_deref()), (Some("A%2F7"), Some("A/7")));
    assert_eq!(elements("https://example.com/01/04006381333931/235/TP1").len(), 2);
    assert_eq!(elements("https://example.com/00/340123450000000000")[0].0, "00");
    assert_eq!(elements("https://example.com/414/4006381000017/254/A?420=1").len(), 3);
}

#[test]
fn a_faulty_link_says_what_is_wrong_and_where() {
    for (scan, code, at, says) in [
        ("https://a.de/01/04006381333930", "gs1_check_digit", 29, "expected 1"),
        ("https://a.de/01/4006381333931", "gs1_value_short", 16, "needs 14 characters"),
        ("https://a.de/01/0400638133393%31", "gs1_character", 29, "'%'"),
        ("https://a.de/de/01/2026", "gs1_value_short", 19, "needs 14 characters"),
        ("https://a.de/01/04006381333931/21/A/10/B", "link_qualifier", 36, "behind AI 01 stand AI 22, 10, 21"),
        ("https://a.de/01/04006381333931/10/A/235/B", "link_qualifier", 36, "AI 235"),
        ("https://a.de/00/340123450000000000/10/A", "link_qualifier", 35, "no qualifiers"),
        ("https://a.de/01/04006381333931/10/A%2", "link_escape", 35, "two hexadecimal digits"),
        ("https://a.de/01/04006381333931/10/A%2FB%20C", "gs1_character", 39, "' '"),
        ("https://a.de/01/04006381333931/10/A%2FB%C3%A4", "gs1_character", 39, "'Ã'"),
        ("https://a.de/01/04006381333931?17=261300", "gs1_date", 34, "YYMMDD"),
        ("https://a.de/01/04006381333931?17=", "gs1_value_short", 34, "needs 6"),
        ("https://a.de/01/04006381333931?17", "gs1_value_short", 33, "needs 6"),
        ("https://a.de/01/04006381333931?21=A", "link_attribute", 31, "in its query"),
        ("https://a.de/01/04006381333931?lang=de&9999=A", "link_attribute", 39, "in its query"),
        ("https://a.de/01/04006381333931?37=2", "gs1_excluded", 13, "AI 37"),
        ("https://a.de/01/04006381333931/10/A?10=B", "gs1_repeated", 36, "AI 10"),
        ("https://a.de/414/4006381000017?10=B", "gs1_alone", 31, "needs AI 01"),
        ("https://a.de/ARFKk4XBoA", "link_compressed", 13, "/01/"),
    ] {
        let (found, place, text) = fault(scan);
        assert_eq!((found, place), (code, at), "{scan}: {text}");
        assert!(text.contains(says), "{scan}: {text}");
        // Behind a symbology identifier the places stay.
        assert_eq!(fault(&format!("]Q1{scan}")), (found, place, text));
    }
    let long = format!("https://a.de/01/04006381333931/10/%41{}", "A".repeat(200));
    assert_eq!(fault(&long).0, "gs1_value_long");
}

#[test]
fn other_addresses_are_nothing_that_is_kept() {
    for scan in [
        "https://example.com",
        "https://example.com/",
        "https:///01/04006381333931",
        "https://example.com/01",
        "https://example.com/01/news",
        "https://example.com/blog/some-long-title-of-a-page",
        "https://example.com/?01=04006381333931",
        "Https://example.com/01/04006381333931",
        "https://example.com/01/04006381333931/seite/1",
    ] {
        let read = decode(scan.as_bytes());
        assert_eq!(read.unwrap().judge(), Judgement::NotKept(NotKept::Address), "{scan}");
    }
}

#[test]
fn a_link_about_something_else_than_an_item_is_not_kept() {
    for scan in ["https://a.de/8004/40061234", "https://a.de/414/4006381000017", "https://a.de/8018/401234500000000128"]
    {
        let read = decode(scan.as_bytes()).unwrap();
        assert_eq!(read.judge(), Judgement::NotKept(NotKept::NoItem), "{scan}");
    }
}

/// Characters of the 82, each as an address may write it.
fn written(value: &str, escape_all: bool) -> String {
    value.bytes().fold(String::new(), |mut uri, byte| {
        if escape_all || !byte.is_ascii_alphanumeric() {
            uri.push_str(&format!("%{byte:02X}"));
        } else {
            uri.push(char::from(byte));
        }
        uri
    })
}

proptest! {
    #[test]
    fn what_is_written_into_a_link_is_read_from_it(
        lot in "[!\"%&'()*+,./:;<=>?_A-Za-z0-9-]{1,20}",
        serial in "[!\"%&'()*+,./:;<=>?_A-Za-z0-9-]{1,20}",
        part in "[!\"%&'()*+,./:;<=>?_A-Za-z0-9-]{1,30}",
        escape_all in any::<bool>(),
    ) {
        let uri = format!(
            "https://example.com/01/04006381333931/10/{}/21/{}?240={}",
            written(&lot, escape_all), written(&serial, escape_all), written(&part, escape_all),
        );
        let expected = vec![
            ("01".to_owned(), "04006381333931".to_owned()),
            ("10".to_owned(), lot.clone()), ("21".to_owned(), serial.clone()), ("240".to_owned(), part.clone()),
        ];
        prop_assert_eq!(elements(&uri), expected.clone());
        // And the same as an element string.
        let string = format!("]C1010400638133393110{lot}\u{1d}21{serial}\u{1d}240{part}");
        prop_assert_eq!(elements(&string), expected);
    }

    #[test]
    fn no_address_makes_it_panic(uri in "https?://[a-z.]{0,5}(/(01|00|10|21|8004|[0-9]{0,4})/?[0-9A-Za-z%/-]{0,20}){0,3}(\\?[0-9a-z=&;%]{0,30})?") {
        match decode(uri.as_bytes()) {
            Ok(read) => prop_assert!(read.elements().is_none_or(|elements| elements.iter().count() > 0)),
            Err(rejection) => prop_assert!(
                matches!(rejection.error, DecodeError::Link(_)) && rejection.at <= uri.len(), "{uri}: {rejection}"
            ),
        }
    }
}
