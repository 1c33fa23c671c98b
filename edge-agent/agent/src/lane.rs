//! Lanes: what a scan does. A lane is a named place with scanners and one
//! role; on a `work` lane a scan is a command, or an item in the present
//! mode, written at once as a document of its own.
//!
//! Pure: [`Lane::step`] says what a scan asks for; the state after it goes
//! into the same batch as the movement and is adopted only when that is on
//! disk, so a lane never knows more than the journal. A restart goes on
//! where it was.

mod input;
mod memory;
mod mode;
mod seal;

pub(crate) use input::{Amount, Given, Input, Moment};
pub(crate) use memory::LaneMemory;
pub(crate) use mode::{Mode, Zone};
pub(crate) use seal::seal;

use crate::intake::LANE_PREFIX;
use tidemark_model::document::{Body, CountBody, CountReason, Line, SheetUse, TakenLine, Unit};
use tidemark_model::movement::Labels;
use tidemark_model::{Document, DocumentId, Epoch, Label, Odometer, Quantity, Reference, Seq, Sku, Source};

/// A session ends after this long without a scan.
const QUIET_MS: u64 = 3 * 60_000;
/// A count is suspended after this long without a scan.
const QUIET_COUNT_MS: u64 = 30 * 60_000;
/// A quantity that waits for its item is told after this long.
const REMIND_MS: u64 = 15_000;
/// Documents of a session that can still be undone.
const UNDO_DEPTH: usize = 200;

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
    /// The count is closed: on-hand is what was counted.
    Closed,
    /// The count was closed elsewhere; nothing was kept.
    CountOver,
    /// A quantity still waits for its item.
    Reminder,
    /// Not understood; nothing was kept.
    Error,
    /// Saved, but kept aside without effect.
    KeptAside,
    /// A page that was sent before; nothing more was done.
    Repeated,
    /// Not on disk; nothing was kept.
    NotSaved,
}

