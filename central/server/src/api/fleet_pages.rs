//! The fleet: one row a shop, and live.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream, Sse};
use serde_json::{Map, Value, json};
use tidemark_daemon::conditions::{CONDITIONS, Condition};
use tidemark_daemon::problem::Problem;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::stores::row_of;
use super::{Door, ledger_problem, time_text};
use crate::fleet::{Incident, Row, Snapshot};

/// Events that wait for a slow page.
const QUEUE: usize = 4;

pub(super) async fn show(State(door): State<Door>) -> Result<Json<Value>, Problem> {
    let books = door.parts.ledger.stores().await.map_err(|error| ledger_problem(&error))?;
    let mut rows = Vec::with_capacity(books.len());
    for books in &books {
        rows.push(row_of(&door, books).await?);
    }
    let incidents = crate::fleet::incidents(&rows);
    Ok(Json(json!({ "now": now(&door), "stores": rows, "incidents": incidents })))
}

/// Every condition there is, with cause, effect and remedy.
pub(super) async fn conditions() -> Json<Value> {
    let told = |condition: &Condition| {
        json!({
            "code": condition.code.to_string(),
            "title": condition.title,
            "severity": condition.severity.to_string(),
            "cause": condition.cause,
            "effect": condition.effect,
            "remedy": condition.remedy,
        })
    };
    Json(json!({ "conditions": CONDITIONS.iter().map(told).collect::<Vec<_>>() }))
}

/// A snapshot, then what changed, once a second.
pub(super) async fn stream(
    State(door): State<Door>,
) -> Sse<KeepAliveStream<ReceiverStream<Result<Event, Infallible>>>> {
    let (events, queue) = mpsc::channel(QUEUE);
    // Ends when the page is gone or the centre stops.
    tokio::spawn(async move {
        let mut board = door.board.look();
        let mut told = Told::default();
        while !door.stop.is_cancelled() && !events.is_closed() {
            tokio::select! {
                () = door.stop.cancelled() => return,
                () = events.closed() => return,
                changed = board.changed() => if changed.is_err() { return },
            }
            let seen = Arc::clone(&board.borrow_and_update());
            let Some((name, data)) = told.news(&seen, &now(&door)) else { continue };
            if events.send(Ok(Event::default().event(name).data(data.to_string()))).await.is_err() {
                return;
            }
        }
    });
    Sse::new(ReceiverStream::new(queue)).keep_alive(KeepAlive::default())
}

/// The time of this answer, so that a page can tell ages.
fn now(door: &Door) -> String {
    time_text(door.clock.wall().0)
}

/// What a page was told.
#[derive(Debug, Default)]
struct Told {
    rows: Option<BTreeMap<String, Row>>,
    incidents: Vec<Incident>,
    trouble: Option<String>,
}

impl Told {
    /// What is new to the page, as an event with its data; none if nothing is.
    fn news(&mut self, seen: &Snapshot, now: &str) -> Option<(&'static str, Value)> {
        let Some(known) = &mut self.rows else {
            let rows = seen.rows.iter().map(|row| (row.store().to_owned(), row.clone())).collect();
            *self = Self { rows: Some(rows), incidents: seen.incidents.clone(), trouble: seen.trouble.clone() };
            let Snapshot { rows, incidents, trouble } = seen;
            return Some(("snapshot", json!({"now": now, "stores": rows, "incidents": incidents, "trouble": trouble})));
        };
        let mut changed = Vec::new();
        for row in &seen.rows {
            let before = known.get(row.store());
            if before != Some(row) {
                changed.push(difference(before, row));
                known.insert(row.store().to_owned(), row.clone());
            }
        }
        let mut data = Map::new();
        if !changed.is_empty() {
            data.insert("stores".to_owned(), Value::Array(changed));
        }
        if self.incidents != seen.incidents {
            self.incidents.clone_from(&seen.incidents);
            data.insert("incidents".to_owned(), json!(seen.incidents));
        }
        if self.trouble != seen.trouble {
            self.trouble.clone_from(&seen.trouble);
            data.insert("trouble".to_owned(), json!(seen.trouble));
        }
        if data.is_empty() {
            return None;
        }
        data.insert("now".to_owned(), json!(now));
        Some(("patch", Value::Object(data)))
    }
}

/// The store and those of its members that changed.
fn difference(before: Option<&Row>, row: &Row) -> Value {
    let mut members = json!(row);
    let before = before.map_or(Value::Null, |before| json!(before));
    if let Some(members) = members.as_object_mut() {
        members.retain(|name, value| name == "store" || before.get(name) != Some(value));
    }
    members
}

#[cfg(test)]
mod tests {
    use tidemark_ledger::StoreRow;
    use tidemark_model::StoreId;

    use super::*;
    use crate::fleet::{Fleet, Moment};

    fn seen(fleet: &Fleet, committed: u64, trouble: Option<&str>) -> Snapshot {
        let books = StoreRow {
            store: StoreId::new("S0001").unwrap(),
            name: String::new(),
            region: "North".to_owned(),
            time_zone: "UTC".to_owned(),
            state: "open".to_owned(),
            opening_hours: String::new(),
            assortment: String::new(),
            committed,
            applied: committed,
            parked: 0,
            lost: 0,
            pending: 0,
            lost_unsigned: 0,
            late: 0,
            forks: 0,
        };
        let rows = vec![fleet.row(&books, Moment::steady(0))];
        Snapshot { rows, incidents: Vec::new(), trouble: trouble.map(str::to_owned) }
    }

    #[test]
    fn a_page_is_told_all_once_and_then_the_members_that_changed() {
        let (fleet, mut told) = (Fleet::default(), Told::default());
        let (name, all) = told.news(&seen(&fleet, 1, None), "noon").unwrap();
        assert_eq!((name, &all["stores"][0]["region"]), ("snapshot", &json!("North")));
        assert_eq!(told.news(&seen(&fleet, 1, None), "noon"), None);
        let (name, some) = told.news(&seen(&fleet, 2, None), "one").unwrap();
        let expected = json!({"now": "one", "stores": [{"store": "S0001", "committed": 2, "applied": 2}]});
        assert_eq!((name, some), ("patch", expected));
    }

    #[test]
    fn a_ledger_that_does_not_answer_is_told_and_that_it_answers_again() {
        let (fleet, mut told) = (Fleet::default(), Told::default());
        told.news(&seen(&fleet, 1, None), "noon").unwrap();
        let (_, away) = told.news(&seen(&fleet, 1, Some("away")), "one").unwrap();
        assert_eq!(away, json!({"now": "one", "trouble": "away"}));
        let (_, back) = told.news(&seen(&fleet, 1, None), "two").unwrap();
        assert_eq!(back, json!({"now": "two", "trouble": null}));
    }
}
