use std::collections::BTreeSet;

use tidemark_model::{Code, Item, ItemUnit, Kind, Label, Marks, Movement, Quantity, Sku, StoreId};
use tidemark_wire::{decode_movement, encode_movement};

use super::*;
use crate::{CodeDecision, Decided, Deciding, LatestPage, StockList, StoresToLookAt};

on_both!(
    a_recount_is_asked_for_until_the_item_is_counted_in_any_order_of_arrival,
    what_is_negative_or_was_never_counted_is_listed_page_by_page,
    a_code_is_mapped_untracked_or_ignored_once_and_stays_so_with_the_next_catalogue,
    a_day_is_whole_when_each_till_has_closed_and_all_it_counted_is_here,
    a_shop_whose_only_unknown_code_is_ignored_needs_nobody_to_look,
    what_a_shop_did_last_is_told_page_by_page,
    days_of_a_shop_are_told_latest_first,
);

/// A movement as the box would tell it, but for what `change` says.
fn told(seq: Seq, change: impl FnOnce(&mut Movement)) -> ApplyRecord {
    let Content::Movement(_, bytes) = sold(&[(0, 1)], 9).remove(0).content else { unreachable!("only movements") };
    let mut movement = decode_movement(&bytes).unwrap();
    movement.previous = 0;
    change(&mut movement);
    let content = Content::Movement(position(9, seq), Bytes::from(encode_movement(&movement)));
    ApplyRecord { offset: 0, store: store(), content }
}

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

async fn listed(shop: &Shop, list: StockList) -> Vec<String> {
    let page = shop.ledger.stock_list(&store(), list, None, 100).await.unwrap();
    assert!(page.items.iter().all(|(_, since)| since.is_some() == (list == StockList::Recounts)));
    page.items.into_iter().map(|(level, _)| level.sku.to_string()).collect()
}

async fn a_recount_is_asked_for_until_the_item_is_counted_in_any_order_of_arrival(place: Place) {
    let mut shop = Shop::open(&place).await;
    let asks = |seq, item: &'static str| {
        told(seq, move |movement| {
            movement.sku = Some(sku(item));
            movement.marks = Marks::UNORDERED.with(Marks::RECOUNT);
        })
    };
    let counts = |seq, item: &'static str, marks: Marks| {
        told(seq, move |movement| {
            (movement.kind, movement.sku, movement.marks) = (Kind::Count, Some(sku(item)), marks);
        })
    };
    shop.apply(&[asks(1, "a"), asks(2, "b"), asks(3, "c")]).await;
    assert_eq!(listed(&shop, StockList::Recounts).await, ["a", "b", "c"]);
    shop.apply(&[counts(9, "a", Marks::NONE), counts(8, "d", Marks::NONE), counts(7, "b", Marks::RECOUNT)]).await;
    assert_eq!(listed(&shop, StockList::Recounts).await, ["b", "c"], "a count that could not tell asks itself");
    shop.apply(&[asks(6, "d"), asks(5, "a")]).await;
    assert_eq!(listed(&shop, StockList::Recounts).await, ["b", "c"], "what comes late was seen by the count");
    shop.apply(&[asks(10, "d")]).await;
    assert_eq!(listed(&shop, StockList::Recounts).await, ["b", "c", "d"]);
}

async fn what_is_negative_or_was_never_counted_is_listed_page_by_page(place: Place) {
    let mut shop = Shop::open(&place).await;
    let level = |seq, item: &'static str, on_hand: i64, basis| {
        told(seq, move |movement| {
            (movement.sku, movement.basis) = (Some(sku(item)), basis);
            movement.on_hand_after = Quantity::units(on_hand);
        })
    };
    use tidemark_model::Basis::{Counted, None as Never};
    shop.apply(&[
        level(1, "a", -3, Counted),
        level(2, "b", 3, Counted),
        level(3, "c", -3, Never),
        level(4, "d", 0, Counted),
    ])
    .await;
    shop.apply(&[level(5, "e", -1, Counted), level(6, "f", 1, Never)]).await;
    assert_eq!(listed(&shop, StockList::Negative).await, ["a", "e"]);
    assert_eq!(listed(&shop, StockList::Uncounted).await, ["c", "f"]);
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = shop.ledger.stock_list(&store(), StockList::Negative, after.as_ref(), 1).await.unwrap();
        found.extend(page.items.into_iter().map(|(level, _)| level.sku.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, ["a", "e"]);
    let look = shop.ledger.stores_to_look_at().await.unwrap();
    assert_eq!((look.no_basis, look.unknown_codes), ([store()].into(), BTreeSet::new()));
    shop.apply(&[level(7, "c", 1, Counted), level(8, "f", 1, Counted)]).await;
    assert_eq!(shop.ledger.stores_to_look_at().await.unwrap(), StoresToLookAt::default());
}

