//! A box whose journal was damaged: what was found of it comes up under its
//! own epoch, what was not is lost by name.

use tidemark_model::{EpochOrdinal, Seq};

use crate::testing::{Options, Pair};

fn damaged(committed: u64, online_ms: u64, lost: &[Seq], ready: bool) -> (Pair, tidemark_model::Epoch) {
    let mut pair = Pair::new(Options { keep: 100_000, ..Options::default() });
    if online_ms == 0 {
        pair.cut();
    }
    pair.commit(committed);
    pair.run(online_ms);
    pair.crash_box();
    let old = pair.set_aside(lost.iter().copied(), ready);
    pair.mend();
    pair.start_box();
    (pair, old)
}

#[test]
fn what_was_found_comes_up_under_its_own_epoch_and_the_rest_is_lost_by_name() {
    let (mut pair, old) = damaged(300, 0, &[7, 8, 250], true);
    pair.commit(20);
    let is_done = |pair: &Pair| pair.all_handled() && pair.shop.earlier.is_empty();
    assert!(pair.run_until(60_000, is_done).is_some(), "{:?} {:?}", pair.troubles, pair.shop.earlier.keys());
    assert_eq!(pair.differences(), Vec::<String>::new());
    assert_eq!(pair.centre.ledger.applied(old).len(), 297);
    assert_eq!(pair.centre.ledger.lost(old), [7, 8, 250].into());
}

#[test]
fn an_epoch_that_never_came_to_the_centre_is_opened_before_the_one_that_closes_it() {
    let (mut pair, old) = damaged(10, 0, &[], true);
    let is_done = |pair: &Pair| pair.shop.earlier.is_empty();
    assert!(pair.run_until(60_000, is_done).is_some());
    assert_eq!(pair.centre.ledger.ordinal(old), Some(EpochOrdinal(1)));
    assert_eq!(pair.centre.ledger.ordinal(pair.shop.epoch), Some(EpochOrdinal(2)));
}

#[test]
fn nothing_of_it_is_sent_or_named_before_all_was_looked_through() {
    let (mut pair, old) = damaged(300, 0, &[9], false);
    pair.commit(5);
    pair.run(30_000);
    assert!(pair.all_own_handled(), "the new sales do not wait for it");
    assert_eq!(pair.centre.ledger.applied(old).len(), 0);
    assert_eq!(pair.centre.ledger.lost(old), [].into());
    pair.salvaged(old);
    assert!(pair.run_until(60_000, |pair| pair.shop.earlier.is_empty()).is_some());
    assert_eq!(pair.centre.ledger.lost(old), [9].into());
    assert_eq!(pair.differences(), Vec::<String>::new());
}

#[test]
fn what_the_centre_holds_already_does_not_come_again() {
    let (mut pair, old) = damaged(300, 60_000, &[5], true);
    let held = pair.centre.stream_length();
    assert!(pair.run_until(60_000, |pair| pair.shop.earlier.is_empty()).is_some());
    // The control record of the new epoch is all that came.
    assert_eq!(pair.centre.stream_length(), held + 1);
    assert_eq!((pair.centre.ledger.applied(old).len(), pair.centre.ledger.lost(old)), (300, [].into()));
}

#[test]
fn a_line_and_a_centre_that_fail_meanwhile_change_nothing_of_it() {
    let (mut pair, old) = damaged(5_000, 0, &[1, 4_999], true);
    pair.commit(100);
    for round in 0..6 {
        pair.run(700);
        match round % 3 {
            0 => pair.reset(),
            1 => {
                pair.crash_centre();
                pair.start_centre();
            }
            _ => {
                pair.crash_box();
                pair.start_box();
            }
        }
    }
    let is_done = |pair: &Pair| pair.all_handled() && pair.shop.earlier.is_empty();
    assert!(pair.run_until(180_000, is_done).is_some(), "{:?}", pair.troubles);
    assert_eq!(pair.differences(), Vec::<String>::new());
    assert_eq!(pair.centre.ledger.applied(old).len(), 4_998);
    assert_eq!(pair.centre.ledger.lost(old), [1, 4_999].into());
}
