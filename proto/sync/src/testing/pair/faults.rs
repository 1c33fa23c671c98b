//! What befalls box, line and centre.

use tidemark_model::{BlockIndex, Epoch, Seq};

use crate::testing::model_ledger::ModelLedger;
use crate::time::Millis;
use crate::{ReceiverInput, UplinkInput};

use super::{Event, Pair};

impl Pair {
    /// The line is cut without a word to either end; what is under way is
    /// lost.
    pub fn cut(&mut self) {
        self.line.whole = false;
        self.lose_messages();
    }

    /// The line is whole again; connections from before are not.
    pub fn mend(&mut self) {
        if !self.line.whole {
            self.line.whole = true;
            self.line.drain(self.now);
        }
    }

    /// The connection is reset, and both ends are told.
    pub fn reset(&mut self) {
        let connection = self.connection;
        self.lose_messages();
        let now = Millis(self.now);
        if let Some(attempt) = connection {
            self.shop.tell(UplinkInput::Disconnected { attempt, cause: "reset".to_owned() }, now);
            if let Some(served) = self.centre.served.get_mut(&attempt) {
                served.receiver.handle_input(ReceiverInput::Disconnected, now);
            }
        }
        self.settle();
    }

    fn lose_messages(&mut self) {
        self.attempts.clear();
        self.events.retain(|_, event| !event.is_under_way());
        if let Some(attempt) = self.connection.take() {
            // Whatever either end says on it from now on goes nowhere.
            self.trace.push(format!("{} dead {attempt:?}", self.now));
        }
    }

    /// The agent dies; what was not synced may be lost. A connection of it is
    /// half open at the centre.
    pub fn crash_box(&mut self) {
        self.shop.uplink = None;
        self.lose_messages();
        self.events.retain(|_, event| !matches!(event, Event::SessionSynced(_)));
        if self.random.below(2) == 0 {
            let lost = self.random.below(4);
            self.shop.received.retain(|index, _| index.0 % 4 != lost);
        }
        let shop = &self.shop;
        self.received.retain(|(epoch, seq), _| {
            let kept = shop.earlier.get(epoch).map_or(&shop.received, |earlier| &earlier.received);
            kept.get(&BlockIndex::of(*seq)).is_some_and(|block| block.bitmap.has(*seq))
        });
    }

    /// The journal of a box that does not run is damaged and set aside; all
    /// but `lost` of it is found, at once or later.
    pub fn set_aside(&mut self, lost: impl IntoIterator<Item = Seq>, ready: bool) -> Epoch {
        let (old, epoch) = (self.shop.epoch, Epoch(self.random.bits()));
        self.shop.set_aside(epoch, lost.into_iter().collect(), ready);
        self.received.retain(|(of, _), _| *of != old);
        self.sent.clear();
        old
    }

    /// All that can be found of an earlier epoch was found.
    pub fn salvaged(&mut self, epoch: Epoch) {
        self.shop.earlier.entry(epoch).and_modify(|earlier| earlier.ready = true);
        let facts = self.shop.earlier_facts();
        self.shop.tell(UplinkInput::Earlier(facts), Millis(self.now));
        self.settle();
    }

    /// The agent starts again.
    pub fn start_box(&mut self) {
        self.shop.start(Millis(self.now));
        self.settle();
    }

    /// The centre dies; what was being produced may or may not have arrived.
    pub fn crash_centre(&mut self) {
        let open: Vec<(u64, u64)> =
            self.events.iter().filter(|(_, event)| matches!(event, Event::Produce(..))).map(|(key, _)| *key).collect();
        for key in open {
            if let Some(Event::Produce(_, _, payload)) = self.events.remove(&key)
                && self.random.below(2) == 0
            {
                self.centre.produce(&payload);
            }
        }
        self.events.retain(|_, event| !matches!(event, Event::LookUp(..) | Event::OpenEpoch(..)));
        self.lose_messages();
        self.centre.crash();
    }

    /// The centre starts again.
    pub const fn start_centre(&mut self) {
        self.centre.up = true;
    }

    /// The database is set back to an older state; the centre dies with it.
    pub fn set_back(&mut self, older: ModelLedger) {
        self.crash_centre();
        self.centre.ledger = older;
        self.start_centre();
    }
}
