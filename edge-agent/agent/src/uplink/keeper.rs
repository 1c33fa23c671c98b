//! The keeper: puts the centre's word into the journal, one after the other
//! in the order in which it came.

use std::time::Duration;

use tidemark_journal::{HandledWord, Health, Journal, NotSaved};
use tidemark_model::Epoch;
use tidemark_sync::message::{Handled, Welcome};
use tidemark_sync::{ReceivedBlocks, UplinkInput as Input};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Report;

/// Words that wait to be kept.
const QUEUE: usize = 64;
/// Before the stream begins anew after a word that could not be kept.
const PAUSE: Duration = Duration::from_secs(1);

/// What is to be kept.
#[derive(Debug)]
pub(super) enum Keep {
    /// The stream is open.
    Welcomed(Welcome),
    /// The database has more.
    Handled(Handled),
    /// The stream has more.
    Received { epoch: Epoch, blocks: ReceivedBlocks },
}

/// The handle on the keeper's task.
#[derive(Debug)]
pub(super) struct Keeper {
    words: mpsc::Sender<Keep>,
    _task: JoinSet<()>,
}

impl Keeper {
    pub(super) fn start(journal: Journal, report: mpsc::Sender<Report>) -> Self {
        let (words, mut queue) = mpsc::channel(QUEUE);
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some(word) = queue.recv().await {
                if let Err(error) = keep(&journal, &report, word).await {
                    tracing::error!(%error, "the centre's word is not kept");
                    begin_anew(&journal, &report, &mut queue).await;
                }
            }
        });
        Self { words, _task: task }
    }

    pub(super) async fn keep(&self, word: Keep) {
        if self.words.send(word).await.is_err() {
            tracing::error!("the keeper has ended");
        }
    }
}

/// A word was lost. As soon as the journal can be written, the stream begins
/// anew: its welcome tells all that is handled. What comes until then is told
/// there too.
async fn begin_anew(journal: &Journal, report: &mpsc::Sender<Report>, queue: &mut mpsc::Receiver<Keep>) {
    let mut health = journal.watch_health();
    let writable = async {
        tokio::time::sleep(PAUSE).await;
        health.wait_for(|health| *health == Health::Writable).await.is_ok()
    };
    tokio::pin!(writable);
    loop {
        tokio::select! {
            again = &mut writable => {
                if again {
                    let cause = "what the centre said could not be kept; it is asked anew".to_owned();
                    // The uplink's task is gone only when the agent stops.
                    drop(report.send(Report::BeginAnew { cause }).await);
                }
                return;
            }
            word = queue.recv() => if word.is_none() { return },
        }
    }
}

async fn keep(journal: &Journal, report: &mpsc::Sender<Report>, word: Keep) -> Result<(), NotSaved> {
    match word {
        Keep::Welcomed(welcome) => {
            let epoch = journal.identity().epoch;
            handled(journal, report, HandledWord::of_welcome(&welcome, epoch)).await
        }
        Keep::Handled(word) => handled(journal, report, HandledWord::from(word)).await,
        Keep::Received { epoch, blocks } => journal.remember_received(epoch, blocks).await,
    }
}

async fn handled(journal: &Journal, report: &mpsc::Sender<Report>, word: HandledWord) -> Result<(), NotSaved> {
    let verdict = journal.handled(word).await?;
    for block in verdict.forked {
        // The uplink's task is gone only when the agent stops.
        drop(report.send(Report::Tell(Input::Differs { block })).await);
    }
    for block in verdict.unproven {
        tracing::error!(block = block.0, "handled movements of this block can't be read to be compared");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tidemark_journal::Reading;
    use tidemark_model::{StoreId, WallTime};

    #[tokio::test]
    async fn after_a_word_that_was_lost_the_stream_begins_anew_and_what_came_meanwhile_is_told_there() {
        let folder = tempfile::tempdir().unwrap();
        let read = || Reading { steady_ms: 0, wall: WallTime(0) };
        let store = StoreId::new("S0001").unwrap();
        let config = tidemark_journal::Config::new(folder.path().join("journal"), store, Arc::new(read));
        let (journal, writer) = Journal::open(config).unwrap();
        let (words, mut queue) = mpsc::channel(QUEUE);
        let (report, mut reports) = mpsc::channel(1);
        for _ in 0..QUEUE {
            let word = Keep::Received { epoch: journal.identity().epoch, blocks: ReceivedBlocks::new() };
            words.send(word).await.unwrap();
        }
        begin_anew(&journal, &report, &mut queue).await;
        assert!(matches!(reports.try_recv(), Ok(Report::BeginAnew { .. })));
        assert!(queue.is_empty(), "the uplink never waits for a keeper whose disk fails");
        tokio::task::spawn_blocking(move || writer.stop()).await.unwrap().unwrap();
        begin_anew(&journal, &report, &mut queue).await;
        assert!(reports.try_recv().is_err(), "a journal that is closed for good has nothing to ask");
    }
}
