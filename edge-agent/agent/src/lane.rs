//! Lanes: what a scan does. A lane is a named place with scanners and one
//! role; on a `work` lane a scan is a command, or an item in the present
//! mode, written at once as a document of its own.
//!
//! Pure: [`Lane::step`] says what a scan asks for; the state after it goes
//! into the same batch as the movement and is adopted only when that is on
//! disk, so a lane never knows more than the journal. A restart goes on
//! where it was.

mod memory;
mod seal;

pub(crate) use memory::LaneMemory;
pub(crate) use seal::seal;

use crate::intake::LANE_PREFIX;
use tidemark_model::document::{Body, Line, TakenLine, Timing, TradeKind};
use tidemark_model::movement::Labels;
use tidemark_model::{Document, DocumentId, Epoch, Label, Odometer, Quantity, Seq, Sku, Source, WallTime};

/// A session ends after this long without a scan.
const QUIET_MS: u64 = 3 * 60_000;
/// A quantity that waits for its item is told after this long.
const REMIND_MS: u64 = 15_000;
/// Documents of a session that can still be undone.
const UNDO_DEPTH: usize = 200;

/// What an item does on a `work` lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Price and on-hand; nothing is written. Home of a fresh box.
    #[default]
    Look,
    /// Sales.
    Sell,
}

/// Where and when a scan comes.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// The journal's life.
    pub(crate) epoch: Epoch,
    /// How long the box has run.
    pub(crate) odometer: Odometer,
    /// The wall clock; a label.
    pub(crate) wall: WallTime,
    /// The trading day of it.
    pub(crate) day: Option<Label>,
}

/// What a scan turned out to be, once decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input<'a> {
    /// Something that can be an item: its code.
    Item(&'a str),
    /// Go into a mode.
    Mode(Mode),
    /// The next item counts so often, 1 to 999.
    Quantity(u16),
    /// The newest movement not yet undone gets a void.
    Undo,
    /// The session ends.
    End,
    /// Neither item nor a command that this lane knows.
    Strange,
}

/// What the lane signals to the person at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Saved.
    Good,
    /// Saved, but not on file.
    NotOnFile,
    /// A command was taken.
    Tick,
    /// An item was looked at; nothing was to be saved.
    Looked,
    /// An item that is not on file was looked at.
    NotFound,
    /// The newest movement was undone.
    Undone,
    /// The session ended.
    End,
    /// A quantity still waits for its item.
    Reminder,
    /// Not understood; nothing was kept.
    Error,
    /// Saved, but kept aside without effect.
    KeptAside,
    /// Not on disk; nothing was kept.
    NotSaved,
}

/// What a scan asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// A signal and nothing else.
    Signal(Signal),
    /// Show the item.
    Look(String),
    /// The lane's memory changes; to be saved, then signalled.
    Remember {
        /// The memory after it.
        memory: LaneMemory,
        /// What to signal once it is saved.
        signal: Signal,
    },
    /// A document and the lane's memory after it, in one batch.
    Write {
        /// The document.
        document: Box<Document>,
        /// The memory after it.
        memory: LaneMemory,
        /// What to signal once it is saved.
        signal: Signal,
    },
}

/// One `work` lane.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    source: Source,
    name: Label,
    home: Mode,
    memory: LaneMemory,
}

impl Lane {
    /// A lane that goes on with what it remembers; `home` is the mode of a
    /// session that begins. A name that leaves no
    /// room for the prefix of its source is none.
    pub(crate) fn new(name: Label, home: Mode, memory: LaneMemory) -> Option<Self> {
        let source = Source::new(&format!("{LANE_PREFIX}{name}")).ok()?;
        Some(Self { source, name, home, memory })
    }

    /// A document was NOT SAVED. It may still turn out to be on disk, and is
    /// voided then: its number is never given to another one.
    pub(crate) const fn give_up_number(&mut self) {
        self.memory.counter += 1;
    }

    /// A number turned out to be given before, which should never be: the
    /// next one is above all that can have been given. A lane begins anew at
    /// the odometer, and each document since has moved the tail.
    pub(crate) fn skip_numbers(&mut self, now: Odometer, tail: Seq) {
        self.memory.counter = self.memory.counter.max(now.0.saturating_add(tail)) + 1;
    }

    pub(crate) const fn name(&self) -> &Label {
        &self.name
    }

    pub(crate) const fn memory(&self) -> &LaneMemory {
        &self.memory
    }

    /// What was asked for is on disk.
    pub(crate) fn adopt(&mut self, memory: LaneMemory) {
        self.memory = memory;
    }

