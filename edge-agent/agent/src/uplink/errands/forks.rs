//! Epochs that another life of this disk wrote too: what the centre does not
//! hold of them is replayed in the present one.

use tidemark_daemon::conditions::registry;
use tidemark_daemon::retry::{Disposition, Policy, retry};
use tidemark_journal::Forked;
use tidemark_model::opening::differing;
use tidemark_model::{BlockIndex, SeqSet};
use tidemark_sync::message::FetchDigests;

use super::{ErrandError, Runner};

impl Runner {
    /// Replays all that waits for it; until then a condition says so.
    pub(super) async fn replay_forks(self) {
        let judge = |error: &ErrandError| {
            let detail = format!("what only this box holds is not replayed yet: {error}");
            self.conditions.raise(registry::FORKED, detail, self.clock.millis());
            match error.disposition() {
                Disposition::Park => Disposition::Retry,
                other @ (Disposition::Retry | Disposition::RetryAfter(_) | Disposition::Stop) => other,
            }
        };
        let waiting = || async {
            let forks = self.journal.forked()?;
            for fork in &forks {
                self.replay_fork(*fork).await?;
            }
            Ok(!forks.is_empty())
        };
        // If it fails the agent stops, and begins again when it is started.
        if let Ok(true) = retry(Policy::SERVICE, waiting, judge).await {
            self.conditions.clear(registry::FORKED);
        }
    }

    async fn replay_fork(&self, fork: Forked) -> Result<(), ErrandError> {
        let detail = format!("what the centre lacks of epoch {} is replayed", fork.epoch);
        self.conditions.raise(registry::FORKED, detail, self.clock.millis());
        let mut lacking = SeqSet::new();
        let store = &self.journal.identity().store;
        for block in BlockIndex::of(fork.first).0..=BlockIndex::of(fork.tail.max(1)).0 {
            let block = BlockIndex(block);
            let own = self.journal.forked_digests(fork, block).await?;
            let asked = FetchDigests { store: store.clone(), epoch: fork.epoch, block };
            let page = self.caller().await?.fetch_digests(&asked).await?;
            lacking.insert_all(&differing(own, &page.digests));
        }
        let (movements, documents) = (lacking.count(), self.journal.replay(fork, lacking).await?);
        self.resolve_known().await?;
        self.journal.settle_fork(fork.epoch).await?;
        tracing::warn!(epoch = %fork.epoch, movements, documents, "what the centre lacked of a forked epoch is replayed");
        Ok(())
    }
}
