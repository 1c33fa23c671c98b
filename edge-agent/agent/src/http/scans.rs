//! `/v1/scans`: what a lane with a till in front reads, live, and the till's
//! word about it.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::sse::{Event, KeepAlive, KeepAliveStream, Sse};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::Door;
use crate::claims::{HandedScan, NoClaim};
use crate::guest::Guest;

/// Which lane.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    lane: String,
}

/// A till's word.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Feedback {
    ok: bool,
}

/// Scans as server-sent events.
pub(super) type Scans =
    Sse<KeepAliveStream<tokio_stream::adapters::Map<ReceiverStream<HandedScan>, fn(HandedScan) -> Told>>>;

type Told = Result<Event, Infallible>;

/// Claims a lane: its scans come as events until another till claims it.
pub(super) async fn follow(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Scans, Problem> {
    let Query(Wanted { lane }) = wanted.map_err(|error| Problem::not_found(error.body_text()))?;
    let is_local = guest == Guest::Local;
    let scans = door.hands.claims.claim(&lane, guest.name(), is_local).map_err(|why| match why {
        NoClaim::NoLane => {
            let detail = format!("no lane `{lane}` has a till in front");
            Problem::not_found(detail).with_remedy("set `role = \"till\"` for the lane, or name another")
        }
        NoClaim::OtherTill => Problem::of(&problem::FORBIDDEN, format!("lane `{lane}` belongs to another till")),
    })?;
    tracing::info!(lane, till = guest.name(), "a till takes the lane's scans");
    let told: fn(HandedScan) -> Told = told;
    Ok(Sse::new(ReceiverStream::new(scans).map(told)).keep_alive(KeepAlive::default()))
}

fn told(scan: HandedScan) -> Told {
    // Plain strings always serialise.
    let data = serde_json::to_string(&scan).unwrap_or_default();
    Ok(Event::default().event("scan").id(scan.id).data(data))
}

/// The till has the scan, or refuses it. Only 200 means that it counts.
pub(super) async fn feedback(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let Feedback { ok } = serde_json::from_slice(&body)
        .map_err(|error| Problem::of(&problem::BROKEN_JSON, error.to_string()).with_remedy("send {\"ok\": true}"))?;
    let holder = match &guest {
        Guest::Local => None,
        Guest::Till(till) => Some(till.as_str()),
    };
    door.hands
        .claims
        .feedback(&id, holder, ok)
        .map_err(|_too_late| Problem::of(&problem::SCAN_OVER, format!("scan {id} is over, or was another till's")))?;
    Ok(Json(json!({ "id": id, "counts": ok })))
}
