//! The `data` of an event: what a document says.

use serde_json::Value;
use tidemark_model::document::{
    Body, CountBody, CountReason, Line, ParkedLine, SheetUse, TakenLine, Timing, TradeKind,
};
use tidemark_model::limits::{LABEL_BYTES, LINES_PER_DOCUMENT, NOTE_BYTES, RAW_BYTES, REFERENCE_BYTES};
use tidemark_model::movement::Labels;
use tidemark_model::{DocumentId, Label, ParkReason, Quantity, QuantityError, Reference, Source};

use super::Remark;
use super::clean::{cut, without_controls};
use super::line::{self, keepable};
use super::member::Members;

/// The types of documents we know, without `tidemark.`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Trade(TradeKind),
    Count,
    Void,
    DayClose,
}

impl Type {
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "tidemark.sale" => Self::Trade(TradeKind::Sale),
            "tidemark.return" => Self::Trade(TradeKind::Return),
            "tidemark.receipt" => Self::Trade(TradeKind::Receipt),
            "tidemark.adjustment" => Self::Trade(TradeKind::Adjustment),
            "tidemark.transfer_out" => Self::Trade(TradeKind::TransferOut),
            "tidemark.transfer_in" => Self::Trade(TradeKind::TransferIn),
            "tidemark.count" => Self::Count,
            "tidemark.void" => Self::Void,
            "tidemark.day_close" => Self::DayClose,
            _ => return None,
        })
    }
}

/// What `data` says, apart from the envelope.
pub(super) struct Data {
    pub(super) body: Body,
    pub(super) labels: Labels,
    pub(super) timing: Timing,
    pub(super) sequence: Option<u64>,
    pub(super) training: bool,
}

/// Why a document can't be held at all.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unholdable {
    /// More lines than a document may have.
    TooManyLines(usize),
    /// It must be parked whole but is too large for that.
    TooLargeToPark(usize),
}

/// Reads the `data` of an event of a type.
pub(super) fn read(word: &str, data: Option<&Value>, remarks: &mut Vec<Remark>) -> Result<Data, Unholdable> {
    let raw = || data.map_or_else(String::new, raw_of);
    let Some(kind) = Type::of(word) else {
        let detail = format!("the type {:?} is not known here", cut(&without_controls(word).text, 64));
        return parked_whole(ParkReason::UnknownType, detail, raw());
    };
    let Some(Value::Object(object)) = data else {
        let detail = "the event has no object as `data`".to_owned();
        return parked_whole(ParkReason::DocumentUnreadable, detail, raw());
    };
    let mut members = Members::new(object, None, remarks);
    let labels = read_labels(&mut members);
    let training = members.flag("training");
    let timing = read_timing(&mut members);
    let sequence = members.whole("sequence");
    let body = match kind {
        Type::Trade(kind) => read_trade(kind, timing, &mut members)?,
        Type::Count => read_count(&mut members)?,
        Type::Void => read_void(&mut members),
        Type::DayClose => Ok(read_day_close(&mut members)),
    };
    members.finish();
    match body {
        Ok(body) => Ok(Data { body, labels, timing, sequence, training }),
        Err((reason, detail)) => {
            let data = parked_whole(reason, detail, raw())?;
            Ok(Data { labels, timing, sequence, training, ..data })
        }
    }
}

/// A body, or why the document is parked as a whole.
type Understood = Result<Body, (ParkReason, String)>;

fn parked_whole(reason: ParkReason, detail: String, raw: String) -> Result<Data, Unholdable> {
    if raw.len() > RAW_BYTES {
        return Err(Unholdable::TooLargeToPark(raw.len()));
    }
    Ok(Data {
        body: Body::Unreadable(ParkedLine { reason, detail, raw }),
        labels: Labels::default(),
        timing: Timing::Live,
        sequence: None,
        training: false,
    })
}

/// What was given, freed of what must not be kept. Without what says how long
/// ago it happened: the same document sent again says another age, and what
/// was given is its content.
fn raw_of(data: &Value) -> String {
    let Value::Object(object) = data else { return without_controls(&data.to_string()).text };
    let mut kept = keepable(object);
    kept.remove("deferred");
    if let Some(Value::Array(lines)) = kept.get_mut("lines") {
        for line in lines.iter_mut() {
            if let Value::Object(object) = line {
                *object = keepable(object);
            }
        }
    }
    without_controls(&Value::Object(kept).to_string()).text
}

