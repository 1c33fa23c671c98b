//! The simulator's own tests: fresh seeds, seeds that once failed, mistakes
//! that have to be caught, and the same seed twice.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tidemark_sim::{Mutant, Trial, shrink, trial};

/// Tries seeds on all cores; the first that breaks a promise, made smaller.
fn first_broken(seeds: std::ops::Range<u64>) -> Option<String> {
    let next = AtomicU64::new(seeds.start);
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds.end {
            return None;
        }
        if !trial(&Trial::of(seed)).broken.is_empty() {
            next.store(seeds.end, Ordering::Relaxed);
            return Some(seed);
        }
    };
    let found = thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok().flatten()).min()
    });
    let smaller = shrink(&Trial::of(found?));
    let broken = trial(&smaller).broken.into_iter().next()?;
    Some(format!("seed {} breaks {broken}; replay: {}", smaller.seed, smaller.replay()))
}

#[test]
fn seeds_that_once_failed_keep_every_promise() {
    let seeds = include_str!("../seeds.txt").lines().filter(|line| !line.starts_with('#'));
    for line in seeds {
        let seed = line.split_whitespace().next().unwrap().parse().unwrap();
        let broken = trial(&Trial::of(seed)).broken;
        assert!(broken.is_empty(), "seed {line} breaks {}", broken[0]);
    }
}

#[test]
fn four_thousand_seeds_keep_every_promise() {
    assert_eq!(first_broken(0..4_000), None);
}

#[test]
fn every_mistake_is_caught_within_two_thousand_seeds() {
    for (mutant, word) in Mutant::ALL {
        let caught = (0..2_000).find_map(|seed| {
            let broken = trial(&Trial { mutant: Some(mutant), ..Trial::of(seed) }).broken;
            broken.into_iter().next().map(|broken| (seed, broken))
        });
        assert!(caught.is_some(), "{word} is not caught");
    }
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
