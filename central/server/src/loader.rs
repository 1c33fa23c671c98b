//! Levels that the cache does not hold: whoever misses some asks here, and
//! all who miss at the same time are answered by one question to the ledger.
//! So a cache that was flushed under load costs time, and no stampede.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidemark_cache::{Cache, Key};
use tidemark_ledger::{Ledger, LedgerError, LevelRow};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::events::Events;

/// Callers that wait.
const QUEUE: usize = 4_096;
/// Levels of one question, about.
const TOGETHER: usize = 1_000;

/// Asks the ledger for levels; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Loader {
    asking: mpsc::Sender<Ask>,
    _task: Arc<JoinSet<()>>,
}

/// What one caller misses.
#[derive(Debug)]
struct Ask {
    keys: Vec<Key>,
    answer: oneshot::Sender<Result<Vec<LevelRow>, Arc<LedgerError>>>,
}

/// Why a level was not loaded.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The ledger does not answer.
    #[error(transparent)]
    Ledger(Arc<LedgerError>),
    /// The process ends.
    #[error("the centre is stopping")]
    Stopping,
}

impl Loader {
    pub(crate) fn start(ledger: Ledger, cache: Cache, events: Events) -> Self {
        let (asking, queue) = mpsc::channel(QUEUE);
        let mut task = JoinSet::new();
        task.spawn(Work { ledger, cache, events }.run(queue));
        Self { asking, _task: Arc::new(task) }
    }

    /// Levels of these keys; those that nothing is known of are left out.
    pub(crate) async fn load(&self, keys: Vec<Key>) -> Result<Vec<LevelRow>, LoadError> {
        let (answer, answered) = oneshot::channel();
        self.asking.send(Ask { keys, answer }).await.map_err(|_ended| LoadError::Stopping)?;
        answered.await.map_err(|_ended| LoadError::Stopping)?.map_err(LoadError::Ledger)
    }
}

struct Work {
    ledger: Ledger,
    cache: Cache,
    events: Events,
}

impl Work {
    async fn run(self, mut queue: mpsc::Receiver<Ask>) {
        while let Some(first) = queue.recv().await {
            let mut count = first.keys.len();
            let mut asks = vec![first];
            while count < TOGETHER
                && let Ok(ask) = queue.try_recv()
            {
                count += ask.keys.len();
                asks.push(ask);
            }
            let wanted: BTreeSet<Key> = asks.iter().flat_map(|ask| ask.keys.iter().cloned()).collect();
            let found = self.find(wanted.into_iter().collect()).await.map_err(Arc::new);
            for ask in asks {
                let told = found
                    .as_ref()
                    .map_err(Arc::clone)
                    .map(|found| ask.keys.iter().filter_map(|key| found.get(key).cloned()).collect::<Vec<_>>());
                // A caller who has gone needs no answer.
                drop(ask.answer.send(told));
            }
        }
    }

    async fn find(&self, wanted: Vec<Key>) -> Result<BTreeMap<Key, LevelRow>, LedgerError> {
        // What the question before brought is here by now.
        let held = self.cache.get(&wanted).await;
        let missing: Vec<Key> =
            wanted.iter().zip(&held).filter(|(_, held)| held.is_none()).map(|(key, _)| key.clone()).collect();
        let key_of = |level: &LevelRow| (level.store.clone(), level.sku.clone());
        let mut found: BTreeMap<Key, LevelRow> =
            held.into_iter().flatten().map(|level| (key_of(&level), level)).collect();
        for some in missing.chunks(TOGETHER) {
            self.events.level_loads.inc();
            let levels = self.ledger.levels(some).await?;
            if let Err(error) = self.cache.put(&levels).await {
                tracing::debug!(%error, "what was read is not cached");
            }
            found.extend(levels.into_iter().map(|level| (key_of(&level), level)));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use tidemark_model::{Sku, StoreId};

    use super::*;

    #[tokio::test]
    async fn all_who_miss_at_once_cost_one_question() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap();
        let (events, _page) = Events::declare();
        let loader = Loader::start(ledger, Cache::none(), events.clone());
        let key = (StoreId::new("S1").unwrap(), Sku::new("apple").unwrap());
        let mut callers = JoinSet::new();
        for _ in 0..500 {
            let (loader, key) = (loader.clone(), key.clone());
            callers.spawn(async move { loader.load(vec![key.clone(), key]).await.unwrap() });
        }
        let answers = callers.join_all().await;
        assert!(answers.len() == 500 && answers.iter().all(Vec::is_empty));
        assert!(events.level_loads.get() <= 10, "{} questions", events.level_loads.get());
    }

    #[tokio::test]
    async fn a_ledger_that_does_not_answer_is_told_to_all() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap();
        ledger.close().await;
        let loader = Loader::start(ledger, Cache::none(), Events::declare().0);
        let key = (StoreId::new("S1").unwrap(), Sku::new("apple").unwrap());
        assert!(matches!(loader.load(vec![key]).await, Err(LoadError::Ledger(_))));
    }
}
