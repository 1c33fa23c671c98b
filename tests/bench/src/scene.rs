//! A centre, a line that counts and can be cut, a box with a scanner.

use std::time::Duration;

use serde_json::Value;
use tidemark_fleet::books::Books;
use tidemark_fleet::gun::Gun;
use tidemark_fleet::patience::Patience;
pub(crate) use tidemark_fleet::patience::Trouble;
use tidemark_fleet::process::Daemon;
use tidemark_fleet::range::{Article, articles, catalogue_csv};
use tidemark_fleet::relay::Relay;
use tidemark_fleet::stage::Stage;

/// The store with the box.
pub(crate) const STORE: &str = "S0001";
/// Articles in the range, as a middling shop has.
const ARTICLES: u64 = 20_000;
/// How long anything may take; a hang limit.
const HANG: Duration = Duration::from_secs(600);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Everything that is measured.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) centre: Daemon,
    pub(crate) line: Relay,
    pub(crate) edge: Daemon,
    pub(crate) gun: Gun,
    pub(crate) range: Vec<Article>,
}

impl Scene {
    /// Starts all on a stage.
    pub(crate) async fn set(stage: Stage) -> Result<Self, Trouble> {
        let centre = Daemon::start(stage.centre(&[])?).await?;
        let range = articles(ARTICLES);
        let (status, answer) =
            centre.post("/v1/catalogue:import", "text/csv", catalogue_csv(&range).into_bytes()).await?;
        if status != 200 {
            return Err(format!("catalogue: {status} {answer}").into());
        }
        let line = Relay::start(centre.recipe().http).await?;
        let gun = Gun::plug(&stage.folder().join("scanner"))?;
        let configuration = stage.folder().join("box.toml");
        std::fs::write(&configuration, gun.configuration("counter-1"))?;
        let more = ["--config".to_owned(), configuration.display().to_string()];
        let edge = Daemon::start(stage.edge(STORE, line.address(), &more)?).await?;
        let scene = Self { stage, centre, line, edge, gun, range };
        wait_for("the catalogue at the box", || async {
            let status = scene.edge.get("/v1/status").await?;
            Ok(status.get("catalogue").and_then(Value::as_u64).unwrap_or(0) > 0)
        })
        .await?;
        Ok(scene)
    }

    /// Waits until nothing of the box is on its way.
    pub(crate) async fn settle(&self) -> Result<(), Trouble> {
        let books = Books::of(&self.centre);
        wait_for("all at head office", || async {
            let status = self.edge.get("/v1/status").await?;
            let (tail, pending) = (number(&status, "tail"), number(&status, "pending"));
            Ok(pending == Some(0) && number(&books.store(STORE).await?, "committed") >= tail)
        })
        .await
    }
}

/// A number of an answer.
pub(crate) fn number(answer: &Value, name: &str) -> Option<u64> {
    answer.get(name).and_then(Value::as_u64)
}

/// Looks again and again until it holds.
pub(crate) async fn wait_for<F>(what: &str, look: impl FnMut() -> F) -> Result<(), Trouble>
where
    F: Future<Output = Result<bool, Trouble>>,
{
    Patience { within: HANG, every: LOOK_EVERY }.wait_for(what, look).await
}
