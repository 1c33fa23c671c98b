//! What a transaction says.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::element::Element;
use crate::mapping::{ItemOf, PosLogMapping, VoidLines};
use crate::{Cause, Entry, Fault, Given, Numbered};

/// Who wrote a transaction, on which day, under which number.
#[derive(Debug)]
struct Identity {
    store: String,
    workstation: String,
    day: String,
    number: String,
}

impl Identity {
    fn id(&self) -> String {
        let Self { store, workstation, day, number } = self;
        format!("{store}-{workstation}-{day}-{number}")
    }
}

/// How a workstation is called.
fn source(workstation: &str) -> String {
    format!("till:{workstation}")
}

/// Reads a transaction; none if it changes nothing and has no number.
pub(super) fn read(
    line: u64,
    transaction: &Element,
    mapping: &PosLogMapping,
    zone: &TimeZone,
) -> Result<Option<Entry>, Fault> {
    let identity = identity(transaction).map_err(|(cause, detail)| Fault::new(line, cause, detail))?;
    if let Some(store) = mapping.store.as_ref().filter(|store| **store != identity.store) {
        let detail = format!("{} is of store {}, these files are of {store}", identity.id(), identity.store);
        return Err(Fault::new(line, Cause::OtherStore, detail));
    }
    let retail = transaction.child("RetailTransaction").unwrap_or(transaction);
    match Status::of(transaction, retail) {
        Status::Nothing => Ok(number(&identity)),
        Status::Voids => Ok(Some(given(line, &identity, "tidemark.void", transaction, zone, void(retail, &identity)))),
        Status::Unknown(word) => {
            let kind = format!("poslog.{word}");
            Ok(Some(given(line, &identity, &kind, transaction, zone, sold(retail, mapping))))
        }
        Status::Happened => {
            let data = sold(retail, mapping);
            let has_lines = data.get("lines").and_then(Value::as_array).is_some_and(|lines| !lines.is_empty());
            if !has_lines {
                return Ok(number(&identity));
            }
            Ok(Some(given(line, &identity, "tidemark.sale", transaction, zone, data)))
        }
    }
}

/// What became of a transaction.
enum Status {
    /// Goods went or came.
    Happened,
    /// It takes back another one.
    Voids,
    /// Nothing that concerns stock.
    Nothing,
    /// A word of the vendor's own.
    Unknown(String),
}

impl Status {
    fn of(transaction: &Element, retail: &Element) -> Self {
        let flags = ["CancelFlag", "SuspendFlag", "SuspendedFlag", "TrainingModeFlag", "VoidedFlag"];
        if flags.iter().any(|flag| transaction.flag(flag)) {
            return Self::Nothing;
        }
        match retail.attribute("TransactionStatus").unwrap_or_default() {
            "" | "Finished" | "Totaled" | "Tendered" | "Delivered" | "Replaced" | "Resumed" | "Returned" => {
                Self::Happened
            }
            "PostVoided" => Self::Voids,
            "Suspended" | "SuspendedRetrieved" | "SuspendedDeleted" | "InProcess" | "Canceled" | "Cancelled"
            | "Voided" | "Failed" | "Training" => Self::Nothing,
            word => Self::Unknown(word.chars().take(48).collect()),
        }
    }
}

fn identity(transaction: &Element) -> Result<Identity, (Cause, String)> {
    let missing = |what: &str| (Cause::Identity, format!("a transaction has no {what}"));
    let unit = || transaction.child("BusinessUnit").and_then(|unit| unit.text_of("UnitID"));
    let store = transaction.text_of("RetailStoreID").or_else(unit);
    let day = transaction.text_of("BusinessDayDate").ok_or_else(|| missing("BusinessDayDate"))?;
    let day_read = date(day).ok_or_else(|| (Cause::Value, format!("{day:?} is no BusinessDayDate")))?;
    let text = |text: Option<&str>, what| text.map(str::to_owned).ok_or_else(|| missing(what));
    Ok(Identity {
        store: text(store, "RetailStoreID")?,
        workstation: text(transaction.text_of("WorkstationID"), "WorkstationID")?,
        day: day_read,
        number: text(transaction.text_of("SequenceNumber"), "SequenceNumber")?,
    })
}

/// A day as YYYY-MM-DD; some write a time behind it, some a time zone.
fn date(text: &str) -> Option<String> {
    let day = text.get(..10).unwrap_or(text);
    day.parse::<Date>().ok().map(|day| day.to_string())
}

fn number(identity: &Identity) -> Option<Entry> {
    let number = identity.number.parse().ok()?;
    Some(Entry::Number(Numbered { source: Some(source(&identity.workstation)), number }))
}

