use bytes::Bytes;
use tidemark_model::opening::{Retelling, Taking};
use tidemark_model::{Epoch, Source};
use tidemark_sync::message::OpeningTaken;
use tidemark_wire::{Control, EpochTook, encode_control, encode_movement};

use super::super::tests::{World, sold, store};
use super::super::{ApplyRecord, Content, Known, decide};
use super::*;

fn digest_of(record: &ApplyRecord) -> u64 {
    match &record.content {
        Content::Movement(position, bytes) => movement_digest(&store(), *position, bytes),
        Content::Control(_) | Content::Unread(..) => unreachable!("only movements are sold"),
    }
}

#[test]
fn other_bytes_at_a_handled_position_are_parked_once_per_content() {
    let (held, other, third) = (sold(&[(0, 1)], 9), sold(&[(0, 2)], 9), sold(&[(0, 3)], 9));
    let mut world = World::default();
    world.apply(&held);
    let mut plan = world.apply(&[&held[..], &other, &other, &third].concat());
    let there = HeldThere { digest: Some(digest_of(&held[0])), forks: [digest_of(&third[0])].into() };
    plan.park_forks(vec![there; 4]);
    assert_eq!(plan.dead_letters.len(), 1, "the same again, twice, and one that is parked already");
    assert_eq!(plan.dead_letters[0].document, ("till:1".to_owned(), "0".to_owned()));
    assert_eq!(plan.counts[&(store(), Epoch(9))].forks, 1);
}

#[test]
fn two_lives_of_a_position_in_one_batch_are_told_apart() {
    let (one, other) = (sold(&[(0, 1)], 9), sold(&[(0, 2)], 9));
    let mut plan = World::default().apply(&[&one[..], &other, &one].concat());
    plan.park_forks(vec![HeldThere::default(); 2]);
    let parked: Vec<&Bytes> = plan.dead_letters.iter().map(|letter| &letter.bytes).collect();
    let Content::Movement(_, bytes) = &other[0].content else { unreachable!("only movements are sold") };
    assert_eq!((parked, plan.rows.len()), (vec![bytes], 1));
}

#[test]
fn a_forked_letter_closes_with_the_movement_of_a_later_epoch_that_replays_it() {
    let fork = |number, ordinal, id: &str| OpenFork {
        number,
        position: Position { epoch: Epoch(1), seq: 4 },
        ordinal: EpochOrdinal(ordinal),
        document: ("till:1".to_owned(), id.to_owned()),
    };
    let forks = vec![fork(1, 0, "0"), fork(2, 0, "other"), fork(3, 1, "0")];
    let known = Known { forks: [(store(), forks)].into(), ..Known::default() };
    let plan = decide(&sold(&[(0, 1), (0, 1)], 9), &known);
    assert_eq!(plan.replayed, [1].into(), "not the one of its own epoch, nor of another document");
    assert_eq!(plan.counts[&(store(), Epoch(1))].forks, -1);
}

#[test]
fn a_batch_that_brings_a_fork_and_its_replay_is_cut_between_them() {
    let mut world = World::default();
    world.apply(&sold(&[(0, 1)], 1));
    let (fork, replay) = (sold(&[(0, 2)], 1), sold(&[(0, 2)], 2));
    let cut = |records: &[&[ApplyRecord]]| {
        let known = Known { epochs: world.epochs.clone(), blocks: world.blocks.clone(), ..Known::default() };
        decide(&records.concat(), &known).cut
    };
    assert_eq!(cut(&[&fork, &replay]), Some(1));
    assert_eq!(cut(&[&fork, &fork]), None, "of its own epoch");
    assert_eq!(cut(&[&replay, &fork]), None);
}

#[test]
fn a_forked_letter_of_a_restatement_closes_when_a_later_epochs_box_takes_its_opening() {
    let fork = |number, source: &str, id: &str| OpenFork {
        number,
        position: Position { epoch: Epoch(0xab), seq: 4 },
        ordinal: EpochOrdinal(0),
        document: (source.to_owned(), id.to_owned()),
    };
    let id = "opening-00000000000000ab-1";
    let forks = vec![fork(1, "box", id), fork(2, "till:1", id), fork(3, "box", "resolve-1")];
    let known = Known { forks: [(store(), forks)].into(), ..Known::default() };
    let opening = OpeningTaken { ordinal: EpochOrdinal(1), seq: 0 };
    let control = Control::OpeningTaken(EpochTook { store: store(), epoch: Epoch(9), opening });
    let content = Content::Control(Bytes::from(encode_control(&control)));
    let plan = decide(&[ApplyRecord { offset: 0, store: store(), content }], &known);
    assert_eq!(plan.replayed, [1].into(), "the others are submitted again");
}

#[test]
fn a_forked_letter_is_settled_by_an_opening_that_holds_its_very_line() {
    let parked = |records: &[ApplyRecord], number| {
        let Content::Movement(_, bytes) = &records[0].content else { unreachable!("only movements are sold") };
        (number, bytes.clone())
    };
    // Another life of the disk sold the same at another place.
    let mut retelling = Retelling::over(Opening::empty(), Epoch(1), Taking::First);
    for (seq, (_, bytes)) in (7..).zip([parked(&sold(&[(0, 2)], 1), 0)]) {
        retelling.take(seq, decode_movement(&bytes).unwrap());
    }
    let opening = retelling.into_opening();
    let other_id = sold(&[(1, 2), (0, 2)], 1);
    let forks = [parked(&sold(&[(0, 2)], 1), 1), parked(&sold(&[(0, 3)], 1), 2), parked(&other_id[1..], 3)];
    assert_eq!(standing(&opening, &forks), [1], "neither other content nor another document");
    let lanes = |(number, bytes): (i64, Bytes)| {
        let mut movement = decode_movement(&bytes).unwrap();
        movement.document.source = Source::new("lane:1").unwrap();
        (number, Bytes::from(encode_movement(&movement)))
    };
    let lane = lanes(parked(&sold(&[(0, 2)], 1), 4));
    let mut retelling = Retelling::over(Opening::empty(), Epoch(1), Taking::First);
    retelling.take(7, decode_movement(&lane.1).unwrap());
    assert!(standing(&retelling.into_opening(), &[lane]).is_empty(), "two scans under one id");
}

#[test]
fn a_forked_letter_of_what_a_box_finds_out_for_itself_is_settled_by_any_opening() {
    let Content::Movement(_, bytes) = &sold(&[(0, 2)], 1)[0].content else { unreachable!("only movements are sold") };
    let learnt = |number, source: &str| {
        let mut movement = decode_movement(bytes).unwrap();
        (movement.kind, movement.document.source) = (Kind::Resolve, Source::new(source).unwrap());
        (number, Bytes::from(encode_movement(&movement)))
    };
    assert_eq!(standing(&Opening::empty(), &[learnt(1, "box"), learnt(2, "till:1")]), [1]);
}

#[test]
fn a_lanes_movement_is_known_again_by_its_new_epoch_and_old_seq() {
    let at = Position { epoch: Epoch(0xab), seq: 1 };
    assert_eq!(lane_id(at, 17), "00000000000000ab-fork-17");
}
