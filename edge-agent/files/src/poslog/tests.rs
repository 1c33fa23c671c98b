use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Apart, Given, Mapping, read};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<POSLog xmlns=\"http://www.nrf-arts.org/IXRetail/namespace/\" xmlns:V=\"urn:vendor\">\n";

fn transaction(number: u32, attributes: &str, inside: &str) -> String {
    format!(
        "<Transaction {attributes}><RetailStoreID>7</RetailStoreID><WorkstationID>3</WorkstationID>\
         <SequenceNumber>{number}</SequenceNumber><BusinessDayDate>2026-11-24</BusinessDayDate>\
         <BeginDateTime>2026-11-24T09:15:00</BeginDateTime><OperatorID>12</OperatorID>{inside}</Transaction>\n"
    )
}

fn sale(number: u32, lines: &str) -> String {
    transaction(number, "", &format!("<RetailTransaction Version=\"2.2\">{lines}</RetailTransaction>"))
}

fn line(code: &str, quantity: &str) -> String {
    format!(
        "<LineItem EntryMethod=\"Scanned\"><SequenceNumber>1</SequenceNumber><Sale ItemType=\"Stock\">\
         <POSIdentity POSIDType=\"EAN\"><POSItemID>{code}</POSItemID></POSIdentity><ItemID>32</ItemID>\
         <Description>Tea &amp; more &#228;</Description><Quantity Units=\"1\">{quantity}</Quantity></Sale></LineItem>"
    )
}

fn entries(bytes: &[u8]) -> Vec<Result<Entry, Fault>> {
    by("format = \"poslog\"\n", bytes)
}

fn by(mapping: &str, bytes: &[u8]) -> Vec<Result<Entry, Fault>> {
    let mapping = Mapping::parse(mapping).unwrap();
    read(bytes, &mapping, &TimeZone::get("Europe/Berlin").unwrap(), Apart::default()).collect()
}

fn file(inside: &str) -> String {
    format!("{HEAD}{inside}</POSLog>\n")
}

fn only(inside: &str) -> Given {
    let read = entries(file(inside).as_bytes());
    let [Ok(Entry::Document(given))] = read.as_slice() else { panic!("{read:?}") };
    given.clone()
}

fn cause(bytes: &[u8]) -> Cause {
    let read = entries(bytes);
    read.into_iter().find_map(Result::err).unwrap().cause
}

#[test]
fn a_sale_is_named_by_store_workstation_day_and_number() {
    let given = only(&sale(41, &line("4006381333931", "2")));
    assert_eq!((given.id.as_str(), given.source.as_deref()), ("7-3-2026-11-24-41", Some("till:3")));
    assert_eq!((given.kind.as_str(), given.line), ("tidemark.sale", 3));
    assert_eq!(given.happened.unwrap().to_string(), "2026-11-24T08:15:00Z");
    let expected = json!({
        "business_day": "2026-11-24", "sequence": "41", "till": "3", "operator": "12",
        "lines": [{"item": "4006381333931", "quantity": "2", "kind": "sale"}],
    });
    assert_eq!(serde_json::Value::Object(given.data), expected);
}

#[test]
fn returns_voided_lines_and_lines_that_never_were_are_told_apart() {
    let returned =
        "<LineItem><Return><ItemID>a</ItemID><Quantity>-3</Quantity><Disposal Method=\"Destroy\"/></Return></LineItem>";
    let taken_back = line("b", "1").replace("<LineItem ", "<LineItem VoidFlag=\"true\" ");
    let cancelled = line("c", "1").replace("<LineItem ", "<LineItem CancelFlag=\"true\" ");
    let tender = "<LineItem><Tender TenderType=\"Cash\"><Amount>5</Amount></Tender></LineItem>";
    let all = [line("b", "1"), taken_back, cancelled, returned.to_owned(), tender.to_owned()].concat();
    let expected = json!([
        {"item": "b", "quantity": "1", "kind": "sale"},
        {"item": "b", "quantity": "1", "kind": "return"},
        {"item": "a", "quantity": "3", "kind": "return", "disposition": "waste"},
    ]);
    assert_eq!(only(&sale(1, &all)).data["lines"], expected);
    let skipped =
        by("format = \"poslog\"\nvoid_lines = \"skip\"\nitem = \"item_id\"\n", file(&sale(1, &all)).as_bytes());
    let [Ok(Entry::Document(given))] = skipped.as_slice() else { panic!("{skipped:?}") };
    assert_eq!(given.data["lines"][0]["item"], "32");
    assert_eq!(given.data["lines"].as_array().unwrap().len(), 2);
}

#[test]
fn a_post_void_names_its_transaction() {
    let link = "<RetailTransaction TransactionStatus=\"PostVoided\"><TransactionLink ReasonCode=\"Voided\"><RetailStoreID>7</RetailStoreID>\
         <WorkstationID>2</WorkstationID><SequenceNumber>40</SequenceNumber></TransactionLink></RetailTransaction>";
    let given = only(&transaction(41, "", link));
    assert_eq!(given.kind, "tidemark.void");
    assert_eq!(given.data["voids"], json!({"source": "till:2", "id": "7-2-2026-11-24-40"}));
    let dated = link.replace("</SequenceNumber>", "</SequenceNumber><BusinessDayDate>2026-11-23</BusinessDayDate>");
    assert_eq!(only(&transaction(41, "", &dated)).data["voids"]["id"], "7-2-2026-11-23-40");
}

