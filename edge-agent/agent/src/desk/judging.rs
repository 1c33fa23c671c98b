//! What a read is: an item, a command, or nothing that is kept.

use tidemark_barcode::{Command, Judgement, NotKept, Shape, Verb, decode};
use tidemark_model::Lookup;

use super::Desk;
use crate::lane::{Input, Lane, Mode, Moment, Step, seal};
use crate::trading_day;

/// Scans longer than this are counted as one.
const LONGEST_SHAPE: usize = 64;

impl Desk {
    /// What a read asks of its lane.
    pub(super) fn decide(&self, lane: &Lane, bytes: &[u8]) -> Step {
        let (why, shape, text) = match decode(bytes) {
            Ok(scan) => match scan.judge() {
                Judgement::Item(code) => return self.step(lane, Input::Item(code.as_str())),
                Judgement::Command(command) => match self.command_of(command) {
                    Some(input) => return self.step(lane, input),
                    None => ("strange_command", scan.shape(), Some(command.text())),
                },
                Judgement::IfCatalogued(text) => ("not_on_file", scan.shape(), Some(text)),
                Judgement::NotKept(why) => (word_of(why), scan.shape(), None),
            },
            Err(rejection) => (rejection.error.code(), rejection.shape, rejection.if_catalogued()),
        };
        match text.filter(|text| self.is_catalogued(text)) {
            Some(text) => self.step(lane, Input::Item(text)),
            None => {
                self.with.events.scans_not_kept.of(why).inc();
                self.with.events.scan_shapes.of_configured(&shape_words(shape)).inc();
                self.step(lane, Input::Strange)
            }
        }
    }

    fn step(&self, lane: &Lane, input: Input<'_>) -> Step {
        let (journal, wall) = (&self.with.journal, self.with.clock.wall());
        let day = trading_day::of(wall, &self.with.time_zone);
        lane.step(input, &Moment { epoch: journal.identity().epoch, odometer: journal.odometer(), wall, day })
    }

    fn command_of(&self, command: Command<'_>) -> Option<Input<'static>> {
        let store = self.with.journal.identity().store.clone();
        if !command.is_sealed_by(|body| seal(store.as_str(), body)) {
            return None;
        }
        Some(match command.verb() {
            Verb::Look => Input::Mode(Mode::Look),
            Verb::Sell => Input::Mode(Mode::Sell),
            Verb::Quantity => command.quantity().map_or(Input::Strange, Input::Quantity),
            Verb::Undo => Input::Undo,
            Verb::End => Input::End,
            // Modes of a later release: an error signal, nothing kept.
            Verb::Return
            | Verb::Receive
            | Verb::Waste
            | Verb::Send
            | Verb::Count
            | Verb::Reference
            | Verb::Who
            | Verb::Close => Input::Strange,
        })
    }

    pub(super) fn is_catalogued(&self, text: &str) -> bool {
        matches!(self.with.journal.item(text), Ok(view) if view.lookup != Lookup::Unknown)
    }

    pub(super) fn tell_look(&mut self, name: &str, item: &str) {
        let told = match self.with.journal.item(item) {
            Ok(view) => match view.lookup {
                Lookup::Sku(found) | Lookup::Code { item: found, .. } => {
                    let on_hand =
                        view.stock.map_or_else(|| "no stock yet".to_owned(), |s| format!("{} on hand", s.on_hand));
                    format!("{}: {on_hand}", found.name)
                }
                Lookup::Unknown => format!("{item} is not on file"),
            },
            Err(error) => error.to_string(),
        };
        if let Some(place) = self.lanes.get_mut(name) {
            place.last_signal = Some(told);
        }
    }
}

const fn word_of(why: NotKept) -> &'static str {
    match why {
        NotKept::Licence => "licence",
        NotKept::Payment => "payment",
        NotKept::Address => "address",
        NotKept::NoItem => "no_item",
        NotKept::Long => "long",
        NotKept::Unprintable => "unprintable",
    }
}

/// All that is counted of a scan that is not kept; long ones as one.
fn shape_words(shape: Shape) -> String {
    let symbology = shape.symbology.as_str();
    if shape.length > LONGEST_SHAPE { format!("{symbology}/long") } else { format!("{symbology}/{}", shape.length) }
}
