//! A journal of which another life wrote under the same epoch.

use tidemark_journal::{Forked, Journal};
use tidemark_model::{BlockIndex, EpochOrdinal, Kind, Marks, Odometer, Position, Seq, SeqSet, Status};

use super::catalogue::teach;
use super::opening::opening_after;
use super::shop::*;

#[test]
fn it_goes_on_in_a_new_epoch_and_replays_what_the_centre_lacks() {
    let shop = Shop::new("forked");
    let (journal, writer) = shop.open();
    let old = journal.identity().epoch;
    teach(&journal, 1, &["apple", "pear"]);
    submit(&journal, sale("1", "apple", 3)).unwrap();
    submit(&journal, sale("2", "apple", 5)).unwrap();
    submit(&journal, sale("3", "pear", 1)).unwrap();
    assert!(!journal.is_left());
    let new = wait(journal.fork()).unwrap();
    assert!(new != old && journal.is_left());
    assert_eq!(wait(journal.fork()).unwrap(), new, "left once");
    writer.stop().unwrap();

    let (journal, writer) = shop.open();
    assert_eq!((journal.identity().epoch, journal.tail()), (new, 0));
    let forked = Forked { epoch: old, first: 1, tail: 3 };
    assert_eq!(journal.forked().unwrap(), [forked]);
    let digests = wait(journal.forked_digests(forked, BlockIndex(0))).unwrap();
    assert_eq!(digests.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(on_hand(&journal, "apple"), 0, "the new epoch begins with empty books");
    let lacking = || [2_u64, 3].into_iter().collect::<SeqSet>();
    for documents in [2, 0] {
        assert_eq!(wait(journal.replay(forked, lacking())).unwrap(), documents);
        assert_eq!((on_hand(&journal, "apple"), on_hand(&journal, "pear")), (-5, -1));
    }
    assert_eq!(submit(&journal, sale("2", "apple", 5)).unwrap().status, Status::Duplicate);
    wait(journal.settle_fork(old)).unwrap();
    assert!(journal.forked().unwrap().is_empty());
    assert!(wait(journal.forked_digests(forked, BlockIndex(0))).unwrap().is_empty());
    writer.stop().unwrap();

    let (journal, writer) = shop.open();
    assert_eq!((journal.identity().epoch, journal.tail()), (new, 2));
    writer.stop().unwrap();
}

#[test]
fn the_odometer_begins_anew_and_what_is_older_is_not_ordered_with_counts_of_before() {
    let shop = Shop::new("forked-time");
    let (journal, writer) = shop.open();
    teach(&journal, 1, &["apple"]);
    shop.pass(50_000);
    submit(&journal, count("count", "apple", 9)).unwrap();
    shop.pass(20_000);
    let opening = opening_after(&journal);
    wait(journal.fork()).unwrap();
    assert_eq!((journal.odometer(), journal.boot()), (Odometer::BIRTH, Odometer::BIRTH));
    // Until the agent begins anew it goes on over this handle.
    shop.pass(1_000);
    let unclear = |journal: &Journal, id: &str, age| {
        let committed = submit(journal, aged(sale(id, "apple", 1), age)).unwrap();
        journal.movement(committed.first).unwrap().unwrap().marks
    };
    assert!(unclear(&journal, "1", 10_000).has(Marks::UNSURE), "the boot began with the epoch");
    writer.stop().unwrap();

    let (journal, writer) = shop.open();
    wait(journal.take_opening(EpochOrdinal(2), None, opening)).unwrap();
    shop.pass(1_000);
    assert!(unclear(&journal, "2", 30_000).has(Marks::UNORDERED.with(Marks::RECOUNT)));
    assert!(!unclear(&journal, "3", 500).has(Marks::UNORDERED));
    assert_eq!(on_hand(&journal, "apple"), 6);
    writer.stop().unwrap();
}

#[test]
fn with_nothing_to_replay_it_opens_in_the_new_epoch_again_and_again() {
    let shop = Shop::new("forked-empty");
    let (journal, writer) = shop.open();
    let old = journal.identity().epoch;
    submit(&journal, sale("1", "apple", 3)).unwrap();
    let new = wait(journal.fork()).unwrap();
    writer.stop().unwrap();
    for settle in [false, true, false] {
        let (journal, writer) = shop.open();
        let no_seq: [Seq; 0] = [];
        assert_eq!((journal.identity().epoch, journal.tail()), (new, 0));
        if settle {
            let forked = journal.forked().unwrap()[0];
            assert_eq!(wait(journal.replay(forked, no_seq.into_iter().collect())).unwrap(), 0);
            wait(journal.settle_fork(old)).unwrap();
        }
        writer.stop().unwrap();
    }
}

#[test]
fn what_it_sold_in_the_new_epoch_is_in_no_order_with_what_the_other_life_counted() {
    for settled in [false, true] {
        let shop = Shop::new(if settled { "forked-beside-settled" } else { "forked-beside" });
        let (journal, writer) = shop.open();
        let old = journal.identity().epoch;
        teach(&journal, 1, &["apple"]);
        submit(&journal, count("count", "apple", 9)).unwrap();
        let opening = opening_after(&journal);
        wait(journal.fork()).unwrap();
        writer.stop().unwrap();

        let (journal, writer) = shop.open();
        submit(&journal, sale("1", "apple", 2)).unwrap();
        let forked = journal.forked().unwrap()[0];
        if settled {
            assert_eq!(wait(journal.replay(forked, SeqSet::new())).unwrap(), 0);
            wait(journal.settle_fork(old)).unwrap();
            assert!(journal.forked().unwrap().is_empty());
        }
        let taken = wait(journal.take_opening(EpochOrdinal(2), None, opening)).unwrap();
        let position = Position { epoch: journal.identity().epoch, seq: taken.seq };
        let restated = journal.movement(position).unwrap().unwrap();
        assert!(restated.kind == Kind::Restatement && restated.marks.has(Marks::RECOUNT));
        assert_eq!(on_hand(&journal, "apple"), 7);
        assert_eq!(journal.forked().unwrap().len(), usize::from(!settled), "what is not replayed yet stays");
        writer.stop().unwrap();
        let (journal, writer) = shop.open();
        assert_eq!(journal.tail(), taken.seq);
        writer.stop().unwrap();
    }
}
