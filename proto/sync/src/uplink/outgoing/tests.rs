use std::collections::BTreeSet;

use proptest::prelude::*;
use tidemark_model::StreamId;

use super::*;

fn outgoing(tail: Seq) -> Outgoing {
    Outgoing::new(Epoch(1), tail, 1, Blocks::new(), ReceivedBlocks::new())
}

fn set(seqs: impl IntoIterator<Item = Seq>) -> SeqSet {
    seqs.into_iter().collect()
}

fn place(stream: u8, offset: u64) -> StreamPlace {
    StreamPlace { stream: StreamId([stream; 16]), partition: 0, offset }
}

fn applied(stream: u8, offset: u64, end: Option<u64>) -> AppliedThrough {
    AppliedThrough { stream: StreamId([stream; 16]), partition: 0, offset, end }
}

fn blocks(seqs: impl IntoIterator<Item = Seq>) -> Blocks {
    let mut blocks = Blocks::new();
    for seq in seqs {
        blocks.entry(BlockIndex::of(seq)).or_default().add(seq, 0, 0);
    }
    blocks
}

#[test]
fn a_received_position_waits_again_only_under_the_three_conditions() {
    let base = {
        let mut outgoing = outgoing(10);
        outgoing.take(&set(1..=10));
        outgoing.receive(&set(1..=10), place(1, 100));
        outgoing
    };
    assert!(base.waiting().is_empty());
    let waiting_after = |word: AppliedThrough| {
        let mut outgoing = base.clone();
        outgoing.give_up(&word);
        outgoing.waiting().count()
    };
    assert_eq!(waiting_after(applied(1, 100, Some(101))), 0, "neither passed nor cut off");
    assert_eq!(waiting_after(applied(1, 0, None)), 0, "an applier far behind");
    assert_eq!(waiting_after(applied(2, 0, None)), 10, "another life of the log");
    assert_eq!(waiting_after(applied(1, 101, None)), 10, "passed without being handled");
    assert_eq!(waiting_after(applied(1, 50, Some(100))), 10, "beyond the log's end");
}

#[test]
fn a_centre_that_goes_back_does_not_get_again_what_its_stream_still_holds() {
    let mut outgoing = outgoing(10);
    outgoing.take(&set(1..=10));
    outgoing.receive(&set(1..=10), place(1, 9));
    outgoing.handle(&blocks(1..=10));
    outgoing.give_up(&applied(1, 10, Some(10)));
    outgoing.replace_handled(blocks(1..=4));
    assert!(outgoing.waiting().is_empty());
    outgoing.give_up(&applied(1, 4, Some(10)));
    assert!(outgoing.waiting().is_empty());
    outgoing.give_up(&applied(1, 10, Some(10)));
    assert_eq!(*outgoing.waiting(), set(5..=10));
}

#[test]
fn what_a_block_no_longer_holds_waits_again() {
    let mut outgoing = outgoing(10);
    outgoing.handle(&blocks(1..=10));
    assert!(outgoing.waiting().is_empty());
    outgoing.handle(&blocks(1..=3));
    assert_eq!(*outgoing.waiting(), set(4..=10));
}

#[test]
fn a_handled_position_beyond_the_tail_is_noticed() {
    let outgoing = outgoing(10);
    assert_eq!(outgoing.beyond_tail(&blocks(1..=10)), None);
    assert_eq!(outgoing.beyond_tail(&blocks(5..=12)), Some(11));
    assert_eq!(outgoing.beyond_tail(&blocks([5_000])), Some(5_000));
}

#[test]
fn trimmed_positions_are_not_counted_as_handled() {
    let mut outgoing = outgoing(3_000);
    outgoing.handle(&blocks(1..=2_000));
    outgoing.trim(1_500);
    assert_eq!(outgoing.handled_count(), 501);
    assert_eq!(outgoing.oldest_unhandled(), Some(2_001));
}

#[test]
fn the_newest_take_their_share_over_gaps() {
    let waiting = set([1, 2, 5, 6, 7, 20]);
    assert_eq!(newest(&waiting, 3, 0), set([6, 7, 20]));
    assert_eq!(newest(&waiting, 10, 6), set([6, 7, 20]));
    assert!(newest(&waiting, 0, 0).is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Commit(u64),
    Take(u64),
    Receive(u64, u64),
    GiveBack,
    Handle(Vec<Seq>),
    Replace(Vec<Seq>),
    GiveUp(u8, u64),
    Trim(Seq),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1_u64..1_500).prop_map(Step::Commit),
        (1_u64..1_000).prop_map(Step::Take),
        (1_u64..1_000, 0_u64..50).prop_map(|(count, offset)| Step::Receive(count, offset)),
        Just(Step::GiveBack),
        proptest::collection::vec(1_u64..4_000, 0..50).prop_map(Step::Handle),
        proptest::collection::vec(1_u64..4_000, 0..50).prop_map(Step::Replace),
        (1_u8..3, 0_u64..50).prop_map(|(stream, offset)| Step::GiveUp(stream, offset)),
        (1_u64..2_000).prop_map(Step::Trim),
    ]
}

proptest! {
    #[test]
    fn waiting_is_always_committed_less_handled_less_out_less_received(steps in proptest::collection::vec(step(), 1..40)) {
        let mut outgoing = outgoing(0);
        for step in steps {
            match step {
                Step::Commit(more) => outgoing.commit(outgoing.tail() + more),
                Step::Take(count) => {
                    let seqs = outgoing.waiting().lowest(count);
                    outgoing.take(&seqs);
                }
                Step::Receive(count, offset) => {
                    let seqs = outgoing.out().lowest(count);
                    outgoing.receive(&seqs, place(1, offset));
                }
                Step::GiveBack => {
                    let out = outgoing.out().clone();
                    outgoing.give_back(&out);
                }
                Step::Handle(seqs) => outgoing.handle(&blocks(seqs.into_iter().filter(|seq| *seq <= outgoing.tail()))),
                Step::Replace(seqs) => {
                    let tail = outgoing.tail();
                    outgoing.replace_handled(blocks(seqs.into_iter().filter(|seq| *seq <= tail)));
                }
                Step::GiveUp(stream, offset) => drop(outgoing.give_up(&applied(stream, offset, None))),
                Step::Trim(below) => outgoing.trim(below.min(outgoing.tail() + 1)),
            }
            let done = |seq: Seq| {
                let index = BlockIndex::of(seq);
                outgoing.handled.get(&index).is_some_and(|block| block.bitmap.has(seq))
                    || outgoing.received.get(&index).is_some_and(|block| block.bitmap.has(seq))
                    || outgoing.out.has(seq)
            };
            let expected: BTreeSet<Seq> =
                (outgoing.trimmed_below..=outgoing.tail).filter(|seq| !done(*seq)).collect();
            prop_assert_eq!(outgoing.waiting().iter().collect::<BTreeSet<_>>(), expected);
        }
    }
}
