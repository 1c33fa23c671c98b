//! A centre, a line that can be cut and a box behind it that have met; and
//! what head office does first: the catalogue and the opening stock.

use std::time::Duration;

use serde_json::Value;

use crate::books::Books;
use crate::patience::{Patience, Trouble, expect};
use crate::process::Daemon;
use crate::range::{Article, articles, catalogue_csv, opening_csv};
use crate::relay::Relay;
use crate::stage::Stage;

/// The store of the box.
pub const STORE: &str = "S0001";

/// Who has met.
#[derive(Debug)]
pub struct Meeting {
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

/// What a meeting needs beside its stage.
#[derive(Clone, Copy, Debug)]
pub struct Needs<'a> {
    /// How many articles are in the range.
    pub articles: u64,
    /// The centre's flags for real parts, none for the embedded ones.
    pub parts: &'a [String],
    /// Flags of the box.
    pub more: &'a [String],
    /// How long the catalogue may take to the box.
    pub patience: Patience,
}

impl Meeting {
    /// Starts all on a stage and waits until the box has the catalogue.
    pub async fn arrange(stage: Stage, needs: Needs<'_>) -> Result<Self, Trouble> {
        let centre = Daemon::start(stage.centre(needs.parts)?).await?;
        let range = articles(needs.articles);
        import_catalogue(&centre, &range).await?;
        let line = Relay::start(centre.recipe().http).await?;
        let edge = Daemon::start(stage.edge(STORE, line.address(), needs.more)?).await?;
        needs.patience.wait_for("the catalogue at the box", || has_catalogue(&edge)).await?;
        Ok(Self { stage, centre, line, edge, range })
    }
}

/// Imports a range as the catalogue.
pub async fn import_catalogue(centre: &Daemon, range: &[Article]) -> Result<(), Trouble> {
    let csv = catalogue_csv(range).into_bytes();
    let (status, answer) = centre.post("/v1/catalogue:import", "text/csv", csv).await?;
    expect(status == 200, || format!("the catalogue was refused: {status} {answer}"))
}

/// Whether a box has a catalogue.
pub async fn has_catalogue(edge: &Daemon) -> Result<bool, Trouble> {
    let status = edge.get("/v1/status").await?;
    Ok(status.get("catalogue").and_then(Value::as_u64).unwrap_or(0) > 0)
}

/// Opens the stock of a range in stores, so many pieces each, and waits until
/// every box has committed it and the centre applied it; how many movements
/// that are.
pub async fn open_stock(
    centre: &Daemon,
    stores: &[impl AsRef<str> + Sync],
    range: &[Article],
    pieces: u64,
    within: Duration,
) -> Result<u64, Trouble> {
    let csv = opening_csv(stores.iter().map(AsRef::as_ref), range, pieces);
    let (status, answer) = centre.post("/v1/stock:open", "text/csv", csv.into_bytes()).await?;
    expect(status == 202, || format!("the opening stock was refused: {status} {answer}"))?;
    let count = u64::try_from(stores.len() * range.len())?;
    let totals = Books::of(centre).settle(count, within).await?;
    expect(totals.is_settled() && totals.applied >= count, || format!("the opening did not settle: {totals:?}"))?;
    Ok(count)
}
