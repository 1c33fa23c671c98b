//! The CloudEvents 1.0 JSON envelope (CNCF CloudEvents, JSON event format
//! 1.0.2): one event or a batch.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use tidemark_model::limits::{DOCUMENT_BYTES, DOCUMENTS_PER_REQUEST, ID_BYTES, RAW_BYTES, SOURCE_BYTES};
use tidemark_model::{Document, DocumentId, Source, TextError, WallTime};

use super::answer::Answer;
use super::body::{self, Data, Unholdable};
use super::clean::{cut, without_controls};
use super::surrogates::paired;
use super::{Place, Remark};
use crate::trading_day;

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
    /// Training under a number of the source's own: only that it is not
    /// missing is kept.
    Passed {
        /// What the submitter is told.
        answer: Answer,
        /// Who counts.
        source: Source,
        /// The number.
        number: u64,
    },
}

/// A document for the journal.
#[derive(Debug)]
pub(crate) struct Submitted {
    /// The checked document.
    pub(crate) document: Document,
    /// What was noticed on reading it.
    pub(crate) remarks: Vec<Remark>,
}

/// Reads a body of one or many events. Of a batch each event stands for
/// itself: one that can't be read is answered so, and the others go on.
pub(crate) fn read(content: Content, body: &[u8], place: &Place) -> Result<Vec<Intake>, Refusal> {
    let broken = |error: serde_json::Error| Refusal::Broken(error.to_string());
    if content == Content::One {
        let event: &RawValue = serde_json::from_slice(body).map_err(broken)?;
        return Ok(vec![read_event(event.get(), place).map_err(Refusal::Broken)?]);
    }
    let events: Vec<&RawValue> = serde_json::from_slice(body).map_err(broken)?;
    if events.len() > DOCUMENTS_PER_REQUEST {
        return Err(Refusal::TooMany(events.len()));
    }
    let read = |event: &&RawValue| {
        read_event(event.get(), place).unwrap_or_else(|fault| {
            let detail = format!("the event can't be read: {fault}; mend it and send it again");
            rejected(String::new(), "unreadable", detail)
        })
    };
    Ok(events.iter().map(read).collect())
}

/// The members of an event; what is in them is read one by one, so that one
/// that can't be read does not take the others with it.
type Event<'t> = BTreeMap<String, &'t RawValue>;

fn read_event(text: &str, place: &Place) -> Result<Intake, String> {
    let mended = paired(text);
    let mut event: Event<'_> = match serde_json::from_str(&mended) {
        Ok(event) => event,
        Err(error) if error.is_data() => return Err("an event is a JSON object".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    let given_id = text_of(event.get("id").copied()).map_or_else(String::new, |id| shown(&id));
    if text.len() > DOCUMENT_BYTES {
        let detail = format!("the document has {} bytes, at most {DOCUMENT_BYTES} are taken; split it", text.len());
        return Ok(rejected(given_id, "document_too_large", detail));
    }
    let mut remarks = Vec::new();
    if matches!(mended, Cow::Owned(_)) {
        let detail = "half characters (unpaired surrogates) were replaced by U+FFFD".to_owned();
        remarks.push(Remark { code: "half_characters", detail, line: None });
    }
    let source = identity(event.remove("source"), "source", SOURCE_BYTES, &mut remarks, Source::new);
    let id = identity(event.remove("id"), "id", ID_BYTES, &mut remarks, DocumentId::new);
    let (source, id) = match (source, id) {
        (Ok(source), Ok(id)) => (source, id),
        (Err((code, detail)), _) | (Ok(_), Err((code, detail))) => return Ok(rejected(given_id, code, detail)),
    };
    Ok(read_document(event, source, id, place, remarks))
}

/// A member's value; none if it is deeper than we read.
fn value_of(member: Option<&RawValue>) -> Option<Value> {
    serde_json::from_str(member?.get()).ok()
}

fn text_of(member: Option<&RawValue>) -> Option<String> {
    match value_of(member) {
        Some(Value::String(text)) => Some(text),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => None,
    }
}

/// What a document says; as text, if it is deeper than we read.
fn data_of(event: &mut Event<'_>) -> Option<Value> {
    let member = event.remove("data").or_else(|| event.remove("data_base64"))?;
    Some(value_of(Some(member)).unwrap_or_else(|| Value::String(member.get().to_owned())))
}

fn shown(id: &str) -> String {
    cut(&without_controls(id).text, ID_BYTES).to_owned()
}

fn rejected(id: String, code: &'static str, detail: String) -> Intake {
    Intake::Answered(Answer::rejected(id, code, detail))
}

/// Reads `source` or `id`; without them nothing can be held.
fn identity<T>(
    member: Option<&RawValue>,
    name: &'static str,
    max: usize,
    remarks: &mut Vec<Remark>,
    make: fn(&str) -> Result<T, TextError>,
) -> Result<T, (&'static str, String)> {
    let missing = || {
        let detail = format!("the event has no text as `{name}`, without which a retry would count twice; send one");
        ("identity_missing", detail)
    };
    let Some(text) = text_of(member) else { return Err(missing()) };
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
    mut event: Event<'_>,
    source: Source,
    id: DocumentId,
    place: &Place,
    mut remarks: Vec<Remark>,
) -> Intake {
    let wall = read_time(event.remove("time"), place, &mut remarks);
    let word = text_of(event.remove("type")).unwrap_or_default();
    let data = data_of(&mut event);
    let Data { body, mut labels, timing, sequence, training } = match body::read(&word, data.as_ref(), &mut remarks) {
        Ok(data) => data,
        Err(unholdable) => return reject_unholdable(id.to_string(), &unholdable),
    };
    if training {
        let answer = Answer::ignored(id.to_string());
        return match sequence {
            Some(number) => Intake::Passed { answer, source, number },
            None => Intake::Answered(answer),
        };
    }
    name_strangers(&mut event, &mut remarks);
    let business_day_given = labels.business_day.is_some();
    if !business_day_given {
        labels.business_day = trading_day::of(wall, &place.time_zone);
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
fn read_time(time: Option<&RawValue>, place: &Place, remarks: &mut Vec<Remark>) -> WallTime {
    if time.is_none_or(|time| time.get() == "null") {
        return place.wall;
    }
    match text_of(time).and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(time) => WallTime(time.as_millisecond()),
        None => {
            let detail = "`time` is no RFC 3339 time; the box's own was taken".to_owned();
            remarks.push(Remark { code: "time_unreadable", detail, line: None });
            place.wall
        }
    }
}

/// Members of the envelope that CloudEvents defines and we don't need are
/// let be; extensions are lower case letters and digits and are named.
fn name_strangers(event: &mut Event<'_>, remarks: &mut Vec<Remark>) {
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
