//! The catalogue's pages.

use bytes::Bytes;
use prost::Message as _;
use tidemark_model::catalogue::KitPart;
use tidemark_model::{Code, Item, ItemUnit, Label, LocalTime, Price, Quantity, Sku};
use tidemark_sync::message::{CatalogueChange, CatalogueCode, CatalogueEntry, CataloguePage, FetchCatalogue};

use super::field::{all, spoken, store, text, text_if, unknown, words};
use crate::error::DecodeError;
use crate::schema::sync::v1 as proto;

pub(crate) fn fetch(request: &FetchCatalogue) -> proto::FetchCatalogueRequest {
    proto::FetchCatalogueRequest {
        store: request.store.as_str().to_owned(),
        version: request.version,
        after: request.after.as_ref().map(|sku| sku.as_str().to_owned()).unwrap_or_default(),
        since: request.since,
        from: 0,
        most: 0,
    }
}

pub(crate) fn fetch_of(message: &proto::FetchCatalogueRequest) -> Result<FetchCatalogue, DecodeError> {
    Ok(FetchCatalogue {
        store: store(&message.store)?,
        version: message.version,
        after: text_if(&message.after, "after", Sku::new)?,
        since: message.since,
    })
}

pub(crate) fn page(page: &CataloguePage) -> proto::FetchCatalogueResponse {
    let change = page.change.as_ref();
    let items = change.map(|change| change.gone_items.iter().map(|sku| sku.as_str().to_owned()).collect());
    let codes = change.map(|change| change.gone_codes.iter().map(|code| code.as_str().to_owned()).collect());
    proto::FetchCatalogueResponse {
        version: page.version,
        items: page.entries.iter().map(entry).collect(),
        last: page.last,
        since: change.map_or(0, |change| change.since),
        gone_items: items.unwrap_or_default(),
        gone_codes: codes.unwrap_or_default(),
        assortment: page.assortment.as_ref().map(|label| label.as_str().to_owned()).unwrap_or_default(),
        part: Bytes::new(),
        total: 0,
        checksum: 0,
    }
}

/// A page, or the wanted piece of it.
pub(crate) fn page_from(whole: &CataloguePage, from: u64, most: u32) -> proto::FetchCatalogueResponse {
    let whole = page(whole);
    if most == 0 {
        return whole;
    }
    let bytes = whole.encode_to_vec();
    let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
    let to = from.saturating_add(usize::try_from(most).unwrap_or(usize::MAX)).min(bytes.len());
    proto::FetchCatalogueResponse {
        part: Bytes::copy_from_slice(bytes.get(from..to).unwrap_or_default()),
        total: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        checksum: crc32c::crc32c(&bytes),
        ..proto::FetchCatalogueResponse::default()
    }
}

pub(crate) fn page_of(message: proto::FetchCatalogueResponse) -> Result<CataloguePage, DecodeError> {
    let change = if message.since == 0 {
        None
    } else {
        let gone_items = all(message.gone_items, |sku| text(&sku, "gone_items", Sku::new))?;
        let gone_codes = all(message.gone_codes, |code| text(&code, "gone_codes", Code::new))?;
        Some(CatalogueChange { since: message.since, gone_items, gone_codes })
    };
    let entries = all(message.items, entry_of)?;
    let assortment = text_if(&message.assortment, "assortment", Label::new)?;
    Ok(CataloguePage { version: message.version, entries, last: message.last, change, assortment })
}

fn entry(entry: &CatalogueEntry) -> proto::CatalogueItem {
    let item = &entry.item;
    let unit = match item.unit {
        ItemUnit::Each => proto::ItemUnit::Each,
        ItemUnit::Measure => proto::ItemUnit::Measure,
    };
    let part =
        |part: &KitPart| proto::KitPart { sku: part.sku.as_str().to_owned(), quantity: part.quantity.as_thousandths() };
    proto::CatalogueItem {
        sku: item.sku.as_str().to_owned(),
        name: spoken(&item.name),
        unit: unit.into(),
        tracked: item.tracked,
        price: item.always().map(price),
        coming: item.coming().map(|(coming, _)| price(coming)).collect(),
        assortments: item.assortments.iter().map(|label| label.as_str().to_owned()).collect(),
        parts: item.parts.iter().map(part).collect(),
        codes: entry.codes.iter().map(code).collect(),
    }
}

fn price(price: &Price) -> proto::Price {
    let from = price.from.map(|from| from.0);
    proto::Price { minor: price.minor, currency: price.currency.as_str().to_owned(), from }
}

fn code(code: &CatalogueCode) -> proto::ItemCode {
    let units = code.units_per_scan;
    proto::ItemCode {
        code: code.code.as_str().to_owned(),
        units_per_scan: (units != Quantity::ONE).then(|| units.as_thousandths()),
    }
}

fn entry_of(message: proto::CatalogueItem) -> Result<CatalogueEntry, DecodeError> {
    let field = "items.unit";
    let unit = match proto::ItemUnit::try_from(message.unit) {
        Ok(proto::ItemUnit::Each) => ItemUnit::Each,
        Ok(proto::ItemUnit::Measure) => ItemUnit::Measure,
        Ok(proto::ItemUnit::Unspecified) | Err(_) => return Err(unknown(field, message.unit)),
    };
    let item = Item {
        sku: text(&message.sku, "items.sku", Sku::new)?,
        name: words(message.name, "items.name")?,
        unit,
        tracked: message.tracked,
        prices: prices_of(message.price, message.coming)?,
        parts: all(message.parts, part_of)?,
        assortments: all(message.assortments, |label| text(&label, "items.assortments", Label::new))?,
    };
    Ok(CatalogueEntry { item, codes: all(message.codes, code_of)? })
}

/// In the order in which they take effect, whatever order they came in.
fn prices_of(always: Option<proto::Price>, coming: Vec<proto::Price>) -> Result<Vec<Price>, DecodeError> {
    let mut prices = all(always.into_iter().chain(coming), price_of)?;
    prices.sort_by_key(|price| price.from);
    Ok(prices)
}

fn price_of(message: proto::Price) -> Result<Price, DecodeError> {
    let currency = text(&message.currency, "items.price.currency", Label::new)?;
    Ok(Price { minor: message.minor, currency, from: message.from.map(LocalTime) })
}

fn part_of(message: proto::KitPart) -> Result<KitPart, DecodeError> {
    let sku = text(&message.sku, "items.parts.sku", Sku::new)?;
    Ok(KitPart { sku, quantity: Quantity::thousandths(message.quantity) })
}

fn code_of(message: proto::ItemCode) -> Result<CatalogueCode, DecodeError> {
    let units_per_scan = message.units_per_scan.map_or(Quantity::ONE, Quantity::thousandths);
    Ok(CatalogueCode { code: text(&message.code, "items.codes.code", Code::new)?, units_per_scan })
}
