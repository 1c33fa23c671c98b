//! What both ends do together, a sentence each.

use tidemark_model::{BoxId, EpochOrdinal, Generation};

use crate::message::RefusalCode;
use crate::testing::{Door, Options, Pair};
use crate::{LinkState, Rival, TroubleKind, limits};

fn pair() -> Pair {
    Pair::new(Options::default())
}

fn link(pair: &Pair) -> LinkState {
    pair.shop.uplink.as_ref().unwrap().status().link
}

fn has(pair: &Pair, kind: TroubleKind) -> bool {
    pair.troubles.iter().any(|trouble| trouble.kind() == kind)
}

fn well(pair: &Pair) {
    assert_eq!(pair.differences(), Vec::<String>::new());
}

#[test]
fn a_fresh_box_sells_before_it_ever_reached_a_centre() {
    let mut pair = pair();
    pair.cut();
    pair.commit(2_500);
    pair.run(60_000);
    assert!(has(&pair, TroubleKind::NotReached));
    pair.mend();
    assert!(pair.run_until(10_000, Pair::all_handled).is_some());
    assert_eq!(pair.centre.ledger.ordinal(pair.shop.epoch), Some(EpochOrdinal(1)));
    assert!(pair.troubles.is_empty(), "{:?}", pair.troubles);
    well(&pair);
}

#[test]
fn a_sale_is_handled_within_half_a_second_when_the_line_is_up() {
    let mut pair = pair();
    pair.run(1_000);
    pair.commit(3);
    assert!(pair.run_until(500, Pair::all_handled).is_some());
    well(&pair);
}