/// What a scan asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// A signal and nothing else.
    Signal(Signal),
    /// Show the item.
    Look(Given),
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
    pub(crate) fn step(&self, input: Input, moment: &Moment) -> Step {
        let now = moment.odometer;
        match input {
            Input::Strange => Step::Signal(Signal::Error),
            Input::Mode(mode) => self.remember(now, Signal::Tick, |memory| {
                if let Mode::Count(zone) = &mode {
                    memory.note_zone(zone, false);
                }
                memory.mode = mode;
                memory.multiplier = 1;
            }),
            Input::Quantity(quantity) => self.remember(now, Signal::Tick, |memory| memory.multiplier = quantity.max(1)),
            Input::Reference(reference) => {
                self.remember(now, Signal::Tick, |memory| memory.reference = Some(reference))
            }
            Input::Who(operator) => self.remember(now, Signal::Tick, |memory| memory.operator = Some(operator)),
            Input::Item(given) => match &self.memory.mode {
                Mode::Look => Step::Look(given),
                Mode::Count(zone) => self.tally(given, zone, moment),
                Mode::Sell | Mode::Return | Mode::Receive | Mode::Waste(_) | Mode::Send(_) => self.trade(given, moment),
            },
            Input::Undo => self.undo(moment),
            Input::End { closes } => self.end(closes, moment),
            Input::Close(count) => self.close(&count, moment),
        }
    }

    /// When the lane wants to be asked again, and what for.
    pub(crate) fn waits_until(&self) -> Option<Odometer> {
        let touched = self.memory.touched.0;
        if self.memory.is_home(&self.home) {
            return None;
        }
        let wait = if self.memory.multiplier > 1 && !self.memory.reminded { REMIND_MS } else { self.quiet_ms() };
        Some(Odometer(touched.saturating_add(wait)))
    }

    /// Time went by: a reminder, or the end of the session. Time-outs change
    /// the mode, never stock.
    pub(crate) fn time_out(&self, now: Odometer) -> Option<Step> {
        if self.memory.is_home(&self.home) {
            return None;
        }
        let quiet = now.0.saturating_sub(self.memory.touched.0);
        if quiet >= self.quiet_ms() {
            return Some(self.remember(now, Signal::End, |memory| memory.end_session(&self.home)));
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

    /// How long the lane may be quiet before its session ends.
    const fn quiet_ms(&self) -> u64 {
        match self.memory.mode {
            Mode::Count(_) => QUIET_COUNT_MS,
            Mode::Look | Mode::Sell | Mode::Return | Mode::Receive | Mode::Waste(_) | Mode::Send(_) => QUIET_MS,
        }
    }

    fn trade(&self, given: Given, moment: &Moment) -> Step {
        let reason = match &self.memory.mode {
            Mode::Waste(reason) => Some(reason.clone()),
            Mode::Look | Mode::Sell | Mode::Return | Mode::Receive | Mode::Send(_) | Mode::Count(_) => None,
        };
        let line = self.line_of(&given);
        let trade = line.and_then(|line| Some((self.memory.mode.trade(line.quantity)?, line)));
        let Some(((kind, quantity), line)) = trade else { return Step::Signal(Signal::Error) };
        let lines = vec![Line::Taken(TakenLine { quantity, reason, ..line })];
        self.write(moment, Some(given.item), Signal::Good, Body::Trade { kind, last: false, lines })
    }

    fn tally(&self, given: Given, zone: &Zone, moment: &Moment) -> Step {
        let Some(line) = self.line_of(&given) else { return Step::Signal(Signal::Error) };
        let body = Body::Count(CountBody {
            reason: CountReason::Count,
            full: false,
            last: false,
            sells: zone.sells,
            sheet: if zone.anew { SheetUse::Anew } else { SheetUse::Adds },
            lines: vec![Line::Taken(line)],
        });
        self.write(moment, Some(given.item), Signal::Good, body)
    }

    /// A line of what was scanned, as often as it counts.
    fn line_of(&self, given: &Given) -> Option<TakenLine> {
        let times = i64::from(self.memory.multiplier);
        let (one, unit, estimated) = match given.amount {
            None => (Quantity::ONE, Unit::AsGiven, false),
            Some(Amount { quantity, in_base: true, estimated }) => (quantity, Unit::Base, estimated),
            Some(Amount { quantity, in_base: false, estimated }) => (quantity, Unit::AsGiven, estimated),
        };
        let quantity = Quantity::thousandths(one.as_thousandths().checked_mul(times)?);
        let line = TakenLine::plain(Sku::new(&given.item).ok()?, quantity);
        let (lot, expiry, serial) = (given.lot.clone(), given.expiry.clone(), given.serial.clone());
        Some(TakenLine { unit, estimated, lot, expiry, serial, ..line })
    }

    /// The session ends; a zone that was counted is ended with it.
    fn end(&self, closes: bool, moment: &Moment) -> Step {
        match &self.memory.mode {
            Mode::Count(zone) if closes => self.close(&zone.count, moment),
            Mode::Count(zone) => self.remember(moment.odometer, Signal::End, |memory| {
                memory.note_zone(zone, true);
                memory.end_session(&self.home);
            }),
            Mode::Look | Mode::Sell | Mode::Return | Mode::Receive | Mode::Waste(_) | Mode::Send(_) => {
                self.remember(moment.odometer, Signal::End, |memory| memory.end_session(&self.home))
            }
        }
    }

    /// The count closes: on-hand of what was counted becomes that.
    fn close(&self, count: &Reference, moment: &Moment) -> Step {
        let body = Body::Count(CountBody {
            reason: CountReason::Count,
            full: false,
            last: true,
            sells: false,
            sheet: SheetUse::Adds,
            lines: Vec::new(),
        });
        let mut memory = self.touched(moment.odometer);
        memory.counter += 1;
        let Some(id) = document_id(moment.epoch, memory.counter) else { return Step::Signal(Signal::Error) };
        let mut document = self.document(id, moment, body);
        document.labels.reference = Some(count.clone());
        document.labels.zone = None;
        memory.count = None;
        memory.end_session(&self.home);
        Step::Write { document: Box::new(document), memory, signal: Signal::Closed }
    }

    /// A document of its own for one scan.
    fn write(&self, moment: &Moment, last: Option<String>, signal: Signal, body: Body) -> Step {
        let mut memory = self.touched(moment.odometer);
        memory.counter += 1;
        let Some(id) = document_id(moment.epoch, memory.counter) else { return Step::Signal(Signal::Error) };
        if memory.undoable.len() == UNDO_DEPTH {
            memory.undoable.remove(0);
        }
        memory.undoable.push(memory.counter);
        memory.multiplier = 1;
        memory.last = last;
        if let Mode::Count(zone) = &mut memory.mode {
            zone.anew = false;
        }
        Step::Write { document: Box::new(self.document(id, moment, body)), memory, signal }
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
        let (counterpart, zone) = match &self.memory.mode {
            Mode::Send(store) => (Some(store.clone()), None),
            Mode::Count(zone) => (None, Some(zone)),
            Mode::Look | Mode::Sell | Mode::Return | Mode::Receive | Mode::Waste(_) => (None, None),
        };
        let labels = Labels {
            till: session,
            business_day: moment.day.clone(),
            operator: self.memory.operator.clone(),
            counterpart,
            reference: zone.map_or_else(|| self.memory.reference.clone(), |zone| Some(zone.count.clone())),
            zone: zone.map(|zone| zone.name.clone()),
            counter: zone.map(|_| self.name.clone()),
            ..Labels::default()
        };
        Document { labels, ..Document::plain((self.source.clone(), id), moment.wall, body) }
    }
}

/// The id of a lane's document: the epoch and the lane's own counter, so that
/// a swapped box never repeats one.
fn document_id(epoch: Epoch, counter: u64) -> Option<DocumentId> {
    DocumentId::new(&format!("{epoch}-{counter}")).ok()
}

#[cfg(test)]
mod tests;
