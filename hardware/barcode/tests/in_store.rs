//! Numbers of a company's own, with and without its patterns.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use tidemark_barcode::{
    Gtin, InStoreError, InStoreNumber, InStorePatterns, ItemCode, Judgement, PatternFault, Price, Unit, decode,
};

fn patterns(given: &[(&str, &str)]) -> InStorePatterns {
    InStorePatterns::parse(given.iter().copied()).unwrap()
}

/// Twelve digits and the check digit that fits.
fn with_check(body: &str) -> String {
    ('0'..='9').map(|check| format!("{body}{check}")).find(|digits| Gtin::parse(digits).is_ok()).unwrap()
}

fn read(given: &[(&str, &str)], digits: &str) -> InStoreNumber {
    patterns(given).read(digits).unwrap().unwrap()
}

#[test]
fn without_a_pattern_a_number_is_opaque() {
    let digits = with_check("201234501250");
    assert_eq!(patterns(&[]).read(&digits), Ok(None));
    assert_eq!(patterns(&[("21", "PPIIIIIWWWWWC")]).read(&digits), Ok(None));
    let scan = decode(digits.as_bytes()).unwrap();
    assert_eq!((scan.judge(), scan.gtin()), (Judgement::Item(ItemCode::InStore(&digits)), None));
}

#[test]
fn a_weight_is_read_in_grams_and_the_item_beside_it() {
    let number = read(&[("2[0-4]", "PPIIIIIWWWWWC")], &with_check("221234501250"));
    assert_eq!(number.item.as_str(), "12345");
    let weight = number.weight.unwrap();
    assert_eq!((weight.thousandths(), weight.unit), (Some(1_250), Unit::Kilogram));
    assert_eq!(number.price, None);
    assert_eq!(number.listed, Gtin::parse(&with_check("221234500000")).unwrap());
}

#[test]
fn a_point_says_where_the_decimals_start() {
    let number = read(&[("29", "PPIIIIIWWW.WWC")], &with_check("291234501250"));
    assert_eq!(number.weight.unwrap().thousandths(), Some(12_500));
    let number = read(&[("29", "PPIIIIIMMMMM.C")], &with_check("291234501250"));
    assert_eq!(number.price, Some(Price { value: 1_250, decimals: 0 }));
}

#[test]
fn a_price_with_a_check_digit_of_its_own_is_verified() {
    // The United Kingdom: prefix 20, item, check digit of the price, price.
    let given = [("20", "PPIIIIIVMMMMC")];
    let number = read(&given, &with_check("201234592875"));
    assert_eq!(number.price, Some(Price { value: 2_875, decimals: 2 }));
    assert_eq!(number.listed, Gtin::parse(&with_check("201234500000")).unwrap());
    let wrong = patterns(&given).read(&with_check("201234582875"));
    assert_eq!(wrong, Err(InStoreError::Verifier { at: 7, found: 8, expected: 9 }));
    // The same as UPC-A, where the place is one less.
    let given = [("2", "PIIIIIVMMMMC")];
    assert_eq!(read(&given, &with_check("21234592875")).item.as_str(), "12345");
    let wrong = patterns(&given).read(&with_check("21234582875"));
    assert_eq!(wrong, Err(InStoreError::Verifier { at: 6, found: 8, expected: 9 }));
}

#[test]
fn fourteen_letters_are_laid_over_the_form_with_a_zero_in_front() {
    let given = [("2[0-9]", "PPIIIIIVWWWWWC")];
    let number = read(&given, &with_check("271234614685"));
    assert_eq!(number.item.as_str(), "71234");
    assert_eq!(number.weight.unwrap().thousandths(), Some(14_685));
    assert!(patterns(&given).read(&with_check("271234714685")).is_err());
}

#[test]
fn a_number_is_read_alike_however_it_is_sent() {
    let given = [("02", "PPIIIIIMMMMMC"), ("2", "PIIIIMMC")];
    let digits = with_check("021234501250");
    let long = read(&given, &digits);
    for sent in [digits.clone(), digits[1..].to_owned(), format!("0{digits}")] {
        assert_eq!(read(&given, &sent), long, "{sent}");
    }
    let short = with_check("2123425");
    let read_short = read(&given, &short);
    assert_eq!((read_short.item.as_str(), read_short.price), ("1234", Some(Price { value: 25, decimals: 2 })));
    assert_eq!(read(&given, &format!("{short:0>14}")), read_short);
}

#[test]
fn the_longer_key_goes_first_and_equal_ones_are_refused() {
    let given = [("2", "PIIIIIIWWWWWC"), ("28", "PPIIIIIMMMMMC"), ("2[0-7]", "PPIIIIIWWWWWC")];
    assert!(read(&given, &with_check("281234501250")).price.is_some());
    assert_eq!(read(&given, &with_check("271234501250")).item.as_str(), "12345");
    assert_eq!(read(&given, &with_check("291234501250")).item.as_str(), "912345");
    let twice = InStorePatterns::parse([("2[0-5]", "PPIIIIIWWWWWC"), ("2[5-9]", "PPIIIIIMMMMMC")]).unwrap_err();
    assert_eq!((twice.key.as_str(), &twice.fault), ("2[5-9]", &PatternFault::Overlap("2[0-5]".to_owned())));
    assert!(twice.to_string().contains("2[0-5]"), "{twice}");
}

#[test]
fn digits_that_are_no_number_are_refused() {
    let none = patterns(&[("2", "PIIIIIIWWWWWC")]);
    for digits in ["", "2", "2012345678904", "20123456789é3"] {
        assert_eq!(none.read(digits).unwrap_err().code(), "in_store_digits", "{digits}");
    }
}

proptest! {
    #[test]
    fn what_is_put_into_a_number_comes_out_of_it(item in 0_u32..100_000, grams in 0_u32..100_000, prefix in 20_u32..30) {
        let number = read(&[("2[0-9]", "PPIIIIIWWWWWC")], &with_check(&format!("{prefix}{item:05}{grams:05}")));
        let expected = format!("{item:05}");
        prop_assert_eq!(number.item.as_str(), &expected);
        prop_assert_eq!(number.weight.unwrap().thousandths(), Some(i64::from(grams)));
        prop_assert_eq!(number.listed, Gtin::parse(&with_check(&format!("{prefix}{item:05}00000"))).unwrap());
    }

    #[test]
    fn no_pattern_and_no_number_makes_it_panic(key in "[0-9\\[\\]x-]{0,8}", letters in "[PIVWMXC.]{0,15}", digits in "[0-9]{0,15}") {
        if let Ok(patterns) = InStorePatterns::parse([(key.as_str(), letters.as_str())]) {
            let _read = patterns.read(&digits);
        }
    }
}
