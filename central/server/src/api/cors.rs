//! Pages of other origins: none may read unless the configuration names it.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Door;

/// What a page may send and read beside the usual.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, if-none-match, last-event-id");
const SHOWN_HEADERS: HeaderValue = HeaderValue::from_static("etag, retry-after");
/// How long a browser may keep the answer to its question, in seconds.
const KEPT_S: HeaderValue = HeaderValue::from_static("600");

/// Answers a browser's question whether a page may ask, and says it with each
/// answer.
pub(super) async fn permit(State(door): State<Door>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let named = |origin: &HeaderValue| door.origins.iter().any(|named| named.as_bytes() == origin.as_bytes());
    let Some(origin) = origin.filter(named) else { return next.run(request).await };
    let asks =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    if asks {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, KEPT_S);
    }
    show(headers, origin);
    response
}

fn show(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, SHOWN_HEADERS);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}
