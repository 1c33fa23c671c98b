//! What repairs leave to the centre: letters that it parked itself are applied,
//! and the topic is told of every letter that a repair changed.

use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_ledger::{LedgerError, News, Reapplied};
use tidemark_stream::StreamError;
use tokio_util::sync::CancellationToken;

use crate::applier::{announced_letter, announced_level};
use crate::parts::Parts;
use crate::ticks::Ticks;

/// How often it is looked for work.
const EVERY: Duration = Duration::from_millis(500);
/// Letters of one look.
const AT_ONCE: u32 = 200;

/// Does what repairs leave to the centre.
#[derive(Debug)]
pub(crate) struct Mending {
    pub(crate) parts: Parts,
    pub(crate) clock: Clock,
}

/// Why a look did not come to its end; the next one goes on.
#[derive(Debug, thiserror::Error)]
enum MendError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Stream(#[from] StreamError),
}

impl Mending {
    /// Looks until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut ticks = Ticks::every(EVERY, stop);
        while ticks.next().await {
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "what repairs leave to do waits");
            }
        }
        Ok(())
    }

    async fn look(&self) -> Result<(), MendError> {
        for letter in self.parts.ledger.letters_to_apply(AT_ONCE).await? {
            self.apply(letter).await?;
        }
        let news = self.parts.ledger.letter_news(AT_ONCE).await?;
        if news.is_empty() {
            return Ok(());
        }
        for News { partition, letter, .. } in &news {
            self.parts.stream.announce(*partition, &[announced_letter(letter)]).await?;
        }
        Ok(self.parts.ledger.forget_news(&news).await?)
    }

    async fn apply(&self, letter: i64) -> Result<(), MendError> {
        match self.parts.ledger.apply_letter(letter, self.clock.wall().0).await? {
            Reapplied::Applied(levels) => {
                tracing::info!(letter, "what the centre had parked is applied");
                // The applier publishes them with its next step in any case.
                if let Err(error) = self.parts.cache.put(&levels).await {
                    tracing::debug!(%error, "a level waits for the applier to be published");
                }
                for level in &levels {
                    let partition = self.parts.stream.partition_of(&level.store);
                    self.parts.stream.announce(partition, &[announced_level(level)]).await?;
                }
            }
            Reapplied::Still(why) => tracing::warn!(letter, why, "what the centre had parked stays parked"),
            // Another process was first.
            Reapplied::Gone => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tidemark_cache::Cache;
    use tidemark_ledger::apply::{ApplyRecord, Content};
    use tidemark_ledger::{Claim, ClaimHow, Ledger, Repair};
    use tidemark_model::{Epoch, Position, StoreId, StreamId};
    use tidemark_stream::Stream;

    use super::*;

    #[tokio::test]
    async fn a_repair_is_carried_to_its_end_and_the_topic_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap();
        let stream = Stream::embedded(&folder.path().join("stream.db"), 1).await.unwrap();
        let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
        let content = Content::Movement(Position { epoch: Epoch(9), seq: 1 }, Bytes::from_static(b"\xff"));
        let unread = ApplyRecord { offset: 0, store: StoreId::new("S1").unwrap(), content };
        ledger.apply(at, &[unread], 1, 0).await.unwrap();
        let repair = Repair {
            id: "one".to_owned(),
            author: "anna".to_owned(),
            reason: "a newer release".to_owned(),
            what: "{}".to_owned(),
            claims: vec![Claim { letter: 1, how: ClaimHow::Applied }],
            instructions: Vec::new(),
        };
        ledger.repair(&repair, 0).await.unwrap();
        let parts = Parts { ledger: ledger.clone(), stream, cache: Cache::none() };
        let mending = Mending { parts, clock: Clock::start() };
        mending.look().await.unwrap();
        let job = ledger.job_of_id("one").await.unwrap().unwrap();
        assert_eq!((job.total, job.done, job.failed), (1, 0, 1), "these bytes no release can read");
        let letter = ledger.letters_by_number(&[1]).await.unwrap().remove(0).0;
        assert!(letter.job.is_none() && letter.failure.is_some_and(|why| why.contains("can't be read")));
        assert!(
            ledger.letters_to_apply(9).await.unwrap().is_empty() && ledger.letter_news(9).await.unwrap().is_empty()
        );
    }
}
