//! What is kept for ever is told to the byte: numbers of words, keys,
//! digests and bitmaps. Every box and centre of every release must come to
//! the same, or a retry would count twice and digests would differ.
#![expect(clippy::unwrap_used, reason = "tests")]

use tidemark_model::content::content_digest;
use tidemark_model::digest::{movement_digest, stock_digest};
use tidemark_model::document::{
    Body, CountBody, CountReason, Line, ParkedLine, SheetUse, SkuChange, TakenLine, Timing, TradeKind, Unit,
};
use tidemark_model::movement::{About, Labels};
use tidemark_model::{
    Basis, Bitmap, Code, Disposition, Document, DocumentId, DocumentKey, Epoch, Kind, Label, Marks, ParkReason,
    Position, Quantity, Reference, Sku, Source, StoreId, WallTime,
};

fn label(text: &str) -> Option<Label> {
    Some(Label::new(text).unwrap())
}

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn document(body: Body) -> Document {
    Document {
        source: Source::new("till:3").unwrap(),
        id: DocumentId::new("k7q2-20260820-3-1041").unwrap(),
        wall: WallTime(1_787_219_472_000),
        labels: Labels::default(),
        business_day_given: false,
        timing: Timing::Live,
        sequence: Some(7),
        body,
    }
}

fn line(thousandths: i64) -> TakenLine {
    TakenLine::plain(sku("4006381333931"), Quantity::thousandths(thousandths))
}

fn trade(kind: TradeKind, lines: Vec<TakenLine>) -> Document {
    document(Body::Trade { kind, last: false, lines: lines.into_iter().map(Line::Taken).collect() })
}

fn parked() -> ParkedLine {
    ParkedLine {
        reason: ParkReason::QuantityUnreadable,
        detail: "told in words that may change".to_owned(),
        raw: r#"{"item":"4711","quantity":"two"}"#.to_owned(),
    }
}

/// A sale with every label and every member a line may have.
fn full_sale() -> Document {
    let first = TakenLine {
        kind: Some(TradeKind::Return),
        reason: label("damage"),
        disposition: Some(Disposition::Waste),
        lot: label("L1"),
        expiry: label("270131"),
        serial: label("SN1"),
        age_ms: Some(5_000),
        estimated: true,
        ..line(385)
    };
    let unit = |unit| TakenLine { unit, ..line(-2_000) };
    let lines = [first, unit(Unit::Base), unit(Unit::Pack(Code::new("14006381333938").unwrap())), unit(Unit::Sku)];
    let lines = lines.into_iter().map(Line::Taken).chain([Line::Parked(parked())]).collect();
    let labels = Labels {
        business_day: label("2026-08-20"),
        till: label("3"),
        operator: label("0815"),
        counterpart: label("S0002"),
        reference: Some(Reference::new("PO-1").unwrap()),
        fulfils: Some(Reference::new("R-1").unwrap()),
        zone: label("floor"),
        counter: label("anna"),
        note: None,
    };
    let body = Body::Trade { kind: TradeKind::Sale, last: true, lines };
    Document { labels, business_day_given: true, ..document(body) }
}

fn full_count() -> Document {
    let body = CountBody {
        reason: CountReason::Opening,
        full: true,
        last: true,
        sells: true,
        sheet: SheetUse::Whole,
        lines: vec![Line::Taken(line(12_000))],
    };
    let labels = Labels {
        reference: Some(Reference::new("C-1").unwrap()),
        zone: label("floor"),
        counter: label("anna"),
        ..Labels::default()
    };
    Document { labels, ..document(Body::Count(body)) }
}

fn changes() -> Vec<SkuChange> {
    vec![SkuChange { sku: sku("104711"), change: Quantity::thousandths(-1_500) }]
}

