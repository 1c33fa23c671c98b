use proptest::prelude::*;
use tidemark_model::document::{Body, Document, Line, TakenLine, Timing, TradeKind};
use tidemark_model::movement::Labels;
use tidemark_model::{
    DocumentId, Draft, Item, ItemUnit, MemoryBooks, Odometer, Source, Stamp, WallTime, decide as decide_document,
};
use tidemark_wire::encode_movement;

use super::*;

pub(crate) fn store() -> StoreId {
    StoreId::new("S1").unwrap()
}

/// Sells so often from a shop that knows three items; the stream's records.
pub(crate) fn sold(pieces: &[(u8, i64)], epoch: u64) -> Vec<ApplyRecord> {
    let mut books = MemoryBooks::new();
    for sku in ["0", "1", "2"] {
        let sku = Sku::new(sku).unwrap();
        let name = sku.to_string();
        books.learn_item(Item::new(sku, name, ItemUnit::Each));
    }
    let mut records = Vec::new();
    for (number, (item, pieces)) in pieces.iter().enumerate() {
        let line = TakenLine::plain(Sku::new(&item.to_string()).unwrap(), Quantity::units(*pieces).unwrap());
        let body = Body::Trade { kind: TradeKind::Sale, last: false, lines: vec![Line::Taken(line)] };
        let document = Document {
            source: Source::new("till:1").unwrap(),
            id: DocumentId::new(&number.to_string()).unwrap(),
            wall: WallTime(0),
            labels: Labels::default(),
            business_day_given: false,
            timing: Timing::Live,
            sequence: None,
            body,
        };
        let position = Position { epoch: Epoch(epoch), seq: records.len() as u64 + 1 };
        let stamp =
            Stamp { next: position, odometer: Odometer(1), arrived: Odometer(1), boot: Odometer(0), wall: WallTime(0) };
        let mut draft = Draft::over(&books);
        let Ok(outcome) = decide_document(&mut draft, &document, &stamp);
        let changes: Vec<_> = draft.into_changes().collect();
        books.commit(changes);
        for (movement, seq) in outcome.movements.iter().zip(position.seq..) {
            let at = Position { epoch: Epoch(epoch), seq };
            let content = Content::Movement(at, Bytes::from(encode_movement(movement)));
            records.push(ApplyRecord { offset: 0, store: store(), content });
        }
    }
    records
}

/// What applying batches one after the other leaves.
#[derive(Debug, Default, PartialEq)]
pub(super) struct World {
    pub(super) epochs: BTreeMap<(StoreId, Epoch), EpochState>,
    pub(super) blocks: BTreeMap<BlockKey, Block>,
    pub(super) losses: BTreeMap<(StoreId, Epoch), Losses>,
    pub(super) counts: BTreeMap<(StoreId, Epoch), EpochCounts>,
    sums: BTreeMap<Sku, i64>,
    levels: BTreeMap<Sku, ((EpochOrdinal, Seq), Quantity)>,
    pub(super) rows: usize,
    letters: usize,
}

impl World {
    pub(super) fn apply(&mut self, records: &[ApplyRecord]) -> Plan {
        let known = Known {
            epochs: self.epochs.clone(),
            blocks: self.blocks.clone(),
            losses: self.losses.clone(),
            named_at: 7,
            ..Known::default()
        };
        let plan = decide(records, &known);
        for (store, epoch, ordinal) in &plan.opened {
            self.epochs.iter_mut().filter(|((of, _), _)| of == store).for_each(|(_, state)| state.closed = true);
            let begun = EpochState::begun(*ordinal);
            self.epochs.insert((store.clone(), *epoch), begun);
        }
        for (key, more) in &plan.counts {
            let counts = self.counts.entry(key.clone()).or_default();
            counts.handled += more.handled;
            counts.parked += more.parked;
            counts.lost += more.lost;
            counts.late += more.late;
            counts.seen = counts.seen.max(more.seen);
            if let Some(state) = self.epochs.get_mut(key) {
                state.tail = state.tail.max(counts.seen);
                state.lost = counts.lost.cast_unsigned();
            }
        }
        for (key, taken) in &plan.taken {
            self.epochs.get_mut(key).unwrap().taken = *taken;
        }
        self.losses.extend(plan.losses.clone());
        self.losses.retain(|_, losses| !losses.seqs().is_empty());
        self.blocks.extend(plan.blocks.clone());
        for ((_, sku), change) in &plan.balances {
            *self.sums.entry(sku.clone()).or_default() += change.effect;
            let level = self.levels.entry(sku.clone()).or_insert((change.at, change.on_hand));
            if change.at > level.0 {
                *level = (change.at, change.on_hand);
            }
        }
        self.rows += plan.rows.len();
        self.letters += plan.dead_letters.len();
        plan
    }
}

