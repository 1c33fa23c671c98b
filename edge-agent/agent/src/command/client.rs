//! Commands that ask the running box over its own door.

use std::time::Duration;

use serde_json::{Value, json};
use tidemark_daemon::output::{Form, Rows, print};

use super::CommandError;
use crate::settings::BoxSettings;
use crate::status::Status;

/// How long the box may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often `tail` looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Asks the running box how it is.
fn ask(settings: &BoxSettings) -> Result<Status, CommandError> {
    let address = settings.http.address;
    let scheme = if settings.tls.certificate.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{address}/v1/status");
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(ANSWER_WITHIN)).build().into();
    let silent = |error: ureq::Error| {
        CommandError::Asked(format!("the box at {address} does not answer: {error}; does it run?"))
    };
    let text = agent.get(&url).call().and_then(|mut answer| answer.body_mut().read_to_string()).map_err(silent)?;
    serde_json::from_str(&text).map_err(|error| CommandError::Asked(format!("{url} answered something else: {error}")))
}

/// Prints how the box is.
pub(super) fn status(settings: &BoxSettings, form: Form) -> Result<(), CommandError> {
    let status = ask(settings)?;
    if form == Form::Json {
        let text = serde_json::to_string_pretty(&status).unwrap_or_default();
        return Ok(print(&format!("{text}\n"))?);
    }
    if form == Form::Table {
        print(&format!("{}\n\n", status.sentence()))?;
    }
    let mut rows =
        Rows::new(&["store", "tail", "pending", "oldest_pending_seconds", "centre_reached", "catalogue", "conditions"]);
    let codes: Vec<&str> = status.conditions.iter().map(|trouble| trouble.code.as_str()).collect();
    rows.add(vec![
        json!(status.store),
        json!(status.tail),
        json!(status.pending),
        json!(status.oldest_pending_seconds),
        json!(status.centre.reached),
        json!(status.catalogue),
        json!(codes.join(" ")),
    ]);
    rows.print(form)?;
    for trouble in &status.conditions {
        if form == Form::Table {
            print(&format!("\n{} {}: {}\n  {}\n", trouble.code, trouble.title, trouble.detail, trouble.remedy))?;
        }
    }
    Ok(())
}

/// Prints movements as they come, one object a line, until interrupted.
pub(super) fn tail(settings: &BoxSettings) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut seen = 0;
    loop {
        let status = ask(settings)?;
        for movement in status.recent.iter().rev().filter(|movement| movement.seq > seen) {
            let line: Value = serde_json::to_value(movement).unwrap_or_default();
            print(&format!("{line}\n"))?;
        }
        seen = seen.max(status.tail);
        runtime.block_on(async { tokio::time::sleep(LOOK_EVERY).await });
    }
}
