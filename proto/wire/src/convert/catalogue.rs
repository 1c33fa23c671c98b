//! The catalogue's pages.

use tidemark_model::catalogue::KitPart;
use tidemark_model::{Code, Item, ItemUnit, Label, Price, Quantity, Sku};
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
    Ok(CataloguePage { version: message.version, entries, last: message.last, change })
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
        price: item
            .price
            .as_ref()
            .map(|price| proto::Price { minor: price.minor, currency: price.currency.as_str().to_owned() }),
        parts: item.parts.iter().map(part).collect(),
        codes: entry.codes.iter().map(code).collect(),
    }
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
        price: message.price.map(|price| price_of(&price)).transpose()?,
        parts: all(message.parts, part_of)?,
    };
    Ok(CatalogueEntry { item, codes: all(message.codes, code_of)? })
}

fn price_of(message: &proto::Price) -> Result<Price, DecodeError> {
    Ok(Price { minor: message.minor, currency: text(&message.currency, "items.price.currency", Label::new)? })
}

fn part_of(message: proto::KitPart) -> Result<KitPart, DecodeError> {
    let sku = text(&message.sku, "items.parts.sku", Sku::new)?;
    Ok(KitPart { sku, quantity: Quantity::thousandths(message.quantity) })
}

fn code_of(message: proto::ItemCode) -> Result<CatalogueCode, DecodeError> {
    let units_per_scan = message.units_per_scan.map_or(Quantity::ONE, Quantity::thousandths);
    Ok(CatalogueCode { code: text(&message.code, "items.codes.code", Code::new)?, units_per_scan })
}
