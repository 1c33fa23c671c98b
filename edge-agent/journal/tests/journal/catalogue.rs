//! Loading catalogues, and codes that become known.

use tidemark_journal::{Journal, Submission};
use tidemark_model::books::Books;
use tidemark_model::{Item, ItemUnit, Label, Lookup, MemoryBooks, Status, code_spelling};
use tidemark_sync::message::{CatalogueChange, CatalogueCode, CatalogueEntry, CataloguePage};

use super::shop::*;

pub(crate) fn item(name: &str) -> Item {
    Item::new(sku(name), format!("the {name}"), ItemUnit::Each)
}

pub(crate) fn entry(name: &str, codes: &[(&str, i64)]) -> CatalogueEntry {
    let code = |(code, per_scan): &(&str, i64)| CatalogueCode {
        code: code_spelling(code).unwrap(),
        units_per_scan: units(*per_scan),
    };
    CatalogueEntry { item: item(name), codes: codes.iter().map(code).collect() }
}

/// Loads a catalogue of one page.
pub(crate) fn teach(journal: &Journal, version: u64, items: &[&str]) {
    let entries = items.iter().map(|name| entry(name, &[])).collect();
    wait(async {
        journal.begin_catalogue(version).await.unwrap();
        journal.take_catalogue(CataloguePage::part(version, entries, true)).await.unwrap();
    });
}

fn changed(version: u64, entries: Vec<CatalogueEntry>, change: CatalogueChange) -> CataloguePage {
    CataloguePage { change: Some(change), ..CataloguePage::part(version, entries, true) }
}

#[test]
fn a_catalogue_comes_in_pages_over_a_restart_and_counts_from_the_switch() {
    let shop = Shop::new("pages");
    let (journal, writer) = shop.open();
    teach(&journal, 1, &["old"]);
    let page = |names: &[&str]| names.iter().map(|name| entry(name, &[])).collect::<Vec<_>>();
    wait(async {
        journal.begin_catalogue(2).await.unwrap();
        journal.take_catalogue(CataloguePage::part(2, page(&["apple", "banana"]), false)).await.unwrap();
    });
    assert!(matches!(journal.item("old").unwrap().lookup, Lookup::Sku(_)));
    assert_eq!(journal.item("apple").unwrap().lookup, Lookup::Unknown);
    writer.stop().unwrap();
    let (journal, writer) = shop.open();
    let state = wait(journal.begin_catalogue(2)).unwrap();
    assert_eq!(state.loading.unwrap().after, Some(sku("banana")));
    // A page that comes again, and one of another version, change nothing.
    wait(journal.take_catalogue(CataloguePage::part(2, page(&["apple", "banana"]), true))).unwrap();
    wait(journal.take_catalogue(CataloguePage::part(3, page(&["zebra"]), true))).unwrap();
    assert_eq!(journal.catalogue().unwrap().version, 1);
    let state = wait(journal.take_catalogue(CataloguePage::part(2, page(&["cherry"]), true))).unwrap();
    assert_eq!((state.version, state.items, state.loading), (2, 3, None));
    assert!(matches!(journal.item("cherry").unwrap().lookup, Lookup::Sku(_)));
    assert_eq!(journal.item("old").unwrap().lookup, Lookup::Unknown);
    // The emptied half takes the next one.
    teach(&journal, 4, &["old"]);
    assert_eq!(journal.item("cherry").unwrap().lookup, Lookup::Unknown);
    assert!(matches!(journal.item("old").unwrap().lookup, Lookup::Sku(_)));
    writer.stop().unwrap();
}

#[test]
fn an_item_is_found_as_a_catalogue_in_memory_finds_it() {
    let shop = Shop::new("lookup");
    let (journal, writer) = shop.open();
    let codes = [("4006381333931", 1), ("14006381333938", 12)];
    let mut memory = MemoryBooks::new();
    memory.learn_item(item("apple"));
    for (code, per_scan) in codes {
        memory.learn_code(code_spelling(code).unwrap(), sku("apple"), units(per_scan));
    }
    wait(async {
        journal.begin_catalogue(1).await.unwrap();
        journal.take_catalogue(CataloguePage::part(1, vec![entry("apple", &codes)], true)).await.unwrap();
    });
    for given in ["apple", "4006381333931", "04006381333931", "14006381333938", "96385074", "pear", "x\u{1}"] {
        let Ok(expected) = memory.lookup(given);
        assert_eq!(journal.item(given).unwrap().lookup, expected, "{given}");
    }
    writer.stop().unwrap();
}

