//! How a record lies in Kafka: key, value and headers (CloudEvents 1.0,
//! binary mode).
//!
//! | header | movement | control |
//! |---|---|---|
//! | `ce_specversion` | `1.0` | `1.0` |
//! | `ce_id` | `<store>/<epoch, 16 hex digits>/<seq>` | `<store>/control/<32 hex digits>` |
//! | `ce_source` | `/tidemark/stores/<store>` | the same |
//! | `ce_type` | `tidemark.movement` | `tidemark.control` |
//! | `content-type` | `application/protobuf` | the same |
//!
//! The key is the store, the value the record's bytes. A record that is not
//! like this was written by somebody else; it is given as a control record of
//! [`FOREIGN`], which is nobody's store, so that it has no effect.

use bytes::Bytes;
use rdkafka::message::{BorrowedMessage, Header, Headers as _, Message as _, OwnedHeaders};
use tidemark_model::{Epoch, Position, StoreId};

use crate::event::{Event, EventRecord, Subject};

/// The store of a log's birth.
pub(crate) const STREAM: &str = "_stream";
/// The store of records that are not ours.
pub(crate) const FOREIGN: &str = "_foreign";

const VERSION: &str = "1.0";
const MOVEMENT: &str = "tidemark.movement";
const CONTROL: &str = "tidemark.control";
const CONTENT: &str = "application/protobuf";

/// The headers of a record; `nonce` tells control records apart.
pub(crate) fn headers(record: &EventRecord, nonce: u128) -> OwnedHeaders {
    let store = record.store.as_str();
    let (kind, id) = match &record.event {
        Event::Movement(at, _) => (MOVEMENT, format!("{store}/{}/{}", at.epoch, at.seq)),
        Event::Control(_) => (CONTROL, format!("{store}/control/{nonce:032x}")),
    };
    let source = format!("/tidemark/stores/{store}");
    let fields = [
        ("ce_specversion", VERSION),
        ("ce_id", &id),
        ("ce_source", &source),
        ("ce_type", kind),
        ("content-type", CONTENT),
    ];
    let empty = OwnedHeaders::new_with_capacity(fields.len());
    fields.into_iter().fold(empty, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// The headers of an announcement.
pub(crate) fn announcing(subject: Subject) -> OwnedHeaders {
    let kind = match subject {
        Subject::Level => "tidemark.level",
        Subject::DeadLetter => "tidemark.dead-letter",
    };
    let fields = [("ce_specversion", VERSION), ("ce_type", kind), ("content-type", "application/json")];
    let empty = OwnedHeaders::new_with_capacity(fields.len());
    fields.into_iter().fold(empty, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// The bytes of a record's value.
pub(crate) const fn value(record: &EventRecord) -> &Bytes {
    match &record.event {
        Event::Movement(_, bytes) | Event::Control(bytes) => bytes,
    }
}

/// The record that a message holds; none only if not even [`FOREIGN`] is a
/// name for a store.
pub(crate) fn record(message: &BorrowedMessage<'_>) -> Option<EventRecord> {
    let bytes = Bytes::copy_from_slice(message.payload().unwrap_or_default());
    let labels = labels(message);
    ours(message.key(), &labels, &bytes).or_else(|| {
        let store = StoreId::new(FOREIGN).ok()?;
        Some(EventRecord { store, event: Event::Control(bytes) })
    })
}

/// What the headers say.
#[derive(Debug, Default)]
struct Labels {
    version: Option<String>,
    kind: Option<String>,
    id: Option<String>,
}

fn labels(message: &BorrowedMessage<'_>) -> Labels {
    // The library panics at a header whose name is not UTF-8, and anybody
    // who may write to the topic may write one.
    let read = std::panic::AssertUnwindSafe(|| {
        let mut labels = Labels::default();
        for header in message.headers().iter().flat_map(|headers| headers.iter()) {
            let text = || header.value.and_then(|value| std::str::from_utf8(value).ok()).map(str::to_owned);
            match header.key {
                "ce_specversion" => labels.version = text(),
                "ce_type" => labels.kind = text(),
                "ce_id" => labels.id = text(),
                // Others add nothing to what a record is.
                _ => {}
            }
        }
        labels
    });
    std::panic::catch_unwind(read).unwrap_or_default()
}

fn ours(key: Option<&[u8]>, labels: &Labels, bytes: &Bytes) -> Option<EventRecord> {
    let store = StoreId::new(std::str::from_utf8(key?).ok()?).ok()?;
    let id = labels.id.as_deref().filter(|_| labels.version.as_deref() == Some(VERSION))?;
    let rest = id.strip_prefix(store.as_str())?.strip_prefix('/')?;
    let event = match labels.kind.as_deref()? {
        MOVEMENT => Event::Movement(position(rest)?, bytes.clone()),
        CONTROL => Event::Control(bytes.clone()),
        _ => return None,
    };
    Some(EventRecord { store, event })
}

fn position(text: &str) -> Option<Position> {
    let (epoch, seq) = text.split_once('/')?;
    let epoch = (epoch.len() == 16).then(|| u64::from_str_radix(epoch, 16).ok())??;
    Some(Position { epoch: Epoch(epoch), seq: seq.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels_of(record: &EventRecord) -> Labels {
        let headers = headers(record, 7);
        let get = |key: &str| {
            let found = headers.iter().find(|header| header.key == key).unwrap();
            Some(std::str::from_utf8(found.value.unwrap()).unwrap().to_owned())
        };
        Labels { version: get("ce_specversion"), kind: get("ce_type"), id: get("ce_id") }
    }

    #[test]
    fn what_is_labelled_is_known_again() {
        let store = StoreId::new("S0001").unwrap();
        let position = Position { epoch: Epoch(0xab), seq: 42 };
        for event in [Event::Movement(position, Bytes::from_static(b"m")), Event::Control(Bytes::from_static(b"c"))] {
            let record = EventRecord { store: store.clone(), event };
            let labels = labels_of(&record);
            assert_eq!(ours(Some(b"S0001"), &labels, value(&record)), Some(record.clone()));
            assert_eq!(ours(Some(b"S0002"), &labels, value(&record)), None, "the key is of another store");
        }
        let movement = EventRecord { store, event: Event::Movement(position, Bytes::new()) };
        assert_eq!(labels_of(&movement).id.as_deref(), Some("S0001/00000000000000ab/42"));
    }

    #[test]
    fn a_record_without_our_labels_is_not_ours() {
        assert_eq!(ours(Some(b"S0001"), &Labels::default(), &Bytes::new()), None);
        assert_eq!(ours(None, &Labels::default(), &Bytes::new()), None);
    }

    #[test]
    fn the_documentation_shows_the_headers_that_are_sent() {
        let text = include_str!("../../../../docs/asyncapi.yaml");
        let shown = |headers: &OwnedHeaders| {
            let pair = |header: Header<'_, &[u8]>| {
                format!("\"{}\":\"{}\"", header.key, std::str::from_utf8(header.value.unwrap()).unwrap())
            };
            format!("headers: {{{}}}", headers.iter().map(pair).collect::<Vec<_>>().join(","))
        };
        let position = Position { epoch: Epoch(0xab), seq: 42 };
        let event = Event::Movement(position, Bytes::new());
        let record = EventRecord { store: StoreId::new("S0001").unwrap(), event };
        for headers in [headers(&record, 0), announcing(Subject::Level), announcing(Subject::DeadLetter)] {
            assert!(text.contains(&shown(&headers)), "{}", shown(&headers));
        }
    }
}
