use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use tidemark_model::books::{
    ClosedCount, CountSheet, CountState, CountedItem, DocumentEntry, DocumentRecord, LineEffect, Resolution, Reversal,
    SequenceState, Stock, Suspended, Suspense, SuspenseRow, Tally, Target,
};
use tidemark_model::catalogue::KitPart;
use tidemark_model::{
    Basis, Bitmap, Block, BlockIndex, BoxId, Code, ContentDigest, DocumentKey, Epoch, EpochOrdinal, Generation, Item,
    ItemUnit, Label, LocalTime, Odometer, Position, Price, Quantity, Reference, Sku, StoreId, StreamId, StreamPlace,
};

use super::catalogue::{CatalogueHead, CodeMeaning, Half, Loading};
use super::documents::Lines;
use super::effects::Effect;
use super::handled::{GraceMarks, HandledBlock, HandledHead};
use super::identity::{Identity, KeptIdentity};
use super::instructions::{CountList, InstructionDone};
use super::meta::Number;
use super::opening::OpeningHead;
use super::progress::{OwnBlock, Progress};
use super::salvage::{KeptAside, KeptEpoch};
use super::tills::KeptTill;
use super::*;
use tidemark_sync::ReceivedBlock;

mod golden;

fn same<V: Value + Debug + PartialEq>(value: &V) -> Result<(), TestCaseError> {
    let bytes = encode(value);
    prop_assert_eq!(&decode::<V>(&bytes).unwrap(), value);
    // Neither less nor more is taken for it.
    let (_, shorter) = bytes.split_last().unwrap();
    prop_assert!(decode::<V>(shorter).map_or(true, |other| other != *value));
    let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
    prop_assert!(decode::<V>(&longer).is_err());
    Ok(())
}

/// Keys sort as what they are made of.
fn ordered<P: Ord, K: Ord>(parts: (P, P), key: impl Fn(&P) -> K) -> Result<(), TestCaseError> {
    prop_assert_eq!(parts.0.cmp(&parts.1), key(&parts.0).cmp(&key(&parts.1)));
    Ok(())
}

fn sku() -> impl Strategy<Value = Sku> {
    "[ -~äß€]{1,12}".prop_filter_map("a SKU", |text| Sku::new(&text).ok())
}

fn code() -> impl Strategy<Value = Code> {
    "[0-9A-Z]{1,48}".prop_map(|text| Code::new(&text).unwrap())
}

fn reference() -> impl Strategy<Value = Reference> {
    "[a-zA-Z0-9-]{1,64}".prop_map(|text| Reference::new(&text).unwrap())
}

fn label() -> impl Strategy<Value = Label> {
    "[a-z ]{1,20}".prop_map(|text| Label::new(&text).unwrap())
}

fn quantity() -> impl Strategy<Value = Quantity> {
    any::<i64>().prop_map(Quantity::thousandths)
}

fn amount() -> impl Strategy<Value = Suspended> {
    prop_oneof![quantity().prop_map(Suspended::Packs), quantity().prop_map(Suspended::Base)]
}

fn odometer() -> impl Strategy<Value = Odometer> {
    any::<u64>().prop_map(Odometer)
}

fn position() -> impl Strategy<Value = Position> {
    any::<(u64, u64)>().prop_map(|(epoch, seq)| Position { epoch: Epoch(epoch), seq })
}

fn bitmap() -> impl Strategy<Value = Bitmap> {
    any::<[u64; 16]>().prop_map(|words| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        Bitmap::from_bytes(bytes.first_chunk().unwrap())
    })
}

prop_compose! {
    fn stock()(
        on_hand in quantity(), counted in any::<bool>(), last in any::<u64>(),
        closed in prop::option::of((odometer(), odometer())),
    ) -> Stock {
        let basis = if counted { Basis::Counted } else { Basis::None };
        Stock { on_hand, basis, last, closed: closed.map(|(first, last)| ClosedCount { first, last }) }
    }
}

