//! Applying, decided without IO: records and what is known in, rows and sums
//! out. The only place that drops what came twice.

mod again;
mod answers;
mod counts;
mod facts;
mod forks;
mod late;
mod losses;
mod naming;
mod openings;
mod reach;
mod reading;
mod transit;

pub use again::ParkedHere;
pub use answers::Answer;
pub use counts::EpochCounts;
pub use facts::{DayClose, Places, TillDay, TillDayOf};
pub use forks::{HeldThere, OpenFork, standing};
pub use late::offers;
pub use losses::{Loss, LossCause, LossChanges, Losses, missing_below};
pub use openings::{Taken, unsettled};
pub use reach::{closes, touched};
pub use transit::{
    DocumentOf, Fulfilling, Given, Learnt, Place, Side, StockFacts, StockHeld, TransferLine, Transit, UnknownLine,
    amounts, reference_of,
};

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use reading::{Decode, leave_unread, read};
use tidemark_model::digest::{movement_digest, stock_digest};
use tidemark_model::movement::Parked;
use tidemark_model::{
    Basis, Block, BlockIndex, Epoch, EpochOrdinal, Movement, ParkReason, Position, Quantity, Seq, Sku, StoreId,
};
use tidemark_wire::{Control, EpochOpened, Opener, decode_control};

/// The source of documents that head office asked for; their id is the
/// instruction's.
pub const CENTRE_SOURCE: &str = "centre";

/// One record of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyRecord {
    /// Its offset.
    pub offset: u64,
    /// The shop it is keyed by.
    pub store: StoreId,
    /// What it is.
    pub content: Content,
}

/// What a record of the stream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A movement's bytes at its position.
    Movement(Position, Bytes),
    /// The same of one that is to be parked without anybody reading it: who
    /// did died.
    Unread(Position, Bytes),
    /// A control record's bytes.
    Control(Bytes),
}

/// What is known of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochState {
    /// Its ordinal.
    pub ordinal: EpochOrdinal,
    /// Whether a later one closed it.
    pub closed: bool,
    /// The larger of the tail told and the highest seq seen.
    pub tail: Seq,
    /// How many of its positions are lost.
    pub lost: u64,
    /// How many forked letters of it are not closed.
    pub forks: u64,
    /// How its box stands to its opening.
    pub taken: Taken,
}

impl EpochState {
    /// An epoch as it begins.
    #[must_use]
    pub const fn begun(ordinal: EpochOrdinal) -> Self {
        let taken = if ordinal.0 <= 1 { Taken::First } else { Taken::Not };
        Self { ordinal, closed: false, tail: 0, lost: 0, forks: 0, taken }
    }
}

/// Where a block stands.
pub type BlockKey = (StoreId, Epoch, BlockIndex);

/// What is known before a batch.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// All epochs of the batch's stores.
    pub epochs: BTreeMap<(StoreId, Epoch), EpochState>,
    /// The blocks the batch touches, and all blocks of epochs it closes.
    pub blocks: BTreeMap<BlockKey, Block>,
    /// What is lost of the epochs the batch touches or closes.
    pub losses: BTreeMap<(StoreId, Epoch), Losses>,
    /// Forked letters of the batch's stores that are not closed.
    pub forks: BTreeMap<StoreId, Vec<OpenFork>>,
    /// The moment of applying, a label of what is named lost.
    pub named_at: i64,
}

/// One row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The shop.
    pub store: StoreId,
    /// Its epoch's ordinal.
    pub ordinal: EpochOrdinal,
    /// Its position.
    pub position: Position,
    /// Its bytes.
    pub bytes: Bytes,
    /// Whether its epoch was closed before it came: it changes no balance.
    pub late: bool,
    /// Whether the box that has the store now is to commit it once more.
    pub offered: bool,
}

/// What a batch does to one balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceChange {
    /// Σ effect.
    pub effect: i64,
    /// On-hand after the highest position.
    pub on_hand: Quantity,
    /// Basis at that position.
    pub basis: Basis,
    /// The highest position: ordinal and seq.
    pub at: (EpochOrdinal, Seq),
}

/// A movement that is parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The shop.
    pub store: StoreId,
    /// Where it stands.
    pub position: Position,
    /// Why.
    pub reason: ParkReason,
    /// One sentence more.
    pub detail: String,
    /// What was given.
    pub raw: String,
    /// The code or item that it names; empty if none can be told.
    pub code: String,
    /// It is an answer to head office, which sees it there: nobody has to
    /// repair it.
    pub settled: bool,
    /// Whose document, and which; empty if it could not be read.
    pub document: (String, String),
    /// Its bytes.
    pub bytes: Bytes,
}

