//! Errors of HTTP calls: RFC 9457 problems with a code, cause and remedy. The
//! kinds there are stand in one table.

mod foreign;
mod page;
mod table;

pub use foreign::in_our_words;
pub use page::page_size;
pub use table::*;

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

/// What the `type` of a problem begins with; its code follows.
const URN: &str = "urn:tidemark:problem:";

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
    #[serde(skip)]
    allow: Option<&'static str>,
}

impl Problem {
    /// A problem of a kind; `detail` says what is the case here.
    pub fn of(kind: &Kind, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("{URN}{}", kind.code),
            title: kind.title,
            status: kind.status.as_u16(),
            code: kind.code,
            detail: detail.into(),
            remedy: kind.remedy.to_owned(),
            instance: None,
            errors: Vec::new(),
            // What the daemon can't do now it may be able to do soon.
            retry_after: (kind.status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
            allow: None,
        }
    }

    /// With a remedy that is closer to the case than the one of its kind.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// With one entry per fault.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<Value>) -> Self {
        self.errors = errors;
        self
    }

    /// To be tried again after so many seconds.
    #[must_use]
    pub fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// With the methods that the address takes.
    #[must_use]
    pub const fn allowing(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self
    }

    /// With the address of what it is about.
    #[must_use]
    pub fn about(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
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

    /// Nothing is there.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::of(&NOT_FOUND, what)
    }

    /// The body is larger than what is taken.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::of(&TOO_LARGE, format!("the body is larger than {limit} bytes"))
    }

    /// The body did not come in time.
    #[must_use]
    pub fn too_slow(within: Duration) -> Self {
        Self::of(&TOO_SLOW, format!("the body did not come within {within:?}"))
    }

    /// The content type is not one that is taken here.
    #[must_use]
    pub fn content_type(expected: &str) -> Self {
        let remedy = format!("send `Content-Type: {expected}`");
        Self::of(&CONTENT_TYPE, format!("the content type must be {expected}")).with_remedy(remedy)
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
        if let Some(methods) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(methods));
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
        let later = Problem::of(&NOT_SAVED, "the disk is full").about("/v1/events");
        assert_eq!(serde_json::to_value(&later).unwrap()["instance"], "/v1/events");
        let later = later.into_response();
        assert_eq!((later.status().as_u16(), later.headers()["retry-after"].to_str().unwrap()), (503, "1"));
        let stranger = Problem::of(&UNAUTHORIZED, "no token").into_response();
        assert_eq!(stranger.headers()["www-authenticate"], "Bearer");
    }
}