prop_compose! {
    fn suspense()(
        rows in prop::collection::vec((odometer(), any::<u64>(), amount(), any::<(bool, bool)>()), 0..4),
        resolved in prop::option::of((sku(), quantity())),
    ) -> Suspense {
        let row = |(happened, seq, amount, (trade, unsure))| SuspenseRow { happened, seq, amount, trade, unsure };
        Suspense {
            rows: rows.into_iter().map(row).collect(),
            resolved: resolved.map(|(sku, units_per_scan)| Resolution { sku, units_per_scan }),
        }
    }
}

prop_compose! {
    fn sheet()(
        zone in prop::option::of(label()), counter in prop::option::of(label()), sells in any::<bool>(),
        items in prop::collection::btree_map(sku(), (quantity(), odometer(), odometer(), any::<bool>()), 0..4),
    ) -> CountSheet {
        let item = |(counted, mark, last, unsure)| CountedItem { counted, mark, last, unsure };
        let items: BTreeMap<_, _> = items.into_iter().map(|(sku, parts)| (sku, item(parts))).collect();
        CountSheet { zone, counter, sells, items }
    }
}

prop_compose! {
    fn tally()(
        sku in sku(), counted in quantity(), reference in reference(),
        zone in prop::option::of(label()), counter in prop::option::of(label()),
    ) -> Tally {
        Tally { sku, counted, reference, zone, counter }
    }
}

fn line() -> impl Strategy<Value = LineEffect> {
    let target = prop_oneof![
        Just(Target::Nothing),
        (sku(), quantity()).prop_map(|(sku, effect)| Target::Item { sku, effect }),
        (code(), amount(), any::<u64>()).prop_map(|(code, amount, row)| Target::Suspense { code, amount, row }),
        tally().prop_map(|tally| Target::Tally(Box::new(tally))),
    ];
    (target, odometer(), any::<bool>()).prop_map(|(target, happened, trade)| LineEffect { target, happened, trade })
}

fn record() -> impl Strategy<Value = DocumentRecord> {
    let reversal = prop_oneof![
        Just(Reversal::Nothing),
        Just(Reversal::Done),
        Just(Reversal::Count),
        odometer().prop_map(|committed| Reversal::Lines { committed, lines: Vec::new() }),
    ];
    let missing = prop::collection::vec(any::<u32>(), 0..3);
    let entry = (any::<[u8; 8]>(), position(), any::<u32>(), missing, reversal);
    let entry = entry.prop_map(|(content, first, count, missing, reversal)| DocumentEntry {
        content: ContentDigest(content),
        first,
        count,
        missing,
        reversal,
    });
    (prop::collection::vec(entry, 0..4), prop::option::of(position()))
        .prop_map(|(entries, waiting_void)| DocumentRecord { entries, waiting_void })
}

prop_compose! {
    fn item()(
        sku in sku(), name in ".{0,30}", each in any::<bool>(), tracked in any::<bool>(),
        always in prop::option::of((any::<i64>(), label())),
        coming in prop::collection::vec((any::<i64>(), label(), any::<i64>()), 0..3),
        assortments in prop::collection::vec(label(), 0..3),
        parts in prop::collection::vec((sku(), quantity()), 0..3),
    ) -> Item {
        Item {
            sku,
            name,
            unit: if each { ItemUnit::Each } else { ItemUnit::Measure },
            tracked,
            prices: always
                .map(|(minor, currency)| Price { minor, currency, from: None })
                .into_iter()
                .chain(coming.into_iter().map(|(minor, currency, from)| Price { minor, currency, from: Some(LocalTime(from)) }))
                .collect(),
            parts: parts.into_iter().map(|(sku, quantity)| KitPart { sku, quantity }).collect(),
            assortments,
        }
    }
}

prop_compose! {
    fn head()(
        second in any::<bool>(), version in any::<u64>(), items in any::<u64>(),
        loading in prop::option::of((any::<u64>(), any::<u64>(), prop::option::of(sku()))),
        assortment in prop::option::of(label()),
    ) -> CatalogueHead {
        let half = if second { Half::Second } else { Half::First };
        let loading = loading.map(|(version, items, after)| Loading { version, items, after });
        CatalogueHead { half, version, items, loading, assortment }
    }
}

