//! A till's side of the till rule: repeat with the same id until answered.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::process::{Daemon, ProcessError, post};

/// How long a till of a test goes on repeating; a hang limit.
const GIVE_UP_AFTER: Duration = Duration::from_secs(120);
/// Between two tries.
const TRY_EVERY: Duration = Duration::from_millis(50);
/// The content type of one event.
pub const ONE: &str = "application/cloudevents+json";
/// The content type of a batch of events.
pub const BATCH: &str = "application/cloudevents-batch+json";

/// A till's connection to its box.
#[derive(Clone, Debug)]
pub struct TillLine {
    client: reqwest::Client,
    url: String,
}

/// What a till was told in the end.
#[derive(Clone, Debug)]
pub struct Told {
    /// The result of its document.
    pub result: Value,
    /// How often it had to repeat.
    pub repeats: u32,
}

impl TillLine {
    /// To a box that runs, whose certificate is believed.
    #[must_use]
    pub fn of(edge: &Daemon) -> Self {
        Self { client: edge.recipe().client(), url: edge.url("/v1/events") }
    }

    /// Submits one event until it is answered.
    pub async fn submit(&self, event: &Value) -> Result<Told, ProcessError> {
        let body = event.to_string().into_bytes();
        let deadline = Instant::now() + GIVE_UP_AFTER;
        let mut repeats = 0;
        loop {
            let answer = post(&self.client, &self.url, ONE, body.clone()).await;
            match answer {
                Ok((200, mut answer)) => {
                    let result = answer.pointer_mut("/results/0").map(Value::take).unwrap_or_default();
                    return Ok(Told { result, repeats });
                }
                Ok((status, problem)) if status < 500 => {
                    let detail = format!("{status}: {problem}");
                    return Err(ProcessError::Answer { url: self.url.clone(), detail });
                }
                Ok(_) | Err(_) if Instant::now() < deadline => {
                    repeats += 1;
                    tokio::time::sleep(TRY_EVERY).await;
                }
                Ok((status, problem)) => {
                    let detail = format!("still {status} after {GIVE_UP_AFTER:?}: {problem}");
                    return Err(ProcessError::Answer { url: self.url.clone(), detail });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Posts a body once, as it is.
    pub async fn post(&self, content_type: &str, body: Vec<u8>) -> Result<(u16, Value), ProcessError> {
        post(&self.client, &self.url, content_type, body).await
    }
}

/// The status word of a result.
#[must_use]
pub fn status_of(result: &Value) -> &str {
    result.get("status").and_then(Value::as_str).unwrap_or("")
}