#[test]
fn what_changes_no_stock_is_only_a_number() {
    for inside in [
        transaction(9, "", "<ControlTransaction><OperatorSignOn/></ControlTransaction>"),
        transaction(
            9,
            "TrainingModeFlag=\"true\"",
            &format!("<RetailTransaction>{}</RetailTransaction>", line("a", "1")),
        ),
        transaction(9, "CancelFlag=\"true\"", &format!("<RetailTransaction>{}</RetailTransaction>", line("a", "1"))),
        transaction(
            9,
            "",
            &format!("<RetailTransaction TransactionStatus=\"Suspended\">{}</RetailTransaction>", line("a", "1")),
        ),
    ] {
        let read = entries(file(&inside).as_bytes());
        let [Ok(Entry::Number(number))] = read.as_slice() else { panic!("{inside}: {read:?}") };
        assert_eq!((number.number, number.source.as_deref()), (9, Some("till:3")));
    }
    let odd = transaction(
        9,
        "",
        &format!("<RetailTransaction TransactionStatus=\"V:Odd\">{}</RetailTransaction>", line("a", "1")),
    );
    assert_eq!(only(&odd).kind, "poslog.V:Odd", "kept aside, not guessed at");
}

#[test]
fn the_form_without_a_wrapper_and_with_prefixes_is_read_too() {
    let inner = format!("<BusinessUnit><UnitID>7</UnitID></BusinessUnit>{}", line("a", "1"));
    let bare = transaction(1, "", &inner).replace("<RetailStoreID>7</RetailStoreID>", "");
    assert_eq!(only(&bare).id, "7-3-2026-11-24-1");
    let prefixed = file(&sale(1, &line("a", "1")))
        .replace("xmlns=", "xmlns:p=")
        .replace("</", "</p:")
        .replace('<', "<p:")
        .replace("<p:/p:", "</p:")
        .replace("<p:?", "<?");
    let read = entries(prefixed.as_bytes());
    assert!(matches!(read.as_slice(), [Ok(Entry::Document(_))]), "{prefixed}: {read:?}");
}

#[test]
fn bombs_and_broken_files_are_named_and_nothing_is_expanded() {
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><POSLog>{}</POSLog>",
        sale(1, "&b;")
    );
    assert_eq!(cause(bomb.as_bytes()), Cause::Entity);
    assert_eq!(cause(file(&sale(1, "&b;")).as_bytes()), Cause::Entity);
    assert_eq!(cause(file(&sale(1, &"<a>".repeat(DEPTH))).as_bytes()), Cause::TooLarge);
    assert_eq!(cause("<POSLog>".repeat(DEPTH + 2).as_bytes()), Cause::TooLarge);
    let long = format!("<Note>{}</Note>", "x".repeat(RECORD_BYTES));
    assert_eq!(cause(file(&sale(1, &long)).as_bytes()), Cause::TooLarge);
    let wide = "<a/>".repeat(crate::limits::NODES);
    assert_eq!(cause(file(&sale(1, &wide)).as_bytes()), Cause::TooLarge);
    assert_eq!(cause(b"receipt;item\n"), Cause::Cut);
    assert_eq!(cause(file("<a></b>").as_bytes()), Cause::Broken);
    assert_eq!(cause(&[HEAD.as_bytes(), b"\xff"].concat()), Cause::Encoding);
    let nameless = sale(1, &line("a", "1")).replace("<SequenceNumber>1</SequenceNumber><Business", "<Business");
    assert_eq!(cause(file(&nameless).as_bytes()), Cause::Identity);
    let dateless = sale(1, &line("a", "1")).replace("2026-11-24</Business", "yesterday</Business");
    assert_eq!(cause(file(&dateless).as_bytes()), Cause::Value);
    let elsewhere = by("format = \"poslog\"\nstore = \"8\"\n", file(&sale(1, &line("a", "1"))).as_bytes());
    assert_eq!(elsewhere[0].as_ref().unwrap_err().cause, Cause::OtherStore);
}

#[test]
fn one_transaction_that_is_wrong_does_not_hold_up_the_others() {
    let nameless = sale(1, "").replace("<WorkstationID>3</WorkstationID>", "");
    let read = entries(file(&[sale(1, &line("a", "1")), nameless, sale(2, &line("a", "1"))].concat()).as_bytes());
    assert!(matches!(read.as_slice(), [Ok(_), Err(_), Ok(_)]), "{read:?}");
}

#[test]
fn the_encoding_is_the_one_the_file_says() {
    let text = file(&sale(1, &line("ä", "1")));
    let latin = encoding_rs::WINDOWS_1252.encode(&text.replace("UTF-8", "ISO-8859-1")).0.into_owned();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [latin, utf16] {
        let read = entries(&bytes);
        let [Ok(Entry::Document(given))] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!(given.data["lines"][0]["item"], "ä");
    }
}

proptest! {
    #[test]
    fn a_file_cut_anywhere_gives_only_transactions_that_are_whole(count in 0_u32..6, at in any::<prop::sample::Index>()) {
        let text = file(&(1..=count).map(|number| sale(number, &line("ä", "2"))).collect::<String>());
        let whole = entries(text.as_bytes());
        prop_assert!(whole.iter().all(Result::is_ok));
        let cut = at.index(text.len());
        let some = entries(&text.as_bytes()[..cut]);
        let good = some.iter().take_while(|entry| entry.is_ok()).count();
        prop_assert_eq!(&some[..good], &whole[..good]);
        // Only the line's end behind the last tag can be missing unseen.
        prop_assert!(good < some.len() || cut + 1 == text.len());
    }
}