proptest! {
    #[test]
    fn what_stock_is_decided_by_is_read_back(
        stock in stock(), suspense in suspense(), sheets in prop::collection::vec(sheet(), 0..3),
        closed in prop::option::of(odometer()), full in any::<bool>(), effect in quantity(), flags in any::<(bool, bool)>(),
    ) {
        same(&stock)?;
        same(&suspense)?;
        same(&CountState { sheets, closed, full })?;
        same(&Effect { effect, trade: flags.0, unsure: flags.1 })?;
    }

    #[test]
    fn what_is_known_of_documents_is_read_back(
        record in record(), lines in prop::collection::vec(line(), 0..5), committed in odometer(),
        gaps in prop::collection::vec(any::<(u64, u64)>(), 0..4), numbers in any::<(u64, u64, u32)>(),
    ) {
        same(&record)?;
        let kept = Lines { committed, lines };
        same(&kept)?;
        prop_assert_eq!(documents::lines_committed(&encode(&kept)), Some(committed));
        let (highest, gaps_dropped, restarts) = numbers;
        same(&SequenceState { highest, gaps, gaps_dropped, restarts })?;
    }

    #[test]
    fn the_catalogue_is_read_back(item in item(), head in head(), sku in sku(), units in quantity()) {
        same(&item)?;
        same(&head)?;
        same(&CodeMeaning { sku, units_per_scan: units })?;
    }

    #[test]
    fn what_is_known_of_the_centre_is_read_back(
        bitmap in bitmap(), sums in any::<(u64, u64)>(), proven in any::<bool>(), stream in any::<[u8; 16]>(),
        place in any::<(u32, u64)>(), marks in prop::collection::vec((odometer(), any::<u64>()), 0..5),
    ) {
        same(&HandledBlock { told: Block { bitmap, digest: sums.0, stock: sums.1 }, proven })?;
        let place = StreamPlace { stream: StreamId(stream), partition: place.0, offset: place.1 };
        same(&ReceivedBlock { bitmap, place })?;
        let ordinal = proven.then_some(EpochOrdinal(place.partition));
        same(&HandledHead { generation: Generation(sums.0), through: sums.1, ordinal })?;
        same(&GraceMarks(marks))?;
        same(&OpeningHead { ordinal: EpochOrdinal(place.partition), seq: sums.0, taken: Odometer(sums.1) })?;
    }

    #[test]
    fn what_the_journal_is_is_read_back(
        ids in any::<([u8; 16], u64)>(), numbers in any::<(u64, u64, u32)>(), at in position(), token in any::<[u8; 32]>(),
    ) {
        let store = StoreId::new("S0001").unwrap();
        same(&KeptIdentity::Known(Identity { store, box_id: BoxId(ids.0), epoch: Epoch(ids.1) }))?;
        same(&Progress { tail: numbers.0, chain: numbers.1, odometer: Odometer(ids.1) })?;
        same(&OwnBlock { count: numbers.2, digest: numbers.0, stock: numbers.1 })?;
        same(&Number(numbers.0))?;
        same(&InstructionDone { first: at, lines: numbers.2 })?;
        same(&CountList { asked: Odometer(numbers.0), skus: vec![Sku::new("apple").unwrap()] })?;
        same(&KeptEpoch { first: numbers.0, tail: numbers.1 })?;
        same(&KeptAside { cause: "checksum".to_owned(), epoch: Some(Epoch(numbers.0)), done: numbers.1 % 2 == 0 })?;
        same(&KeptTill { token, added: Odometer(numbers.1) })?;
    }

    #[test]
    fn a_movement_is_read_back_at_its_own_place_only(
        at in position(), elsewhere in position(), digest in any::<u64>(), bytes in prop::collection::vec(any::<u8>(), 0..99),
        flip in any::<prop::sample::Index>(),
    ) {
        prop_assert_eq!(outbox::read_key(&outbox::key(at)).unwrap(), at);
        let mut value = outbox::value(at, digest, &bytes);
        prop_assert_eq!(outbox::read_value(at, &value).unwrap(), outbox::Kept { digest, bytes: &bytes });
        prop_assert_eq!(outbox::read_value(elsewhere, &value).is_ok(), elsewhere == at);
        let byte = flip.index(value.len());
        value[byte] ^= 1;
        prop_assert!(outbox::read_value(at, &value).is_err());
    }

    #[test]
    fn keys_sort_as_their_parts(
        positions in (position(), position()),
        effects in ((sku(), odometer(), any::<u64>(), any::<u32>()), (sku(), odometer(), any::<u64>(), any::<u32>())),
        blocks in (any::<(u64, u64)>(), any::<(u64, u64)>()), documents in any::<([u8; 16], [u8; 16])>(),
    ) {
        ordered(positions, |at| outbox::key(*at))?;
        ordered(effects, |(sku, happened, seq, part)| effects::key(sku, *happened, *seq, *part))?;
        ordered(blocks, |(epoch, block)| meta::block_key(meta::OWN_BLOCK, Epoch(*epoch), BlockIndex(*block)))?;
        ordered(documents, |key| documents::key(DocumentKey(*key)))?;
    }

    #[test]
    fn keys_are_read_back(sku in sku(), numbers in any::<(u64, u64, u32)>(), code in code(), blocks in any::<(u64, u64)>()) {
        let (happened, seq, part) = numbers;
        let key = effects::key(&sku, Odometer(happened), seq, part);
        prop_assert_eq!(effects::read_key(&key).unwrap(), (sku.clone(), Odometer(happened), seq, part));
        prop_assert_eq!(effects::happened(&key), Some(Odometer(happened)));
        prop_assert!(key.starts_with(&effects::prefix(&sku)));
        prop_assert_eq!(stock::read_key(stock::key(&sku)).unwrap(), sku);
        prop_assert_eq!(suspense::read_key(suspense::key(&code)).unwrap(), code);
        let (epoch, block) = (Epoch(blocks.0), BlockIndex(blocks.1));
        let key = meta::block_key(meta::RECEIVED_BLOCK, epoch, block);
        prop_assert_eq!(meta::read_block_key(&key).unwrap(), (epoch, block));
    }

    #[test]
    fn bytes_of_any_kind_are_refused_or_read_but_never_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let bytes = [&[1], bytes.as_slice()].concat();
        drop(decode::<Stock>(&bytes));
        drop(decode::<CountState>(&bytes));
        drop(decode::<DocumentRecord>(&bytes));
        drop(decode::<Lines>(&bytes));
        drop(decode::<Item>(&bytes));
        drop(decode::<CatalogueHead>(&bytes));
        drop(decode::<KeptIdentity>(&bytes));
        assert!(documents::lines_committed(&bytes).is_none_or(|committed| committed >= Odometer(0)));
        drop(effects::read_key(&bytes));
    }
}

