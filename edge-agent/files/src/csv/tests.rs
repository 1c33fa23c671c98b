use std::io::Read as _;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{Given, Mapping, read};

const MAPPING: &str = r#"
format = "csv"
encoding = "windows-1252"
separator = ";"
decimal = ","
thousands = "."
id = ["Datum", "Kasse", "Bon"]

[columns]
item = "Artikel"
quantity = "Menge"
kind = "Art"
business_day = "Datum"
time = ["Datum", "Zeit"]
sequence = "Bon"
lines = "Positionen"
operator = "Bediener"
voids = ["StornoDatum", "Kasse", "StornoBon"]

[formats]
business_day = "%d.%m.%Y"
time = "%d.%m.%Y %H:%M"

[kinds]
V = "sale"
R = "return"
S = "void"
Z = "ignore"
"#;

const HEAD: &str = "Datum;Zeit;Kasse;Bon;Positionen;Art;Artikel;Menge;Bediener;StornoDatum;StornoBon\r\n";

const LINES: &str = r#"
format = "csv"
id = "line"
ignore = ["exported"]
columns = { item = "item", quantity = "quantity", business_day = "day" }
"#;

fn entries_of(mapping: &str, bytes: &[u8]) -> Vec<Result<Entry, Fault>> {
    let mapping = Mapping::parse(mapping).unwrap();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let crate::Format::Csv(csv) = &mapping.format else { panic!("no CSV") };
    let apart = Receipts::new(bytes, csv, &zone, Apart::default()).apart();
    read(bytes, &mapping, &zone, apart).collect()
}

fn documents(entries: Vec<Result<Entry, Fault>>) -> Vec<Given> {
    let given = |entry| match entry {
        Ok(Entry::Document(given)) => Some(given),
        Ok(Entry::Number(_)) | Err(_) => None,
    };
    entries.into_iter().filter_map(given).collect()
}

fn faults(entries: &[Result<Entry, Fault>]) -> Vec<(u64, Cause)> {
    entries.iter().filter_map(|entry| entry.as_ref().err()).map(|fault| (fault.line, fault.cause)).collect()
}

fn cp1252(text: &str) -> Vec<u8> {
    encoding_rs::WINDOWS_1252.encode(text).0.into_owned()
}

#[test]
fn lines_of_one_receipt_are_one_document_in_the_tills_own_words() {
    let text = format!(
        "{HEAD}24.11.2026;09:15;3;41;2;V;4006381333931;1.000,5;Jürgen;;\r\n\
         24.11.2026;09:15;3;41;2;R;4006381333931;1;Jürgen;;\r\n\
         24.11.2026;09:16;3;42;1;S;;;Jürgen;24.11.2026;41\r\n\
         24.11.2026;09:17;3;43;1;Z;;;Jürgen;;\r\n"
    );
    let entries = entries_of(MAPPING, &cp1252(&text));
    let [Ok(Entry::Document(receipt)), Ok(Entry::Document(void)), Ok(Entry::Number(number))] = entries.as_slice()
    else {
        panic!("{entries:?}")
    };
    assert_eq!((receipt.id.as_str(), receipt.kind.as_str(), receipt.line), ("24.11.2026-3-41", "tidemark.sale", 2));
    assert_eq!(receipt.happened.unwrap().to_string(), "2026-11-24T08:15:00Z");
    let expected = serde_json::json!({
        "business_day": "2026-11-24", "operator": "Jürgen", "sequence": "41",
        "lines": [
            {"item": "4006381333931", "quantity": "1000.5", "kind": "sale"},
            {"item": "4006381333931", "quantity": "1", "kind": "return"},
        ],
    });
    assert_eq!(Value::Object(receipt.data.clone()), expected);
    assert_eq!(void.kind, "tidemark.void");
    assert_eq!(void.data["voids"], serde_json::json!({"id": "24.11.2026-3-41"}));
    assert_eq!(number.number, 43);
}

#[test]
fn a_file_cut_in_a_line_gives_what_came_before_and_names_the_line() {
    let whole = format!("{HEAD}24.11.2026;09:15;3;41;1;V;a;1;;;\r\n24.11.2026;09:15;3;42;1;V;a;12;;;\r\n");
    let cut = whole.len() - "2;;;\r\n".len();
    let entries = entries_of(MAPPING, &whole.as_bytes()[..cut]);
    assert_eq!(faults(&entries), [(3, Cause::Row), (3, Cause::Cut)]);
    assert_eq!(documents(entries).len(), 1, "the receipt with 1 instead of 12 pieces is not taken");
}

#[test]
fn each_thing_that_is_wrong_has_its_cause_and_line() {
    let row = "24.11.2026;09:15;3;41;1;V;a;1;;;\r\n";
    let line = |id: &str| row.replace(";41;", &format!(";{id};"));
    for (name, text, expected) in [
        ("no such column", "Datum;Bon\r\n".to_owned(), (1, Cause::Columns)),
        ("an empty file", String::new(), (1, Cause::Cut)),
        ("no id", format!("{HEAD}{}{row}", line("")), (2, Cause::Identity)),
        ("too few columns", format!("{HEAD}24.11.2026;09:15\r\n{row}"), (2, Cause::Row)),
        (
            "more lines than there are",
            format!("{HEAD}{}{}", line("40").replace(";1;V", ";2;V"), row),
            (2, Cause::Incomplete),
        ),
        (
            "a receipt in two places",
            format!("{HEAD}{row}{}{}", line("40"), row.replace(";a;", ";b;")),
            (2, Cause::Apart),
        ),
        ("a line without end", format!("{HEAD}{}", "x".repeat(LINE_BYTES * 2)), (2, Cause::TooLarge)),
    ] {
        let entries = entries_of(MAPPING, text.as_bytes());
        assert_eq!(faults(&entries).first(), Some(&expected), "{name}: {entries:?}");
        assert!(!expected.1.remedy().is_empty());
    }
    let utf8 = MAPPING.replace("windows-1252", "utf-8");
    let broken = [HEAD.as_bytes(), row.as_bytes(), line("42").as_bytes(), b"\xfc\r\n"].concat();
    let entries = entries_of(&utf8, &broken);
    assert_eq!(faults(&entries), [(4, Cause::Encoding)]);
}

