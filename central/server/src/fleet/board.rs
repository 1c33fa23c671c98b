//! The board: what all live pages of this process show, read from the ledger
//! once for all of them.

use std::sync::Arc;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_ledger::{Ledger, LedgerError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::incidents::{Incident, incidents};
use super::{Fleet, Moment, Row};

/// How often it is read while somebody looks.
const EVERY: Duration = Duration::from_secs(1);
/// How often while nobody does, for the counts of the last hour.
const UNWATCHED: Duration = Duration::from_secs(10);

/// How often the lists of shops are looked through.
const LISTS: u64 = 15_000;

/// The fleet at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// One row a shop, by store.
    pub(crate) rows: Vec<Row>,
    /// What is wrong, worst first.
    pub(crate) incidents: Vec<Incident>,
    /// Why it could not be read anew; what is here is of before then.
    pub(crate) trouble: Option<String>,
}

/// Where pages look; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    shown: watch::Sender<Arc<Snapshot>>,
    came: Arc<Notify>,
}

impl Default for Board {
    fn default() -> Self {
        let (shown, _) = watch::channel(Arc::new(Snapshot::default()));
        Self { shown, came: Arc::new(Notify::new()) }
    }
}

impl Board {
    /// Looks at it from now on; the first change comes at once.
    pub(crate) fn look(&self) -> watch::Receiver<Arc<Snapshot>> {
        let seen = self.shown.subscribe();
        self.came.notify_one();
        seen
    }

    /// Keeps it up to date until it is asked to stop.
    pub(crate) async fn run(
        self,
        ledger: Ledger,
        fleet: Fleet,
        clock: Clock,
        stop: CancellationToken,
    ) -> Result<(), std::io::Error> {
        let mut listed = None;
        loop {
            match read(&ledger, &fleet, clock, &mut listed).await {
                Ok(snapshot) => drop(self.shown.send_replace(Arc::new(snapshot))),
                Err(error) => {
                    let known = self.shown.borrow().as_ref().clone();
                    let trouble = Some(error.to_string());
                    drop(self.shown.send_replace(Arc::new(Snapshot { trouble, ..known })));
                }
            }
            let pause = if self.shown.receiver_count() > 0 { EVERY } else { UNWATCHED };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.came.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

async fn read(ledger: &Ledger, fleet: &Fleet, clock: Clock, listed: &mut Option<u64>) -> Result<Snapshot, LedgerError> {
    if listed.is_none_or(|at| clock.millis().saturating_sub(at) >= LISTS) {
        fleet.note_lists(&ledger.stores_to_look_at().await?);
        *listed = Some(clock.millis());
    }
    let books = ledger.stores().await?;
    let now = Moment::now(clock);
    let rows: Vec<Row> = books.iter().map(|books| fleet.noted_row(books, now)).collect();
    let incidents = incidents(&rows);
    Ok(Snapshot { rows, incidents, trouble: None })
}
