//! The bytes of what is kept: what one release wrote, every later one reads.

use super::*;

fn tally() -> Target {
    Target::Tally(Box::new(Tally {
        sku: Sku::new("apple").unwrap(),
        counted: Quantity::thousandths(-2_500),
        reference: Reference::new("C-1").unwrap(),
        zone: Some(Label::new("shelf").unwrap()),
        counter: None,
    }))
}

fn golden_values() -> Vec<(&'static str, String)> {
    let (apple, code) = (Sku::new("apple").unwrap(), Code::new("96385074").unwrap());
    let label = |text: &str| Label::new(text).unwrap();
    let at = Position { epoch: Epoch(0x0102_0304_0506_0708), seq: 300 };
    let (one, two) = (Quantity::ONE, Quantity::thousandths(-2_500));
    let closed = Some(ClosedCount { first: Odometer(5), last: Odometer(600) });
    let counted = CountedItem { counted: one, mark: Odometer(5), last: Odometer(600), unsure: true };
    let sheet = CountSheet {
        zone: Some(label("shelf")),
        counter: None,
        sells: true,
        items: BTreeMap::from([(apple.clone(), counted)]),
    };
    let row = |amount| SuspenseRow { happened: Odometer(5), seq: 300, amount, trade: true, unsure: true };
    let entry = |reversal| {
        let missing = if reversal == Reversal::Count { vec![2] } else { Vec::new() };
        DocumentEntry { content: ContentDigest([7; 8]), first: at, count: 2, missing, reversal }
    };
    let line = |target| LineEffect { target, happened: Odometer(5), trade: true };
    let reversals = [
        Reversal::Nothing,
        Reversal::Lines { committed: Odometer(600), lines: Vec::new() },
        Reversal::Done,
        Reversal::Count,
    ];
    let targets = [
        Target::Nothing,
        Target::Item { sku: apple.clone(), effect: two },
        Target::Suspense { code, amount: Suspended::Packs(one), row: 300 },
    ];
    let mut bitmap = Bitmap::EMPTY;
    assert!(bitmap.insert(1) && bitmap.insert(1_024));
    let place = StreamPlace { stream: StreamId([9; 16]), partition: 3, offset: 300 };
    let parts = vec![KitPart { sku: apple.clone(), quantity: two }];
    let prices = vec![Price { minor: -199, currency: label("EUR"), from: None }];
    let (name, unit, assortments) = ("x".to_owned(), ItemUnit::Measure, Vec::new());
    let item = Item { sku: apple.clone(), name, unit, tracked: true, prices, parts, assortments };
    let loading = Some(Loading { version: 8, items: 300, after: Some(apple.clone()) });
    let identity = Identity { store: StoreId::new("S0001").unwrap(), box_id: BoxId([6; 16]), epoch: at.epoch };
    let resolved = Some(Resolution { sku: apple.clone(), units_per_scan: one });
    let rows = vec![row(Suspended::Packs(two)), row(Suspended::Base(one))];
    let told = Block { bitmap, digest: 1, stock: 2 };
    let numbers = SequenceState { highest: 300, gaps: vec![(8, 9)], gaps_dropped: 1, restarts: 2 };
    let values = [
        encode(&Stock { on_hand: two, basis: Basis::Counted, last: 300, closed }),
        encode(&Effect { effect: two, trade: true, unsure: false }),
        encode(&Suspense { rows, resolved }),
        encode(&CountState { sheets: vec![sheet], closed: Some(Odometer(600)), full: true }),
        encode(&DocumentRecord { entries: reversals.map(entry).into(), waiting_void: Some(at) }),
        encode(&Lines { committed: Odometer(600), lines: targets.map(line).into() }),
        encode(&item),
        encode(&CodeMeaning { sku: apple, units_per_scan: one }),
        encode(&CatalogueHead { half: Half::Second, version: 7, items: 2, loading, assortment: None }),
        encode(&OpeningHead { ordinal: EpochOrdinal(2), seq: 300, taken: Odometer(600) }),
        encode(&KeptIdentity::Known(identity)),
        encode(&HandledHead { generation: Generation(1), through: 300, ordinal: Some(EpochOrdinal(2)) }),
        encode(&HandledBlock { told, proven: true }),
        encode(&ReceivedBlock { bitmap, place }),
        encode(&GraceMarks(vec![(Odometer(600), 300)])),
        encode(&OwnBlock { count: 300, digest: 1, stock: 2 }),
        encode(&Number(300)),
        encode(&numbers),
        encode(&KeptTill { token: [5; 32], added: Odometer(600) }),
        encode(&InstructionDone { first: at, lines: 2 }),
        encode(&KeptAside { cause: "x".to_owned(), epoch: Some(at.epoch), done: true }),
        encode(&KeptEpoch { first: 300, tail: 700 }),
        encode(&Lines { committed: Odometer(600), lines: vec![line(tally())] }),
        encode(&CountList { asked: Odometer(600), skus: vec![Sku::new("apple").unwrap()] }),
    ];
    GOLDEN_VALUES.iter().map(|(name, _)| *name).zip(values.iter().map(|bytes| hex(bytes))).collect()
}

