//! What the framework itself refuses — a parameter that stands twice, a path
//! that is no text, a body that can't be read — in the words of all others.

use axum::body::to_bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::{CONTENT_TYPE, MALFORMED, Problem, TOO_LARGE};

/// The longest sentence of it that is told.
const SENTENCE_BYTES: usize = 4_096;

/// A layer around all routes: a refusal in plain text becomes a problem with
/// code, cause and remedy, with the framework's sentence as its detail.
pub async fn in_our_words(response: Response) -> Response {
    let status = response.status();
    if !status.is_client_error() || !is_plain(response.headers()) {
        return response;
    }
    let kind = match status {
        StatusCode::PAYLOAD_TOO_LARGE => &TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => &CONTENT_TYPE,
        _ => &MALFORMED,
    };
    let said = to_bytes(response.into_body(), SENTENCE_BYTES).await.unwrap_or_default();
    Problem::of(kind, String::from_utf8_lossy(&said)).into_response()
}

fn is_plain(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/plain"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(status: StatusCode, text: &'static str) -> (u16, String) {
        let response = in_our_words((status, text).into_response()).await;
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), SENTENCE_BYTES).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_refusal_of_the_framework_has_code_cause_and_remedy() {
        let (status, body) = told(StatusCode::BAD_REQUEST, "duplicate field `page_size`").await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &body["code"], &body["detail"]),
            (400, &"malformed".into(), &"duplicate field `page_size`".into())
        );
        let (status, body) = told(StatusCode::PAYLOAD_TOO_LARGE, "length limit exceeded").await;
        assert!(status == 413 && body.contains("too_large"), "{status} {body}");
    }

    #[tokio::test]
    async fn what_is_no_refusal_or_has_our_form_already_stays_as_it_is() {
        for status in [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE] {
            assert_eq!(told(status, "ready").await, (status.as_u16(), "ready".to_owned()));
        }
        let ours = in_our_words(Problem::not_found("there is no store S9").into_response()).await;
        assert_eq!(ours.status(), StatusCode::NOT_FOUND);
        assert_eq!(ours.headers()["content-type"], "application/problem+json");
    }
}
