use bytes::Bytes;
use tidemark_model::{BoxId, EpochOrdinal, WallTime};
use tidemark_sync::message::Session;
use tidemark_wire::{EpochOpened, EpochTook, encode_control};

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
