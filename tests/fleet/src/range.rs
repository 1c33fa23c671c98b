//! The range of goods that simulated shops sell.

use std::fmt::Write as _;

use tidemark_model::{Gtin, Item, ItemUnit, Sku};

/// One item on the shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// Its key.
    pub sku: Sku,
    /// The code on its package.
    pub gtin: Gtin,
    /// What people call it.
    pub name: String,
    /// In cents.
    pub price_minor: i64,
}

impl Article {
    /// As the catalogue holds it.
    #[must_use]
    pub fn item(&self) -> Item {
        Item::new(self.sku.clone(), self.name.clone(), ItemUnit::Each)
    }
}

/// A range of `count` articles, the same ones each time.
#[must_use]
pub fn articles(count: u64) -> Vec<Article> {
    (0..count).filter_map(article).collect()
}

fn article(number: u64) -> Option<Article> {
    // Spread the numbers so that codes look as uneven as real ones.
    let body = 400_000_000_000 + number.wrapping_mul(7_919_113) % 99_999_999_999;
    let gtin = (0..10).find_map(|check| Gtin::parse(&format!("{body}{check}")).ok())?;
    Some(Article {
        sku: Sku::new(&format!("A{number:05}")).ok()?,
        gtin,
        name: format!("Article {number}"),
        price_minor: i64::try_from(99 + number % 1_000).ok()?,
    })
}

/// The range as a catalogue file.
#[must_use]
pub fn catalogue_csv(articles: &[Article]) -> String {
    let mut csv = String::from("sku,name,unit,barcode,units_per_scan,price_minor,currency,tracked\n");
    for article in articles {
        let Article { sku, gtin, name, price_minor } = article;
        // Writing to a string can't fail.
        writeln!(csv, "{sku},{name},each,{gtin},1,{price_minor},EUR,true").unwrap_or(());
    }
    csv
}

/// Opening stock of the same quantity of everything in each store, as a file.
#[must_use]
pub fn opening_csv<'s>(stores: impl IntoIterator<Item = &'s str>, articles: &[Article], quantity: u64) -> String {
    let mut csv = String::from("store,sku,quantity\n");
    for store in stores {
        for article in articles {
            writeln!(csv, "{store},{},{quantity}", article.sku).unwrap_or(());
        }
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_article_has_a_code_of_its_own() {
        let articles = articles(20_000);
        assert_eq!(articles.len(), 20_000);
        assert_eq!(articles.iter().map(|article| article.gtin).collect::<BTreeSet<_>>().len(), 20_000);
    }
}
