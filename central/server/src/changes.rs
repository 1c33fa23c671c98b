//! The changes of levels, for those who follow them: first all levels there
//! are, page by page, then whatever changes. Each answer ends with a cursor,
//! from which anybody may go on, here or at another process.
//!
//! What a cursor can't be followed from (another history, a future, too long
//! ago) starts over with all levels, and says so.

mod cursor;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::ticks::Ticks;
use tidemark_ledger::{ChangedLevels, Follow, Followed, Ledger, LedgerError, LevelRow};
use tidemark_model::{Sku, StoreId};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

pub(crate) use cursor::{Cursor, Place};

/// How often it is looked whether something changed, while anybody follows.
const EVERY: Duration = Duration::from_millis(100);
/// Levels of a page while all are read.
const PAGE: u32 = 1_000;
/// Pairs of one question.
const PAIRS: usize = 1_000;
/// Pages that are kept for the others that follow.
const SHARED: usize = 8;

/// Why a follower starts over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restart {
    /// The cursor is of another history of the ledger.
    Generation,
    /// This history has not come so far.
    Ahead,
    /// So far back is not kept.
    TooOld,
}

impl Restart {
    /// As callers are told it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Generation => "another_generation",
            Self::Ahead => "ahead",
            Self::TooOld => "too_old",
        }
    }
}

/// What came after a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Whether all levels follow anew, and why.
    pub(crate) restart: Option<Restart>,
    /// The levels as they are now.
    pub(crate) levels: Vec<LevelRow>,
    /// Where to go on.
    pub(crate) cursor: Cursor,
    /// Whether there is more already.
    pub(crate) more: bool,
}

impl Page {
    /// Whether there is nothing to tell.
    pub(crate) const fn is_silent(&self) -> bool {
        self.levels.is_empty() && self.restart.is_none() && !self.more
    }
}

/// Pages by the cursor they follow.
type Pages = VecDeque<(Cursor, Arc<Page>)>;

/// The changes of a ledger; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    ledger: Ledger,
    /// How far the changes have come, as the last look found.
    seen: watch::Sender<Option<Followed>>,
    /// Pages that were read lately, so that a hundred followers cost the
    /// ledger no more than one. Held while one is read.
    shared: Arc<Mutex<Pages>>,
}

impl Changes {
    pub(crate) fn of(ledger: Ledger) -> Self {
        Self { ledger, seen: watch::Sender::new(None), shared: Arc::default() }
    }

