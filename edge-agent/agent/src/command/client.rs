//! Commands that ask the running box over its own door.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::output::{Form, Rows, print};
use tidemark_daemon::retry::{Disposition, Policy, retry};

use super::{CommandError, say};
use crate::control::Contact;
use crate::settings::BoxSettings;
use crate::status::{Recent, Status};

/// How long the box may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often `tail` looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The way to the running box.
#[derive(Debug)]
pub(super) struct Caller {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
}

/// What the box answered.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Caller {
    /// The box that runs over the data folder, if there is one that answers.
    pub(super) fn of_running(settings: &BoxSettings) -> Option<Self> {
        let contact = Contact::find(&settings.data).ok().flatten()?;
        // The server is not checked: it is this machine's, and what is sent
        // there says nothing to anybody but the box of this very run.
        let tls = ureq::tls::TlsConfig::builder().disable_verification(true).build();
        let caller = Self { agent: agent(tls), url: contact.url, token: Some(contact.token) };
        let told = caller.call("GET", "/v1/status", None).ok()?;
        (told.body.get("epoch").and_then(Value::as_str) == Some(&contact.epoch)).then_some(caller)
    }

    /// The way to the box by its configuration alone.
    fn configured(settings: &BoxSettings) -> Self {
        let scheme = if settings.tls.certificate.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", settings.http.address);
        Self { agent: agent(ureq::tls::TlsConfig::default()), url, token: None }
    }

    /// Calls the box; what it answered, whatever the status.
    pub(super) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Told, CommandError> {
        let (status, text) = self.exchange(method, path, body)?;
        Ok(Told { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    fn exchange(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, String), CommandError> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(String::new, Value::to_string);
        let request = request.body(body).map_err(|error| CommandError::Asked(error.to_string()))?;
        let silent = |error: ureq::Error| {
            CommandError::Asked(format!("the box at {} does not answer: {error}; does it run?", self.url))
        };
        let mut answer = self.agent.run(request).map_err(silent)?;
        let text = answer.body_mut().read_to_string().map_err(silent)?;
        Ok((answer.status().as_u16(), text))
    }

    /// A page of the box as text.
    pub(super) fn text(&self, path: &str) -> Result<String, CommandError> {
        let (status, text) = self.exchange("GET", path, None)?;
        if status == 200 { Ok(text) } else { Err(CommandError::Asked(format!("{path} answered {status}"))) }
    }

    fn get<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<T, CommandError> {
        let told = self.call("GET", path, None)?.good()?;
        let other = |error| CommandError::Asked(format!("{}{path} answered something else: {error}", self.url));
        serde_json::from_value(told).map_err(other)
    }
}

impl Told {
    /// What was answered, if it was done.
    pub(super) fn good(self) -> Result<Value, CommandError> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let word = |name: &str| self.body.get(name).and_then(Value::as_str).unwrap_or("");
        let (status, detail, remedy) = (self.status, word("detail"), word("remedy"));
        Err(CommandError::Asked(format!("the box answered {status}: {detail}; {remedy}")))
    }
}

fn agent(tls: ureq::tls::TlsConfig) -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(ANSWER_WITHIN)).http_status_as_error(false);
    config.tls_config(tls).build().into()
}

fn caller(settings: &BoxSettings) -> Result<Caller, CommandError> {
    if let Some(running) = Caller::of_running(settings) {
        return Ok(running);
    }
    let plain = settings.tls.certificate.is_none() && settings.http.address.ip().is_loopback();
    match Contact::find(&settings.data) {
        // On loopback nobody asks who calls.
        Err(error) if !plain => {
            let folder = settings.data.display();
            Err(CommandError::Asked(format!(
                "{folder} says where the box is, but {error}; run this as its user or root"
            )))
        }
        Ok(_) | Err(_) => Ok(Caller::configured(settings)),
    }
}

/// Prints how the box is.
pub(super) fn status(settings: &BoxSettings, form: Form) -> Result<(), CommandError> {
    let status: Status = caller(settings)?.get("/v1/status")?;
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
    for trouble in status.conditions.iter().filter(|_| form == Form::Table) {
        let text = format!("\n{} {}: {}\n  {}\n", trouble.code, trouble.title, trouble.detail, trouble.remedy);
        // What came from outside may not steer the terminal.
        let safe = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
        print(&text.chars().map(safe).collect::<String>())?;
    }
    Ok(())
}

/// A page of movements.
#[derive(Debug, Deserialize)]
struct Page {
    epoch: String,
    last: u64,
    movements: Vec<Recent>,
}

/// Prints movements as they come, until interrupted; as JSON only those that
/// are there.
pub(super) fn tail(settings: &BoxSettings, form: Form) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut page: Page = caller(settings)?.get("/v1/movements")?;
    let mut header = true;
    loop {
        print_movements(&page.movements, form, header)?;
        if form == Form::Json {
            return Ok(());
        }
        header = false;
        let (epoch, path) = (page.epoch, format!("/v1/movements?after={}&page_size=1000", page.last));
        page = runtime.block_on(next_page(settings, &path, page.movements.is_empty()))?;
        if page.epoch != epoch {
            say("the box goes on in a new epoch")?;
            page = caller(settings)?.get("/v1/movements?after=0&page_size=1000")?;
        }
    }
}

/// The page after; a box that is being started again is waited for.
async fn next_page(settings: &BoxSettings, path: &str, wait: bool) -> Result<Page, CommandError> {
    if wait {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let mut told = false;
    let ask = || std::future::ready(caller(settings).and_then(|caller| caller.get(path)));
    let judge = |error: &CommandError| {
        // Whoever reads along may have gone away.
        if !std::mem::replace(&mut told, true) && say(&error.to_string()).is_err() {
            return Disposition::Stop;
        }
        Disposition::Retry
    };
    retry(Policy::SERVICE, ask, judge).await
}

fn print_movements(movements: &[Recent], form: Form, header: bool) -> Result<(), CommandError> {
    if form == Form::Jsonl {
        let lines: String = movements.iter().map(|movement| format!("{}\n", json!(movement))).collect();
        return Ok(print(&lines)?);
    }
    let mut rows = Rows::new(&["seq", "time", "kind", "item", "quantity", "on_hand", "source", "parked"]);
    for movement in movements {
        let Recent { seq, time, kind, item, quantity, on_hand, source, parked, note: _ } = movement;
        let row = [json!(seq), json!(time), json!(kind), json!(item), json!(quantity), json!(on_hand), json!(source)];
        rows.add(row.into_iter().chain([json!(parked)]).collect());
    }
    let text = rows.render(form);
    let text = if header { text.as_str() } else { text.split_once('\n').map_or("", |(_, rest)| rest) };
    Ok(print(text)?)
}
