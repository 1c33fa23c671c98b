//! Giving the opening back: a centre that was set back behind this box's
//! taking it may lack it, and what it was made of.

use tidemark_daemon::retry::{Policy, retry};
use tidemark_model::Generation;
use tidemark_sync::message::{OpeningPage, OpeningPart, SendOpening};
use tidemark_wire::encode_opening_page;
use tokio::sync::watch;

use super::{ErrandError, Runner};

/// Pieces of one page. A centre may hold the first pages from a call before
/// the line was lost, so the pages are always the same.
const PIECES: usize = 100;
/// Bytes of a page, beyond which each piece goes alone.
const PAGE_BYTES: usize = 512 * 1024;

impl Runner {
    /// Gives the opening once for each history of the centre's ledger.
    pub(super) async fn give_openings(self, mut histories: watch::Receiver<Option<Generation>>) {
        let mut given = None;
        while histories.changed().await.is_ok() {
            let history = *histories.borrow_and_update();
            if history == given {
                continue;
            }
            let judge = |error: &ErrandError| {
                tracing::warn!(%error, "the opening of this box is not given back to the centre yet");
                error.disposition()
            };
            match retry(Policy::SERVICE, || self.give_opening(), judge).await {
                Ok(()) => given = history,
                Err(ErrandError::Stopping) => return,
                // The next welcome has it tried again.
                Err(_told) => {}
            }
        }
    }

    /// Sends page after page until the centre wants none beyond the one sent:
    /// it holds them all. What it holds of them from before is left out.
    async fn give_opening(&self) -> Result<(), ErrandError> {
        let Some(opening) = self.journal.opening()? else { return Ok(()) };
        let taken = self.journal.opening_taken_at()?.unwrap_or_default();
        let identity = self.journal.identity();
        let (mut from, mut page, mut wanted) = (Vec::new(), 0, 0);
        loop {
            let (parts, next) = self.opening_page_from(&from)?;
            if page >= wanted {
                let (store, epoch, ordinal) = (identity.store.clone(), identity.epoch, opening.ordinal);
                let last = next.is_none();
                let sent = SendOpening { store, epoch, ordinal, taken, page, parts, last };
                wanted = self.caller().await?.send_opening(&sent).await?.next_page;
            }
            match next.filter(|_| wanted > page) {
                Some(next) => (from, page) = (next, page + 1),
                None => return Ok(()),
            }
        }
    }

    fn opening_page_from(&self, from: &[u8]) -> Result<(Vec<OpeningPart>, Option<Vec<u8>>), ErrandError> {
        let (parts, next) = self.journal.opening_pieces(from, PIECES)?;
        let page = OpeningPage { parts, enough: false, cursor: None };
        if encode_opening_page(&page).len() > PAGE_BYTES {
            return Ok(self.journal.opening_pieces(from, 1)?);
        }
        Ok((page.parts, next))
    }
}