/// A document of every kind, with its name in the file.
fn documents() -> Vec<(&'static str, Document)> {
    let position = Position { epoch: Epoch(0x0102_0304_0506_0708), seq: 9 };
    let of_document =
        About::Document { source: Source::new("till:4").unwrap(), id: DocumentId::new("k7q2-20260820-4-9").unwrap() };
    let code = Code::new("04006381333931").unwrap();
    vec![
        ("sale", trade(TradeKind::Sale, vec![line(2_000)])),
        ("return", trade(TradeKind::Return, vec![line(2_000)])),
        ("receipt", trade(TradeKind::Receipt, vec![line(2_000)])),
        ("transfer_in", trade(TradeKind::TransferIn, vec![line(2_000)])),
        ("transfer_out", trade(TradeKind::TransferOut, vec![line(2_000)])),
        ("adjustment", trade(TradeKind::Adjustment, vec![line(2_000)])),
        ("full_sale", full_sale()),
        ("full_count", full_count()),
        ("void", document(Body::Void { source: Source::new("till:4").unwrap(), id: DocumentId::new("k-9").unwrap() })),
        ("day_close", document(Body::DayClose { documents: Some(412), units: Some(Quantity::thousandths(1_250)) })),
        ("day_close_bare", document(Body::DayClose { documents: None, units: None })),
        ("correction", document(Body::Correction { about: of_document, lines: changes() })),
        ("resolve", document(Body::Resolve { code, sku: sku("104711"), units_per_scan: Quantity::ONE })),
        ("restatement", document(Body::Restatement { about: About::Position(position), lines: changes() })),
        (
            "instruction_result",
            document(Body::InstructionResult { instruction: Label::new("i-17").unwrap(), refused: false }),
        ),
        ("unreadable", document(Body::Unreadable(parked()))),
    ]
}

#[test]
fn the_content_of_a_document_never_changes() {
    let told: String =
        documents().into_iter().map(|(name, document)| format!("{name} {:?}\n", content_digest(&document))).collect();
    assert_eq!(told, include_str!("golden/content.txt"));
}

#[test]
fn the_key_of_a_document_never_changes() {
    let key = |source: &str, id: &str| DocumentKey::of(&Source::new(source).unwrap(), &DocumentId::new(id).unwrap());
    let told: String = [("till:3", "k7q2-20260820-3-1041"), ("lane:counter", "0102030405060708-9"), ("ü", "ä b")]
        .into_iter()
        .map(|(source, id)| format!("{source} {id} {:?}\n", key(source, id)))
        .collect();
    assert_eq!(told, include_str!("golden/keys.txt"));
}

#[test]
fn digests_and_bitmaps_never_change() {
    let store = StoreId::new("S0001").unwrap();
    let at = Position { epoch: Epoch(0x0102_0304_0506_0708), seq: 93_017 };
    let stock = |effect| stock_digest(&sku("104711"), Quantity::thousandths(effect));
    let mut bitmap = Bitmap::EMPTY;
    for seq in [1, 2, 64, 65, 1_000, 1_024] {
        bitmap.insert(seq);
    }
    let told = format!(
        "movement {:016x}\nempty_movement {:016x}\nstock_of_one {:016x}\nstock_of_a_sale {:016x}\nbitmap {}\n",
        movement_digest(&store, at, b"bytes"),
        movement_digest(&store, at, b""),
        stock(1),
        stock(-2_000),
        hex(&bitmap.to_bytes()),
    );
    assert_eq!(told, include_str!("golden/digests.txt"));
}

#[test]
fn words_keep_their_numbers() {
    let mut told = String::new();
    let mut tell = |list: &str, number: u32, word: &str| told += &format!("{list} {number} {word}\n");
    Kind::ALL.iter().for_each(|word| tell("kind", word.number().into(), word.word()));
    Disposition::ALL.iter().for_each(|word| tell("disposition", word.number().into(), word.word()));
    Basis::ALL.iter().for_each(|word| tell("basis", word.number().into(), word.word()));
    ParkReason::ALL.iter().for_each(|word| tell("park_reason", word.number().into(), word.word()));
    for bit in 0..u32::BITS {
        Marks::from_bits(1 << bit).words().for_each(|word| tell("mark", bit, word));
    }
    assert_eq!(told, include_str!("golden/words.txt"));
}
