//! The simulator's own tests: fresh seeds, seeds that once failed, mistakes
//! that have to be caught, and the same seed twice.

use std::ops::Range;
use std::thread;

use tidemark_sim::{Fault, Mutant, Trial, once_failed, shrink, trial, try_all};

#[test]
fn seeds_that_once_failed_keep_every_promise() {
    let mut seeds = 0;
    for seed in once_failed() {
        let broken = trial(&Trial::of(seed)).broken;
        assert!(broken.is_empty(), "seed {seed} breaks {}", broken[0]);
        seeds += 1;
    }
    let lines = include_str!("../seeds.txt").lines().filter(|line| !line.starts_with('#'));
    assert_eq!(seeds, lines.count(), "a line that names no seed");
}

/// The first seed that breaks a promise, which one, and the line that tries it
/// again.
fn first_failing(seeds: Range<u64>, like: &Trial) -> Option<String> {
    let seed = *try_all(seeds, like, true).failing.first()?;
    let smaller = shrink(&Trial { seed, ..like.clone() });
    Some(format!("seed {seed} breaks {:?}; replay: {}", trial(&smaller).broken.first(), smaller.replay()))
}

#[test]
fn twenty_thousand_seeds_in_which_a_box_keeps_its_disk_keep_every_promise() {
    let like = Trial { without: Fault::DISKS.to_vec(), ..Trial::of(0) };
    assert_eq!(first_failing(0..20_000, &like), None);
}

#[test]
fn twenty_thousand_seeds_in_which_disks_change_too_keep_every_promise() {
    assert_eq!(first_failing(0..20_000, &Trial::of(0)), None);
}

/// The first seed that catches a mistake by the promise it breaks.
fn catching(mutant: Mutant) -> Option<u64> {
    let is_named = |seed: &u64| {
        let broken = trial(&Trial { mutant: Some(mutant), ..Trial::of(*seed) }).broken;
        broken.iter().any(|broken| broken.promise == mutant.breaks())
    };
    (0..2_000).find(is_named)
}

#[test]
fn every_mistake_is_caught_within_two_thousand_seeds_by_the_promise_it_breaks() {
    let half = |half: usize| {
        let mutants = Mutant::ALL.iter().skip(half).step_by(2);
        mutants.filter(|(mutant, _)| catching(*mutant).is_none()).map(|(_, word)| *word).collect::<Vec<_>>()
    };
    let missed = thread::scope(|scope| {
        let halves = [0, 1].map(|which| scope.spawn(move || half(which)));
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_twice() {
    for seed in 0..40 {
        let traced = || trial(&Trial { traced: true, ..Trial::of(seed) }).trace;
        let first = traced();
        assert!(first.len() > 20, "seed {seed} says nothing");
        assert_eq!(first, traced(), "seed {seed}");
    }
}