/// A position that was handled before, to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    /// The shop.
    pub store: StoreId,
    /// Where it stands.
    pub position: Position,
    /// Its epoch's ordinal.
    pub ordinal: EpochOrdinal,
    /// The bytes that came now.
    pub bytes: Bytes,
}

/// What a batch does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Rows of the ledger.
    pub rows: Vec<Row>,
    /// Balances.
    pub balances: BTreeMap<(StoreId, Sku), BalanceChange>,
    /// Blocks as they are afterwards; only changed ones.
    pub blocks: BTreeMap<BlockKey, Block>,
    /// Dead letters.
    pub dead_letters: Vec<DeadLetter>,
    /// What is lost afterwards; only of epochs where it may have changed.
    pub losses: BTreeMap<(StoreId, Epoch), Losses>,
    /// Epochs that begin, in order; each closes the older ones of its store.
    pub opened: Vec<(StoreId, Epoch, EpochOrdinal)>,
    /// Counts by epoch.
    pub counts: BTreeMap<(StoreId, Epoch), EpochCounts>,
    /// Instructions that are answered, each by a box of this store.
    pub answered: BTreeMap<(StoreId, String), Answer>,
    /// Positions that came again.
    pub again: Vec<Again>,
    /// How boxes stand to their openings afterwards; only of epochs where it
    /// may have changed.
    pub taken: BTreeMap<(StoreId, Epoch), Taken>,
    /// Where a batch has to be cut: an epoch ends here whose levels it changes
    /// before, or what it may have to park as forked may close here. Nothing of
    /// the plan may be written then.
    pub cut: Option<usize>,
    /// Forked letters that close, by number.
    pub replayed: BTreeSet<i64>,
    /// What it says of goods between stores and of unknown codes.
    pub stock: StockFacts,
}

/// Decides a batch.
#[must_use]
pub fn decide(records: &[ApplyRecord], known: &Known) -> Plan {
    let mut deciding = Deciding { known, plan: Plan::default(), at: 0 };
    for (at, record) in records.iter().enumerate() {
        deciding.at = at;
        match &record.content {
            Content::Control(bytes) => deciding.control(record, bytes),
            Content::Movement(position, bytes) => deciding.movement(&record.store, *position, bytes, read),
            Content::Unread(position, bytes) => deciding.movement(&record.store, *position, bytes, leave_unread),
        }
    }
    deciding.settle_all();
    deciding.plan
}

struct Deciding<'k> {
    known: &'k Known,
    plan: Plan,
    /// Which record of the batch is being decided.
    at: usize,
}

