//! Tills that sell while something else happens, each repeating a receipt
//! until it is answered.

use std::time::Duration;

use tidemark_fleet::patience::{Trouble, expect};
use tidemark_fleet::range::Article;
use tidemark_fleet::receipts::{Sums, Till};
use tidemark_fleet::submit::{TillLine, status_of};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::scene::{STORE, Scene};

/// Between two receipts of a till.
const PAUSE: Duration = Duration::from_millis(15);

/// Tills that sell until they are closed.
#[derive(Debug)]
pub struct Selling {
    doors: watch::Sender<bool>,
    tills: JoinSet<Result<Sums, Trouble>>,
}

impl Selling {
    /// Opens two tills at the box of a scene; a new life each time.
    #[must_use]
    pub fn open(scene: &Scene, life: u64) -> Self {
        Self::at(&scene.till(), &scene.range, life)
    }

    /// The same with so many lines a receipt.
    #[must_use]
    pub fn of_lines(scene: &Scene, life: u64, lines: u64) -> Self {
        Self::with(&scene.till(), &scene.range, life, |till| till.with_lines(lines))
    }

    /// Opens two tills at the box of [`STORE`].
    #[must_use]
    pub fn at(line: &TillLine, range: &[Article], life: u64) -> Self {
        Self::with(line, range, life, |till| till)
    }

    fn with(line: &TillLine, range: &[Article], life: u64, change: impl Fn(Till) -> Till) -> Self {
        let (doors, open) = watch::channel(true);
        let mut working = JoinSet::new();
        for number in ["1", "2"] {
            working.spawn(sell(line.clone(), range.to_vec(), change(Till::new(number, life, life)), open.clone()));
        }
        Self { doors, tills: working }
    }

    /// Closes all; what they know they sold.
    pub async fn close(self) -> Result<Sums, Trouble> {
        self.doors.send_replace(false);
        let mut sums = Sums::default();
        for till in self.tills.join_all().await {
            sums.merge(&till?);
        }
        expect(sums.movements() > 0, || "nothing was sold".to_owned())?;
        Ok(sums)
    }
}

async fn sell(
    line: TillLine,
    range: Vec<Article>,
    mut till: Till,
    doors: watch::Receiver<bool>,
) -> Result<Sums, Trouble> {
    let mut sums = Sums::default();
    while *doors.borrow() {
        let receipt = till.ring_up(&range);
        sums.sold(STORE, &receipt);
        let told = line.submit(&receipt.event()).await?;
        let status = status_of(&told.result);
        expect(matches!(status, "accepted" | "duplicate"), || format!("a sale was refused: {}", told.result))?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(sums)
}
