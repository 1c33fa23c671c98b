//! What becomes of letters, checked as far as the centre can: its box decides.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidemark_ledger::{Claim, ClaimHow, InstructionRow};
use tidemark_model::document::TradeKind;
use tidemark_model::limits::QUANTITY_UNITS;
use tidemark_model::{Disposition, DocumentId, DocumentKey, Movement, Quantity, Sku, Source, StoreId};
use tidemark_sync::message::{InstructionBody, InstructionLine, Settlement};
use tidemark_wire::{decode_movement, encode_instruction_body};

use super::{Action, Letter, Parked};
use crate::api::number;

/// What becomes of letters.
#[derive(Debug)]
pub(crate) struct Plan {
    parts: Vec<Part>,
}

/// What becomes of one letter.
#[derive(Debug)]
struct Part {
    letter: i64,
    store: StoreId,
    how: How,
    /// What it does to on-hand, as far as it can be told.
    effects: Vec<(Sku, Quantity)>,
}

#[derive(Debug)]
enum How {
    /// Its box is asked, under this id.
    Asked(String, InstructionBody),
    /// With another letter of its document.
    With(String),
    Discarded,
    Applied,
}

impl Plan {
    /// What an action does to letters; what can't be done is told for each.
    pub(crate) fn of(action: &Action, letters: &[Letter], id: &str) -> Result<Self, Vec<Value>> {
        let (mut parts, mut faults) = (Vec::with_capacity(letters.len()), Vec::new());
        let mut documents = BTreeMap::new();
        if matches!(action, Action::Correct(_)) && letters.len() > 1 {
            return Err(vec![
                json!({ "why": "a correction is of one letter: of many, each would change on-hand again" }),
            ]);
        }
        for letter in letters {
            match part(action, letter, id, &mut documents) {
                Ok(part) => parts.push(part),
                Err(why) => faults.push(json!({ "letter": letter.row.number, "why": why })),
            }
        }
        if faults.is_empty() { Ok(Self { parts }) } else { Err(faults) }
    }

    /// What it does to each shop's items, as far as it can be told.
    pub(crate) fn sums(&self) -> BTreeMap<StoreId, Vec<InstructionLine>> {
        let mut sums: BTreeMap<StoreId, BTreeMap<Sku, Quantity>> = BTreeMap::new();
        for part in &self.parts {
            for (sku, effect) in &part.effects {
                let sum = sums.entry(part.store.clone()).or_default().entry(sku.clone()).or_default();
                *sum = sum.checked_add(*effect).unwrap_or(Quantity::thousandths(i64::MAX));
            }
        }
        let lines = |items: BTreeMap<Sku, Quantity>| -> Vec<InstructionLine> {
            items.into_iter().map(|(sku, quantity)| InstructionLine { sku, quantity }).collect()
        };
        sums.into_iter().map(|(store, items)| (store, lines(items))).collect()
    }

    /// As a person looks at it before.
    pub(crate) fn preview(&self) -> Vec<Value> {
        let shown = |part: &Part| {
            let effect = |(sku, effect): &(Sku, Quantity)| json!({ "sku": sku.as_str(), "by": number(*effect) });
            let how = match &part.how {
                How::Asked(id, _) | How::With(id) => json!(id),
                How::Discarded | How::Applied => Value::Null,
            };
            json!({
                "letter": part.letter,
                "store": part.store.as_str(),
                "instruction": how,
                "effects": part.effects.iter().map(effect).collect::<Vec<_>>(),
            })
        };
        self.parts.iter().map(shown).collect()
    }

    /// What becomes of each letter.
    pub(crate) fn claims(&self) -> Vec<Claim> {
        let claim = |part: &Part| {
            let how = match &part.how {
                How::Asked(id, _) | How::With(id) => ClaimHow::Instructed(id.clone()),
                How::Discarded => ClaimHow::Discarded,
                How::Applied => ClaimHow::Applied,
            };
            Claim { letter: part.letter, how }
        };
        self.parts.iter().map(claim).collect()
    }

    /// What boxes are asked to do.
    pub(crate) fn instructions(&self, author: &str, reason: &str) -> Vec<InstructionRow> {
        let asked = |part: &Part| match &part.how {
            How::Asked(id, body) => {
                let kind = match body {
                    InstructionBody::Settle(_) => "map",
                    InstructionBody::Accept { .. } => "accept",
                    InstructionBody::Correct { .. }
                    | InstructionBody::Fetch { .. }
                    | InstructionBody::OpenStock { .. }
                    | InstructionBody::Void { .. }
                    | InstructionBody::Late(_)
                    | InstructionBody::Count { .. }
                    | InstructionBody::Resend
                    | InstructionBody::SupportFile
                    | InstructionBody::Unknown { .. } => "correct",
                };
                let body = encode_instruction_body(body);
                let row = InstructionRow::new(id, part.store.clone(), kind, part.effects.len().max(1), body);
                Some(row.by(author, reason))
            }
            How::With(_) | How::Discarded | How::Applied => None,
        };
        self.parts.iter().filter_map(asked).collect()
    }
}

