use tidemark_model::catalogue::KitPart;
use tidemark_model::{Code, Generation, Item, ItemUnit, Label, LocalTime, Price, Quantity, Sku, StoreId};

use super::*;
use crate::{CatalogueDifference, StoreRecord};

on_both!(
    only_what_differs_makes_a_new_version_and_is_told,
    what_can_t_be_told_as_a_difference_is_read_as_a_whole,
    a_kit_keeps_its_parts,
    another_history_begins_with_versions_that_no_box_knows,
    prices_and_assortments_are_kept_and_an_item_is_found_by_sku_and_code,
    what_a_shop_lists_makes_a_new_version_in_which_no_item_differs,
);

fn sku(name: &str) -> Sku {
    Sku::new(name).unwrap()
}

fn item(name: &str, called: &str) -> Item {
    let (sku, name) = (sku(name), called.to_owned());
    Item::new(sku, name, ItemUnit::Each)
}

fn code(code: &str, of: &str, units: i64) -> (Code, Sku, Quantity) {
    (Code::new(code).unwrap(), sku(of), Quantity::units(units).unwrap())
}

fn told(difference: &CatalogueDifference) -> (Vec<(&str, usize)>, Vec<&str>, Vec<&str>) {
    (
        difference.items.iter().map(|entry| (entry.item.sku.as_str(), entry.codes.len())).collect(),
        difference.gone_items.iter().map(Sku::as_str).collect(),
        difference.gone_codes.iter().map(Code::as_str).collect(),
    )
}

async fn only_what_differs_makes_a_new_version_and_is_told(place: Place) {
    let ledger = place.open().await;
    let items = [item("a", "Apple"), item("b", "Bread"), item("c", "Cream")];
    let codes = [code("1", "a", 1), code("2", "a", 6), code("3", "b", 1)];
    let first = ledger.replace_catalogue(&items, &codes).await.unwrap();
    assert_eq!(ledger.replace_catalogue(&items, &codes).await.unwrap(), first, "nothing differs");
    let items = [item("a", "Apple"), item("b", "Brown bread"), item("d", "Date")];
    let codes = [code("1", "a", 1), code("3", "b", 1)];
    let second = ledger.replace_catalogue(&items, &codes).await.unwrap();
    assert_eq!(second, first + 1);
    let difference = ledger.catalogue_since(first, 100).await.unwrap().unwrap();
    assert_eq!(difference.version, second);
    assert_eq!(told(&difference), (vec![("a", 1), ("b", 1), ("d", 0)], vec!["c"], vec!["2"]));
    let none = ledger.catalogue_since(second, 100).await.unwrap().unwrap();
    assert_eq!(told(&none), (Vec::new(), Vec::new(), Vec::new()));
    // What comes back is not gone any more; the code has moved.
    let items = [item("a", "Apple"), item("b", "Brown bread"), item("c", "Cream"), item("d", "Date")];
    let codes = [code("1", "d", 1), code("2", "a", 6), code("3", "b", 1)];
    ledger.replace_catalogue(&items, &codes).await.unwrap();
    let difference = ledger.catalogue_since(first, 100).await.unwrap().unwrap();
    assert_eq!(told(&difference), (vec![("a", 1), ("b", 1), ("c", 0), ("d", 1)], Vec::new(), Vec::new()));
    assert_eq!(ledger.catalogue_page(None, 10).await.unwrap().len(), 4);
}

async fn what_can_t_be_told_as_a_difference_is_read_as_a_whole(place: Place) {
    let ledger = place.open().await;
    assert_eq!(ledger.catalogue_since(0, 10).await.unwrap(), None);
    let first = ledger.replace_catalogue(&[item("a", "A"), item("b", "B")], &[]).await.unwrap();
    let second = ledger.replace_catalogue(&[item("a", "A2"), item("c", "C")], &[]).await.unwrap();
    assert_eq!(ledger.catalogue_since(first, 2).await.unwrap(), None, "three entries are too many");
    assert!(ledger.catalogue_since(first, 3).await.unwrap().is_some());
    assert_eq!(ledger.catalogue_since(second + 1, 3).await.unwrap(), None, "a version that was never given");
    assert_eq!(ledger.catalogue_since(first - 1, 3).await.unwrap(), None);
}

async fn a_kit_keeps_its_parts(place: Place) {
    let ledger = place.open().await;
    let parts = vec![KitPart { sku: sku("a"), quantity: Quantity::thousandths(2_500) }];
    let kit = Item { parts, ..item("kit", "Basket") };
    ledger.replace_catalogue(&[item("a", "Apple"), kit.clone()], &[]).await.unwrap();
    let page = ledger.catalogue_page(Some(&sku("a")), 10).await.unwrap();
    assert_eq!(page.into_iter().map(|entry| entry.item).collect::<Vec<_>>(), [kit]);
}

