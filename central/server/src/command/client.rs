//! Commands that ask the running centre.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tidemark_daemon::output::{Form, Rows};

use super::CommandError;
use crate::escape::escaped;

/// How long the centre may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Rows of one page that is asked for.
const PAGE: usize = 1_000;

/// Whom to ask, and how to print.
#[derive(Debug, Args)]
pub(super) struct Asking {
    /// The centre's address.
    #[arg(long, default_value = "http://127.0.0.1:8400")]
    url: String,
    /// A file with the caller's token.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// table, json, jsonl or csv
    #[arg(short, long, default_value = "table")]
    pub(super) output: Form,
}

#[derive(Debug, Subcommand)]
pub(super) enum CatalogueCommand {
    /// Replaces the catalogue by a CSV file; all or nothing.
    Import {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        asking: Asking,
    },
    /// What it says of an item, by SKU or code.
    Show {
        /// The SKU or code.
        item: String,
        /// Tells the price in effect in this shop, too, and whether it lists
        /// the item.
        #[arg(long)]
        store: Option<String>,
        #[command(flatten)]
        asking: Asking,
    },
}

impl Asking {
    /// How to print.
    pub(super) const fn output(&self) -> Form {
        self.output
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder().timeout_global(Some(ANSWER_WITHIN)).http_status_as_error(false).build().into()
    }

    /// The caller's `Authorization`, if a file with a token is given.
    fn bearer(&self) -> Result<Option<String>, CommandError> {
        let Some(file) = &self.token_file else { return Ok(None) };
        let token = std::fs::read_to_string(file)
            .map_err(|error| CommandError::Asked(format!("{}: {error}", file.display())))?;
        // Without a token it would be asked as whoever sits at the machine.
        if token.trim().is_empty() {
            return Err(CommandError::Asked(format!("{}: there is no token in it", file.display())));
        }
        Ok(Some(format!("Bearer {}", token.trim())))
    }

    pub(super) fn get(&self, path: &str) -> Result<Value, CommandError> {
        let mut request = Self::agent().get(format!("{}{path}", self.url));
        if let Some(bearer) = self.bearer()? {
            request = request.header("authorization", bearer);
        }
        self.read(request.call())
    }

    pub(super) fn post(&self, path: &str, kind: &str, body: &[u8]) -> Result<Value, CommandError> {
        let mut request = Self::agent().post(format!("{}{path}", self.url)).header("content-type", kind);
        if let Some(bearer) = self.bearer()? {
            request = request.header("authorization", bearer);
        }
        self.read(request.send(body))
    }

    fn read(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, CommandError> {
        let url = &self.url;
        let silent = |error: ureq::Error| {
            CommandError::Asked(format!("the centre at {url} does not answer: {error}; does it run?"))
        };
        let mut answer = answer.map_err(silent)?;
        let text = answer.body_mut().read_to_string().map_err(silent)?;
        let json: Value = serde_json::from_str(&text)
            .map_err(|error| CommandError::Asked(format!("{url} answered something else: {error}")))?;
        if answer.status().is_success() {
            return Ok(json);
        }
        let told = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        let mut message = format!("{}: {}; {}", told("code"), told("detail"), told("remedy"));
        for fault in json.get("errors").and_then(Value::as_array).into_iter().flatten() {
            message.push_str(&format!("\n  {fault}"));
        }
        Err(CommandError::Asked(message))
    }
}

/// A list that is asked for page by page.
pub(super) struct Filter<'f> {
    /// Where it is.
    pub(super) path: &'f str,
    /// Which rows, by member of the query.
    pub(super) filter: &'f [(&'f str, &'f Option<String>)],
    /// At most so many.
    pub(super) most: usize,
}

impl Asking {
    /// The rows of a list, over as many pages as are needed.
    pub(super) fn pages(&self, wanted: &Filter<'_>, member: &str) -> Result<Value, CommandError> {
        let mut query = String::new();
        for (name, value) in wanted.filter {
            if let Some(value) = value {
                query.push_str(&format!("&{name}={}", escaped(value)));
            }
        }
        let mut rows: Vec<Value> = Vec::new();
        let mut token = String::new();
        while rows.len() < wanted.most {
            let size = wanted.most.saturating_sub(rows.len()).min(PAGE);
            let page = self.get(&format!("{}?page_size={size}{query}{token}", wanted.path))?;
            rows.extend(page.get(member).and_then(Value::as_array).into_iter().flatten().cloned());
            let Some(next) = page.get("next_page_token").and_then(Value::as_str) else { break };
            token = format!("&page_token={}", escaped(next));
        }
        Ok(Value::Array(rows))
    }
}

/// Prints the rows of a list, by columns that are members of each.
pub(super) fn print_list(asking: &Asking, list: Option<&Value>, columns: &[&'static str]) -> Result<(), CommandError> {
    let mut rows = Rows::new(columns);
    for entry in list.and_then(Value::as_array).into_iter().flatten() {
        rows.add(columns.iter().map(|column| entry.get(*column).cloned().unwrap_or(Value::Null)).collect());
    }
    Ok(rows.print(asking.output)?)
}

/// Prints the fleet in one line.
pub(super) fn status(asking: &Asking) -> Result<(), CommandError> {
    let fleet = asking.get("/v1/fleet")?;
    let stores: Vec<&Value> = fleet.get("stores").and_then(Value::as_array).into_iter().flatten().collect();
    let sum = |name: &str| -> u64 { stores.iter().filter_map(|store| store.get(name)?.as_u64()).sum() };
    let with = |name: &str, word: &str| {
        stores.iter().filter(|store| store.get(name).and_then(Value::as_str) == Some(word)).count()
    };
    let columns =
        ["stores", "in_sync", "offline", "committed", "applied", "parked", "pending", "lost", "digests_differ"];
    let mut rows = Rows::new(&columns);
    rows.add(vec![
        json!(stores.len()),
        json!(with("sync", "in_sync")),
        json!(with("sync", "offline")),
        json!(sum("committed")),
        json!(sum("applied")),
        json!(sum("parked")),
        json!(sum("pending")),
        json!(sum("lost")),
        json!(with("digest", "differs")),
    ]);
    Ok(rows.print(asking.output)?)
}

pub(super) fn catalogue(command: CatalogueCommand) -> Result<(), CommandError> {
    match command {
        CatalogueCommand::Import { file, asking } => {
            let body =
                std::fs::read(&file).map_err(|error| CommandError::Asked(format!("{}: {error}", file.display())))?;
            let imported = asking.post("/v1/catalogue:import", "text/csv", &body)?;
            print_list(&asking, Some(&json!([imported])), &["version", "items", "codes"])
        }
        CatalogueCommand::Show { item, store, asking } => {
            let store = store.map(|store| format!("?store={}", escaped(&store))).unwrap_or_default();
            let found = asking.get(&format!("/v1/catalogue/{}{store}", escaped(&item)))?;
            let mut columns = vec!["sku", "name", "unit", "tracked", "prices", "codes", "parts", "assortments"];
            if found.get("store").is_some() {
                columns.extend(["listed", "price"]);
            }
            print_list(&asking, Some(&json!([found])), &columns)
        }
    }
}
