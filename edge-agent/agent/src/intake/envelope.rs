//! The CloudEvents 1.0 JSON envelope (CNCF CloudEvents, JSON event format
//! 1.0.2): one event or a batch.

use jiff::{Timestamp, Zoned};
use serde_json::{Map, Value};
use tidemark_model::limits::{DOCUMENT_BYTES, DOCUMENTS_PER_REQUEST, ID_BYTES, RAW_BYTES, SOURCE_BYTES};
use tidemark_model::{Document, DocumentId, Label, Source, TextError, WallTime};

use super::answer::Answer;
use super::body::{self, Data, Unholdable};
use super::clean::{cut, without_controls};
use super::{Place, Remark};

/// How many events a body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// `application/cloudevents+json`.
    One,
    /// `application/cloudevents-batch+json`.
    Batch,
}

impl Content {
    /// From a `Content-Type`; parameters such as a charset are let be.
    pub(crate) fn of(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or("").trim();
        if essence.eq_ignore_ascii_case("application/cloudevents+json") {
            Some(Self::One)
        } else if essence.eq_ignore_ascii_case("application/cloudevents-batch+json") {
            Some(Self::Batch)
        } else {
            None
        }
    }
}

/// Why a body is refused as a whole, with nothing kept.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Not JSON, or not of the shape its content type says.
    #[error("the body can't be read: {0}")]
    Broken(String),
    /// More events than a request may hold.
    #[error("the batch holds {0} events, at most 1,000 are taken at once")]
    TooMany(usize),
}

/// What one event became.
#[derive(Debug)]
pub(crate) enum Intake {
    /// A document for the journal, with remarks for the answer.
    Submit(Submitted),
    /// It is answered without the journal: rejected, or training.
    Answered(Answer),
}

/// A document for the journal.
#[derive(Debug)]
pub(crate) struct Submitted {
    /// The checked document.
    pub(crate) document: Document,
    /// What was noticed on reading it.
    pub(crate) remarks: Vec<Remark>,
}

/// Reads a body of one or many events.
pub(crate) fn read(content: Content, body: &[u8], place: &Place) -> Result<Vec<Intake>, Refusal> {
    let broken = |error: serde_json::Error| Refusal::Broken(error.to_string());
    let events: Vec<&serde_json::value::RawValue> = match content {
        Content::One => vec![serde_json::from_slice(body).map_err(broken)?],
        Content::Batch => serde_json::from_slice(body).map_err(broken)?,
    };
    if events.len() > DOCUMENTS_PER_REQUEST {
        return Err(Refusal::TooMany(events.len()));
    }
    events.into_iter().map(|event| read_event(event.get(), place)).collect()
}

fn read_event(text: &str, place: &Place) -> Result<Intake, Refusal> {
    let event: Value = serde_json::from_str(text).map_err(|error| Refusal::Broken(error.to_string()))?;
    let Value::Object(mut event) = event else {
        return Err(Refusal::Broken("an event is a JSON object".to_owned()));
    };
    let given_id = event.get("id").and_then(Value::as_str).map_or_else(String::new, shown);
    if text.len() > DOCUMENT_BYTES {
        let detail = format!("the document has {} bytes, at most {DOCUMENT_BYTES} are taken; split it", text.len());
        return Ok(rejected(given_id, "document_too_large", detail));
    }
    let mut remarks = Vec::new();
    let source = identity(&mut event, "source", SOURCE_BYTES, &mut remarks, Source::new);
    let id = identity(&mut event, "id", ID_BYTES, &mut remarks, DocumentId::new);
    let (source, id) = match (source, id) {
        (Ok(source), Ok(id)) => (source, id),
        (Err((code, detail)), _) | (Ok(_), Err((code, detail))) => return Ok(rejected(given_id, code, detail)),
    };
    Ok(read_document(event, source, id, place, remarks))
}

fn shown(id: &str) -> String {
    cut(&without_controls(id).text, ID_BYTES).to_owned()
}

fn rejected(id: String, code: &'static str, detail: String) -> Intake {
    Intake::Answered(Answer::rejected(id, code, detail))
}

