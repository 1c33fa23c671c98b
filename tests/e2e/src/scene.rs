//! A scene: a centre, a line, a box, a range of goods on its shelves.

use std::time::Duration;

use serde_json::{Value, json};
use tidemark_fleet::books::{Books, Totals};
pub use tidemark_fleet::meeting::STORE;
use tidemark_fleet::meeting::{Meeting, Needs, open_stock};
pub use tidemark_fleet::patience::Trouble;
use tidemark_fleet::patience::{Patience, expect};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::proof::{self, Expected};
use tidemark_fleet::range::Article;
use tidemark_fleet::receipts::Sums;
use tidemark_fleet::relay::Relay;
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_fleet::submit::{TillLine, status_of};
use tidemark_parts::Real;

/// Opening stock of every article, in pieces.
pub const OPENING: u64 = 100;
/// How long anything may take until it is there; a hang limit.
pub const HANG: Duration = Duration::from_secs(90);
/// The same, with the time between two looks.
const PATIENCE: Patience = Patience { within: HANG, every: Duration::from_millis(50) };
/// Articles in the range.
const ARTICLES: u64 = 50;

/// A centre, a line and a box that have met, with stock opened.
#[derive(Debug)]
pub struct Scene {
    /// The folder and the programs.
    pub stage: Stage,
    /// The centre.
    pub centre: Daemon,
    /// The line between both.
    pub line: Relay,
    /// The box.
    pub edge: Daemon,
    /// What is on the shelves.
    pub range: Vec<Article>,
}

impl Scene {
    /// Sets the scene; `parts` are the centre's flags for real parts, `more`
    /// are flags of the box.
    pub async fn set(parts: &[String], more: &[String]) -> Result<Self, Trouble> {
        let stage = Stage::new(Programs::beside_this()?)?;
        let needs = Needs { articles: ARTICLES, parts, more, patience: PATIENCE };
        let Meeting { stage, centre, line, edge, range } = Meeting::arrange(stage, needs).await?;
        open_stock(&centre, &[STORE], &range, OPENING, HANG).await?;
        Ok(Self { stage, centre, line, edge, range })
    }

    /// A till's line to the box.
    #[must_use]
    pub fn till(&self) -> TillLine {
        TillLine::of(&self.edge)
    }

    /// The centre's books.
    #[must_use]
    pub fn books(&self) -> Books {
        Books::of(&self.centre)
    }

    /// Waits until the centre holds exactly what the submitters know, and
    /// nothing is parked.
    pub async fn prove(&self, sums: &Sums) -> Result<Totals, Trouble> {
        self.check(None, sums).await
    }

    /// The same, with a look at the database and the published levels.
    pub async fn prove_on(&self, real: &Real, sums: &Sums) -> Result<Totals, Trouble> {
        self.check(Some(real), sums).await
    }

    async fn check(&self, real: Option<&Real>, sums: &Sums) -> Result<Totals, Trouble> {
        let mut all = sums.clone();
        for article in &self.range {
            all.add(STORE, &article.sku, i64::try_from(OPENING)?);
        }
        let proven = async {
            let totals = proof::prove(&self.books(), real, &Expected { sums: &all, parked: 0 }, HANG).await?;
            wait_for("the box to know that head office holds all", || async {
                Ok(self.edge.get("/v1/status").await?.get("pending") == Some(&json!(0)))
            })
            .await?;
            Ok::<_, Trouble>(totals)
        };
        let proven = proven.await;
        let logs = || format!("centre:\n{}\nbox:\n{}", self.centre.log_tail(), self.edge.log_tail());
        proven.map_err(|trouble| format!("{trouble}\n{}", logs()).into())
    }

    /// Whether a condition holds at the centre.
    pub async fn centre_says(&self, code: &str) -> Result<bool, Trouble> {
        says(&self.centre, code).await
    }

    /// Whether a condition holds at the box.
    pub async fn box_says(&self, code: &str) -> Result<bool, Trouble> {
        told_by(&self.edge, code).await
    }
}

/// Whether a condition holds at a process of the centre.
pub async fn says(process: &Daemon, code: &str) -> Result<bool, Trouble> {
    Ok(process.text("/readyz?verbose").await?.lines().any(|line| line.starts_with(code)))
}

/// Whether a condition holds at a box.
pub async fn told_by(edge: &Daemon, code: &str) -> Result<bool, Trouble> {
    let status = edge.get("/v1/status").await?;
    let told = status.get("conditions").and_then(Value::as_array);
    Ok(told.into_iter().flatten().any(|condition| condition.get("code").and_then(Value::as_str) == Some(code)))
}

/// Whether a daemon has ever raised a condition, however soon it was over.
pub fn has_raised(daemon: &Daemon, code: &str) -> Result<bool, Trouble> {
    let log = std::fs::read_to_string(&daemon.recipe().log)?;
    Ok(log.lines().any(|line| line.contains("condition raised") && line.contains(code)))
}

/// Looks again and again until it holds; fails after the hang limit.
pub async fn wait_for<F>(what: &str, look: impl FnMut() -> F) -> Result<(), Trouble>
where
    F: Future<Output = Result<bool, Trouble>>,
{
    PATIENCE.wait_for(what, look).await
}

/// Sells one of an item so often, each under an id of its own, and sees each
/// accepted.
pub async fn sell(edge: &Daemon, name: &str, sku: &str, times: u64) -> Result<(), Trouble> {
    for number in 0..times {
        let told = TillLine::of(edge).submit(&sale(&format!("{name}-{number}"), sku, 1)).await?;
        expect(status_of(&told.result) == "accepted", || format!("not accepted: {}", told.result))?;
    }
    Ok(())
}

/// A sale of one line as a till sends it.
#[must_use]
pub fn sale(id: &str, item: &str, quantity: impl Into<Value>) -> Value {
    event("tidemark.sale", id, json!({"lines": [{"item": item, "quantity": quantity.into()}]}))
}

/// An event as a till sends it.
#[must_use]
pub fn event(kind: &str, id: &str, data: impl Into<Value>) -> Value {
    json!({"specversion": "1.0", "type": kind, "source": "till:1", "id": id, "data": data.into()})
}

/// What a command of the centre says: its code, its lines of JSON, its
/// complaint.
pub fn said(centre: &Daemon, arguments: &[&str]) -> Result<(Option<i32>, Vec<Value>, String), Trouble> {
    let url = centre.url("");
    let mut command = std::process::Command::new(&centre.recipe().program);
    let output = command.args(arguments).args(["--url", url.trim_end_matches('/'), "-o", "jsonl"]).output()?;
    let lines = String::from_utf8_lossy(&output.stdout).lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    Ok((output.status.code(), lines, String::from_utf8_lossy(&output.stderr).into_owned()))
}
