//! Forked letters that close because the next epoch's opening holds their very
//! line. When it is made, they close; one that is parked later, as after the
//! database was set back, closes here.

use std::collections::BTreeMap;
use std::time::Duration;

use tidemark_model::{EpochOrdinal, StoreId};
use tokio_util::sync::CancellationToken;

use super::{OpeningError, Openings};
use crate::ticks::Ticks;

/// How often it is looked for letters.
const EVERY: Duration = Duration::from_secs(10);

/// Looks for such letters.
#[derive(Debug)]
pub(crate) struct ForkWatch {
    openings: Openings,
    /// The letters of each store that were looked at, none of which stands.
    looked_at: BTreeMap<StoreId, Vec<i64>>,
}

impl ForkWatch {
    /// Nothing was looked at yet.
    pub(crate) const fn over(openings: Openings) -> Self {
        Self { openings, looked_at: BTreeMap::new() }
    }

    /// Looks until it is asked to stop.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut ticks = Ticks::every(EVERY, stop);
        while ticks.next().await {
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "forked letters are not looked at");
            }
        }
        Ok(())
    }

    /// Looks once.
    pub(crate) async fn look(&mut self) -> Result<(), OpeningError> {
        for (store, newest) in self.openings.ledger.stores_with_forks().await? {
            self.look_at(store, newest).await?;
        }
        Ok(())
    }

    async fn look_at(&mut self, store: StoreId, newest: EpochOrdinal) -> Result<(), OpeningError> {
        let ledger = &self.openings.ledger;
        let (forks, kept) = (ledger.open_forks(&store, newest).await?, ledger.opening(&store, newest).await?);
        let letters: Vec<i64> = forks.iter().map(|(letter, _)| *letter).collect();
        if !kept.complete || self.looked_at.get(&store) == Some(&letters) {
            return Ok(());
        }
        let opening = self.openings.read(&store, newest, kept.pages).await?;
        self.openings.close_standing(&opening, &forks).await?;
        self.looked_at.insert(store, letters);
        Ok(())
    }
}
