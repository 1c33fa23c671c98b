mod golden;
mod refusing;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;
use tidemark_model::books::{
    ClosedCount, CountSheet, CountState, CountedItem, DocumentEntry, DocumentRecord, ItemEffect, LineEffect,
    Resolution, Reversal, Stock, Suspended, Suspense, SuspenseRow, Tally, Target,
};
use tidemark_model::catalogue::KitPart;
use tidemark_model::{
    Basis, Block, BlockIndex, BoxId, Code, ContentDigest, DocumentId, DocumentKey, Epoch, EpochOrdinal, Generation,
    Item, ItemUnit, Label, LocalTime, Note, Odometer, Position, Price, Quantity, Reference, Seq, SeqSet, Sku, Source,
    StoreId, StreamId, StreamPlace, WallTime,
};
use tidemark_sync::message::*;

use super::*;
use crate::error::DecodeError;
use crate::schema::sync::v1 as proto;

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

fn store() -> StoreId {
    StoreId::new("S0001").unwrap()
}

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

fn position(seq: Seq) -> Position {
    Position { epoch: Epoch(0xfeed), seq }
}

fn hello() -> Hello {
    Hello {
        store: store(),
        box_id: BoxId([7; 16]),
        epoch: Epoch(0xabcd),
        session: Session(12),
        tail: 900,
        trimmed_below: 4,
        opening: Some(OpeningTaken { ordinal: EpochOrdinal(2), seq: 17 }),
        handled: 800,
        generation: Generation(3),
        protocol: 1,
        agent_version: "0.1.0".to_owned(),
        earlier: Vec::new(),
    }
}

fn till() -> TillFacts {
    let source = Source::new("till:3").unwrap();
    TillFacts { source, token: Some([9; 32]), heard_ms: Some(0), documents: 77 }
}

fn heartbeat() -> Heartbeat {
    Heartbeat {
        tail: 900,
        trimmed_below: 4,
        open_block: Some(OpenBlock { index: BlockIndex(0), count: 900, digest: u64::MAX, stock: 1 }),
        backlog: 3,
        oldest_age_ms: Some(0),
        odometer: Odometer(123_456),
        catalogue: 17,
        conditions: vec![ConditionReport { code: 2_104, detail: "since 14:03".to_owned() }],
        device: DeviceFacts {
            system: "Debian 13".to_owned(),
            agent_version: "0.1.0".to_owned(),
            wall: WallTime(-5),
            disk_free_mib: 1,
            disk_total_mib: 2,
            journal_mib: 3,
            memory_mib: 4,
            metered: true,
            scanners: vec![ScannerFacts {
                lane: label("desk"),
                path: "/dev/ttyACM0".to_owned(),
                present: true,
                scans: 5,
            }],
        },
        tills: vec![till(), TillFacts { token: None, heard_ms: None, ..till() }],
    }
}

fn records(seqs: impl IntoIterator<Item = Seq>) -> Vec<Record> {
    let record = |seq: Seq| Record { seq, digest: None, bytes: Bytes::from(seq.to_be_bytes().to_vec()) };
    seqs.into_iter().map(record).collect()
}

fn blocks() -> Blocks {
    let mut block = Block::default();
    block.add(3, 5, 7);
    [(BlockIndex(2), block), (BlockIndex(9), Block { digest: 1, ..Block::default() })].into_iter().collect()
}

fn lines() -> Vec<InstructionLine> {
    vec![InstructionLine { sku: sku("4711"), quantity: Quantity::thousandths(-1_500) }]
}

