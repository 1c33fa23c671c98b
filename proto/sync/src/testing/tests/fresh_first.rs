//! A new sale overtakes what waits.

use crate::testing::{Options, Pair};
use crate::{LinkState, UplinkStatus};

/// 512 kbit/s.
const SLOW: u64 = 64_000;

fn status(pair: &Pair) -> UplinkStatus {
    pair.shop.uplink.as_ref().unwrap().status()
}

fn waiting(count: u64, bytes_per_second: u64) -> Pair {
    let mut pair = Pair::new(Options { bytes_per_second, record_bytes: 30, ..Options::default() });
    pair.run(1_000);
    pair.cut();
    pair.commit(count);
    pair.run(60_000);
    pair.mend();
    pair
}

#[test]
fn a_new_sale_is_applied_in_two_seconds_with_half_a_million_waiting_on_512_kbit() {
    let mut pair = waiting(500_000, SLOW);
    // From the welcome on; the backlog is then on its way.
    assert!(pair.run_until(5_000, |pair| status(pair).link == LinkState::Open).is_some());
    let mut took = Vec::new();
    for at in 0..40 {
        pair.commit(2);
        let seq = pair.shop.tail();
        let applied = pair.run_until(5_000, |pair| pair.centre.ledger.has(pair.shop.epoch, seq));
        took.push(applied.unwrap());
        pair.run(137 + at * 7);
    }
    took.sort_unstable();
    assert!(took[37] <= 2_000, "{took:?}");
    assert!(status(&pair).waiting > 400_000, "the backlog is still on its way");
    assert_eq!(pair.broken, Vec::<String>::new());
}

#[test]
fn the_backlog_uses_most_of_a_slow_line_beside_live_sales() {
    let mut pair = waiting(60_000, SLOW);
    pair.run(5_000);
    let before: u32 = pair.sent.values().sum();
    for _ in 0..20 {
        pair.commit(1);
        pair.run(500);
    }
    let sent = u64::from(pair.sent.values().sum::<u32>() - before) * 30;
    assert!(sent >= SLOW * 10 * 85 / 100, "{sent} of {}", SLOW * 10);
}

#[test]
fn a_burst_of_one_document_does_not_hold_the_next_sale_up() {
    let mut pair = waiting(0, SLOW);
    pair.run(3_000);
    pair.centre.apply_per_tick = 2_000;
    pair.commit(20_000);
    pair.run(100);
    pair.commit(1);
    let seq = pair.shop.tail();
    let took = pair.run_until(5_000, |pair| pair.centre.ledger.has(pair.shop.epoch, seq));
    assert!(took.is_some_and(|took| took <= 1_500), "{took:?}");
    assert!(pair.run_until(60_000, Pair::all_handled).is_some());
    assert_eq!(pair.differences(), Vec::<String>::new());
}