fn given(
    line: u64,
    identity: &Identity,
    kind: &str,
    transaction: &Element,
    zone: &TimeZone,
    mut data: Map<String, Value>,
) -> Entry {
    data.insert("business_day".to_owned(), identity.day.clone().into());
    data.insert("sequence".to_owned(), identity.number.clone().into());
    data.insert("till".to_owned(), identity.workstation.clone().into());
    if let Some(operator) = transaction.text_of("OperatorID") {
        data.insert("operator".to_owned(), operator.into());
    }
    let happened = ["EndDateTime", "BeginDateTime"].iter().find_map(|name| moment(transaction.text_of(name)?, zone));
    let source = Some(source(&identity.workstation));
    Entry::Document(Given { line, source, id: identity.id(), kind: kind.to_owned(), happened, data })
}

fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let local = || zone.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    text.parse::<Timestamp>().ok().or_else(local)
}

/// The transaction that is taken back. A link without a day means the same
/// one, or that of its time.
fn void(retail: &Element, own: &Identity) -> Map<String, Value> {
    let is_void = |link: &&Element| {
        link.attribute("ReasonCode")
            .is_none_or(|reason| matches!(reason, "Void" | "Voided" | "PostVoid" | "PostVoided"))
    };
    let mut data = Map::new();
    let Some(link) = retail.all("TransactionLink").find(is_void) else { return data };
    let Some(number) = link.text_of("SequenceNumber") else { return data };
    let day = link.text_of("BusinessDayDate").or_else(|| link.text_of("BeginDateTime")).and_then(date);
    let workstation = link.text_of("WorkstationID").unwrap_or(&own.workstation).to_owned();
    let voided = Identity {
        store: link.text_of("RetailStoreID").unwrap_or(&own.store).to_owned(),
        day: day.unwrap_or_else(|| own.day.clone()),
        number: number.to_owned(),
        workstation,
    };
    data.insert("voids".to_owned(), json!({ "source": source(&voided.workstation), "id": voided.id() }));
    data
}

fn sold(retail: &Element, mapping: &PosLogMapping) -> Map<String, Value> {
    let lines: Vec<Value> = retail.all("LineItem").filter_map(|item| line(item, mapping)).collect();
    let mut data = Map::new();
    data.insert("lines".to_owned(), Value::Array(lines));
    data
}

/// A line; none if nothing was sold or returned by it.
fn line(item: &Element, mapping: &PosLogMapping) -> Option<Value> {
    let is_void = item.flag("VoidFlag");
    let is_left_out = item.flag("CancelFlag") || item.flag("StatisticFlag");
    if is_left_out || (is_void && mapping.void_lines == VoidLines::Skip) {
        return None;
    }
    let sale = item.child("Sale").or_else(|| item.child("SaleForPickUp"));
    let (what, is_sale) = sale.map(|sale| (sale, true)).or_else(|| Some((item.child("Return")?, false)))?;
    let quantity = what.text_of("Quantity").unwrap_or("1");
    // Some write a return's quantity with a sign as well.
    let quantity = if is_sale { quantity } else { quantity.strip_prefix('-').unwrap_or(quantity) };
    let mut line = Map::new();
    if let Some(item) = code(what, mapping.item) {
        line.insert("item".to_owned(), item.into());
    }
    line.insert("quantity".to_owned(), quantity.into());
    line.insert("kind".to_owned(), if is_sale == is_void { "return" } else { "sale" }.into());
    if let Some(serial) = what.text_of("SerialNumber") {
        line.insert("serial".to_owned(), serial.into());
    }
    let disposal = what.child("Disposal").and_then(|disposal| disposal.attribute("Method"));
    if disposal.is_some_and(|method| matches!(method, "Destroy" | "Destroyed" | "Dispose" | "Disposed" | "Discard")) {
        line.insert("disposition".to_owned(), "waste".into());
    }
    Some(Value::Object(line))
}

/// The item as it was scanned or keyed, or by the company's number.
fn code(what: &Element, prefer: ItemOf) -> Option<&str> {
    let is_code = |identity: &&Element| {
        identity.attribute("POSIDType").is_some_and(|kind| matches!(kind, "EAN" | "GTIN" | "UPC" | "UPCA"))
    };
    let identities = || what.all("POSIdentity");
    let scanned = identities().find(is_code).or_else(|| identities().next());
    let scanned = scanned.and_then(|identity| identity.text_of("POSItemID"));
    let own = what.text_of("ItemID");
    match prefer {
        ItemOf::PosItemId => scanned.or(own),
        ItemOf::ItemId => own.or(scanned),
    }
}