#[test]
fn a_code_that_becomes_known_is_resolved_once() {
    let shop = Shop::new("resolve");
    let (journal, writer) = shop.open();
    teach(&journal, 1, &["apple"]);
    submit(&journal, sale("1", "96385074", 2)).unwrap();
    submit(&journal, sale("2", "96385074", 1)).unwrap();
    assert!(journal.unresolved_now_known().unwrap().is_empty());
    wait(async {
        journal.begin_catalogue(2).await.unwrap();
        journal.take_catalogue(CataloguePage::part(2, vec![entry("apple", &[("96385074", 6)])], true)).await.unwrap();
    });
    let known = journal.unresolved_now_known().unwrap();
    assert_eq!(known.len(), 1);
    let resolve = known[0].document.clone();
    submit(&journal, resolve.clone()).unwrap();
    assert_eq!(on_hand(&journal, "apple"), -18);
    assert!(journal.unresolved_now_known().unwrap().is_empty());
    // Before the answer came the agent was killed: it asks and submits again.
    let again = journal.submit_blocking(Submission::of(resolve)).unwrap();
    assert_eq!(again.status, Status::Duplicate);
    assert_eq!(on_hand(&journal, "apple"), -18);
    writer.stop().unwrap();
}

#[test]
fn what_changed_since_the_version_in_use_is_taken_at_once_and_over_a_restart() {
    let shop = Shop::new("change");
    let (journal, writer) = shop.open();
    wait(async {
        journal.begin_catalogue(3).await.unwrap();
        let entries = vec![entry("apple", &[("4006381333931", 1)]), entry("pear", &[("96385074", 6)])];
        journal.take_catalogue(CataloguePage::part(3, entries, true)).await.unwrap();
    });
    let change = CatalogueChange {
        since: 3,
        gone_items: vec![sku("pear")],
        gone_codes: vec![code_spelling("4006381333931").unwrap()],
    };
    let entries = vec![entry("apple", &[("96385074", 12)]), entry("plum", &[])];
    let state = wait(journal.take_catalogue(changed(4, entries.clone(), change.clone()))).unwrap();
    assert_eq!((state.version, state.items, state.loading), (4, 2, None));
    // Come again, it is of a version that is not in use any more.
    assert_eq!(wait(journal.take_catalogue(changed(9, Vec::new(), change))).unwrap().version, 4);
    writer.stop().unwrap();
    let (journal, writer) = shop.open();
    let meaning = |given: &str| match journal.item(given).unwrap().lookup {
        Lookup::Sku(item) => Some((item.sku.to_string(), units(1))),
        Lookup::Code { item, units_per_scan } => Some((item.sku.to_string(), units_per_scan)),
        Lookup::Unknown => None,
    };
    assert_eq!(meaning("96385074"), Some(("apple".to_owned(), units(12))));
    assert_eq!(meaning("plum"), Some(("plum".to_owned(), units(1))));
    assert_eq!([meaning("pear"), meaning("4006381333931")], [None, None]);
    writer.stop().unwrap();
}

#[test]
fn a_box_without_a_catalogue_takes_no_change_of_one() {
    let shop = Shop::new("no-change");
    let (journal, writer) = shop.open();
    let state =
        wait(journal.take_catalogue(changed(1, vec![entry("apple", &[])], CatalogueChange::default()))).unwrap();
    assert_eq!((state.version, journal.item("apple").unwrap().lookup), (0, Lookup::Unknown));
    writer.stop().unwrap();
}

#[test]
fn the_assortment_of_the_shop_switches_with_the_version() {
    let shop = Shop::new("assortment");
    let (journal, writer) = shop.open();
    let own = |text: &str| Some(Label::new(text).unwrap());
    wait(async {
        journal.begin_catalogue(3).await.unwrap();
        let page =
            CataloguePage { assortment: own("CITY"), ..CataloguePage::part(3, vec![entry("apple", &[])], false) };
        assert_eq!(journal.take_catalogue(page).await.unwrap().assortment, None, "not in use yet");
        let page = CataloguePage { assortment: own("HYPER"), ..CataloguePage::part(3, Vec::new(), true) };
        assert_eq!(journal.take_catalogue(page).await.unwrap().assortment, own("HYPER"));
        journal.begin_catalogue(9).await.unwrap();
        assert_eq!(journal.catalogue().unwrap().assortment, own("HYPER"), "another one is loading");
    });
    writer.stop().unwrap();
    let (journal, writer) = shop.open();
    assert_eq!(journal.catalogue().unwrap().assortment, own("HYPER"));
    let change = CatalogueChange { since: 3, ..CatalogueChange::default() };
    let state = wait(journal.take_catalogue(changed(4, Vec::new(), change))).unwrap();
    assert_eq!((state.version, state.items, state.assortment), (4, 1, None));
    writer.stop().unwrap();
}