#[test]
fn blank_lines_are_passed_over_however_many_there_are() {
    let row = "24.11.2026;09:15;3;41;1;V;a;1;;;\r\n";
    let text = format!("{HEAD}{}{row}", "\r\n;;\n".repeat(200_000));
    let entries = entries_of(MAPPING, text.as_bytes());
    assert!(faults(&entries).is_empty(), "{entries:?}");
    assert_eq!(documents(entries)[0].line, 400_002);
}

#[test]
fn a_receipt_that_stands_twice_is_one_that_came_twice() {
    let row = "24.11.2026;09:15;3;41;1;V;a;1;;;\r\n";
    let entries = entries_of(MAPPING, format!("{HEAD}{row}{}{row}", row.replace(";41;", ";42;")).as_bytes());
    assert!(faults(&entries).is_empty(), "{entries:?}");
    assert_eq!(documents(entries).len(), 3);
}

#[test]
fn what_is_no_quantity_or_kind_is_given_as_it_stands_to_be_kept_aside() {
    let row = "24.11.2026;09:15;3;41;1;Q;;zwei;;;\r\n";
    let given = documents(entries_of(MAPPING, format!("{HEAD}{row}").as_bytes()));
    assert_eq!(given[0].kind, "file.Q");
    assert_eq!(given[0].data["lines"], serde_json::json!([{"quantity": "zwei"}]));
}

#[test]
fn a_mark_at_the_beginning_says_more_than_the_mapping() {
    let text = format!("{HEAD}24.11.2026;09:15;3;41;1;V;a;1;Jürgen;;\r\n");
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    for bytes in [[b"\xef\xbb\xbf", text.as_bytes()].concat(), utf16] {
        assert_eq!(documents(entries_of(MAPPING, &bytes))[0].data["operator"], "Jürgen");
    }
}

#[test]
fn a_file_of_a_gigabyte_in_one_line_takes_no_memory() {
    let mapping = Mapping::parse(MAPPING).unwrap();
    let zone = TimeZone::UTC;
    let file = HEAD.as_bytes().chain(std::io::repeat(b'x').take(1 << 30));
    let entries: Vec<_> = read(file, &mapping, &zone, Apart::default()).collect();
    assert_eq!(faults(&entries), [(2, Cause::TooLarge)]);
}

#[derive(Clone, Debug)]
struct Sold {
    receipt: u8,
    items: Vec<(u8, u8)>,
}

fn any_sold() -> impl Strategy<Value = Vec<Sold>> {
    let receipt = vec((0_u8..5, 1_u8..20), 1..5).prop_map(|items| Sold { receipt: 0, items });
    vec(receipt, 0..12).prop_map(|sold| (1_u8..).zip(sold).map(|(receipt, sold)| Sold { receipt, ..sold }).collect())
}

fn written(sold: &[Sold]) -> String {
    let mut text = HEAD.to_owned();
    for Sold { receipt, items } in sold {
        for (item, quantity) in items {
            let lines = items.len();
            text.push_str(&format!("24.11.2026;09:15;3;{receipt};{lines};V;Stück{item};{quantity};\"a;ü\";;\r\n"));
        }
    }
    text
}

proptest! {
    #[test]
    fn a_file_cut_anywhere_gives_only_receipts_that_are_whole(sold in any_sold(), at in any::<prop::sample::Index>()) {
        let text = cp1252(&written(&sold));
        let whole = documents(entries_of(MAPPING, &text));
        prop_assert_eq!(whole.len(), sold.len());
        let cut = at.index(text.len() + 1);
        let some = entries_of(MAPPING, &text[..cut]);
        let ends_well = faults(&some).is_empty();
        let some = documents(some);
        prop_assert!(some.len() <= whole.len());
        prop_assert_eq!(&some[..], &whole[..some.len()]);
        // A cut that shows nowhere cost no line.
        let lines_before = text[..cut].iter().filter(|byte| **byte == b'\n').count();
        let lines_given: usize = some.iter().map(|given| given.data["lines"].as_array().unwrap().len()).sum();
        prop_assert!(!ends_well || lines_given + 1 == lines_before);
    }

    #[test]
    fn an_export_of_more_of_the_day_adds_only_what_is_new(lines in vec((0_u8..3, 1_u8..3), 0..30), at in any::<prop::sample::Index>()) {
        let export = |lines: &[(u8, u8)], stamp: &str| {
            let rows = lines.iter().map(|(item, quantity)| format!("2026-11-24,{item},{quantity},{stamp}\n"));
            format!("day,item,quantity,exported\n{}", rows.collect::<String>())
        };
        let half = &lines[..at.index(lines.len() + 1)];
        let by_id = |text: String| -> HashMap<String, Given> {
            documents(entries_of(LINES, text.as_bytes())).into_iter().map(|given| (given.id.clone(), given)).collect()
        };
        let (first, second) = (by_id(export(half, "noon")), by_id(export(&lines, "evening")));
        prop_assert_eq!((first.len(), second.len()), (half.len(), lines.len()));
        for (id, given) in first {
            prop_assert_eq!(&second[&id].data, &given.data);
        }
    }
}