fn item(name: &str, tracked: bool) -> Item {
    Item { tracked, ..Item::new(sku(name), name.to_owned(), ItemUnit::Each) }
}

async fn a_code_is_mapped_untracked_or_ignored_once_and_stays_so_with_the_next_catalogue(place: Place) {
    let mut shop = Shop::open(&place).await;
    let unknown = |seq, code: &'static str, packs: i64| {
        told(seq, move |movement| {
            (movement.sku, movement.code, movement.on_hand_after) = (None, Some(Code::new(code).unwrap()), None);
            (movement.quantity, movement.effect) = (Quantity::units(packs).unwrap(), Quantity::ZERO);
        })
    };
    shop.apply(&[unknown(1, "x1", 2), unknown(2, "x1", 3), unknown(3, "x2", 1), unknown(4, "x3", 1)]).await;
    let is_looked_at = async || shop.ledger.stores_to_look_at().await.unwrap().unknown_codes.contains(&store());
    assert!(is_looked_at().await);
    let codes = shop.ledger.suspense("", false, 10).await.unwrap();
    assert_eq!(codes.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(), ["x1", "x2", "x3"]);
    let stores = &codes[0].stores;
    assert_eq!((stores.len(), stores[0].lines, stores[0].packs), (1, 2, Quantity::units(-5).unwrap()));
    let rope = [(Code::new("r1").unwrap(), sku("rope"), Quantity::ONE)];
    shop.ledger.replace_catalogue(&[item("rope", true), item("bag", false)], &rope).await.unwrap();
    let decide = async |code: &str, decision| {
        let (author, reason) = ("Ada".to_owned(), "<script>'; DROP TABLE codes; --".to_owned());
        let deciding = Deciding { code: Code::new(code).unwrap(), decision, author, reason };
        shop.ledger.decide_code(&deciding).await.unwrap()
    };
    let map = |to: &str, units: i64| CodeDecision::Map { sku: sku(to), units: Quantity::units(units).unwrap() };
    assert_eq!(decide("x1", map("fig", 1)).await, Decided::NoSuchItem);
    assert_eq!(decide("r1", map("bag", 1)).await, Decided::Taken("rope".to_owned()));
    assert_eq!(decide("bag", map("rope", 1)).await, Decided::Taken("bag".to_owned()));
    assert_eq!(decide("x2", CodeDecision::Untracked { sku: sku("rope") }).await, Decided::Tracked);
    assert_eq!(shop.ledger.catalogue_version().await.unwrap(), 1, "what is refused changes nothing");
    assert_eq!(decide("x1", map("rope", 6)).await, Decided::Done(Some(2)));
    assert_eq!(decide("x2", CodeDecision::Untracked { sku: sku("~x2") }).await, Decided::Done(Some(3)));
    assert_eq!(decide("x3", CodeDecision::Ignore).await, Decided::Done(None));
    let shown = async |ignored| {
        let rows = shop.ledger.suspense("", ignored, 10).await.unwrap();
        rows.into_iter().map(|row| (row.code, row.decision.unwrap())).collect::<Vec<_>>()
    };
    let pair = |code: &str, decision: &str| (code.to_owned(), decision.to_owned());
    assert_eq!(shown(false).await, [pair("x1", "mapped"), pair("x2", "untracked")]);
    assert_eq!(shown(true).await.len(), 3);
    assert!(is_looked_at().await, "what is decided waits until the box has heard of it");
    // The ERP knows nothing of it.
    shop.ledger.replace_catalogue(&[item("rope", true), item("bag", false)], &rope).await.unwrap();
    let page = shop.ledger.catalogue_page(None, 10).await.unwrap();
    let codes = |of: &str| {
        let entry = page.iter().find(|entry| entry.item.sku == sku(of)).unwrap();
        (
            entry.item.tracked,
            entry.codes.iter().map(|code| (code.code.to_string(), code.units_per_scan)).collect::<Vec<_>>(),
        )
    };
    let six = Quantity::units(6).unwrap();
    assert_eq!(codes("rope"), (true, vec![("r1".to_owned(), Quantity::ONE), ("x1".to_owned(), six)]));
    assert_eq!(codes("~x2"), (false, vec![("x2".to_owned(), Quantity::ONE)]));
}

