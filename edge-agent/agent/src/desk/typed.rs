//! What is typed or scanned into a handheld's page: its lane takes it as it
//! takes a scanner's reads, and a page that is sent twice counts once.

use tokio::sync::{mpsc, oneshot};

use super::Desk;
use crate::lane::{LaneMemory, Signal, Step};
use crate::settings::Role;

/// Pages that wait for the desk.
const QUEUE: usize = 64;

/// One line of a handheld's page.
#[derive(Debug)]
pub(crate) struct Typed {
    lane: String,
    text: String,
    /// The number of the page it was typed into: the same again is the same.
    page: u64,
    answer: oneshot::Sender<Option<Signal>>,
}

/// The way of handhelds' pages to the desk; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Keyboard {
    lines: mpsc::Sender<Typed>,
}

impl Keyboard {
    /// A way, and its end at the desk.
    pub(crate) fn build() -> (Self, mpsc::Receiver<Typed>) {
        let (lines, queue) = mpsc::channel(QUEUE);
        (Self { lines }, queue)
    }

    /// Gives a line to a lane; the signal it earns, none if no lane of this
    /// name takes any or the desk has ended.
    pub(crate) async fn give(&self, lane: String, text: String, page: u64) -> Option<Signal> {
        let (answer, answered) = oneshot::channel();
        self.lines.send(Typed { lane, text, page, answer }).await.ok()?;
        answered.await.ok().flatten()
    }
}

impl Desk {
    /// Takes a line; the page may have gone meanwhile.
    pub(super) async fn take_typed(&mut self, typed: Typed) {
        let Typed { lane, text, page, answer } = typed;
        let signal = self.signal_of(&lane, &text, page).await;
        if let Some(signal) = signal {
            self.say(&lane, signal);
            self.note_read("/h", &lane, text.trim().as_bytes(), Some(signal));
        }
        answer.send(signal).unwrap_or(());
    }

    pub(super) async fn signal_of(&mut self, lane: &str, text: &str, page: u64) -> Option<Signal> {
        let place = self.lanes.get(lane).filter(|place| place.role == Role::Work)?;
        if place.lane.memory().page == Some(page) {
            return Some(Signal::Repeated);
        }
        self.with.events.scans.inc();
        self.take_on_page(lane, text.trim().as_bytes(), Some(page)).await
    }
}

/// A step whose memory knows the page it came from.
pub(super) fn of_page(step: Step, page: Option<u64>) -> Step {
    let with = |memory: LaneMemory| LaneMemory { page: page.or(memory.page), ..memory };
    match step {
        Step::Signal(_) | Step::Look(_) => step,
        Step::Remember { memory, signal } => Step::Remember { memory: with(memory), signal },
        Step::Write { document, memory, signal } => Step::Write { document, memory: with(memory), signal },
    }
}
