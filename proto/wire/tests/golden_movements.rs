//! The bytes of movements never change: what a released box has kept is read
//! for ever, and encodes to itself. Each `golden/*.hex` has the movement in
//! words beside it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use tidemark_model::movement::{About, DocumentRef, Labels, LineLabels, Parked};
use tidemark_model::{
    Basis, Code, ContentDigest, Disposition, DocumentId, Epoch, Kind, Label, Marks, Movement, Note, Odometer,
    ParkReason, Position, Quantity, Reference, SeqSet, Sku, Source, WallTime,
};
use tidemark_sync::message::Record;
use tidemark_wire::{batch, decode_movement, encode_movement};

fn label(text: &str) -> Option<Label> {
    Some(Label::new(text).unwrap())
}

/// One line of a receipt, as a till sends it.
fn plain_sale() -> Movement {
    Movement {
        kind: Kind::Sale,
        reason: None,
        disposition: None,
        sku: Some(Sku::new("104711").unwrap()),
        code: Some(Code::new("04006381333931").unwrap()),
        quantity: Quantity::thousandths(2_000),
        units_per_scan: Quantity::ONE,
        catalogue: 17,
        effect: Quantity::thousandths(-2_000),
        on_hand_after: Some(Quantity::thousandths(38_000)),
        basis: Basis::Counted,
        previous: 93_017,
        document: DocumentRef {
            source: Source::new("till:3").unwrap(),
            id: DocumentId::new("k7q2-20260820-3-1041").unwrap(),
            content: ContentDigest([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]),
            ordinal: 2,
            count: 3,
        },
        labels: Labels { business_day: label("2026-08-20"), till: label("3"), ..Labels::default() },
        line: LineLabels::default(),
        about: None,
        happened: Odometer(7_654_321),
        committed: Odometer(7_654_321),
        wall: WallTime(1_787_219_472_000),
        marks: Marks::NONE,
        parked: None,
        documents: None,
    }
}

/// Every field that can stand together, with a code that is no GTIN.
fn every_field() -> Movement {
    Movement {
        kind: Kind::Return,
        reason: label("damaged"),
        disposition: Some(Disposition::Waste),
        code: Some(Code::new("PLU-12").unwrap()),
        quantity: Quantity::thousandths(385),
        units_per_scan: Quantity::thousandths(6_000),
        on_hand_after: Some(Quantity::thousandths(-1)),
        labels: Labels {
            business_day: label("day 7"),
            till: label("4"),
            operator: label("0815"),
            note: Some(Note::new("Bruch, ä").unwrap()),
            counterpart: label("S0002"),
            reference: Some(Reference::new("PO-1").unwrap()),
            fulfils: Some(Reference::new("R-1").unwrap()),
            zone: label("floor"),
            counter: label("anna"),
        },
        line: LineLabels { lot: label("L1"), expiry: label("270131"), serial: label("SN1") },
        about: Some(About::Document {
            source: Source::new("till:4").unwrap(),
            id: DocumentId::new("k7q2-20260820-4-9").unwrap(),
        }),
        happened: Odometer(7_000_000),
        marks: Marks::NEGATIVE.with(Marks::DEFERRED).with(Marks::UNORDERED),
        parked: None,
        ..plain_sale()
    }
}

/// A line that nobody can understand.
fn parked() -> Movement {
    Movement {
        kind: Kind::Unknown,
        sku: None,
        code: None,
        quantity: Quantity::ZERO,
        effect: Quantity::ZERO,
        on_hand_after: None,
        basis: Basis::None,
        previous: 0,
        labels: Labels::default(),
        about: Some(About::Position(Position { epoch: Epoch(0xfeed_0000_0000_0001), seq: 12 })),
        parked: Some(Parked {
            reason: ParkReason::QuantityUnreadable,
            detail: "the quantity \"two\" is not a number".to_owned(),
            raw: r#"{"item":"4711","quantity":"two"}"#.to_owned(),
        }),
        ..plain_sale()
    }
}

