//! The role `cache`: fills the cache of its region with the levels that are
//! published, each only if it is newer than what is there.

use std::time::Duration;

use tidemark_cache::Cache;
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, registry};
use tidemark_ledger::LevelRow;
use tidemark_stream::StreamError;
use tidemark_stream::kafka::{KafkaConfig, LevelFeed};
use tokio_util::sync::CancellationToken;

use crate::applier::level_of_announcement;
use crate::events::Events;

/// Levels taken at once.
const TOGETHER: usize = 1_000;
/// What was published before this is not in the cache any more.
const LIFE_MS: i64 = 90_000;
/// After a failure.
const AGAIN: Duration = Duration::from_secs(1);

/// Fills a cache.
#[derive(Debug)]
pub(crate) struct CacheFiller {
    pub(crate) kafka: KafkaConfig,
    pub(crate) cache: Cache,
    pub(crate) conditions: Active,
    pub(crate) events: Events,
    pub(crate) clock: Clock,
}

impl CacheFiller {
    /// Fills until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        while !stop.is_cancelled() {
            let ended = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                ended = self.fill() => ended,
            };
            if let Err(error) = ended {
                self.conditions.raise(registry::STREAM_UNREACHABLE, format!("levels: {error}"), self.clock.millis());
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
        Ok(())
    }

    /// Fills until something fails.
    async fn fill(&self) -> Result<(), StreamError> {
        let since = self.clock.wall().0.saturating_sub(LIFE_MS);
        let feed = LevelFeed::open(&self.kafka, since).await?;
        loop {
            let told = feed.next(TOGETHER).await?;
            self.conditions.clear(registry::STREAM_UNREACHABLE);
            let levels: Vec<LevelRow> = told.iter().filter_map(|json| level_of_announcement(json)).collect();
            self.events.levels_unreadable.inc_by(u64::try_from(told.len() - levels.len()).unwrap_or(0));
            self.put(&levels).await;
        }
    }

    /// Tries until the cache has them: it may hold what they replace.
    async fn put(&self, levels: &[LevelRow]) {
        while let Err(error) = self.cache.put(levels).await {
            self.conditions.raise(registry::CACHE_UNREACHABLE, error.to_string(), self.clock.millis());
            tokio::time::sleep(AGAIN).await;
        }
        self.events.levels_cached.inc_by(u64::try_from(levels.len()).unwrap_or(0));
        self.conditions.clear(registry::CACHE_UNREACHABLE);
    }
}
