use bytes::Bytes;
use proptest::prelude::*;
use tidemark_model::WallTime;
use tidemark_wire::{Control, EpochOpened, Opener, PositionsLost, encode_control};

use super::super::tests::{World, sold, store};
use super::super::{ApplyRecord, Content, EpochCounts};
use super::*;

fn control(control: &Control) -> ApplyRecord {
    let content = Content::Control(Bytes::from(encode_control(control)));
    ApplyRecord { offset: 0, store: store(), content }
}

fn lost(epoch: u64, seqs: impl IntoIterator<Item = Seq>) -> ApplyRecord {
    let seqs = seqs.into_iter().collect();
    control(&Control::PositionsLost(PositionsLost { store: store(), epoch: Epoch(epoch), seqs, digest: None }))
}

fn opened(epoch: u64) -> ApplyRecord {
    let (epoch, by, wall) = (Epoch(epoch), Opener::Centre, WallTime(0));
    control(&Control::EpochOpened(EpochOpened { store: store(), epoch, by, wall }))
}

fn ranges(world: &World, epoch: u64) -> Vec<(Seq, Seq, LossCause)> {
    let losses = world.losses.get(&(store(), Epoch(epoch))).cloned().unwrap_or_default();
    losses.0.iter().map(|(first, loss)| (*first, loss.last, loss.cause)).collect()
}

fn counts(world: &World, epoch: u64) -> EpochCounts {
    world.counts[&(store(), Epoch(epoch))]
}

fn block(world: &World, epoch: u64) -> Block {
    world.blocks[&(store(), Epoch(epoch), BlockIndex(0))]
}

#[test]
fn what_a_box_cannot_read_is_handled_without_sums_and_named_by_range() {
    let records = sold(&[(0, 1); 8], 9);
    let (mut world, mut without) = (World::default(), World::default());
    world.apply(&records[..2]);
    world.apply(&[lost(9, [3, 4, 6])]);
    without.apply(&records[..2]);
    assert_eq!(ranges(&world, 9), [(3, 4, LossCause::Unreadable), (6, 6, LossCause::Unreadable)]);
    assert_eq!(counts(&world, 9), EpochCounts { handled: 5, lost: 3, seen: 6, ..EpochCounts::default() });
    assert_eq!(block(&world, 9).bitmap.seqs(BlockIndex(0)).collect::<Vec<_>>(), [1, 2, 3, 4, 6]);
    assert_eq!(block(&world, 9).digest, block(&without, 9).digest, "a lost position adds nothing to the sums");
}

#[test]
fn a_loss_named_again_or_of_what_is_handled_changes_nothing() {
    let records = sold(&[(0, 1); 4], 9);
    let mut world = World::default();
    world.apply(&records[..2]);
    world.apply(&[lost(9, [2, 3])]);
    let before = counts(&world, 9);
    let plan = world.apply(&[lost(9, [2, 3]), lost(9, [3])]);
    assert_eq!((counts(&world, 9), ranges(&world, 9)), (before, vec![(3, 3, LossCause::Unreadable)]));
    assert!(
        plan.losses.values().all(|losses| losses.since(&world.losses[&(store(), Epoch(9))]) == LossChanges::default())
    );
}

#[test]
fn a_movement_that_comes_after_all_takes_its_position_out_of_lost_and_is_applied() {
    let records = sold(&[(0, 1); 5], 9);
    let (mut world, mut straight) = (World::default(), World::default());
    world.apply(&[lost(9, [2, 3, 4])]);
    world.apply(&records);
    straight.apply(&records);
    assert_eq!(world, straight);
    let again = world.apply(&records[2..3]);
    assert_eq!(again.again.len(), 1, "it is handled as any other now");
}

#[test]
fn a_new_epoch_names_lost_what_the_older_one_has_not_brought_up_to_its_tail() {
    let records = sold(&[(0, 1); 6], 1);
    let mut world = World::default();
    world.apply(&[records[0].clone(), records[3].clone()]);
    world.epochs.get_mut(&(store(), Epoch(1))).unwrap().tail = 7;
    world.apply(&[opened(2)]);
    assert_eq!(ranges(&world, 1), [(2, 3, LossCause::Closed), (5, 7, LossCause::Closed)]);
    assert_eq!(counts(&world, 1), EpochCounts { handled: 7, lost: 5, seen: 4, ..EpochCounts::default() });
    assert_eq!(block(&world, 1).bitmap.count(), 2, "a box that comes back has to send them");
    world.apply(&[opened(2)]);
    assert_eq!(counts(&world, 1).lost, 5, "closed once");
}

