//! Errors of HTTP calls: RFC 9457 problems with a code, cause and remedy.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

/// A problem, as `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    remedy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Value>,
    #[serde(skip)]
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem; `code` is for machines and never changes, `detail` says
    /// what is the case here, `remedy` what the caller can do.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            kind: format!("urn:tidemark:problem:{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: detail.into(),
            remedy: remedy.into(),
            instance: None,
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// With one entry per fault.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<Value>) -> Self {
        self.errors = errors;
        self
    }

    /// With the address of what it is about.
    #[must_use]
    pub fn about(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    /// With the seconds after which to try again.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// Its HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// What was sent can't be read.
    pub fn unreadable(code: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "Unreadable request", detail, remedy)
    }

    /// The caller has shown no right, or one that is not known.
    pub fn unauthorized(detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "No right shown", detail, remedy)
    }

    /// The caller is known and has no right to this.
    pub fn forbidden(detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail, remedy)
    }

    /// It can't be done now; the same call may succeed later.
    pub fn unavailable(code: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, "Not now", detail, remedy).retry_after(1)
    }

    /// Nothing is there.
    pub fn not_found(what: impl Into<String>) -> Self {
        let remedy = "look at the spelling, or list what there is";
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", what, remedy)
    }

    /// The body is larger than what is taken.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Body too large", detail, "send it in several requests")
    }

    /// The body did not come in time.
    pub fn too_slow(within: Duration) -> Self {
        let detail = format!("the body did not come within {within:?}");
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "Body too slow", detail, "send it again")
    }

    /// The content type is not one that is taken here.
    pub fn content_type(expected: &str) -> Self {
        let detail = format!("the content type must be {expected}");
        let remedy = format!("send `Content-Type: {expected}`");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", "Wrong content type", detail, remedy)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Plain strings always serialise.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_code_cause_and_remedy() {
        let problem = Problem::not_found("there is no store S9");
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "urn:tidemark:problem:not_found");
        assert_eq!(json["status"], 404);
        assert!(json["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()));
        assert!(json.get("instance").is_none() && json.get("errors").is_none());
        assert_eq!(problem.into_response().headers()["content-type"], "application/problem+json");
    }

    #[test]
    fn headers_say_what_a_caller_needs_to_go_on() {
        let later = Problem::unavailable("not_saved", "the disk is full", "free space").about("/v1/events");
        assert_eq!(serde_json::to_value(&later).unwrap()["instance"], "/v1/events");
        let later = later.into_response();
        assert_eq!((later.status().as_u16(), later.headers()["retry-after"].to_str().unwrap()), (503, "1"));
        let stranger = Problem::unauthorized("no token", "send one").into_response();
        assert_eq!(stranger.headers()["www-authenticate"], "Bearer");
    }
}
