//! What a read is: an item, a command, or nothing that is kept.

use tidemark_barcode::{Command, ItemCode, Judgement, NotKept, Scan, Shape, Verb, decode};
use tidemark_daemon::local_time;
use tidemark_model::{Label, LocalTime, Lookup, Reference, StoreId};

use super::{Desk, Said};
use super::{given, money};
use crate::lane::{Given, Input, Lane, Mode, Moment, Signal, Step, seal};
use crate::trading_day;

/// Scans longer than this are counted as one.
const LONGEST_SHAPE: usize = 64;

impl Desk {
    /// What a read asks of its lane.
    pub(super) fn decide(&self, lane: &Lane, bytes: &[u8]) -> Step {
        let (why, shape, text) = match decode(bytes) {
            Ok(scan) => match scan.judge() {
                Judgement::Item(code) => match self.given(&scan, code) {
                    Ok(given) => return self.step(lane, Input::Item(given)),
                    Err(why) => (why, scan.shape(), None),
                },
                Judgement::Command(command) => match self.command_of(lane, command) {
                    Some(input) => return self.step(lane, input),
                    None => ("strange_command", scan.shape(), Some(command.text())),
                },
                Judgement::IfCatalogued(text) => ("not_on_file", scan.shape(), Some(text)),
                Judgement::NotKept(why) => (word_of(why), scan.shape(), None),
            },
            Err(rejection) => (rejection.error.code(), rejection.shape, rejection.if_catalogued()),
        };
        match text.filter(|text| self.is_catalogued(text)) {
            Some(text) => self.step(lane, Input::Item(Given::plain(text))),
            None => {
                self.with.events.scans_not_kept.of(why).inc();
                self.with.events.scan_shapes.of_configured(&shape_words(shape)).inc();
                self.step(lane, Input::Strange)
            }
        }
    }

    /// What a code says of its item.
    fn given(&self, scan: &Scan<'_>, code: ItemCode<'_>) -> Result<Given, &'static str> {
        if let ItemCode::InStore(digits) = code {
            return given::in_store(digits, &self.in_store, |text| self.lookup(text), self.has_come());
        }
        let given = given::plain(code.as_str(), scan.elements());
        let amount = scan.measure().and_then(|measure| given::amount_of(measure, &self.lookup(code.as_str())));
        Ok(Given { amount, ..given })
    }

    fn step(&self, lane: &Lane, input: Input) -> Step {
        // Whoever counts on would change what was counted, unseen.
        if matches!(input, Input::Item(_)) && self.is_count_over(lane) {
            return Step::Signal(Signal::CountOver);
        }
        let (journal, wall) = (&self.with.journal, self.with.clock.wall());
        let day = trading_day::of(wall, &self.with.time_zone);
        lane.step(input, &Moment { epoch: journal.identity().epoch, odometer: journal.odometer(), wall, day })
    }

    fn command_of(&self, lane: &Lane, command: Command<'_>) -> Option<Input> {
        let store = self.with.journal.identity().store.clone();
        if !command.is_sealed_by(|body| seal(store.as_str(), body)) {
            return None;
        }
        let argument = command.argument();
        let label = || Label::new(argument).ok();
        Some(match command.verb() {
            Verb::Look => Input::Mode(Mode::Look),
            Verb::Sell => Input::Mode(Mode::Sell),
            Verb::Return => Input::Mode(Mode::Return),
            Verb::Receive => Input::Mode(Mode::Receive),
            Verb::Waste => label().map_or(Input::Strange, |reason| Input::Mode(Mode::Waste(reason))),
            Verb::Send => {
                let other = StoreId::new(argument).ok().filter(|other| *other != store).and_then(|_| label());
                other.map_or(Input::Strange, |other| Input::Mode(Mode::Send(other)))
            }
            Verb::Count => self.zone(lane, argument),
            Verb::Reference => Reference::new(argument).map_or(Input::Strange, Input::Reference),
            Verb::Who => label().map_or(Input::Strange, Input::Who),
            Verb::Close => self.open_count(lane).map_or(Input::Strange, Input::Close),
            Verb::Quantity => command.quantity().map_or(Input::Strange, Input::Quantity),
            Verb::Undo => Input::Undo,
            Verb::End => Input::End { closes: self.closes(lane) },
        })
    }

    pub(super) fn is_catalogued(&self, text: &str) -> bool {
        self.lookup(text) != Lookup::Unknown
    }

    /// Which moments of the shop's clock are over.
    fn has_come(&self) -> impl Fn(LocalTime) -> bool {
        let wall = self.with.clock.wall().0;
        move |from| local_time::has_come(from, &self.with.time_zone, wall)
    }

    /// What the catalogue says; what can't be read is not known now.
    fn lookup(&self, text: &str) -> Lookup {
        self.with.journal.item(text).map_or(Lookup::Unknown, |view| view.lookup)
    }

    pub(super) fn tell_look(&mut self, name: &str, item: &str) {
        let told = match self.with.journal.item(item) {
            Ok(view) => match view.lookup {
                Lookup::Sku(found) | Lookup::Code { item: found, .. } => Said::Item {
                    price: found.price(self.has_come()).map(money::text),
                    name: found.name,
                    on_hand: view.stock.map(|stock| stock.on_hand.to_string()),
                },
                Lookup::Unknown => Said::NotListed(item.to_owned()),
            },
            Err(error) => Said::Failed(error.to_string()),
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
