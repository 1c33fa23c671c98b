//! Instructions on their way to boxes: all that wait with a welcome, new ones
//! as soon as they are asked for, in whichever process that was.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_ledger::{Ledger, LedgerError};
use tidemark_model::StoreId;
use tidemark_sync::ReceiverInput as Input;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Ingest, instruction_of};
use crate::desk::Desk;
use crate::ticks::Ticks;

/// How often it is looked for new ones.
const EVERY: Duration = Duration::from_millis(250);
/// New ones of one look.
const AT_ONCE: u32 = 500;

impl Ingest {
    /// Hands the box of a store all that it has not answered.
    pub(super) async fn hand_over_all(&self, store: &StoreId, give: &mpsc::Sender<Input>) {
        let rows = match self.ledger.waiting_instructions(store).await {
            Ok(rows) => rows,
            Err(error) => return tracing::warn!(%store, %error, "instructions can't be read"),
        };
        let mut handed = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(instruction) = instruction_of(&row) {
                drop(give.send(Input::Instruct(instruction)).await);
                handed.push(row.id);
            }
        }
        if !handed.is_empty() {
            note(&self.ledger, store, &handed, Some(self.clock.wall().0)).await;
        }
    }

    /// The box of a store is gone: what it did not answer waits again.
    pub(super) async fn take_back(&self, store: &StoreId) {
        note(&self.ledger, store, &[], None).await;
    }
}

/// Keeps that a box has been handed instructions. If that fails they are only
/// shown as waiting, and handed over once more.
async fn note(ledger: &Ledger, store: &StoreId, ids: &[String], at: Option<i64>) {
    if let Err(error) = ledger.hand_over(store, ids, at).await {
        tracing::debug!(%store, %error, "it is not kept what a box was handed");
    }
}

/// Looks for new instructions of the stores whose boxes are here.
#[derive(Debug)]
pub(crate) struct Messenger {
    pub(crate) ledger: Ledger,
    pub(crate) desk: Desk,
    pub(crate) clock: Clock,
}

impl Messenger {
    /// Looks until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut ticks = Ticks::every(EVERY, stop);
        while ticks.next().await {
            if let Err(error) = self.look().await {
                // Boxes get it when the database is back.
                tracing::debug!(%error, "instructions can't be looked for");
            }
        }
        Ok(())
    }

    async fn look(&self) -> Result<(), LedgerError> {
        let here: BTreeSet<String> =
            self.desk.current_epochs().into_iter().map(|(store, _)| store.as_str().to_owned()).collect();
        if here.is_empty() {
            return Ok(());
        }
        let stores: Vec<String> = here.into_iter().collect();
        let mut handed: BTreeMap<StoreId, Vec<String>> = BTreeMap::new();
        for row in self.ledger.untold_instructions(&stores, AT_ONCE).await? {
            if let Some(instruction) = instruction_of(&row) {
                self.desk.instruct(&row.store, &instruction);
                handed.entry(row.store).or_default().push(row.id);
            }
        }
        for (store, ids) in handed {
            self.ledger.hand_over(&store, &ids, Some(self.clock.wall().0)).await?;
        }
        Ok(())
    }
}