fn bodies() -> [InstructionBody; 12] {
    let (epoch, ordinal) = (Epoch(7), EpochOrdinal(2));
    let late = LateMovements { epoch, ordinal, movements: vec![(8, Bytes::from_static(b"movement"))] };
    [
        InstructionBody::Fetch { bytes: 70_000 },
        InstructionBody::OpenStock { lines: lines() },
        InstructionBody::Correct { about: Some(position(8)), lines: lines() },
        InstructionBody::Void { source: Source::new("till:3").unwrap(), id: DocumentId::new("7").unwrap() },
        InstructionBody::Accept { about: position(9) },
        InstructionBody::Late(late),
        InstructionBody::Unknown { kind: 31 },
        InstructionBody::Correct { about: None, lines: lines() },
        InstructionBody::Count { skus: vec![sku("apple"), sku("pear")] },
        InstructionBody::Settle(Settlement {
            about: position(9),
            sku: sku("apple"),
            units_per_scan: Quantity::thousandths(6_000),
            quantity: Some(Quantity::thousandths(-2_500)),
        }),
        InstructionBody::Resend,
        InstructionBody::SupportFile,
    ]
}

/// Everything a box says, with a name for each.
fn of_a_box() -> Vec<(&'static str, ToCentre)> {
    let own = Epoch(0xabcd);
    let batch =
        |epoch, seqs: &[Seq]| ToCentre::Batch(Batch { epoch, live: true, records: records(seqs.iter().copied()) });
    let unreadable = |epoch| {
        let seqs = [4, 5, 6, 9].into_iter().collect();
        ToCentre::Unreadable(Unreadable { epoch, seqs, digest: Some(0) })
    };
    vec![
        ("hello", ToCentre::Hello(hello())),
        ("batch", batch(own, &[900, 901])),
        ("batch_salvaged", batch(Epoch(1), &[3, 4, 9, 1_000_000])),
        ("unreadable", unreadable(own)),
        ("unreadable_salvaged", unreadable(Epoch(2))),
        ("heartbeat", ToCentre::Heartbeat(heartbeat())),
        ("heartbeat_least", ToCentre::Heartbeat(Heartbeat::default())),
        ("opening_taken", ToCentre::OpeningTaken(OpeningTaken { ordinal: EpochOrdinal(1), seq: 0 })),
        ("goodbye", ToCentre::Goodbye(Goodbye { reason: "the agent stops".to_owned() })),
    ]
}

/// Everything the centre says, with a name for each.
fn of_the_centre() -> Vec<(&'static str, ToBox)> {
    let place = StreamPlace { stream: StreamId([1; 16]), partition: 47, offset: 12 };
    let through = AppliedThrough { stream: StreamId([1; 16]), partition: 47, offset: 12, end: Some(0) };
    let welcome = Welcome {
        generation: Generation(3),
        suspect: true,
        closed: true,
        ordinal: EpochOrdinal(2),
        blocks: blocks(),
        limits: Limits::default(),
        server_time: WallTime(5),
    };
    let received = Received { epoch: Epoch(7), seqs: [1, 2, 9].into_iter().collect(), place };
    let handled = Handled { generation: Generation(3), epoch: Epoch(7), blocks: blocks() };
    let names = [
        "instruction_fetch",
        "instruction_open_stock",
        "instruction_correct",
        "instruction_void",
        "instruction_accept",
        "instruction_late",
        "instruction_unknown",
        "instruction_correct_about_none",
        "instruction_count",
        "instruction_settle",
        "instruction_resend",
        "instruction_support_file",
    ];
    let instruction = |body| ToBox::Instruction(Instruction::of(label("open-17"), body));
    let mut messages = vec![
        ("welcome", ToBox::Welcome(welcome)),
        ("received", ToBox::Received(received)),
        ("handled", ToBox::Handled(handled)),
        ("applied_through", ToBox::AppliedThrough(through)),
        ("applied_through_endless", ToBox::AppliedThrough(AppliedThrough { end: None, ..through })),
        ("credit", ToBox::Credit(Credit { bytes: 1 << 40 })),
        ("slow", ToBox::Slow(Slow { retry_after_ms: 2_000 })),
        ("refused", ToBox::Refused(Refusal::new(RefusalCode::ClosedStore, "closed in May"))),
        ("catalogue_version", ToBox::CatalogueVersion(17)),
        ("opening_ready", ToBox::OpeningReady(OpeningReady { ordinal: EpochOrdinal(2), bytes: 9, older_ms: None })),
    ];
    let by_somebody = Instruction {
        author: Some(label("anna")),
        reason: Some(Note::new("−4,000 was typed for −4").unwrap()),
        ..Instruction::of(label("open-18"), InstructionBody::Resend)
    };
    let aged = OpeningReady { ordinal: EpochOrdinal(2), bytes: 9, older_ms: Some(86_400_000) };
    messages.push(("opening_ready_aged", ToBox::OpeningReady(aged)));
    messages.push(("instruction_by_somebody", ToBox::Instruction(by_somebody)));
    messages.extend(names.into_iter().zip(bodies().map(instruction)));
    messages
}

