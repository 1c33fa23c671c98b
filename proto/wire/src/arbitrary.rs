//! Movements of every shape, for properties.

use proptest::option::of;
use proptest::prelude::*;
use tidemark_model::books::Resolution;
use tidemark_model::movement::{About, DocumentRef, Labels, LineLabels, Parked};
use tidemark_model::{
    Basis, Code, ContentDigest, Disposition, DocumentId, Epoch, Kind, Label, Marks, Movement, Note, Odometer,
    ParkReason, Position, Quantity, Reference, Sku, Source, WallTime,
};

pub(crate) fn label() -> impl Strategy<Value = Label> {
    "[a-zä0-9 :-]{1,16}".prop_map(|text| Label::new(&text).unwrap())
}

fn reference() -> impl Strategy<Value = Reference> {
    "[A-Z0-9-]{1,20}".prop_map(|text| Reference::new(&text).unwrap())
}

fn source() -> impl Strategy<Value = Source> {
    "(till|lane):[0-9a-z]{1,4}".prop_map(|text| Source::new(&text).unwrap())
}

fn id() -> impl Strategy<Value = DocumentId> {
    "[0-9a-zé-]{1,30}".prop_map(|text| DocumentId::new(&text).unwrap())
}

fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        4 => (-3_000_i64..3_000).prop_map(|units| units * 1_000),
        2 => -9_999_i64..9_999_999,
        1 => any::<i64>(),
    ]
    .prop_map(Quantity::thousandths)
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

fn code() -> impl Strategy<Value = Code> {
    prop_oneof!["[0-9]{14}", "[0-9]{13}", "[A-Z0-9 ]{1,20}"].prop_map(|text| Code::new(&text).unwrap())
}

fn labels() -> impl Strategy<Value = Labels> {
    let day = prop_oneof!["20[0-9]{2}-[0-9]{2}-[0-9]{2}", "[0-9/-]{1,10}"].prop_map(|day| Label::new(&day).unwrap());
    let note = ".{1,40}".prop_filter_map("printable", |text| Note::new(&text).ok());
    (
        of(day),
        of(label()),
        of(label()),
        of(note),
        of(label()),
        of(reference()),
        of(reference()),
        of(label()),
        of(label()),
    )
        .prop_map(|(business_day, till, operator, note, counterpart, reference, fulfils, zone, counter)| Labels {
            business_day,
            till,
            operator,
            note,
            counterpart,
            reference,
            fulfils,
            zone,
            counter,
        })
}

fn document() -> impl Strategy<Value = DocumentRef> {
    (source(), id(), any::<[u8; 8]>(), 1_u32..30_000, any::<u32>()).prop_map(|(source, id, content, count, ordinal)| {
        DocumentRef { source, id, content: ContentDigest(content), ordinal: 1 + ordinal % count, count }
    })
}

fn about() -> impl Strategy<Value = About> {
    prop_oneof![
        (source(), id()).prop_map(|(source, id)| About::Document { source, id }),
        (any::<u64>(), any::<u64>()).prop_map(|(epoch, seq)| About::Position(Position { epoch: Epoch(epoch), seq })),
        label().prop_map(About::Instruction),
        ("[A-Za-z0-9-]{1,12}", quantity()).prop_map(|(sku, units_per_scan)| {
            About::Resolution(Resolution { sku: Sku::new(&sku).unwrap(), units_per_scan })
        }),
    ]
}

fn parked() -> impl Strategy<Value = Parked> {
    (one_of(ParkReason::ALL), ".{0,40}", ".{0,200}").prop_map(|(reason, detail, raw)| Parked { reason, detail, raw })
}

/// A movement of any shape.
pub(crate) fn movement() -> impl Strategy<Value = Movement> {
    let what = (one_of(Kind::ALL), of(label()), of(one_of(Disposition::ALL)), of("[A-Za-z0-9-]{1,12}"), of(code()));
    let numbers = (quantity(), prop_oneof![Just(Quantity::ONE), quantity()], any::<u64>(), quantity(), of(quantity()));
    let stock = (one_of(Basis::ALL), any::<u64>(), any::<u64>(), any::<u64>(), any::<bool>(), any::<i64>());
    let line = (of(label()), of(label()), of(label()));
    let rest = (document(), labels(), line, of(about()), any::<u32>(), of(parked()), of(any::<u64>()));
    (what, numbers, stock, rest).prop_map(|(what, numbers, stock, rest)| {
        let (kind, reason, disposition, sku, code) = what;
        let (quantity, units_per_scan, catalogue, effect, on_hand_after) = numbers;
        let (basis, previous, committed, happened, live, wall) = stock;
        let (document, labels, (lot, expiry, serial), about, marks, parked, documents) = rest;
        Movement {
            kind,
            reason,
            disposition,
            sku: sku.map(|sku| Sku::new(&sku).unwrap()),
            code,
            quantity,
            units_per_scan,
            catalogue,
            effect,
            on_hand_after,
            basis,
            previous,
            document,
            labels,
            line: LineLabels { lot, expiry, serial },
            about,
            happened: Odometer(if live { committed } else { happened }),
            committed: Odometer(committed),
            wall: WallTime(wall),
            marks: Marks::from_bits(marks),
            parked,
            documents,
        }
    })
}
