use bytes::Bytes;
use tidemark_model::document::{Body, Document, SkuChange, Timing};
use tidemark_model::movement::{About, Labels};
use tidemark_model::{
    BoxId, DocumentId, Draft, EpochOrdinal, MemoryBooks, Odometer, Position, Quantity, Sku, Source, Stamp, WallTime,
    decide,
};
use tidemark_sync::message::Session;
use tidemark_wire::{EpochOpened, EpochTook, encode_control, encode_movement};

use super::super::tests::{World, sold, store};
use super::*;

fn control(control: &Control) -> ApplyRecord {
    let content = Content::Control(Bytes::from(encode_control(control)));
    ApplyRecord { offset: 0, store: store(), content }
}

fn took(epoch: u64, seq: Seq) -> ApplyRecord {
    let opening = OpeningTaken { ordinal: EpochOrdinal(2), seq };
    control(&Control::OpeningTaken(EpochTook { store: store(), epoch: Epoch(epoch), opening }))
}

fn opened(epoch: u64, opening: Option<OpeningTaken>) -> ApplyRecord {
    let by = Opener::Box { box_id: BoxId([1; 16]), session: Session(1), opening };
    control(&Control::EpochOpened(EpochOpened { store: store(), epoch: Epoch(epoch), by, wall: WallTime(0) }))
}

fn taken(world: &World, epoch: u64) -> Taken {
    world.epochs[&(store(), Epoch(epoch))].taken
}

/// What a box restates with its opening, at a position.
fn restated(epoch: u64, seq: Seq) -> ApplyRecord {
    let next = Position { epoch: Epoch(epoch), seq };
    let change = SkuChange { sku: Sku::new("0").unwrap(), change: Quantity::ONE };
    let document = Document {
        source: Source::new("box").unwrap(),
        id: DocumentId::new("opening").unwrap(),
        wall: WallTime(0),
        labels: Labels::default(),
        business_day_given: false,
        timing: Timing::Live,
        sequence: None,
        body: Body::Restatement { about: About::Position(Position { seq: seq - 1, ..next }), lines: vec![change] },
    };
    let odometer = Odometer::BIRTH;
    let stamp = Stamp { next, odometer, arrived: odometer, boot: odometer, wall: WallTime(0) };
    let books = MemoryBooks::new();
    let Ok(outcome) = decide(&mut Draft::over(&books), &document, &stamp);
    let content = Content::Movement(next, Bytes::from(encode_movement(&outcome.movements[0])));
    ApplyRecord { offset: 0, store: store(), content }
}

#[test]
fn an_epoch_that_ended_stays_as_its_box_stood_to_its_opening() {
    let mut world = World::default();
    let sales = sold(&[(0, 1); 2], 2);
    world.apply(&[opened(1, None), opened(2, None), took(2, 3)]);
    world.apply(&[sales[0].clone(), opened(3, None)]);
    let plan = world.apply(&[sales[1].clone(), restated(2, 3)]);
    assert_eq!(taken(&world, 2), Taken::At(3), "the next epoch began without a part of it");
    let offered: Vec<bool> = plan.rows.iter().map(|row| row.offered).collect();
    assert_eq!(offered, [true, false], "and has restated the difference by itself");
}

#[test]
fn an_epoch_that_settles_in_the_batch_that_ends_it_is_settled() {
    let mut world = World::default();
    world.apply(&[opened(1, None), opened(2, None), took(2, 1), restated(2, 1)]);
    world.apply(&[opened(3, None)]);
    assert_eq!(taken(&world, 2), Taken::Settled(1));
    let mut world = World::default();
    world.apply(&[opened(1, None), opened(2, None)]);
    world.apply(&[took(2, 0), opened(3, None)]);
    assert_eq!(taken(&world, 2), Taken::Settled(0));
}

#[test]
fn a_stores_first_epoch_has_nothing_to_take() {
    let mut world = World::default();
    world.apply(&sold(&[(0, 1)], 1));
    assert_eq!(taken(&world, 1), Taken::First);
    world.apply(&[opened(2, None)]);
    assert_eq!((taken(&world, 1), taken(&world, 2)), (Taken::First, Taken::Not));
}

#[test]
fn an_epoch_is_settled_when_all_up_to_its_taken_opening_is_handled() {
    let mut world = World::default();
    let sales = sold(&[(0, 1); 4], 2);
    world.apply(&[opened(1, None), opened(2, None)]);
    world.apply(&[sales[0].clone(), sales[2].clone()]);
    world.apply(&[took(2, 3)]);
    assert_eq!(taken(&world, 2), Taken::At(3));
    world.apply(&[sales[3].clone()]);
    assert_eq!(taken(&world, 2), Taken::At(3));
    world.apply(&[sales[1].clone()]);
    assert_eq!(taken(&world, 2), Taken::Settled(3));
    world.apply(&[took(2, 9)]);
    assert_eq!(taken(&world, 2), Taken::Settled(3), "the first word counts");
}

#[test]
fn a_box_that_took_its_opening_before_this_ledger_knew_it_says_so_with_its_epoch() {
    let mut world = World::default();
    let opening = Some(OpeningTaken { ordinal: EpochOrdinal(4), seq: 1 });
    world.apply(&[opened(2, opening)]);
    assert_eq!(taken(&world, 2), Taken::At(1));
    world.apply(&sold(&[(0, 1)], 2));
    assert_eq!(taken(&world, 2), Taken::At(1), "what was before it this ledger does not know");
}

#[test]
fn an_opening_taken_with_nothing_sold_before_is_settled_at_once() {
    let mut world = World::default();
    world.apply(&[opened(1, None), opened(2, None), took(2, 0)]);
    assert_eq!(taken(&world, 2), Taken::Settled(0));
}

#[test]
fn a_batch_that_brings_balances_of_an_epoch_and_its_end_is_cut_there() {
    let (one, two) = (sold(&[(0, 1)], 1), sold(&[(0, 1)], 2));
    let records = [one[0].clone(), opened(2, None), two[0].clone()];
    let plan = super::super::decide(&records, &super::super::Known::default());
    assert_eq!(plan.cut, Some(1));
    let plan = super::super::decide(&records[1..], &super::super::Known::default());
    assert_eq!(plan.cut, None);
}

#[test]
fn a_batch_that_settles_an_epoch_and_ends_it_is_cut_there() {
    let mut world = World::default();
    world.apply(&[opened(1, None), opened(2, None), took(2, 2)]);
    world.apply(&sold(&[(0, 1)], 2));
    let decide = |records: &[ApplyRecord]| {
        let known = super::super::Known {
            epochs: world.epochs.clone(),
            blocks: world.blocks.clone(),
            ..super::super::Known::default()
        };
        super::super::decide(records, &known).cut
    };
    let Content::Movement(position, _) = restated(2, 2).content else { unreachable!() };
    let parked = ApplyRecord { content: Content::Movement(position, Bytes::from_static(b"\xff")), ..restated(2, 2) };
    assert_eq!(decide(&[parked.clone(), opened(3, None)]), Some(1), "its levels are others from there on");
    assert_eq!(decide(&[parked]), None);
    assert_eq!(decide(&[opened(3, None), opened(4, None)]), None);
    assert_eq!(decide(&[opened(3, None), took(3, 0), opened(4, None)]), Some(2));
}