    /// Looks for changes until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut ticks = Ticks::every(EVERY, stop);
        while ticks.next().await {
            if self.seen.receiver_count() == 0 {
                continue;
            }
            match self.ledger.followed_now().await {
                Ok(now) => {
                    self.seen.send_if_modified(|seen| {
                        let is_news = seen.as_ref() != Some(&now);
                        *seen = Some(now);
                        is_news
                    });
                }
                Err(error) => tracing::debug!(%error, "the changes can't be looked at"),
            }
        }
        Ok(())
    }

    /// Tells of each look that finds something.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<Followed>> {
        self.seen.subscribe()
    }

    /// Where one begins who wants all levels first.
    pub(crate) async fn beginning(&self) -> Result<Cursor, LedgerError> {
        Ok(Cursor { told: self.ledger.followed_now().await?, place: Place::Reading(None) })
    }

    /// Where one begins who wants only what changes from now on.
    pub(crate) async fn now(&self) -> Result<Cursor, LedgerError> {
        Ok(Cursor { told: self.ledger.followed_now().await?, place: Place::Following })
    }

    /// What comes after a cursor, as far as it is there now.
    pub(crate) async fn after(&self, cursor: &Cursor) -> Result<Arc<Page>, LedgerError> {
        match &cursor.place {
            Place::Reading(after) => self.read(cursor, after.as_ref()).await.map(Arc::new),
            Place::Following => self.follow_shared(cursor).await,
        }
    }

    async fn read(&self, cursor: &Cursor, after: Option<&(StoreId, Sku)>) -> Result<Page, LedgerError> {
        let now = self.ledger.followed_now().await?;
        if now.generation != cursor.told.generation {
            return Ok(Self::start_over(now, Restart::Generation));
        }
        let after = after.map(|(store, sku)| (store, sku.as_str()));
        let levels = self.ledger.levels_page(after, PAGE).await?;
        let last = levels.last().map(|level| (level.store.clone(), level.sku.clone()));
        let more = levels.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
        let place = if more { Place::Reading(last) } else { Place::Following };
        Ok(Page { restart: None, levels, cursor: Cursor { told: cursor.told.clone(), place }, more })
    }

    fn start_over(now: Followed, why: Restart) -> Page {
        let cursor = Cursor { told: now, place: Place::Reading(None) };
        Page { restart: Some(why), levels: Vec::new(), cursor, more: true }
    }

    async fn follow_shared(&self, cursor: &Cursor) -> Result<Arc<Page>, LedgerError> {
        let mut shared = self.shared.lock().await;
        if let Some((_, page)) = shared.iter().find(|(from, _)| from == cursor) {
            return Ok(Arc::clone(page));
        }
        let page = Arc::new(self.follow(cursor).await?);
        // What is silent now may speak at the next look.
        if !page.is_silent() {
            shared.truncate(SHARED - 1);
            shared.push_front((cursor.clone(), Arc::clone(&page)));
        }
        Ok(page)
    }

    async fn follow(&self, cursor: &Cursor) -> Result<Page, LedgerError> {
        let why = match self.ledger.follow(&cursor.told).await? {
            Follow::Changed { levels, until, more } => {
                let levels = self.levels(levels).await?;
                return Ok(Page {
                    restart: None,
                    levels,
                    cursor: Cursor { told: until, place: Place::Following },
                    more,
                });
            }
            Follow::AnotherGeneration => Restart::Generation,
            Follow::Ahead => Restart::Ahead,
            Follow::TooOld => Restart::TooOld,
        };
        Ok(Self::start_over(self.ledger.followed_now().await?, why))
    }

    /// The levels that changed, as they are now.
    async fn levels(&self, changed: ChangedLevels) -> Result<Vec<LevelRow>, LedgerError> {
        let (mut pairs, mut levels) = (Vec::new(), Vec::new());
        for (store, skus) in changed {
            match skus {
                Some(skus) => pairs.extend(skus.into_iter().map(|sku| (store.clone(), sku))),
                None => levels.append(&mut self.all_of(&store).await?),
            }
        }
        for some in pairs.chunks(PAIRS) {
            levels.append(&mut self.ledger.levels(some).await?);
        }
        Ok(levels)
    }

    async fn all_of(&self, store: &StoreId) -> Result<Vec<LevelRow>, LedgerError> {
        let mut levels: Vec<LevelRow> = Vec::new();
        loop {
            let after = levels.last().map_or("", |level| level.sku.as_str()).to_owned();
            let page = self.ledger.levels_page(Some((store, &after)), PAGE).await?;
            let full = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            let ours = levels.len();
            levels.extend(page.into_iter().take_while(|level| level.store == *store));
            if !full || levels.len() < ours.saturating_add(usize::try_from(PAGE).unwrap_or(usize::MAX)) {
                return Ok(levels);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tidemark_ledger::apply::{ApplyRecord, Content};
    use tidemark_model::{Epoch, Generation, Position, StreamId};

    use super::*;

    async fn ledger(folder: &std::path::Path) -> Ledger {
        Ledger::sqlite(&folder.join("ledger.db")).await.unwrap()
    }

    #[tokio::test]
    async fn one_reads_all_and_then_follows() {
        let folder = tempfile::tempdir().unwrap();
        let changes = Changes::of(ledger(folder.path()).await);
        let start = changes.beginning().await.unwrap();
        let page = changes.after(&start).await.unwrap();
        assert!(page.is_silent() && page.cursor.place == Place::Following, "{page:?}");
        assert!(changes.after(&page.cursor).await.unwrap().is_silent());
    }

    #[tokio::test]
    async fn a_cursor_of_another_history_starts_over_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger(folder.path()).await;
        let changes = Changes::of(ledger.clone());
        for place in [Place::Following, Place::Reading(None)] {
            let old = Cursor { place, ..changes.now().await.unwrap() };
            let raised = ledger.raise_generation(old.told.generation).await.unwrap();
            let page = changes.after(&old).await.unwrap();
            assert_eq!(page.restart, Some(Restart::Generation));
            assert_eq!((page.cursor.told.generation, &page.cursor.place), (raised, &Place::Reading(None)));
        }
    }

    #[tokio::test]
    async fn a_cursor_from_the_future_starts_over_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let changes = Changes::of(ledger(folder.path()).await);
        let mut ahead = changes.now().await.unwrap();
        ahead.told.steps.insert(0, 9);
        assert_eq!(changes.after(&ahead).await.unwrap().restart, Some(Restart::Ahead));
        assert_eq!(ahead.told.generation, Generation(1));
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_a_step() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger(folder.path()).await;
        let changes = Changes::of(ledger.clone());
        let stop = CancellationToken::new();
        let looking = tokio::spawn(changes.clone().run(stop.clone()));
        let mut seen = changes.watch();
        seen.changed().await.unwrap();
        let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
        let store = StoreId::new("S1").unwrap();
        let content = Content::Movement(Position { epoch: Epoch(9), seq: 1 }, Bytes::from_static(b"\xff"));
        ledger.apply(at, &[ApplyRecord { offset: 0, store, content }], 1, 0).await.unwrap();
        while seen.borrow_and_update().as_ref().is_none_or(|now| now.steps.get(&0) != Some(&1)) {
            seen.changed().await.unwrap();
        }
        stop.cancel();
        looking.await.unwrap().unwrap();
    }
}