proptest! {
    #[test]
    fn order_repetition_and_batching_do_not_matter(
        pieces in prop::collection::vec((0_u8..3, 1_i64..5), 1..40),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        cut in 1_usize..20,
    ) {
        let records = sold(&pieces, 9);
        let mut straight = World::default();
        straight.apply(&records);
        let mut shuffled = World::default();
        let again: Vec<ApplyRecord> = order.iter().map(|index| index.get(&records).clone()).collect();
        for batch in again.chunks(cut).chain(records.chunks(cut)).chain(again.chunks(cut)) {
            shuffled.apply(batch);
        }
        prop_assert_eq!(&straight, &shuffled);
        for (sku, sum) in &straight.sums {
            let expected: i64 = pieces.iter().filter(|(item, _)| item.to_string() == sku.as_str()).map(|(_, n)| -n * 1_000).sum();
            prop_assert_eq!(*sum, expected);
            prop_assert_eq!(straight.levels[sku].1.as_thousandths(), expected);
        }
    }
}

#[test]
fn what_cannot_be_decoded_is_parked_and_holds_nobody_up() {
    let mut records = sold(&[(0, 1), (0, 1)], 9);
    records[0].content = Content::Movement(Position { epoch: Epoch(9), seq: 1 }, Bytes::from_static(b"\xff\xff"));
    let mut world = World::default();
    let plan = world.apply(&records);
    assert_eq!((plan.rows.len(), plan.dead_letters.len()), (1, 1));
    assert_eq!(plan.dead_letters[0].reason, ParkReason::Undecodable);
    assert_eq!(
        plan.counts[&(store(), Epoch(9))],
        EpochCounts { handled: 2, parked: 1, seen: 2, ..EpochCounts::default() }
    );
}

#[test]
fn a_new_epoch_closes_the_older_one_whose_balance_never_changes_again() {
    let mut world = World::default();
    let old = sold(&[(0, 5), (0, 5)], 1);
    world.apply(&old[..1]);
    world.apply(&sold(&[(0, 1)], 2));
    assert_eq!(world.epochs[&(store(), Epoch(2))].ordinal, EpochOrdinal(2));
    assert!(world.epochs[&(store(), Epoch(1))].closed);
    world.apply(&old[1..]);
    let sku = Sku::new("0").unwrap();
    assert_eq!(world.sums[&sku], -6_000, "the straggler is kept without effect");
    assert_eq!(world.rows, 3);
    assert_eq!(world.counts[&(store(), Epoch(1))].late, 1);
}

#[test]
fn a_control_record_gives_an_epoch_its_ordinal_once() {
    let opened =
        Control::EpochOpened(EpochOpened { store: store(), epoch: Epoch(7), by: Opener::Centre, wall: WallTime(0) });
    let content = Content::Control(Bytes::from(tidemark_wire::encode_control(&opened)));
    let record = ApplyRecord { offset: 0, store: store(), content };
    let mut world = World::default();
    assert_eq!(world.apply(&[record.clone(), record.clone()]).opened.len(), 1);
    assert!(world.apply(&[record]).opened.is_empty());
}

#[test]
fn the_same_position_with_other_bytes_is_handed_over_for_comparison() {
    let records = sold(&[(0, 1)], 9);
    let other = sold(&[(0, 2)], 9);
    let mut world = World::default();
    world.apply(&records);
    let plan = world.apply(&other);
    assert_eq!(plan.again.len(), 1);
    assert!(plan.balances.is_empty());
}
