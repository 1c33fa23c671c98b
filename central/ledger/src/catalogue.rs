//! What differs between two catalogues, so that a new one costs the boxes no
//! more than what is new in it.

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::catalogue::KitPart;
use tidemark_model::{Code, Item, Label, LocalTime, Price, Quantity, Sku};

use crate::error::LedgerError;
use crate::ledger::{Ledger, on};
use crate::rows::CatalogueItem;
use crate::sqlite::kept;

/// A code with its item and the base units in one scan of it.
pub type CodeMeaning = (Code, Sku, Quantity);

/// A catalogue as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    pub(crate) items: BTreeMap<Sku, Item>,
    pub(crate) codes: BTreeMap<Code, (Sku, Quantity)>,
}

/// What makes one catalogue of another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Items that are new or otherwise, also if only a code of theirs is.
    pub(crate) items: Vec<Item>,
    /// Codes that are new or otherwise.
    pub(crate) codes: Vec<CodeMeaning>,
    pub(crate) gone_items: Vec<Sku>,
    pub(crate) gone_codes: Vec<Code>,
}

/// What changed in the catalogue since a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueDifference {
    /// The version that it leads to.
    pub version: u64,
    /// Items that are new or otherwise, with all their codes.
    pub items: Vec<CatalogueItem>,
    /// Items that are no more.
    pub gone_items: Vec<Sku>,
    /// Codes that are no more.
    pub gone_codes: Vec<Code>,
}

impl Difference {
    /// What makes the given catalogue of what is held; an item or a code that
    /// is given twice has no one meaning.
    pub(crate) fn between(held: Whole, items: &[Item], codes: &[CodeMeaning]) -> Result<Self, LedgerError> {
        once("the item", items.iter().map(|item| item.sku.as_str()))?;
        once("the code", codes.iter().map(|(code, ..)| code.as_str()))?;
        let Whole { items: mut old_items, codes: mut old_codes } = held;
        let mut difference = Self::default();
        let mut touched: BTreeSet<Sku> = BTreeSet::new();
        for (code, sku, units) in codes {
            let old = old_codes.remove(code);
            if old.as_ref() == Some(&(sku.clone(), *units)) {
                continue;
            }
            touched.insert(sku.clone());
            difference.codes.push((code.clone(), sku.clone(), *units));
        }
        // What stays is in none of the codes given.
        for (code, (sku, _)) in old_codes {
            touched.insert(sku);
            difference.gone_codes.push(code);
        }
        for item in items {
            let old = old_items.remove(&item.sku);
            if old.as_ref() != Some(item) || touched.contains(&item.sku) {
                difference.items.push(item.clone());
            }
        }
        difference.gone_items = old_items.into_keys().collect();
        Ok(difference)
    }

    pub(crate) const fn is_none(&self) -> bool {
        self.items.is_empty() && self.codes.is_empty() && self.gone_items.is_empty() && self.gone_codes.is_empty()
    }
}

/// Refuses what is there twice.
fn once<'n>(what: &str, names: impl Iterator<Item = &'n str>) -> Result<(), LedgerError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(LedgerError::Twice(format!("{what} {name}")));
        }
    }
    Ok(())
}

/// The version after one. In another history of the ledger numbers begin where
/// the one before can hardly have come: a box may know those.
pub(crate) fn version_after(version: u64, generation: u64) -> u64 {
    (version + 1).max(generation.saturating_sub(1) << 32)
}

/// A kit's parts as they are kept.
pub(crate) fn parts_text(parts: &[KitPart]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| (part.sku.as_str(), part.quantity.as_thousandths())).collect();
    // Strings and numbers always serialise.
    serde_json::to_string(&parts).unwrap_or_default()
}

/// Reads what [`parts_text`] made.
pub(crate) fn parts_of(text: &str) -> Result<Vec<KitPart>, LedgerError> {
    let parts: Vec<(String, i64)> = serde_json::from_str(text).map_err(kept)?;
    let part = |(sku, thousandths): (String, i64)| {
        Ok(KitPart { sku: Sku::new(&sku).map_err(kept)?, quantity: Quantity::thousandths(thousandths) })
    };
    parts.into_iter().map(part).collect()
}

/// Prices that take effect at a moment, as they are kept.
pub(crate) fn prices_text<'p>(coming: impl Iterator<Item = (&'p Price, LocalTime)>) -> String {
    let prices: Vec<_> = coming.map(|(price, from)| (price.minor, price.currency.as_str(), from.0)).collect();
    // Strings and numbers always serialise.
    serde_json::to_string(&prices).unwrap_or_default()
}

/// Reads what [`prices_text`] made.
pub(crate) fn prices_of(text: &str) -> Result<Vec<Price>, LedgerError> {
    let prices: Vec<(i64, String, i64)> = serde_json::from_str(text).map_err(kept)?;
    let price = |(minor, currency, from): (i64, String, i64)| {
        Ok(Price { minor, currency: Label::new(&currency).map_err(kept)?, from: Some(LocalTime(from)) })
    };
    prices.into_iter().map(price).collect()
}

