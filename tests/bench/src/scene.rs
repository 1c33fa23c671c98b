//! A centre, a line that counts and can be cut, a box with a scanner.

use std::time::Duration;

use serde_json::Value;
use tidemark_fleet::books::Books;
use tidemark_fleet::gun::Gun;
pub(crate) use tidemark_fleet::meeting::STORE;
use tidemark_fleet::meeting::{Meeting, Needs};
use tidemark_fleet::patience::Patience;
pub(crate) use tidemark_fleet::patience::Trouble;
use tidemark_fleet::process::Daemon;
use tidemark_fleet::range::Article;
use tidemark_fleet::relay::Relay;
use tidemark_fleet::stage::Stage;

/// Articles in the range, as a middling shop has.
const ARTICLES: u64 = 20_000;
/// How long anything may take.
const PATIENCE: Patience = Patience { within: Duration::from_secs(600), every: Duration::from_millis(2) };

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
        let (gun, more) = Gun::plug_at("counter-1", stage.folder())?;
        let needs = Needs { articles: ARTICLES, parts: &[], more: &more, patience: PATIENCE };
        let Meeting { stage, centre, line, edge, range } = Meeting::arrange(stage, needs).await?;
        Ok(Self { stage, centre, line, edge, gun, range })
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
    PATIENCE.wait_for(what, look).await
}