#[test]
fn everything_a_box_says_is_read_back() {
    let (mut writer, mut reader) = (ToCentreCoder::default(), ToCentreCoder::default());
    for (name, message) in of_a_box() {
        let bytes = writer.encode(message.clone()).unwrap().encode_to_vec();
        let read = reader.decode(proto::ToCentre::decode(bytes.as_slice()).unwrap());
        assert_eq!(read, Ok(Some(message)), "{name}");
    }
}

#[test]
fn everything_the_centre_says_is_read_back() {
    for (name, message) in of_the_centre() {
        let bytes = to_box(&message).encode_to_vec();
        assert_eq!(to_box_of(proto::ToBox::decode(bytes.as_slice()).unwrap()), Ok(Some(message)), "{name}");
    }
}

#[test]
fn the_body_of_an_instruction_is_read_back_from_its_bytes() {
    for body in bodies() {
        assert_eq!(decode_instruction_body(&encode_instruction_body(&body)), Ok(body));
    }
}

fn catalogue_page() -> CataloguePage {
    let item = Item {
        prices: vec![Price { minor: -199, currency: label("EUR"), from: None }],
        parts: vec![KitPart { sku: sku("1"), quantity: Quantity::thousandths(250) }],
        ..Item::new(sku("4711"), "Kölnisch Wasser".to_owned(), ItemUnit::Measure)
    };
    let code = |code: &str, units| CatalogueCode { code: Code::new(code).unwrap(), units_per_scan: units };
    let codes = vec![code("04006381333931", Quantity::ONE), code("x", Quantity::thousandths(6_000))];
    let plain = Item { unit: ItemUnit::Each, tracked: false, prices: Vec::new(), parts: Vec::new(), ..item.clone() };
    let entries = vec![CatalogueEntry { item, codes }, CatalogueEntry { item: plain, codes: Vec::new() }];
    CataloguePage::part(17, entries, true)
}

/// With what later releases say of an item and of the shop.
fn listed_page() -> CataloguePage {
    let mut page = CataloguePage { assortment: Some(label("CITY")), ..catalogue_page() };
    let coming = |minor, from| Price { minor, currency: label("EUR"), from: Some(LocalTime(from)) };
    for entry in &mut page.entries {
        entry.item.prices.extend([coming(249, 1_795_996_800), coming(299, 1_798_761_600)]);
        entry.item.assortments = vec![label("CITY"), label("HYPER")];
    }
    page
}

fn digest_page() -> DigestPage {
    DigestPage { block: BlockIndex(3), digests: vec![(3_073, 1), (3_075, u64::MAX)] }
}

#[test]
fn pages_are_read_back() {
    for page in [catalogue_page(), listed_page()] {
        assert_eq!(catalogue::page_of(catalogue::page(&page)), Ok(page));
    }
    let mut turned = catalogue::page(&listed_page());
    turned.items.iter_mut().for_each(|item| item.coming.reverse());
    assert_eq!(catalogue::page_of(turned), Ok(listed_page()), "prices stand in the order of their moments");

    let digests = digest_page();
    assert_eq!(digests::page_of(digests::page(&digests)), Ok(digests));
    let none = DigestPage { block: BlockIndex(3), digests: Vec::new() };
    assert_eq!(digests::page_of(digests::page(&none)), Ok(none));

    let part = InstructionPage { id: label("x"), from: 2, total: 5, bytes: Bytes::from_static(b"abc") };
    assert_eq!(instruction::page_of(instruction::page(&part)), Ok(part));
}

