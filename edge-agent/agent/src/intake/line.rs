//! One line: item, quantity and what else it says.

use serde_json::{Map, Value};
use tidemark_barcode::{Judgement, Scan, decode};
use tidemark_model::document::{Line, ParkedLine, TakenLine, TradeKind, Unit};
use tidemark_model::limits::{ITEM_BYTES, LABEL_BYTES};
use tidemark_model::{Disposition, Label, ParkReason, Quantity, QuantityError, Sku};

use super::Remark;
use super::clean::{cut, mask_cards, shape, without_controls};
use super::member::Members;

/// Bytes of a line's raw text that are kept.
const RAW_LINE_BYTES: usize = 1_024;

/// Why a line is parked.
struct Fault {
    reason: ParkReason,
    detail: String,
}

fn fault(reason: ParkReason, detail: impl Into<String>) -> Fault {
    Fault { reason, detail: detail.into() }
}

/// Reads one line, numbered from 1; what can't be understood is parked.
pub(super) fn read(value: &Value, number: u32, remarks: &mut Vec<Remark>) -> Line {
    let Value::Object(object) = value else {
        let detail = "the line is no object".to_owned();
        let raw = cut(&without_controls(&value.to_string()).text, RAW_LINE_BYTES).to_owned();
        return Line::Parked(ParkedLine { reason: ParkReason::LineUnreadable, detail, raw });
    };
    match read_object(object, number, remarks) {
        Ok(taken) => Line::Taken(taken),
        Err(Fault { reason, detail }) => Line::Parked(ParkedLine { reason, detail, raw: raw_line(object) }),
    }
}

fn raw_line(object: &Map<String, Value>) -> String {
    let shown = Value::Object(keepable(object)).to_string();
    cut(&without_controls(&shown).text, RAW_LINE_BYTES).to_owned()
}

/// What may be kept of a line as given: its item by its shape if it could be
/// no item, cards in its note masked. Without its age, which is another one
/// when the same line is sent again.
pub(super) fn keepable(object: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = object.clone();
    kept.remove("age_ms");
    if let Some(Value::String(item)) = kept.get_mut("item")
        && !is_item_like(item)
    {
        *item = shape(item);
    }
    if let Some(Value::String(note)) = kept.get_mut("note") {
        *note = mask_cards(note);
    }
    kept
}

fn is_item_like(item: &str) -> bool {
    item.len() <= ITEM_BYTES && !item.chars().any(char::is_control)
}

fn read_object(object: &Map<String, Value>, number: u32, remarks: &mut Vec<Remark>) -> Result<TakenLine, Fault> {
    let mut members = Members::new(object, Some(number), remarks);
    let item = read_item(&mut members)?;
    let quantity = read_quantity(&mut members)?;
    let mut line = TakenLine::plain(item, quantity);
    line.kind = read_kind(&mut members)?;
    line.unit = read_unit(&mut members)?;
    line.disposition = read_disposition(&mut members)?;
    line.reason = members.label("reason", LABEL_BYTES, Label::new);
    line.lot = members.label("lot", LABEL_BYTES, Label::new);
    line.expiry = members.label("expiry", LABEL_BYTES, Label::new);
    line.serial = members.label("serial", LABEL_BYTES, Label::new);
    line.age_ms = members.whole("age_ms");
    members.finish();
    Ok(line)
}

fn read_item(members: &mut Members<'_, '_>) -> Result<Sku, Fault> {
    let text = match members.take("item") {
        Some(Value::String(text)) => item_text(members, text),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            let detail = "the line names no item; send `item` as a SKU or code";
            return Err(fault(ParkReason::ItemUnreadable, detail));
        }
    };
    Sku::new(text.trim()).map_err(|error| fault(ParkReason::ItemUnreadable, format!("the item can't be kept: {error}")))
}

/// An item as given. Control characters come with what a scanner sent: it is
/// read as a scan, and if it is none they are replaced.
fn item_text(members: &mut Members<'_, '_>, given: &str) -> String {
    if !given.chars().any(char::is_control) {
        return given.to_owned();
    }
    match decode(given.as_bytes()).as_ref().map(Scan::judge) {
        Ok(Judgement::Item(code)) => code.as_str().to_owned(),
        Ok(Judgement::IfCatalogued(_) | Judgement::Command(_) | Judgement::NotKept(_)) | Err(_) => {
            members.cleaned("item", given)
        }
    }
}

fn read_quantity(members: &mut Members<'_, '_>) -> Result<Quantity, Fault> {
    let text = match members.take("quantity") {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            let detail = "the line has no quantity; send a number such as 2 or 0.385";
            return Err(fault(ParkReason::QuantityUnreadable, detail));
        }
    };
    Quantity::parse_line(&text).map_err(|error| {
        let reason = match &error {
            QuantityError::NotANumber(_) => ParkReason::QuantityUnreadable,
            QuantityError::Decimals(_) => ParkReason::QuantityDecimals,
            QuantityError::Bounds(_) => ParkReason::QuantityBounds,
        };
        fault(reason, without_controls(&error.to_string()).text)
    })
}

fn read_kind(members: &mut Members<'_, '_>) -> Result<Option<TradeKind>, Fault> {
    match members.take("kind") {
        None => Ok(None),
        Some(Value::String(word)) if word == "sale" => Ok(Some(TradeKind::Sale)),
        Some(Value::String(word)) if word == "return" => Ok(Some(TradeKind::Return)),
        Some(_) => Err(fault(ParkReason::LineUnreadable, "`kind` of a line is `sale` or `return`")),
    }
}

fn read_unit(members: &mut Members<'_, '_>) -> Result<Unit, Fault> {
    match members.take("unit") {
        None => Ok(Unit::AsGiven),
        Some(Value::String(word)) if word == "base" => Ok(Unit::Base),
        Some(Value::String(word)) => {
            let unknown = || fault(ParkReason::UnitUnknown, "`unit` is `base` or the code of a pack of this item");
            let code = tidemark_model::code_spelling(word).ok_or_else(unknown)?;
            Ok(Unit::Pack(code))
        }
        Some(_) => Err(fault(ParkReason::UnitUnknown, "`unit` is `base` or the code of a pack of this item")),
    }
}

fn read_disposition(members: &mut Members<'_, '_>) -> Result<Option<Disposition>, Fault> {
    let unknown = || fault(ParkReason::LineUnreadable, "`disposition` is `shelf` or `waste`");
    match members.take("disposition") {
        None => Ok(None),
        Some(Value::String(word)) => Disposition::from_word(word).map(Some).ok_or_else(unknown),
        Some(_) => Err(unknown()),
    }
}
