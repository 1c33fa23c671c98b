//! The opening: what the boxes before this one left, fetched in pages and
//! taken over by the journal.

use tidemark_daemon::conditions::registry;
use tidemark_daemon::retry::{Disposition, Policy, retry};
use tidemark_journal::Till;
use tidemark_model::Odometer;
use tidemark_sync::UplinkInput as Input;
use tidemark_sync::message::{FetchOpening, OpeningPage, OpeningPart, OpeningReady, OpeningTaken};
use tokio::sync::{mpsc, watch};

use super::super::Report;
use super::{ErrandError, Runner};

/// An opening that can be fetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToldOpening {
    ready: OpeningReady,
    /// All that is in it was committed before this reading, if that is known.
    older_until: Option<Odometer>,
}

impl ToldOpening {
    /// Told of now.
    pub(super) fn at(now: Odometer, ready: OpeningReady) -> Self {
        Self { ready, older_until: ready.older_ms.map(|older_ms| now.back(older_ms)) }
    }
}

impl Runner {
    /// Takes the opening as soon as one is told of, and says so.
    pub(super) async fn take_openings(
        self,
        mut told: watch::Receiver<Option<ToldOpening>>,
        report: mpsc::Sender<Report>,
    ) {
        while told.changed().await.is_ok() {
            let Some(opening) = *told.borrow_and_update() else { continue };
            // If it fails the agent stops; the centre tells it again.
            let Ok(taken) = self.take_opening(opening).await else { return };
            self.conditions.clear(registry::OPENING_WAITS);
            tracing::info!(ordinal = taken.ordinal.0, seq = taken.seq, "the opening is taken");
            if report.send(Report::Tell(Input::OpeningTaken(taken))).await.is_err() {
                return;
            }
        }
    }

    async fn take_opening(&self, opening: ToldOpening) -> Result<OpeningTaken, ErrandError> {
        let ToldOpening { ready, older_until } = opening;
        let judge = |error: &ErrandError| self.opening_waits(ready, error);
        if let Some(taken) = retry(Policy::SERVICE, || async { Ok(self.journal.opening()?) }, judge).await? {
            return Ok(taken);
        }
        let parts = self.fetch_opening(ready).await?;
        let take = || async {
            self.let_tills_in(&parts).await?;
            let taken = self.journal.take_opening(ready.ordinal, older_until, parts.clone()).await?;
            self.resolve_known().await?;
            Ok(taken)
        };
        retry(Policy::SERVICE, take, judge).await
    }

    /// Everything else goes on, and it is tried until it is done.
    fn opening_waits(&self, ready: OpeningReady, error: &ErrandError) -> Disposition {
        let detail = format!("this box is number {} of the shop: {error}", ready.ordinal.0);
        self.conditions.raise(registry::OPENING_WAITS, detail, self.clock.millis());
        match error.disposition() {
            Disposition::Park => Disposition::Retry,
            other @ (Disposition::Retry | Disposition::RetryAfter(_) | Disposition::Stop) => other,
        }
    }

    /// All pages; a line that is lost meanwhile costs one of them. After a new
    /// start of the agent they are fetched anew.
    async fn fetch_opening(&self, ready: OpeningReady) -> Result<Vec<OpeningPart>, ErrandError> {
        let identity = self.journal.identity();
        let (store, epoch) = (identity.store.clone(), identity.epoch);
        let mut asked = FetchOpening { store, epoch, ordinal: ready.ordinal, cursor: Default::default() };
        let mut parts = Vec::new();
        loop {
            let judge = |error: &ErrandError| self.opening_waits(ready, error);
            let OpeningPage { parts: more, cursor, .. } =
                retry(Policy::SERVICE, || self.opening_page(&asked), judge).await?;
            parts.extend(more);
            match cursor {
                Some(cursor) => asked.cursor = cursor,
                None => return Ok(parts),
            }
        }
    }

    async fn opening_page(&self, asked: &FetchOpening) -> Result<OpeningPage, ErrandError> {
        let page = self.caller().await?.fetch_opening(asked).await?;
        if page.cursor.as_ref() == Some(&asked.cursor) {
            return Err(ErrandError::Call("a page of the opening leads to itself".to_owned()));
        }
        Ok(page)
    }

    /// Tills that the box before this one let in are let in here too.
    async fn let_tills_in(&self, parts: &[OpeningPart]) -> Result<(), ErrandError> {
        let known = self.journal.tills()?;
        for part in parts {
            let OpeningPart::Till(facts) = part else { continue };
            let is_known = known.iter().any(|till: &Till| till.name == facts.source);
            if let Some(token) = facts.token.filter(|_| !is_known) {
                self.journal.add_till(facts.source.clone(), token).await?;
            }
        }
        Ok(())
    }
}
