//! Counting what the journal holds already.

use std::io;

use tidemark_journal::{Journal, ReadError};
use tidemark_model::{EpochOrdinal, Movement, Seq, SeqSet};
use tidemark_wire::decode_movement;
use tokio_util::sync::CancellationToken;

use super::{Days, Piece, Slip};

/// Bytes of movements that are read at once.
const READ_BYTES: u64 = 256 * 1024;
/// The first box of a shop has nobody's books to take over.
const FIRST_EPOCH: EpochOrdinal = EpochOrdinal(1);
/// Movements that are asked for at once.
const STEP: u64 = 4_096;

impl Days {
    /// Counts what was held when the box began, up to `tail`, in the
    /// background; ends when it is done.
    pub(crate) async fn rebuild(self, journal: Journal, tail: Seq, stop: CancellationToken) -> Result<(), io::Error> {
        let mut from = journal.watch_tail().borrow().trimmed_below.max(1);
        let mut open: Vec<Movement> = Vec::new();
        let mut is_first = from > 1;
        while from <= tail && !stop.is_cancelled() {
            let (asked, reading) = (from..=tail.min(from.saturating_add(STEP)), journal.clone());
            let read = tokio::task::spawn_blocking(move || {
                let seqs: SeqSet = std::iter::once(asked).collect();
                reading.read_records(reading.identity().epoch, &seqs, READ_BYTES)
            });
            let last = tail.min(from.saturating_add(STEP));
            let records = match read.await.map_err(io::Error::other)? {
                Ok(records) => records.records,
                Err(error) => {
                    tracing::warn!(%error, "the days before this start can't be counted");
                    break;
                }
            };
            // A step that was cut short by its bytes goes on behind it.
            from = records.last().map_or(last, |record| record.seq).saturating_add(1);
            for movement in records.iter().filter_map(|record| decode_movement(&record.bytes).ok()) {
                if is_first {
                    is_first = false;
                    self.let_go(movement.labels.business_day.clone());
                }
                self.take(&mut open, movement);
            }
        }
        self.close(&mut open);
        // A task that ends brings the daemon down.
        stop.cancelled().await;
        Ok(())
    }

    /// A box that took a shop over holds nothing of what came before: the day
    /// on which it began was partly another box's.
    pub(crate) fn heed_swap(&self, journal: &Journal) -> Result<(), ReadError> {
        let heeded = self.0.borrow().heeded;
        if heeded || journal.opening()?.is_none_or(|taken| taken.ordinal <= FIRST_EPOCH) {
            return Ok(());
        }
        let first = std::iter::once(1..=STEP).collect();
        let records = journal.read_records(journal.identity().epoch, &first, READ_BYTES)?.records;
        let mut movements = records.iter().filter_map(|record| decode_movement(&record.bytes).ok());
        self.let_go(movements.find_map(|movement| movement.labels.business_day));
        self.0.send_modify(|book| book.heeded = true);
        Ok(())
    }

    /// Movements of one document stand together.
    fn take(&self, open: &mut Vec<Movement>, movement: Movement) {
        if open.first().is_some_and(|first| first.document.key() != movement.document.key()) {
            self.close(open);
        }
        open.push(movement);
    }

    fn close(&self, open: &mut Vec<Movement>) {
        if let Some(slip) = open.first().filter(|first| first.document.ordinal == 1).and_then(Slip::of_movement) {
            self.note(slip, open.iter().map(Piece::from));
        }
        open.clear();
    }
}
