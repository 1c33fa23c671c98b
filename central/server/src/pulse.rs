//! Whether the parts answer. Ledger and stream are asked every two seconds,
//! so that one that is away is told of although nobody has work for it just
//! now. What fails at work is told by whoever does that work, about its
//! partition.

use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, Code, registry};
use tokio_util::sync::CancellationToken;

use crate::parts::Parts;
use crate::ticks::Ticks;

const EVERY: Duration = Duration::from_secs(2);
/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_secs(4);

/// Asks the parts.
#[derive(Debug)]
pub(crate) struct Pulse {
    pub(crate) parts: Parts,
    pub(crate) conditions: Active,
    pub(crate) clock: Clock,
}

impl Pulse {
    /// Asks until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut ticks = Ticks::every(EVERY, stop);
        while ticks.next().await {
            self.look().await;
        }
        Ok(())
    }

    async fn look(&self) {
        let [ledger, stream] = self.parts.ask(ANSWER).await;
        self.note(registry::DATABASE_UNREACHABLE, ledger);
        self.note(registry::STREAM_UNREACHABLE, stream);
        self.conditions.expire(self.clock.millis());
    }

    fn note(&self, code: Code, answer: Result<(), String>) {
        match answer {
            Ok(()) => drop(self.conditions.clear(code)),
            Err(cause) => drop(self.conditions.raise(code, cause, self.clock.millis())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_cache::Cache;
    use tidemark_ledger::Ledger;
    use tidemark_stream::Stream;

    #[tokio::test]
    async fn a_part_that_is_away_is_told_of_although_nobody_works_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap();
        let stream = Stream::embedded(&folder.path().join("stream.db"), 1).await.unwrap();
        let parts = Parts { ledger: ledger.clone(), stream, cache: Cache::none() };
        let pulse = Pulse { parts, conditions: Active::default(), clock: Clock::start() };
        pulse.look().await;
        assert!(pulse.conditions.list().is_empty());
        ledger.close().await;
        pulse.look().await;
        let told: Vec<Code> = pulse.conditions.list().iter().map(|raised| raised.code).collect();
        assert_eq!(told, [registry::DATABASE_UNREACHABLE]);
    }
}