impl Deciding<'_> {
    fn control(&mut self, record: &ApplyRecord, bytes: &Bytes) {
        match decode_control(bytes) {
            Ok(Control::EpochOpened(EpochOpened { store, epoch, by, .. })) if store == record.store => {
                let state = self.epoch(&store, epoch);
                if let Opener::Box { opening: Some(opening), .. } = by {
                    self.took(&store, (epoch, state), opening);
                }
            }
            Ok(Control::OpeningTaken(took)) if took.store == record.store => {
                let state = self.epoch(&took.store, took.epoch);
                self.took(&took.store, (took.epoch, state), took.opening);
            }
            Ok(Control::PositionsLost(lost)) if lost.store == record.store => self.lost(&lost),
            // The log's own birth; or a record that speaks of another store
            // than its key, or that a newer centre wrote: it has no position
            // and no effect here. The applier's shell says so.
            Ok(
                Control::EpochOpened(_) | Control::PositionsLost(_) | Control::OpeningTaken(_) | Control::StreamBorn(_),
            )
            | Err(_) => {}
        }
    }

    /// The state of an epoch; one that was never seen begins.
    fn epoch(&mut self, store: &StoreId, epoch: Epoch) -> EpochState {
        let newest_here = self.plan.opened.iter().rev().find(|(of, ..)| of == store);
        if let Some((_, _, ordinal)) = self.plan.opened.iter().find(|(of, begun, _)| of == store && *begun == epoch) {
            let closed = newest_here.is_some_and(|(_, newest, _)| *newest != epoch);
            let taken = self.taken(store, epoch);
            return EpochState { ordinal: *ordinal, closed, tail: 0, lost: 0, forks: 0, taken };
        }
        if let Some(state) = self.known.epochs.get(&(store.clone(), epoch)) {
            let taken = self.taken(store, epoch);
            return EpochState { closed: state.closed || newest_here.is_some(), taken, ..*state };
        }
        let of_store = self.known.epochs.iter().filter(|((of, _), _)| of == store).map(|(_, state)| state.ordinal.0);
        let highest = of_store.chain(newest_here.map(|(_, _, ordinal)| ordinal.0)).max().unwrap_or(0);
        let ordinal = EpochOrdinal(highest.saturating_add(1));
        let begun = EpochState::begun(ordinal);
        self.plan.taken.insert((store.clone(), epoch), begun.taken);
        self.end_epochs(store);
        self.plan.opened.push((store.clone(), epoch, ordinal));
        begun
    }

    /// A block as it is now, to be changed.
    fn block(&mut self, key: BlockKey) -> &mut Block {
        let held = || self.known.blocks.get(&key).copied().unwrap_or_default();
        self.plan.blocks.entry(key.clone()).or_insert_with(held)
    }

    fn movement(&mut self, store: &StoreId, position: Position, bytes: &Bytes, decode: Decode) {
        let state = self.epoch(store, position.epoch);
        self.count(store, position.epoch, |counts| counts.seen = counts.seen.max(position.seq));
        let key = (store.clone(), position.epoch, BlockIndex::of(position.seq));
        let was_lost = self.no_longer_lost(store, position.epoch, position.seq);
        if self.block(key.clone()).bitmap.has(position.seq) && !was_lost {
            let again = Again { store: store.clone(), position, ordinal: state.ordinal, bytes: bytes.clone() };
            self.plan.again.push(again);
            return;
        }
        let decoded = decode(bytes);
        let stock = match &decoded {
            Ok(Movement { sku: Some(sku), effect, .. }) => stock_digest(sku, *effect),
            Ok(_) | Err(_) => 0,
        };
        self.block(key).put(position.seq, movement_digest(store, position, bytes), stock);
        self.count(store, position.epoch, |counts| {
            counts.handled += u64::from(!was_lost);
            counts.late += u64::from(state.closed);
        });
        match decoded {
            Err((reason, detail)) => {
                let (raw, code, document) = (String::new(), String::new(), (String::new(), String::new()));
                let bytes = bytes.clone();
                let (store, settled) = (store.clone(), false);
                self.park(DeadLetter { store, position, reason, detail, raw, code, settled, document, bytes });
            }
            Ok(movement) => self.decoded(store, position, state, movement, bytes),
        }
    }

    fn decoded(&mut self, store: &StoreId, position: Position, state: EpochState, movement: Movement, bytes: &Bytes) {
        self.replays(store, (position, state.ordinal), &movement);
        let offered = late::is_offered(state, position.epoch, &movement);
        if !state.closed {
            self.plan.stock.note(store, (state.ordinal, position.seq), &movement);
        }
        let is_answer = movement.document.source.as_str() == CENTRE_SOURCE;
        if is_answer {
            self.answers(store, position, &movement);
        }
        let code = naming::code_of(&movement);
        let Movement { document, parked, sku, effect, on_hand_after, basis, .. } = movement;
        if let Some(Parked { reason, detail, raw }) = parked {
            let document = (document.source.to_string(), document.id.to_string());
            let (store, bytes, settled) = (store.clone(), bytes.clone(), is_answer);
            self.park(DeadLetter { store, position, reason, detail, raw, code, settled, document, bytes });
            return;
        }
        self.plan.rows.push(Row {
            store: store.clone(),
            ordinal: state.ordinal,
            position,
            bytes: bytes.clone(),
            late: state.closed,
            offered,
        });
        // The balance of a closed epoch never changes again, neither its sum
        // nor what readers see: the next epoch began with it.
        let Some(sku) = sku.filter(|_| !state.closed) else { return };
        let effect = effect.as_thousandths();
        let change = BalanceChange {
            effect,
            on_hand: on_hand_after.unwrap_or(Quantity::ZERO),
            basis,
            at: (state.ordinal, position.seq),
        };
        let merged = self.plan.balances.entry((store.clone(), sku)).or_insert(BalanceChange { effect: 0, ..change });
        merged.effect = merged.effect.saturating_add(effect);
        if change.at > merged.at {
            *merged = BalanceChange { effect: merged.effect, ..change };
        }
    }

    fn park(&mut self, letter: DeadLetter) {
        self.count(&letter.store, letter.position.epoch, |counts| counts.parked += 1);
        self.plan.dead_letters.push(letter);
    }

    fn count(&mut self, store: &StoreId, epoch: Epoch, change: impl FnOnce(&mut EpochCounts)) {
        change(self.plan.counts.entry((store.clone(), epoch)).or_default());
    }
}

#[cfg(test)]
pub(crate) mod tests;
