//! The journal decides as books in memory do.

use proptest::prelude::*;
use tidemark_journal::{Committed, Journal, Submission, Told};
use tidemark_model::books::Books;
use tidemark_model::document::{Body, TakenLine, Timing, TradeKind};
use tidemark_model::{
    Document, Draft, Label, MemoryBooks, Outcome, Position, Reference, Stamp, WallTime, code_spelling, decide,
};
use tidemark_sync::message::CataloguePage;

use super::catalogue::{entry, item};
use super::shop::*;

const ITEMS: [&str; 5] = ["apple", "pear", "4006381333931", "96385074", "unheard of"];
const KINDS: [TradeKind; 4] = [TradeKind::Sale, TradeKind::Return, TradeKind::Receipt, TradeKind::Adjustment];

fn any_line() -> impl Strategy<Value = TakenLine> {
    (0..ITEMS.len(), -20_i64..20).prop_map(|(item, quantity)| line(ITEMS[item], quantity))
}

fn any_body() -> impl Strategy<Value = Body> {
    let lines = || prop::collection::vec(any_line(), 0..4);
    let resolve = |units_of: i64| Body::Resolve {
        code: code_spelling("96385074").unwrap(),
        sku: sku("pear"),
        units_per_scan: units(units_of),
    };
    prop_oneof![
        6 => (0..KINDS.len(), lines()).prop_map(|(kind, lines)| trade("x", KINDS[kind], lines).body),
        2 => (0_u32..30).prop_map(|of| void("x", &of.to_string()).body),
        1 => (lines(), any::<bool>(), any::<bool>()).prop_map(|(lines, full, last)| {
            Body::Count(tidemark_model::document::CountBody { full, last, ..count_body(lines) })
        }),
        1 => (1_i64..4).prop_map(resolve),
    ]
}

fn any_document() -> impl Strategy<Value = Document> {
    let timing = prop_oneof![
        4 => Just(Timing::Live),
        1 => prop::option::of(0_u64..90_000).prop_map(|age_ms| Timing::Deferred { age_ms }),
    ];
    let count_name = prop::option::weighted(0.5, (0_u8..2, 0_u8..2));
    (0_u32..30, any_body(), timing, count_name, prop::option::of(1_u64..40)).prop_map(
        |(id, body, timing, named, sequence)| {
            let mut document = Document { timing, sequence, ..document(&id.to_string(), body) };
            if let (Body::Count(_), Some((name, zone))) = (&document.body, named) {
                document.labels.reference = Some(Reference::new(&format!("count {name}")).unwrap());
                document.labels.zone = Some(Label::new(&format!("zone {zone}")).unwrap());
            }
            document
        },
    )
}

/// Documents in groups that are submitted together, with the time that
/// passes before, and whether the box is started anew before.
fn any_history() -> impl Strategy<Value = Vec<(Vec<Document>, u64, bool)>> {
    let group = prop::collection::vec(any_document(), 1..8);
    prop::collection::vec((group, 0_u64..20_000, prop::bool::weighted(0.1)), 1..12)
}

/// The same decision in memory.
fn decide_in_memory(
    books: &mut MemoryBooks,
    document: &Document,
    journal: &Journal,
    told: &Committed,
    next: u64,
) -> Outcome {
    let next = Position { epoch: journal.identity().epoch, seq: next };
    let (odometer, arrived, boot) = (told.odometer, journal.odometer(), journal.boot());
    let stamp = Stamp { next, odometer, arrived, boot, wall: WallTime(0) };
    let mut draft = Draft::over(books);
    let Ok(outcome) = decide(&mut draft, document, &stamp);
    let changes: Vec<_> = draft.into_changes().collect();
    books.commit(changes);
    outcome
}

fn teach_both(journal: &Journal, books: &mut MemoryBooks) {
    books.learn_item(item("apple"));
    books.learn_item(item("pear"));
    books.learn_code(code_spelling("4006381333931").unwrap(), sku("apple"), units(1));
    let version = books.catalogue_version();
    wait(async {
        journal.begin_catalogue(version).await.unwrap();
        let entries = vec![entry("apple", &[("4006381333931", 1)]), entry("pear", &[])];
        journal.take_catalogue(CataloguePage::part(version, entries, true)).await.unwrap();
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn random_documents_leave_what_they_leave_in_memory(history in any_history()) {
        let shop = Shop::new("model");
        let mut books = MemoryBooks::new();
        let (mut journal, mut writer) = shop.open();
        teach_both(&journal, &mut books);
        let mut expected = Vec::new();
        for (group, millis, restart) in history {
            if restart {
                writer.stop().unwrap();
                drop(journal);
                (journal, writer) = shop.open();
            }
            shop.pass(millis);
            let answers = wait(journal.submit_all(group.iter().cloned().map(Submission::of).collect()));
            for (document, told) in group.iter().zip(answers) {
                let told = told.unwrap();
                let next = u64::try_from(expected.len()).unwrap() + 1;
                let outcome = decide_in_memory(&mut books, document, &journal, &told, next);
                prop_assert_eq!((told.status, told.first, told.lines), (outcome.status, outcome.first, outcome.lines));
                prop_assert_eq!(told.warnings, outcome.warnings);
                let effects: Vec<_> = told.movements.iter().map(|Told { effect, on_hand_after, .. }| (*effect, *on_hand_after)).collect();
                let in_memory: Vec<_> = outcome.movements.iter().map(|one| (one.effect, one.on_hand_after)).collect();
                prop_assert_eq!(effects, in_memory);
                expected.extend(outcome.movements);
            }
        }
        let mut held = journal.recent_movements(usize::MAX).unwrap();
        held.reverse();
        prop_assert_eq!(held.into_iter().map(|placed| placed.movement).collect::<Vec<_>>(), expected);
        let in_memory: Vec<_> = books.all_stock().map(|(sku, stock)| (sku.clone(), *stock)).collect();
        prop_assert_eq!(journal.all_stock().unwrap(), in_memory);
        for (code, suspense) in books.all_suspense() {
            prop_assert_eq!(journal.suspense(code).unwrap(), Some(suspense.clone()));
        }
        writer.stop().unwrap();
    }
}
