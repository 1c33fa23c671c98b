//! How many requests there are, how they end and how long they take.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::Door;

/// Notes a request: up to the head of its answer, so that whoever follows a
/// stream is not a slow one.
pub(super) async fn note(State(door): State<Door>, request: Request, next: Next) -> Response {
    let began = door.clock.elapsed();
    let response = next.run(request).await;
    door.events.requests.note(door.clock.elapsed().saturating_sub(began));
    let kind = match response.status().as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    };
    door.events.responses.of(kind).inc();
    response
}
