//! The opening: taking it while sales go on, and giving it back.

use std::sync::Arc;

use tidemark_model::opening::Opening;
use tidemark_model::{EpochOrdinal, Odometer};
use tidemark_sync::message::{OpeningPart, OpeningTaken};

use super::Journal;
use crate::layout::Family;
use crate::layout::opening::{self as layout, OpeningHead};
use crate::limits::TELLING_REST;
use crate::opening::{Telling, pieces, put_part};
use crate::store::{ReadError, Shelf};
use crate::submit::NotSaved;
use crate::writer::Command;

impl Journal {
    /// Takes the opening of this epoch: what was committed so far is decided
    /// anew over it, beside the writer and its documents as far as possible;
    /// the rest, and the result, in one batch. Taken once, it stays. All that is
    /// in it was committed before `older_until`, if that is known.
    pub async fn take_opening(
        &self,
        ordinal: EpochOrdinal,
        older_until: Option<Odometer>,
        parts: Vec<OpeningPart>,
    ) -> Result<OpeningTaken, NotSaved> {
        let (epoch, times) = (self.identity.epoch, (self.boot(), older_until));
        let mut opening = Opening::empty();
        parts.into_iter().for_each(|part| put_part(&mut opening, part));
        let mut telling =
            self.beside(move |shelf| shelf.read(|store| Telling::begin(store, opening, epoch, times))).await?;
        loop {
            let tail = self.tail();
            let told = telling;
            telling = self
                .beside(move |shelf| {
                    let mut told = told;
                    shelf.read(|store| told.catch_up(store, tail)).map(|()| told)
                })
                .await?;
            if self.tail().saturating_sub(telling.through) <= TELLING_REST {
                break;
            }
        }
        let telling = Box::new(telling);
        self.ask(|reply| Command::TakeOpening { ordinal, telling, reply }).await
    }

    /// When the opening of this epoch was taken; none if it was not.
    pub fn opening(&self) -> Result<Option<OpeningTaken>, ReadError> {
        Ok(self.uplink_facts()?.opening)
    }

    /// The odometer when the opening of this epoch was taken; none if it was
    /// not.
    pub fn opening_taken_at(&self) -> Result<Option<Odometer>, ReadError> {
        let head: Option<OpeningHead> = self.shared.shelf.read(|store| store.value(Family::Opening, &layout::HEAD))?;
        Ok(head.map(|head| head.taken))
    }

    /// The pieces of the opening that was taken, from a key on (empty: from
    /// the first), and the key after them; none if that was all.
    pub fn opening_pieces(&self, from: &[u8], most: usize) -> Result<(Vec<OpeningPart>, Option<Vec<u8>>), ReadError> {
        self.shared.shelf.read(|store| pieces(store, from, most))
    }

    /// Does what takes long on a thread for it.
    pub(super) async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shelf) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, NotSaved> {
        let shelf = Arc::clone(&self.shared.shelf);
        let done = tokio::task::spawn_blocking(move || work(&shelf)).await;
        Ok(done.map_err(|_ended| NotSaved::Stopped)??)
    }
}