fn read_labels(members: &mut Members<'_, '_>) -> Labels {
    Labels {
        business_day: members.label("business_day", LABEL_BYTES, Label::new),
        till: members.label("till", LABEL_BYTES, Label::new),
        operator: members.label("operator", LABEL_BYTES, Label::new),
        note: members.note("note", NOTE_BYTES),
        counterpart: members.label("counterpart", LABEL_BYTES, Label::new),
        reference: members.label("reference", REFERENCE_BYTES, Reference::new),
        fulfils: members.label("fulfils", REFERENCE_BYTES, Reference::new),
        zone: members.label("zone", LABEL_BYTES, Label::new),
        counter: members.label("counter", LABEL_BYTES, Label::new),
    }
}

fn read_timing(members: &mut Members<'_, '_>) -> Timing {
    let deferred = members.flag("deferred");
    let age_ms = members.whole("age_ms");
    if age_ms.is_some() && !deferred {
        members.remark("age_ignored", "`age_ms` is read only with `deferred: true`".to_owned());
    }
    if deferred { Timing::Deferred { age_ms } } else { Timing::Live }
}

/// The lines of a document, or that there are none.
fn lines_of(members: &mut Members<'_, '_>) -> Result<Result<Vec<Line>, (ParkReason, String)>, Unholdable> {
    let missing = || (ParkReason::MissingLines, "the document has no `lines`".to_owned());
    let Some(Value::Array(lines)) = members.take("lines") else { return Ok(Err(missing())) };
    if lines.len() > LINES_PER_DOCUMENT {
        return Err(Unholdable::TooManyLines(lines.len()));
    }
    let remarks = members.remarks();
    let read = |(number, value)| line::read(value, number, remarks);
    let lines: Vec<Line> = (1..).zip(lines).map(read).collect();
    Ok(if lines.is_empty() { Err(missing()) } else { Ok(lines) })
}

fn read_trade(kind: TradeKind, timing: Timing, members: &mut Members<'_, '_>) -> Result<Understood, Unholdable> {
    let last = members.flag("final");
    let reason = members.label("reason", LABEL_BYTES, Label::new);
    let lines = match lines_of(members)? {
        Ok(lines) => lines,
        Err(missing) => return Ok(Err(missing)),
    };
    let aged = |line: &Line| matches!(line, Line::Taken(line) if line.age_ms.is_some());
    if timing == Timing::Live && lines.iter().any(aged) {
        members.remark("age_ignored", "`age_ms` of a line is read only with `deferred: true`".to_owned());
    }
    let with_reason = |line| match line {
        Line::Taken(line) => Line::Taken(TakenLine { reason: line.reason.or_else(|| reason.clone()), ..line }),
        Line::Parked(_) => line,
    };
    let lines = lines.into_iter().map(with_reason).collect();
    Ok(Ok(Body::Trade { kind, last, lines }))
}

fn read_count(members: &mut Members<'_, '_>) -> Result<Understood, Unholdable> {
    let (full, last, sells) = (members.flag("full"), members.flag("final"), members.flag("sells"));
    let reason = match members.label("reason", LABEL_BYTES, Label::new) {
        Some(word) if word.as_str() == "opening" => CountReason::Opening,
        Some(word) => {
            members.remark("reason_unknown", format!("a count's reason is `opening` or none, not `{word}`"));
            CountReason::Count
        }
        None => CountReason::Count,
    };
    let body = |lines| Body::Count(CountBody { reason, full, last, sells, sheet: SheetUse::Whole, lines });
    Ok(lines_of(members)?.map(body))
}

fn read_void(members: &mut Members<'_, '_>) -> Understood {
    let incomplete = || (ParkReason::DocumentUnreadable, "a void names its document: `voids {source, id}`".to_owned());
    let Some(Value::Object(voids)) = members.take("voids") else { return Err(incomplete()) };
    let mut voids = Members::new(voids, None, members.remarks());
    let mut text = |name| match voids.take(name) {
        Some(Value::String(text)) => Some(voids.cleaned(name, text)),
        Some(_) | None => None,
    };
    let source = text("source").and_then(|text| Source::new(&text).ok());
    let id = text("id").and_then(|text| DocumentId::new(&text).ok());
    voids.finish();
    match (source, id) {
        (Some(source), Some(id)) => Ok(Body::Void { source, id }),
        (Some(_) | None, None) | (None, Some(_)) => Err(incomplete()),
    }
}

fn read_day_close(members: &mut Members<'_, '_>) -> Body {
    let documents = members.whole("documents");
    let read = members.take("units").map(|value| match value {
        Value::Number(number) => Quantity::parse_line(&number.to_string()),
        Value::String(text) => Quantity::parse_line(text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(QuantityError::NotANumber(String::new()))
        }
    });
    let units = match read {
        Some(Ok(units)) => Some(units),
        Some(Err(error)) => {
            let detail = without_controls(&format!("`units` was left out: {error}")).text;
            members.remark("number_unreadable", detail);
            None
        }
        None => None,
    };
    Body::DayClose { documents, units }
}