#[test]
fn the_session_grows_with_each_hello_and_is_synced_before_it() {
    let mut pair = pair();
    for _ in 0..5 {
        pair.run(1_000);
        pair.reset();
    }
    pair.crash_box();
    pair.start_box();
    pair.run(1_000);
    assert_eq!(pair.sessions.iter().map(|session| session.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    well(&pair);
}

#[test]
fn a_half_open_connection_is_noticed_by_both_ends() {
    let mut pair = pair();
    pair.run(1_000);
    pair.cut();
    pair.run(limits::HEARTBEAT_MS + limits::ANSWER_MS + 1_000);
    assert_eq!(link(&pair), LinkState::Searching);
    pair.run(limits::OFFLINE_MS);
    assert!(pair.trace.iter().any(|line| line.contains("closed Silent")), "{:?}", pair.trace);
}

#[test]
fn after_an_outage_the_first_new_sale_is_applied_within_a_second_of_the_route() {
    for seed in 0..20 {
        let mut pair = Pair::new(Options { seed, ..Options::default() });
        pair.run(1_000);
        pair.cut();
        pair.run(300_000);
        pair.commit(1);
        pair.mend();
        let took = pair.run_until(5_000, Pair::all_handled);
        assert!(took.is_some_and(|took| took <= 1_000), "{took:?} with seed {seed}");
    }
}

#[test]
fn what_is_received_is_not_sent_again_while_the_database_is_down_however_long() {
    let mut pair = pair();
    pair.run(1_000);
    pair.centre.database = false;
    pair.commit(20);
    pair.run(3_600_000);
    assert!((1..=20).all(|seq| pair.sent.get(&seq) == Some(&1)), "{:?}", pair.sent);
    pair.centre.database = true;
    assert!(pair.run_until(1_000, Pair::all_handled).is_some());
    assert!((1..=20).all(|seq| pair.sent.get(&seq) == Some(&1)));
    well(&pair);
}

#[test]
fn what_is_received_is_not_sent_again_after_a_reconnect_or_a_restart_of_the_box() {
    let mut pair = pair();
    pair.run(1_000);
    pair.centre.apply_per_tick = 0;
    pair.commit(20);
    pair.run(1_000);
    pair.reset();
    pair.run(1_000);
    // A restart that loses nothing of what was remembered.
    pair.shop.uplink = None;
    pair.reset();
    pair.start_box();
    pair.run(30_000);
    assert!((1..=20).all(|seq| pair.sent.get(&seq) == Some(&1)), "{:?}", pair.sent);
    pair.centre.apply_per_tick = 1_000;
    assert!(pair.run_until(12_000, Pair::all_handled).is_some());
    well(&pair);
}

#[test]
fn a_wiped_stream_is_filled_again() {
    let mut pair = pair();
    pair.run(1_000);
    pair.centre.apply_per_tick = 0;
    pair.commit(40);
    pair.run(1_000);
    pair.centre.wipe_stream();
    pair.centre.apply_per_tick = 1_000;
    assert!(pair.run_until(15_000, Pair::all_handled).is_some());
    assert!((1..=40).all(|seq| pair.sent.get(&seq) == Some(&2)));
    well(&pair);
}

#[test]
fn a_database_set_back_is_noticed_takes_a_new_generation_and_is_filled_again() {
    let mut pair = pair();
    pair.run(1_000);
    pair.commit(10);
    pair.run(1_000);
    let older = pair.centre.ledger.clone();
    pair.commit(30);
    pair.run(1_000);
    pair.set_back(older);
    pair.centre.wipe_stream();
    assert!(pair.run_until(40_000, |pair| pair.centre.ledger.generation == Generation(2)).is_some());
    assert!(pair.run_until(10_000, Pair::all_handled).is_some());
    well(&pair);
}

#[test]
fn a_database_set_back_over_a_whole_stream_needs_nothing_again_from_the_box() {
    let mut pair = pair();
    pair.run(1_000);
    let older = pair.centre.ledger.clone();
    pair.commit(30);
    pair.run(1_000);
    pair.set_back(older);
    assert!(pair.run_until(40_000, |pair| pair.sessions.len() >= 2).is_some());
    assert!(pair.run_until(10_000, Pair::all_handled).is_some());
    assert!((1..=30).all(|seq| pair.sent.get(&seq) == Some(&1)), "{:?}", pair.sent);
    well(&pair);
}

#[test]
fn backlog_waits_for_credit_and_an_applier_that_stands_still_gives_none() {
    let mut pair = Pair::new(Options { bytes_per_second: 200_000, ..Options::default() });
    pair.run(1_000);
    pair.cut();
    pair.commit(20_000);
    pair.run(60_000);
    pair.centre.database = false;
    pair.mend();
    pair.run(60_000);
    assert!(pair.sent.is_empty(), "a hello gets slow while the database is down");
    pair.centre.database = true;
    pair.centre.apply_per_tick = 0;
    pair.run(60_000);
    // A share, and what was granted in the half second until the lag showed.
    let sent = pair.sent.len() * 120;
    assert!((1_000_000..=1_300_000).contains(&sent), "{sent}");
    pair.centre.apply_per_tick = 2_000;
    assert!(pair.run_until(60_000, Pair::all_handled).is_some());
    well(&pair);
}

#[test]
fn a_stream_that_does_not_take_records_ends_the_boxs_stream_and_loses_nothing() {
    let mut pair = pair();
    pair.run(1_000);
    pair.centre.producing = false;
    pair.commit(5);
    pair.run(10_000);
    assert!(pair.trace.iter().any(|line| line.contains("closed NotProduced")));
    pair.centre.producing = true;
    assert!(pair.run_until(5_000, Pair::all_handled).is_some());
    well(&pair);
}

#[test]
fn a_second_box_is_held_off_until_the_first_is_silent() {
    let mut pair = pair();
    pair.cut();
    pair.centre.rival = Some(Rival { box_id: BoxId([9; 16]), heard_ms: 5_000 });
    pair.commit(5);
    pair.mend();
    pair.run(20_000);
    assert!(has(&pair, TroubleKind::SecondBox), "{:?}", pair.troubles);
    assert!(pair.trace.iter().any(|line| line.contains(&format!("closed Refused({:?})", RefusalCode::SecondBox))));
    assert_eq!(pair.centre.ledger.ordinal(pair.shop.epoch), None, "no control record either");
    pair.centre.rival = Some(Rival { box_id: BoxId([9; 16]), heard_ms: 90_000 });
    assert!(pair.run_until(40_000, Pair::all_handled).is_some());
    assert!(!has(&pair, TroubleKind::SecondBox));
    well(&pair);
}

#[test]
fn a_stranger_is_told_so_and_knocks_ever_more_seldom() {
    for door in [Door::RefusesStreams(RefusalCode::WrongStore), Door::RefusesCalls(RefusalCode::WrongStore)] {
        let mut pair = pair();
        pair.centre.door = door;
        pair.run(600_000);
        assert!(has(&pair, TroubleKind::Refused) && !has(&pair, TroubleKind::NotReached), "{:?}", pair.troubles);
        assert!((20..=100).contains(&pair.dialled), "{door:?}: {}", pair.dialled);
        pair.centre.door = Door::Open;
        pair.commit(3);
        assert!(pair.run_until(31_000, Pair::all_handled).is_some());
        assert!(pair.troubles.is_empty(), "{:?}", pair.troubles);
        well(&pair);
    }
}

#[test]
fn a_line_on_which_a_connection_takes_four_seconds_is_used_all_the_same() {
    let mut pair = Pair::new(Options { delay_ms: 2_000, ..Options::default() });
    pair.commit(3);
    assert!(pair.run_until(30_000, Pair::all_handled).is_some(), "{:?}", pair.troubles);
    well(&pair);
}

#[test]
fn a_restored_disk_is_found_out_and_stops_rather_than_lose_what_it_sells() {
    let mut pair = pair();
    pair.commit(10);
    pair.run(1_000);
    let mut image = Pair::new(Options::default());
    image.cut();
    image.commit(5);
    pair.crash_box();
    // The disk of an hour ago: five movements, an older session.
    std::mem::swap(&mut pair.shop, &mut image.shop);
    pair.shop.uplink = None;
    pair.shop.epoch = image.shop.epoch;
    pair.sessions.clear();
    pair.start_box();
    pair.commit(1);
    pair.run(30_000);
    assert!(has(&pair, TroubleKind::Forked), "{:?}", pair.troubles);
    assert_eq!(link(&pair), LinkState::Silent);
    assert_eq!(pair.shop.trimmed_below(), 1);
}

#[test]
fn positions_that_cannot_be_read_are_named_lost_and_hold_nobody_up() {
    let mut pair = pair();
    pair.cut();
    pair.commit(100);
    pair.shop.unreadable.insert(10..=12);
    pair.run(20_000);
    pair.mend();
    assert!(pair.run_until(10_000, Pair::all_handled).is_some());
    well(&pair);
}

#[test]
fn a_full_block_is_trimmed_only_when_it_is_handled() {
    let mut pair = Pair::new(Options { keep: 0, ..Options::default() });
    pair.run(1_000);
    pair.centre.database = false;
    pair.commit(3_000);
    pair.run(30_000);
    assert_eq!(pair.shop.trimmed_below(), 1);
    pair.centre.database = true;
    assert!(pair.run_until(30_000, Pair::all_handled).is_some());
    assert_eq!(pair.shop.trimmed_below(), 2_049);
    well(&pair);
}

#[test]
fn an_idle_line_carries_a_heartbeat_and_its_answer_and_nothing_else() {
    let mut pair = pair();
    pair.commit(5);
    pair.run(5_000);
    let before = pair.trace.len();
    pair.run(600_000);
    let said = &pair.trace[before..];
    let beats = said.iter().filter(|line| line.contains("> Heartbeat")).count();
    let answers = said.iter().filter(|line| line.contains("< AppliedThrough")).count();
    assert!((59..=61).contains(&beats), "{beats}");
    assert_eq!(said.len(), beats + answers, "{said:#?}");
}