/// A document whose letters are settled together: epoch and first seq.
type DocumentAt = (StoreId, u64, u64);

fn part(
    action: &Action,
    letter: &Letter,
    id: &str,
    documents: &mut BTreeMap<DocumentAt, String>,
) -> Result<Part, String> {
    let (number, store) = (letter.row.number, letter.row.store.clone());
    let asked = format!("repair-{}-{number}", short(id));
    let part = |how, effects| Ok(Part { letter: number, store: store.clone(), how, effects });
    match (action, letter.parked()) {
        (Action::Map { sku, units_per_scan, quantity }, Parked::Line) => {
            let movement = decoded(letter)?;
            let effect = meant(&movement, *units_per_scan, *quantity)?;
            let settlement = Settlement {
                about: letter.position(),
                sku: sku.clone(),
                units_per_scan: *units_per_scan,
                quantity: *quantity,
            };
            part(How::Asked(asked, InstructionBody::Settle(settlement)), vec![(sku.clone(), effect)])
        }
        (Action::Correct(lines), Parked::Line | Parked::Whole) => {
            let effects = lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect();
            let body = InstructionBody::Correct { about: Some(letter.position()), lines: lines.clone() };
            part(How::Asked(asked, body), effects)
        }
        (Action::Count, Parked::Whole) => {
            let document = decoded(letter)?.document;
            let before = u64::from(document.ordinal.saturating_sub(1));
            let at = (store.clone(), letter.row.epoch.0, letter.row.seq.saturating_sub(before));
            if let Some(with) = documents.get(&at) {
                return part(How::With(with.clone()), Vec::new());
            }
            documents.insert(at, asked.clone());
            part(How::Asked(asked, InstructionBody::Accept { about: letter.position() }), Vec::new())
        }
        (Action::Discard, Parked::Line | Parked::Whole | Parked::Twice) => part(How::Discarded, Vec::new()),
        (Action::Apply, Parked::Here) => part(How::Applied, Vec::new()),
        (_, Parked::Here) => Err("its box counts it already: apply it".to_owned()),
        (_, Parked::Twice) => Err("its box closes it by itself; of a box that is gone it can be discarded".to_owned()),
        (Action::Map { .. }, Parked::Whole) => {
            Err("its document is parked as a whole: let it count, correct it or discard it".to_owned())
        }
        (Action::Count, Parked::Line) => Err("it can't be understood: say what it means by map or correct".to_owned()),
        (Action::Apply, Parked::Line | Parked::Whole) => Err("its box parked it: it is repaired by its box".to_owned()),
    }
}

/// An id as part of others, which have at most 64 bytes: its digest.
fn short(id: &str) -> String {
    let (Ok(source), Ok(id)) = (Source::new("repair"), DocumentId::new(id)) else { return String::new() };
    DocumentKey::of(&source, &id).0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decoded(letter: &Letter) -> Result<Movement, String> {
    decode_movement(&letter.bytes).map_err(|error| format!("its movement can't be read: {error}"))
}

/// What a line comes to if it means so many base units; its box decides what
/// of that a count has seen.
fn meant(movement: &Movement, units: Quantity, quantity: Option<Quantity>) -> Result<Quantity, String> {
    let Some(kind) = TradeKind::of(movement.kind) else {
        return Err(format!("a {} is no line of goods: correct the items instead", movement.kind));
    };
    let raw = movement.parked.as_ref().map_or("", |parked| parked.raw.as_str());
    let given = quantity.map_or_else(|| given(raw), Ok)?;
    let base = given.scale(units).map_err(|error| error.to_string())?;
    let bound = QUANTITY_UNITS.saturating_mul(1_000);
    if base.as_thousandths().unsigned_abs() > bound.unsigned_abs() {
        return Err(format!("it would be {base} units, more than a line may have"));
    }
    let negated = || base.checked_neg().ok_or_else(|| "it is beyond all bounds".to_owned());
    match (kind, movement.disposition) {
        (TradeKind::Sale | TradeKind::TransferOut, _) => negated(),
        (TradeKind::Return, Some(Disposition::Waste)) => Ok(Quantity::ZERO),
        (TradeKind::Return | TradeKind::Receipt | TradeKind::TransferIn | TradeKind::Adjustment, _) => Ok(base),
    }
}

/// The quantity of a line as it was given.
fn given(raw: &str) -> Result<Quantity, String> {
    let object: Option<Value> = serde_json::from_str(raw).ok();
    let text = match object.as_ref().and_then(|object| object.get("quantity")) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => raw.split_once(" × ").map(|(before, _)| before.to_owned()).unwrap_or_default(),
    };
    let read = Quantity::parse_line(text.trim());
    read.map_err(|error| format!("how many it was can't be read ({error}): give `quantity`"))
}