/// Takes `source` or `id`; without them nothing can be held.
fn identity<T>(
    event: &mut Map<String, Value>,
    name: &'static str,
    max: usize,
    remarks: &mut Vec<Remark>,
    make: fn(&str) -> Result<T, TextError>,
) -> Result<T, (&'static str, String)> {
    let missing = || ("identity_missing", format!("the event has no `{name}`; without it a retry would count twice"));
    let Some(Value::String(text)) = event.remove(name) else { return Err(missing()) };
    let cleaned = without_controls(&text);
    if cleaned.changed {
        let detail = format!("control characters in `{name}` were replaced by U+FFFD");
        remarks.push(Remark { code: "control_characters", detail, line: None });
    }
    make(&cleaned.text).map_err(|error| match error {
        TextError::Empty { .. } => missing(),
        TextError::TooLong { found, .. } => {
            ("identity_too_long", format!("`{name}` has {found} bytes, at most {max} are taken; shorten it"))
        }
        TextError::Character { .. } => ("identity_unreadable", format!("`{name}`: {error}")),
    })
}

fn read_document(
    mut event: Map<String, Value>,
    source: Source,
    id: DocumentId,
    place: &Place,
    mut remarks: Vec<Remark>,
) -> Intake {
    let wall = read_time(event.remove("time"), place, &mut remarks);
    let word = match event.remove("type") {
        Some(Value::String(word)) => word,
        Some(_) | None => String::new(),
    };
    let Data { body, mut labels, timing, sequence, training } =
        match body::read(&word, event.remove("data"), &mut remarks) {
            Ok(data) => data,
            Err(unholdable) => return reject_unholdable(id.to_string(), &unholdable),
        };
    if training {
        return Intake::Answered(Answer::ignored(id.to_string()));
    }
    name_strangers(&mut event, &mut remarks);
    let business_day_given = labels.business_day.is_some();
    if !business_day_given {
        labels.business_day = business_day(wall, place);
    }
    let document = Document { source, id, wall, labels, business_day_given, timing, sequence, body };
    Intake::Submit(Submitted { document, remarks })
}

fn reject_unholdable(id: String, why: &Unholdable) -> Intake {
    match why {
        Unholdable::TooManyLines(found) => {
            let detail = format!("the document has {found} lines, at most 20,000 are taken; split it");
            rejected(id, "too_many_lines", detail)
        }
        Unholdable::TooLargeToPark(found) => {
            let detail = format!(
                "the document can't be understood and has {found} bytes, at most {RAW_BYTES} can be parked; mend its type or lines"
            );
            rejected(id, "too_large_to_park", detail)
        }
    }
}

/// The event's own time as a label; the box's if there is none.
fn read_time(time: Option<Value>, place: &Place, remarks: &mut Vec<Remark>) -> WallTime {
    match time {
        None | Some(Value::Null) => place.wall,
        Some(Value::String(text)) if text.parse::<Timestamp>().is_ok() => {
            text.parse::<Timestamp>().map_or(place.wall, |time| WallTime(time.as_millisecond()))
        }
        Some(_) => {
            let detail = "`time` is no RFC 3339 time; the box's own was taken".to_owned();
            remarks.push(Remark { code: "time_unreadable", detail, line: None });
            place.wall
        }
    }
}

/// Members of the envelope that CloudEvents defines and we don't need are
/// let be; extensions are lower case letters and digits and are named.
fn name_strangers(event: &mut Map<String, Value>, remarks: &mut Vec<Remark>) {
    for known in ["specversion", "subject", "datacontenttype", "dataschema"] {
        event.remove(known);
    }
    if event.is_empty() {
        return;
    }
    let names: Vec<&str> = event.keys().map(|name| cut(name, 64)).take(10).collect();
    let detail = without_controls(&format!("not known here: {}", names.join(", "))).text;
    remarks.push(Remark { code: "unknown_members", detail, line: None });
}

/// The trading day of a moment: it changes at 04:00 of the store's time.
fn business_day(wall: WallTime, place: &Place) -> Option<Label> {
    let moment = Timestamp::from_millisecond(wall.0).ok()?;
    let local: Zoned = moment.to_zoned(place.time_zone.clone());
    let day = local.checked_sub(jiff::Span::new().hours(4)).ok()?.date();
    Label::new(&day.to_string()).ok()
}