#[test]
fn the_bytes_of_a_value_never_change() {
    for ((name, found), (_, golden)) in golden_values().iter().zip(GOLDEN_VALUES) {
        assert_eq!(found, golden, "{name}");
    }
}

#[test]
fn what_a_later_release_adds_stands_behind_what_an_older_one_reads() {
    let label = |text: &str| Label::new(text).unwrap();
    let price = |minor, from: Option<i64>| Price { minor, currency: label("EUR"), from: from.map(LocalTime) };
    let item = Item {
        sku: Sku::new("apple").unwrap(),
        name: "x".to_owned(),
        unit: ItemUnit::Measure,
        tracked: true,
        prices: vec![price(-199, None), price(249, Some(100))],
        parts: vec![KitPart { sku: Sku::new("apple").unwrap(), quantity: Quantity::thousandths(-2_500) }],
        assortments: vec![label("CITY")],
    };
    let plain = GOLDEN_VALUES.iter().find(|(name, _)| *name == "item").unwrap().1;
    assert_eq!(hex(&encode(&item)), format!("{plain}01f20303455552c801010443495459"));
    let head = CatalogueHead { version: 7, assortment: Some(label("CITY")), ..CatalogueHead::default() };
    assert_eq!(hex(&encode(&head)), "0100070000".to_owned() + "0443495459");
}

#[test]
fn the_bytes_of_a_key_never_change() {
    let (apple, key) = (Sku::new("apple").unwrap(), DocumentKey([3; 16]));
    let source = tidemark_model::Source::new("till:1").unwrap();
    let position = Position { epoch: Epoch(1), seq: 2 };
    for (found, golden) in [
        (outbox::key(position).to_vec(), "00000000000000010000000000000002"),
        (effects::key(&apple, Odometer(5), 300, 1), "6170706c65000000000000000005000000000000012c00000001"),
        (documents::key(key).to_vec(), "0303030303030303030303030303030300"),
        (documents::lines_key(key, 2).to_vec(), "030303030303030303030303030303030102"),
        (catalogue::item_key(Half::Second, "apple"), "01006170706c65"),
        (catalogue::code_key(Half::First, "96385074"), "00013936333835303734"),
        (meta::block_key(meta::RECEIVED_BLOCK, Epoch(1), BlockIndex(2)).to_vec(), "1200000000000000010000000000000002"),
        (sequences::key(&source), "2074696c6c3a31"),
        (tills::key(&source), "2174696c6c3a31"),
        (instructions::key(&Label::new("i").unwrap()), "2269"),
        (instructions::list_key(&Label::new("i").unwrap()), "2369"),
        (salvage::aside_key(3).to_vec(), "2800000003"),
        (salvage::epoch_key(Epoch(1)).to_vec(), "290000000000000001"),
        (salvage::forked_key(Epoch(1)).to_vec(), "2a0000000000000001"),
    ] {
        assert_eq!(hex(&found), golden);
    }
}

const GOLDEN_VALUES: [(&str, &str); 24] = [
    ("stock", "01872701ac020105d804"),
    ("effect", "0187270100"),
    ("suspense", "010205ac02008727010105ac0201d00f010101056170706c65d00f"),
    ("count", "0101d804010101057368656c66000101056170706c65d00f05d80401"),
    (
        "document",
        "01010102030405060708ac020407070707070707070102030405060708ac02020007070707070707070102030405060708ac020201d80407070707070707070102030405060708ac02020207070707070707070102030405060708ac0202830102",
    ),
    ("lines", "01d8040300050101056170706c65872705010208393633383530373400d00fac020501"),
    ("item", "01056170706c6501780101018d030345555201056170706c658727"),
    ("code", "01056170706c65d00f"),
    ("catalogue", "010107020108ac0201056170706c65"),
    ("opening", "0102ac02d804"),
    ("identity", "0101055330303031060606060606060606060606060606060102030405060708"),
    ("handled", "0101ac020102"),
    (
        "handled block",
        "0100000000000000010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000080000000000000000000000000000001000000000000000201",
    ),
    (
        "received block",
        "0100000000000000010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000080000000000000000909090909090909090909090909090903ac02",
    ),
    ("grace", "0101d804ac02"),
    ("own block", "01ac0200000000000000010000000000000002"),
    ("number", "01ac02"),
    ("sequence", "01ac020108090102"),
    ("till", "010505050505050505050505050505050505050505050505050505050505050505d804"),
    ("instruction", "010102030405060708ac0202"),
    ("aside", "01017801010203040506070801"),
    ("earlier epoch", "01ac02bc05"),
    ("lines of a count", "01d8040103056170706c65872703432d3101057368656c66000501"),
    ("items to be counted", "01d80401056170706c65"),
];
