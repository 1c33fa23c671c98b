//! Whatever happens, each committed position is in the ledger once at the end.

use proptest::prelude::*;

use crate::random::Random;
use crate::testing::{ModelLedger, Options, Pair};

/// One fault or pause, by chance.
fn trouble(pair: &mut Pair, random: &mut Random, kept: &mut Option<ModelLedger>) {
    match random.below(14) {
        0 => pair.cut(),
        1 | 2 => pair.mend(),
        3 => pair.reset(),
        4 => pair.crash_box(),
        5 => pair.crash_centre(),
        6 => pair.centre.database = random.below(2) == 0,
        7 => pair.centre.producing = random.below(2) == 0,
        8 => pair.centre.apply_per_tick = random.below(200),
        9 if random.below(3) == 0 => pair.centre.wipe_stream(),
        10 => *kept = Some(pair.centre.ledger.clone()),
        11 => {
            if let Some(older) = kept.clone() {
                pair.set_back(older);
            }
        }
        12 => pair.line.delay_ms = 1 + random.below(400),
        _ => pair.line.bytes_per_second = 2_000 + random.below(1_000_000),
    }
}

/// A life of faults, then all is mended; answers the pair at its end.
fn life(seed: u64) -> Pair {
    let mut random = Random::seeded(seed);
    let keep = 100_000;
    let mut pair = Pair::new(Options {
        seed,
        record_bytes: 40 + usize::try_from(random.below(200)).unwrap(),
        keep,
        ..Options::default()
    });
    let mut kept = None;
    for _ in 0..40 {
        let bursts = [0, 1, 3, 40, 400];
        pair.commit(bursts[usize::try_from(random.below(5)).unwrap()]);
        trouble(&mut pair, &mut random, &mut kept);
        pair.run(random.below(4_000));
        if pair.shop.uplink.is_none() && random.below(2) == 0 {
            pair.start_box();
        }
        if !pair.centre.up && random.below(2) == 0 {
            pair.start_centre();
        }
    }
    heal(&mut pair);
    pair
}

fn heal(pair: &mut Pair) {
    pair.mend();
    pair.line.delay_ms = 20;
    pair.line.bytes_per_second = 1_000_000;
    pair.centre.database = true;
    pair.centre.producing = true;
    pair.centre.apply_per_tick = 1_000;
    pair.start_centre();
    if pair.shop.uplink.is_none() {
        pair.start_box();
    }
    let took = pair.run_until(180_000, Pair::all_handled);
    let status = pair.shop.uplink.as_ref().map(crate::Uplink::status);
    assert!(took.is_some(), "not all was handled: {status:?} {:?}", pair.troubles);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn everything_committed_is_in_the_ledger_once(seed in any::<u64>()) {
        let pair = life(seed);
        prop_assert_eq!(pair.differences(), Vec::<String>::new());
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..5 {
        assert_eq!(life(seed).trace, life(seed).trace);
    }
}