#[test]
fn requests_are_read_back() {
    let after = Some(sku("4711"));
    let request = FetchCatalogue { store: store(), version: 17, after, since: 0 };
    assert_eq!(catalogue::fetch_of(&catalogue::fetch(&request)), Ok(request));
    let request = FetchInstruction { store: store(), id: label("x"), from: 7 };
    assert_eq!(instruction::fetch_of(&instruction::fetch(&request)), Ok(request));
    let request = FetchDigests { store: store(), epoch: Epoch(9), block: BlockIndex(4) };
    assert_eq!(digests::fetch_of(&digests::fetch(&request)), Ok(request));
    let cursor = Bytes::from_static(b"next");
    let request = FetchOpening { store: store(), epoch: Epoch(9), ordinal: EpochOrdinal(2), cursor };
    assert_eq!(opening::fetch_of(opening::fetch(&request)), Ok(request));
    assert_eq!(opening::sent_of(opening::sent(OpeningSent { next_page: 4 })), OpeningSent { next_page: 4 });
}

#[test]
fn what_a_scan_of_an_open_count_put_on_its_sheet_is_read_back() {
    let tally = |zone, counter| Tally {
        sku: sku("4711"),
        counted: Quantity::ONE,
        reference: Reference::new("C-1").unwrap(),
        zone,
        counter,
    };
    let tallies = [tally(Some(label("floor")), None), tally(None, Some(label("anna")))];
    let line = |tally| LineEffect { target: Target::Tally(Box::new(tally)), happened: Odometer(5), trade: false };
    let reversal = Reversal::Lines { committed: Odometer(6), lines: tallies.into_iter().map(line).collect() };
    let entry =
        DocumentEntry { content: ContentDigest([8; 8]), first: position(3), count: 2, missing: Vec::new(), reversal };
    let record = DocumentRecord { entries: vec![entry], waiting_void: None };
    let parts = vec![OpeningPart::Document(DocumentKey([3; 16]), record)];
    let page = OpeningPage { parts, enough: true, cursor: None };
    assert_eq!(opening::page_of(opening::page(&page)), Ok(page));
}