    /// What a scan asks for.
    pub(crate) fn step(&self, input: Input<'_>, moment: &Moment) -> Step {
        let now = moment.odometer;
        match input {
            Input::Strange => Step::Signal(Signal::Error),
            Input::Mode(mode) => self.remember(now, Signal::Tick, |memory| {
                memory.mode = mode;
                memory.multiplier = 1;
            }),
            Input::Quantity(quantity) => self.remember(now, Signal::Tick, |memory| memory.multiplier = quantity.max(1)),
            Input::End => self.remember(now, Signal::End, |memory| memory.end_session(self.home)),
            Input::Item(item) => match self.memory.mode {
                Mode::Look => Step::Look(item.to_owned()),
                Mode::Sell => self.sell(item, moment),
            },
            Input::Undo => self.undo(moment),
        }
    }

    /// When the lane wants to be asked again, and what for.
    pub(crate) fn waits_until(&self) -> Option<Odometer> {
        let touched = self.memory.touched.0;
        if self.memory.is_home(self.home) {
            return None;
        }
        let wait = if self.memory.multiplier > 1 && !self.memory.reminded { REMIND_MS } else { QUIET_MS };
        Some(Odometer(touched.saturating_add(wait)))
    }

    /// Time went by: a reminder, or the end of the session. Time-outs change
    /// the mode, never stock.
    pub(crate) fn time_out(&self, now: Odometer) -> Option<Step> {
        if self.memory.is_home(self.home) {
            return None;
        }
        let quiet = now.0.saturating_sub(self.memory.touched.0);
        if quiet >= QUIET_MS {
            return Some(self.remember(now, Signal::End, |memory| memory.end_session(self.home)));
        }
        let reminds = self.memory.multiplier > 1 && !self.memory.reminded && quiet >= REMIND_MS;
        reminds.then(|| {
            let memory = LaneMemory { reminded: true, ..self.memory.clone() };
            Step::Remember { memory, signal: Signal::Reminder }
        })
    }

    fn remember(&self, now: Odometer, signal: Signal, change: impl FnOnce(&mut LaneMemory)) -> Step {
        let mut memory = self.touched(now);
        change(&mut memory);
        Step::Remember { memory, signal }
    }

    fn touched(&self, now: Odometer) -> LaneMemory {
        LaneMemory { touched: now, reminded: false, ..self.memory.clone() }
    }

    fn sell(&self, item: &str, moment: &Moment) -> Step {
        let quantity = Quantity::units(i64::from(self.memory.multiplier));
        let (Ok(sku), Some(quantity)) = (Sku::new(item), quantity) else { return Step::Signal(Signal::Error) };
        let lines = vec![Line::Taken(TakenLine::plain(sku, quantity))];
        let body = Body::Trade { kind: TradeKind::Sale, last: false, lines };
        let mut memory = self.touched(moment.odometer);
        memory.counter += 1;
        let Some(id) = document_id(moment.epoch, memory.counter) else { return Step::Signal(Signal::Error) };
        if memory.undoable.len() == UNDO_DEPTH {
            memory.undoable.remove(0);
        }
        memory.undoable.push(memory.counter);
        memory.multiplier = 1;
        memory.last = Some(item.to_owned());
        Step::Write { document: Box::new(self.document(id, moment, body)), memory, signal: Signal::Good }
    }

    fn undo(&self, moment: &Moment) -> Step {
        let mut memory = self.touched(moment.odometer);
        let newest = memory.undoable.pop().and_then(|number| document_id(moment.epoch, number));
        memory.counter += 1;
        let (Some(of), Some(id)) = (newest, document_id(moment.epoch, memory.counter)) else {
            return Step::Signal(Signal::Error);
        };
        let body = Body::Void { source: self.source.clone(), id: of };
        Step::Write { document: Box::new(self.document(id, moment, body)), memory, signal: Signal::Undone }
    }

    fn document(&self, id: DocumentId, moment: &Moment, body: Body) -> Document {
        let session = Label::new(&format!("{}#{}", self.name, self.memory.session)).ok();
        Document {
            source: self.source.clone(),
            id,
            wall: moment.wall,
            labels: Labels { till: session, business_day: moment.day.clone(), ..Labels::default() },
            business_day_given: false,
            timing: Timing::Live,
            sequence: None,
            body,
        }
    }
}

/// The id of a lane's document: the epoch and the lane's own counter, so that
/// a swapped box never repeats one.
fn document_id(epoch: Epoch, counter: u64) -> Option<DocumentId> {
    DocumentId::new(&format!("{epoch}-{counter}")).ok()
}

#[cfg(test)]
mod tests;