/// Labels as they are kept.
pub(crate) fn labels_text(labels: &[Label]) -> String {
    let labels: Vec<_> = labels.iter().map(Label::as_str).collect();
    // Strings always serialise.
    serde_json::to_string(&labels).unwrap_or_default()
}

/// Reads what [`labels_text`] made.
pub(crate) fn labels_of(text: &str) -> Result<Vec<Label>, LedgerError> {
    let labels: Vec<String> = serde_json::from_str(text).map_err(kept)?;
    labels.iter().map(|label| Label::new(label).map_err(kept)).collect()
}

impl Ledger {
    /// Replaces the catalogue in one transaction; its version then, which is
    /// the one of before if nothing differs.
    pub async fn replace_catalogue(&self, items: &[Item], codes: &[CodeMeaning]) -> Result<u64, LedgerError> {
        on!(self, ledger => ledger.replace_catalogue(items, codes).await)
    }

    /// The item with a SKU or, if there is none, with a code.
    pub async fn catalogue_item(&self, sku: &str, code: Option<&Code>) -> Result<Option<CatalogueItem>, LedgerError> {
        on!(self, ledger => ledger.catalogue_item(sku, code).await)
    }

    /// A page of the catalogue, ascending by SKU after one.
    pub async fn catalogue_page(&self, after: Option<&Sku>, most: u32) -> Result<Vec<CatalogueItem>, LedgerError> {
        on!(self, ledger => ledger.catalogue_page(after, most).await)
    }

    /// What changed since a version; none if that can't be told, or is more
    /// than `most` items and codes.
    pub async fn catalogue_since(&self, version: u64, most: u32) -> Result<Option<CatalogueDifference>, LedgerError> {
        on!(self, ledger => ledger.catalogue_since(version, most).await)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidemark_model::ItemUnit;

    use super::*;

    fn item(sku: u8, name: u8) -> Item {
        let sku = Sku::new(&format!("s{sku}")).unwrap();
        let (unit, name) = (ItemUnit::Each, name.to_string());
        Item::new(sku, name, unit)
    }

    fn code(code: u8) -> Code {
        Code::new(&format!("c{code}")).unwrap()
    }

    type Drawn = (BTreeMap<u8, u8>, BTreeMap<u8, (u8, i64)>);

    fn whole((items, codes): &Drawn) -> Whole {
        let items: BTreeMap<Sku, Item> =
            items.iter().map(|(sku, name)| item(*sku, *name)).map(|item| (item.sku.clone(), item)).collect();
        let codes = codes.iter().filter(|(_, (sku, _))| items.contains_key(&item(*sku, 0).sku));
        let codes =
            codes.map(|(number, (sku, units))| (code(*number), (item(*sku, 0).sku, Quantity::thousandths(*units))));
        Whole { codes: codes.collect(), items }
    }

    fn drawn() -> impl Strategy<Value = Drawn> {
        let items = prop::collection::btree_map(0..6_u8, 0..3_u8, 0..6);
        (items, prop::collection::btree_map(0..6_u8, (0..6_u8, 1..3_i64), 0..6))
    }

    proptest! {
        #[test]
        fn a_difference_makes_the_new_one_of_the_old_one(old in drawn(), new in drawn()) {
            let (mut made, new) = (whole(&old), whole(&new));
            let items: Vec<Item> = new.items.values().cloned().collect();
            let codes: Vec<CodeMeaning> =
                new.codes.iter().map(|(code, (sku, units))| (code.clone(), sku.clone(), *units)).collect();
            let difference = Difference::between(made.clone(), &items, &codes).unwrap();
            // As a box does: what is gone first, then items with all codes.
            for sku in &difference.gone_items { made.items.remove(sku); }
            for code in &difference.gone_codes { made.codes.remove(code); }
            for item in &difference.items {
                made.items.insert(item.sku.clone(), item.clone());
                for (code, sku, units) in codes.iter().filter(|(_, sku, _)| *sku == item.sku) {
                    made.codes.insert(code.clone(), (sku.clone(), *units));
                }
            }
            prop_assert_eq!(&made.items, &new.items);
            prop_assert_eq!(&made.codes, &new.codes);
            prop_assert!(Difference::between(new, &items, &codes).unwrap().is_none());
        }
    }

    #[test]
    fn parts_are_read_as_they_were_written() {
        let parts = vec![KitPart { sku: Sku::new("a\"b").unwrap(), quantity: Quantity::thousandths(1_500) }];
        assert_eq!(parts_of(&parts_text(&parts)).unwrap(), parts);
        assert_eq!(parts_of("[]").unwrap(), []);
    }

    #[test]
    fn another_history_gives_numbers_that_no_box_knows() {
        assert_eq!([version_after(0, 1), version_after(7, 1)], [1, 8]);
        assert_eq!([version_after(7, 2), version_after((1 << 32) + 4, 2)], [1 << 32, (1 << 32) + 5]);
    }
}