fn opening_parts() -> Vec<OpeningPart> {
    let line = |target| LineEffect { target, happened: Odometer(5), trade: true };
    let lines = vec![
        line(Target::Item { sku: sku("4711"), effect: Quantity::thousandths(-1) }),
        line(Target::Suspense { code: Code::new("x").unwrap(), amount: Suspended::Packs(Quantity::ONE), row: 2 }),
        line(Target::Suspense { code: Code::new("y").unwrap(), amount: Suspended::Base(Quantity::ONE), row: 3 }),
        line(Target::Nothing),
    ];
    let entry = |reversal| {
        let missing = if reversal == Reversal::Done { vec![2, 3] } else { Vec::new() };
        DocumentEntry { content: ContentDigest([8; 8]), first: position(3), count: 3, missing, reversal }
    };
    let entries = vec![
        entry(Reversal::Lines { committed: Odometer(6), lines }),
        entry(Reversal::Done),
        entry(Reversal::Count),
        entry(Reversal::Nothing),
    ];
    let row = |amount| SuspenseRow { happened: Odometer(1), seq: 2, amount, trade: true, unsure: true };
    let rows = vec![row(Suspended::Packs(Quantity::thousandths(-3))), row(Suspended::Base(Quantity::thousandths(-3)))];
    let resolved = Some(Resolution { sku: sku("4711"), units_per_scan: Quantity::ONE });
    let counted = CountedItem { counted: Quantity::ONE, mark: Odometer(1), last: Odometer(2), unsure: true };
    let sheet = CountSheet {
        zone: Some(label("floor")),
        counter: None,
        sells: true,
        items: [(sku("1"), counted)].into_iter().collect(),
    };
    let count = CountState { sheets: vec![sheet, CountSheet::default()], closed: Some(Odometer(0)), full: true };
    let stock = Stock {
        on_hand: Quantity::thousandths(-5),
        basis: Basis::Counted,
        last: 9,
        closed: Some(ClosedCount { first: Odometer(1), last: Odometer(2) }),
    };
    let happened = Odometer(7);
    let effect = ItemEffect { happened, seq: 0, part: 1, effect: Quantity::thousandths(-6), trade: true, unsure: true };
    vec![
        OpeningPart::Stock(sku("4711"), stock),
        OpeningPart::Stock(sku("2"), Stock::FRESH),
        OpeningPart::Document(DocumentKey([3; 16]), DocumentRecord { entries, waiting_void: Some(position(4)) }),
        OpeningPart::Suspense(Code::new("x").unwrap(), Suspense { rows, resolved }),
        OpeningPart::Count(Reference::new("C-1").unwrap(), count),
        OpeningPart::Till(till()),
        OpeningPart::Effect(sku("4711"), effect),
        OpeningPart::Sum(sku("4711"), Quantity::thousandths(-4)),
    ]
}

fn send_opening() -> SendOpening {
    SendOpening {
        store: store(),
        epoch: Epoch(9),
        ordinal: EpochOrdinal(2),
        taken: Odometer(3),
        page: 4,
        parts: opening_parts(),
        last: true,
    }
}

#[test]
fn an_opening_is_read_back() {
    let page = OpeningPage { parts: opening_parts(), enough: true, cursor: None };
    assert_eq!(opening::page_of(opening::page(&page)), Ok(page));
    let send = send_opening();
    assert_eq!(opening::send_of(opening::send(&send)), Ok(send));
}

#[test]
fn messages_of_a_newer_release_are_passed_over() {
    assert_eq!(ToCentreCoder::default().decode(proto::ToCentre::default()), Ok(None));
    assert_eq!(to_box_of(proto::ToBox::default()), Ok(None));
}

#[test]
fn texts_for_people_are_cut_and_cleaned_in_sending() {
    let reason = format!("a\n{}", "ä".repeat(2_000));
    let (mut writer, mut reader) = (ToCentreCoder::default(), ToCentreCoder::default());
    let encoded = writer.encode(ToCentre::Goodbye(Goodbye { reason })).unwrap();
    let Ok(Some(ToCentre::Goodbye(read))) = reader.decode(encoded) else { panic!("no goodbye") };
    assert!(read.reason.starts_with("a\u{fffd}ää") && read.reason.len() <= 1_024, "{}", read.reason.len());
}

proptest! {
    #[test]
    fn no_bytes_make_a_box_or_the_centre_panic(bytes: Vec<u8>) {
        if let Ok(message) = proto::ToCentre::decode(bytes.as_slice()) {
            drop(ToCentreCoder::default().decode(message));
        }
        if let Ok(message) = proto::ToBox::decode(bytes.as_slice()) {
            drop(to_box_of(message));
        }
        drop(decode_instruction_body(&bytes));
    }

    #[test]
    fn no_changed_byte_makes_the_centre_panic(at: prop::sample::Index, byte: u8, batch: bool) {
        let message = if batch {
            ToCentre::Batch(Batch { epoch: Epoch(1), live: false, records: records([1, 2, 30]) })
        } else {
            ToCentre::Heartbeat(heartbeat())
        };
        let mut bytes = ToCentreCoder::default().encode(message).unwrap().encode_to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(message) = proto::ToCentre::decode(bytes.as_slice()) {
            drop(ToCentreCoder::default().decode(message));
        }
    }
}