async fn another_history_begins_with_versions_that_no_box_knows(place: Place) {
    let ledger = place.open().await;
    assert_eq!(ledger.replace_catalogue(&[item("a", "A")], &[]).await.unwrap(), 1);
    ledger.raise_generation(Generation(1)).await.unwrap();
    assert_eq!(ledger.replace_catalogue(&[item("a", "B")], &[]).await.unwrap(), 1 << 32);
}

async fn prices_and_assortments_are_kept_and_an_item_is_found_by_sku_and_code(place: Place) {
    let ledger = place.open().await;
    let label = |text: &str| Label::new(text).unwrap();
    let price = |minor, from: Option<i64>| Price { minor, currency: label("EUR"), from: from.map(LocalTime) };
    let apple = Item {
        prices: vec![price(199, None), price(229, Some(-60)), price(249, Some(1_795_996_800))],
        assortments: vec![label("CITY"), label("a \"b\"")],
        ..item("a", "Apple")
    };
    let coming = Item { prices: vec![price(5, Some(60))], ..item("b", "Bread") };
    let codes = [code("1", "a", 1), code("2", "a", 6), code("b", "b", 3)];
    let first = ledger.replace_catalogue(&[apple.clone(), coming.clone()], &codes).await.unwrap();
    let page = ledger.catalogue_page(None, 10).await.unwrap();
    assert_eq!(page.iter().map(|entry| &entry.item).collect::<Vec<_>>(), [&apple, &coming]);
    assert_eq!(ledger.replace_catalogue(&[apple.clone(), coming.clone()], &codes).await.unwrap(), first);
    let dearer = Item { prices: vec![price(6, Some(60))], ..coming.clone() };
    assert_eq!(ledger.replace_catalogue(&[apple.clone(), dearer.clone()], &codes).await.unwrap(), first + 1);
    assert_eq!(told(&ledger.catalogue_since(first, 10).await.unwrap().unwrap()).0, [("b", 1)]);
    let found = async |given: &str| {
        let code = Code::new(given).ok();
        let found = ledger.catalogue_item(given, code.as_ref()).await.unwrap();
        found.map(|entry| (entry.item, entry.codes.len()))
    };
    assert_eq!(found("a").await, Some((apple.clone(), 2)));
    assert_eq!(found("2").await, Some((apple, 2)));
    assert_eq!(found("b").await, Some((dearer, 1)), "a SKU stands before a code");
    assert_eq!(found("c").await, None);
}

async fn what_a_shop_lists_makes_a_new_version_in_which_no_item_differs(place: Place) {
    let ledger = place.open().await;
    let store = |name: &str| StoreId::new(name).unwrap();
    let record = |name: &str, assortment: Option<&str>| StoreRecord {
        store: store(name),
        name: None,
        region: None,
        time_zone: None,
        language: None,
        state: None,
        opening_hours: None,
        assortment: assortment.map(str::to_owned),
    };
    let own = async |name: &str| ledger.assortment(&store(name)).await.unwrap().map(|label| label.to_string());
    assert_eq!(ledger.put_stores(vec![record("S1", Some("CITY"))]).await.unwrap(), None, "without a catalogue");
    let first = ledger.replace_catalogue(&[item("a", "Apple")], &[]).await.unwrap();
    assert_eq!(ledger.put_stores(vec![record("S1", Some("CITY")), record("S2", None)]).await.unwrap(), None);
    assert_eq!([own("S1").await, own("S2").await, own("S3").await], [Some("CITY".to_owned()), None, None]);
    let both = vec![record("S1", None), record("S2", Some("HYPER"))];
    assert_eq!(ledger.put_stores(both).await.unwrap(), Some(first + 1));
    let difference = ledger.catalogue_since(first, 10).await.unwrap().unwrap();
    assert_eq!((difference.version, told(&difference)), (first + 1, (Vec::new(), Vec::new(), Vec::new())));
    assert_eq!(ledger.put_stores(vec![record("S2", Some(""))]).await.unwrap(), Some(first + 2));
    assert_eq!([own("S1").await, own("S2").await], [Some("CITY".to_owned()), None]);
    assert_eq!(
        ledger.stores().await.unwrap().iter().map(|row| row.assortment.as_str()).collect::<Vec<_>>(),
        ["CITY", ""]
    );
}