#[test]
fn a_straggler_is_taken_out_of_lost_kept_as_late_and_changes_no_balance() {
    let records = sold(&[(0, 1); 6], 1);
    let mut world = World::default();
    world.apply(&records[..2]);
    world.epochs.get_mut(&(store(), Epoch(1))).unwrap().tail = 5;
    world.apply(&[opened(2)]);
    let plan = world.apply(&[records[3].clone(), records[5].clone()]);
    assert!(plan.rows.iter().all(|row| row.late) && plan.rows.len() == 2);
    assert!(plan.balances.is_empty());
    assert_eq!(ranges(&world, 1), [(3, 3, LossCause::Closed), (5, 5, LossCause::Closed)]);
    assert_eq!(counts(&world, 1), EpochCounts { handled: 6, lost: 2, late: 2, seen: 6, ..EpochCounts::default() });
}

#[test]
fn what_an_ended_epoch_left_open_is_handled_once_its_box_cannot_read_it() {
    let mut world = World::default();
    world.apply(&sold(&[(0, 1)], 1));
    world.epochs.get_mut(&(store(), Epoch(1))).unwrap().tail = 4;
    world.apply(&[opened(2)]);
    let signed = world.losses.get_mut(&(store(), Epoch(1))).unwrap();
    signed.0.values_mut().for_each(|loss| loss.signature = Some(3));
    world.apply(&[lost(1, [3])]);
    let expected = [(2, 2, LossCause::Closed), (3, 3, LossCause::Unreadable), (4, 4, LossCause::Closed)];
    assert_eq!(ranges(&world, 1), expected);
    assert!(world.losses[&(store(), Epoch(1))].0.values().all(|loss| loss.signature == Some(3)));
    assert_eq!(counts(&world, 1), EpochCounts { handled: 4, lost: 3, seen: 3, ..EpochCounts::default() });
    assert!(block(&world, 1).bitmap.has(3));
}

#[test]
fn epochs_that_begin_in_one_batch_close_each_other_in_their_order() {
    let mut world = World::default();
    let (one, two) = (sold(&[(0, 1); 3], 1), sold(&[(0, 1); 3], 2));
    let records = [one[1].clone(), two[2].clone(), opened(3), two[0].clone()];
    world.apply(&records);
    assert_eq!(ranges(&world, 1), [(1, 1, LossCause::Closed)]);
    assert_eq!(ranges(&world, 2), [(2, 2, LossCause::Closed)]);
    assert_eq!(counts(&world, 2), EpochCounts { handled: 3, lost: 1, late: 1, seen: 3, ..EpochCounts::default() });
}

#[test]
fn only_what_is_open_of_a_store_with_a_new_epoch_is_closed() {
    let mut world = World::default();
    world.apply(&[opened(1), opened(2)]);
    let closes = |records: &[ApplyRecord]| super::super::closes(records, &world.epochs);
    assert!(closes(&[opened(2), lost(1, [1])]).is_empty());
    assert_eq!(closes(&sold(&[(0, 1)], 3)), [(store(), Epoch(2))].into());
    assert_eq!(closes(&[ApplyRecord { store: StoreId::new("S2").unwrap(), ..opened(3) }]), [].into());
}

proptest! {
    /// Whatever comes in whichever order, once or twice, in whatever batches:
    /// the books say the same, and each position has one class.
    #[test]
    fn losses_and_movements_in_any_order_leave_the_same_books(
        steps in prop::collection::vec((any::<bool>(), 1_u64..12), 0..40),
        cut in 1_usize..9,
    ) {
        let records = sold(&[(0, 1); 12], 9);
        let record = |(is_lost, seq): &(bool, u64)| match usize::try_from(*seq - 1) {
            Ok(index) if !is_lost => records[index].clone(),
            _ => lost(9, [*seq]),
        };
        let all: Vec<ApplyRecord> = steps.iter().map(record).collect();
        let (mut world, mut single) = (World::default(), World::default());
        for batch in all.chunks(cut) {
            world.apply(batch);
        }
        all.iter().for_each(|record| drop(single.apply(std::slice::from_ref(record))));
        prop_assert_eq!(&world, &single);
        let came: std::collections::BTreeSet<u64> = steps.iter().filter(|(l, _)| !l).map(|(_, seq)| *seq).collect();
        let named: std::collections::BTreeSet<u64> = steps.iter().filter(|(l, _)| *l).map(|(_, seq)| *seq).collect();
        let expected: Vec<u64> = named.difference(&came).copied().collect();
        let losses = world.losses.get(&(store(), Epoch(9))).cloned().unwrap_or_default();
        prop_assert_eq!(losses.seqs().iter().collect::<Vec<_>>(), expected.clone());
        prop_assert_eq!(world.rows, came.len());
        if !steps.is_empty() {
            let counts = counts(&world, 9);
            prop_assert_eq!(counts.lost, i64::try_from(expected.len()).unwrap());
            prop_assert_eq!(counts.handled, u64::try_from(came.union(&named).count()).unwrap());
        }
    }
}