#[test]
fn the_families_keep_their_names() {
    let names = Family::ALL.map(Family::name);
    assert_eq!(
        names,
        ["outbox", "stock", "item_effects", "suspense", "counts", "documents", "lanes", "catalogue", "opening", "meta"]
    );
}

#[test]
fn a_newer_format_is_told_without_reading_on() {
    let newer = encode(&KeptIdentity::Newer { format: FORMAT + 1 });
    let with_more: Vec<u8> = newer.into_iter().chain([9, 9, 9]).collect();
    assert_eq!(decode::<KeptIdentity>(&with_more), Ok(KeptIdentity::Newer { format: FORMAT + 1 }));
}

#[test]
fn the_bytes_of_a_record_never_change() {
    let at = Position { epoch: Epoch(0x0102_0304_0506_0708), seq: 9 };
    let value = outbox::value(at, 0x1112_1314_1516_1718, b"bytes");
    assert_eq!(hex(&value), GOLDEN_RECORD);
    let progress = Progress { tail: 300, chain: 1, odometer: Odometer(70_000) };
    assert_eq!(encode(&progress), [1, 0xac, 0x02, 0, 0, 0, 0, 0, 0, 0, 1, 0xf0, 0xa2, 0x04]);
}

const GOLDEN_RECORD: &str = "012f55588611121314151617186279746573";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