/// The answer to an instruction.
fn instruction_result() -> Movement {
    Movement {
        kind: Kind::InstructionResult,
        about: Some(About::Instruction(Label::new("stock-open-17").unwrap())),
        parked: None,
        wall: WallTime(-1),
        ..parked()
    }
}

/// A till's close of its day; what was kept earlier has no documents in it.
fn day_close() -> Movement {
    Movement {
        kind: Kind::DayClose,
        quantity: Quantity::thousandths(41_500),
        labels: Labels { business_day: label("2026-08-20"), till: label("3"), ..Labels::default() },
        about: None,
        parked: None,
        documents: Some(57),
        ..parked()
    }
}

fn hex(bytes: &[u8]) -> String {
    let lines: Vec<String> =
        bytes.chunks(32).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>()).collect();
    lines.join("\n") + "\n"
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

#[test]
fn the_bytes_of_movements_are_those_of_the_first_release() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let samples = [
        ("plain_sale", plain_sale()),
        ("every_field", every_field()),
        ("parked", parked()),
        ("instruction_result", instruction_result()),
        ("day_close", day_close()),
    ];
    for (name, movement) in samples {
        let kept = fs::read_to_string(folder.join(format!("{name}.hex"))).unwrap();
        let words = fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        assert_eq!(hex(&encode_movement(&movement)), kept, "{name} is encoded otherwise");
        let read = decode_movement(&unhex(&kept)).unwrap();
        assert_eq!(read, movement, "{name} is read otherwise");
        assert_eq!(format!("{read:#?}\n"), words, "{name} is told otherwise");
    }
}

/// Twelve lines of four receipts at two tills, one of them odd.
fn records() -> Vec<Record> {
    let line = |seq: u32| {
        let mut sale = plain_sale();
        let (receipt, ordinal) = ((seq - 1) / 3, (seq - 1) % 3 + 1);
        let till = 3 + receipt % 2;
        sale.sku = Some(Sku::new(&format!("{}", 104_000 + seq * 7 % 20)).unwrap());
        sale.document.source = Source::new(&format!("till:{till}")).unwrap();
        sale.document.id = DocumentId::new(&format!("k7q2-20260820-{till}-{}", 1_041 + receipt)).unwrap();
        sale.document.ordinal = ordinal;
        sale.committed = Odometer(7_654_321 + u64::from(receipt) * 9_000);
        sale.happened = sale.committed;
        let movement = if seq == 7 { every_field() } else { sale };
        Record { seq: 93_100 + u64::from(seq), digest: None, bytes: encode_movement(&movement).into() }
    };
    (1..=12).map(line).collect()
}

/// What a released box packed is unpacked for ever; how it is packed may
/// become better.
#[test]
fn the_payloads_of_the_first_release_are_unpacked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (name, records) in [("payload_rows", &records()[..3]), ("payload_columns", &records()[..])] {
        let kept = fs::read_to_string(folder.join(format!("{name}.hex"))).unwrap();
        let seqs: SeqSet = records.iter().map(|record| record.seq).collect();
        assert_eq!(batch::unpack(&unhex(&kept), &seqs).unwrap(), records, "{name}");
    }
}

#[test]
fn an_ordinary_sale_is_about_a_hundred_bytes() {
    let length = encode_movement(&plain_sale()).len();
    assert!(length <= 110, "{length} bytes");
}

/// The example that the documentation shows of a movement on the topic.
#[test]
fn the_documentation_shows_the_bytes_of_a_sale() {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = encode_movement(&plain_sale());
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let digit = |number: usize| char::from(DIGITS[usize::try_from(word >> (18 - 6 * number) & 63).unwrap()]);
        text.extend((0..4).map(|number| if number <= three.len() { digit(number) } else { '=' }));
    }
    let told = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/asyncapi.yaml")).unwrap();
    assert!(told.contains(&format!("payload: \"{text}\"")), "{text}");
}