async fn a_day_is_whole_when_each_till_has_closed_and_all_it_counted_is_here(place: Place) {
    let mut shop = Shop::open(&place).await;
    let day = |movement: &mut Movement, till: &str| {
        movement.labels.business_day = Some(Label::new("2026-11-27").unwrap());
        movement.document.source = tidemark_model::Source::new(till).unwrap();
    };
    let sale = |seq, till: &'static str| told(seq, move |movement| day(movement, till));
    let close = |seq, till: &'static str, documents| {
        told(seq, move |movement| {
            day(movement, till);
            (movement.kind, movement.sku, movement.on_hand_after) = (Kind::DayClose, None, None);
            (movement.effect, movement.documents) = (Quantity::ZERO, documents);
        })
    };
    let open = async |shop: &Shop, pending| {
        let tills = shop.ledger.till_days(&store(), "2026-11-27").await.unwrap();
        tills
            .iter()
            .filter_map(|till| till.open(pending).map(|words| format!("{}: {words}", till.source)))
            .collect::<Vec<_>>()
    };
    // The close overtakes the sales, as what is fresh does.
    shop.apply(&[close(5, "till:1", Some(2)), sale(1, "till:1"), sale(2, "till:2"), sale(3, "lane:door")]).await;
    let first = ["till:1: 1 documents are here, the till counted 2", "till:2: it has not closed the day"];
    assert_eq!(open(&shop, 0).await, first);
    shop.apply(&[sale(4, "till:1"), close(6, "till:2", None), sale(4, "till:1")]).await;
    assert_eq!(open(&shop, 3).await, ["till:2: 3 movements of the shop are on their way"]);
    assert_eq!(open(&shop, 0).await, Vec::<String>::new());
    assert!(shop.ledger.till_days(&store(), "2026-11-28").await.unwrap().is_empty());
}

async fn a_shop_whose_only_unknown_code_is_ignored_needs_nobody_to_look(place: Place) {
    let mut shop = Shop::open(&place).await;
    let unknown = told(1, |movement| {
        (movement.sku, movement.code, movement.on_hand_after) = (None, Some(Code::new("x1").unwrap()), None);
        movement.effect = Quantity::ZERO;
    });
    shop.apply(&[unknown]).await;
    assert_eq!(shop.ledger.stores_to_look_at().await.unwrap().unknown_codes, [store()].into());
    let (author, reason) = ("Ada".to_owned(), "a voucher".to_owned());
    let code = Code::new("x1").unwrap();
    shop.ledger.decide_code(&Deciding { code, decision: CodeDecision::Ignore, author, reason }).await.unwrap();
    assert_eq!(shop.ledger.stores_to_look_at().await.unwrap().unknown_codes, BTreeSet::new());
}

async fn what_a_shop_did_last_is_told_page_by_page(place: Place) {
    let mut shop = Shop::open(&place).await;
    let of = |seq, item: &'static str| told(seq, move |movement| movement.sku = Some(sku(item)));
    shop.apply(&[of(1, "a"), of(2, "b"), of(4, "a")]).await;
    shop.apply(&[of(5, "c"), of(3, "b")]).await;
    let (mut found, mut below) = (Vec::new(), None);
    for _ in 0..3 {
        let page = shop.ledger.latest(&store(), below, 2).await.unwrap();
        found.extend(page.movements.iter().map(|one| (one.seq, one.movement.sku.clone().unwrap().to_string())));
        below = page.next;
    }
    let expected = [(5, "c"), (4, "a"), (3, "b"), (2, "b"), (1, "a")];
    assert_eq!(found, expected.map(|(seq, item)| (seq, item.to_owned())));
    assert_eq!(below, None, "there is nothing before the first");
    let nobody = StoreId::new("S9").unwrap();
    assert_eq!(shop.ledger.latest(&nobody, None, 2).await.unwrap(), LatestPage::default());
}

async fn days_of_a_shop_are_told_latest_first(place: Place) {
    let mut shop = Shop::open(&place).await;
    let on = |seq, day: &'static str| {
        told(seq, move |movement| movement.labels.business_day = Some(Label::new(day).unwrap()))
    };
    shop.apply(&[on(1, "2026-11-26"), on(2, "2026-11-28"), on(3, "2026-11-27"), on(4, "2026-11-28")]).await;
    assert_eq!(shop.ledger.days(&store(), None, 2).await.unwrap(), ["2026-11-28", "2026-11-27"]);
    assert_eq!(shop.ledger.days(&store(), Some("2026-11-27"), 2).await.unwrap(), ["2026-11-26"]);
    assert_eq!(shop.ledger.days(&store(), Some("2026-11-26"), 2).await.unwrap(), [""; 0]);
    // No text of a caller is an error of the database.
    assert!(shop.ledger.days(&store(), Some("\0'; --"), 2).await.is_ok());
}
