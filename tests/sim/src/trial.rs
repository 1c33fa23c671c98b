//! One seed, tried; many, on all cores; and a failing one, made smaller.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::check::Violation;
use crate::mutant::Mutant;
use crate::rates::{Fault, Rates};
use crate::world::World;

/// What is tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The seed.
    pub seed: u64,
    /// Faults left out.
    pub without: Vec<Fault>,
    /// The mistake built in, if one is.
    pub mutant: Option<Mutant>,
    /// Whether what happens is written down.
    pub traced: bool,
}

impl Trial {
    /// A seed as it comes.
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        Self { seed, without: Vec::new(), mutant: None, traced: false }
    }

    /// The line that tries it again, and says what happens.
    #[must_use]
    pub fn replay(&self) -> String {
        let mut line = format!("./dev sim --seed {} --trace", self.seed);
        if !self.without.is_empty() {
            line += " --without ";
            line += &self.without.iter().map(|fault| fault.word()).collect::<Vec<_>>().join(",");
        }
        if let Some(mutant) = self.mutant {
            line += " --mutant ";
            line += mutant.word();
        }
        line
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// What was broken; empty if all held.
    pub broken: Vec<Violation>,
    /// Movements committed.
    pub movements: u64,
    /// Virtual milliseconds.
    pub virtual_ms: u64,
    /// What happened, if it was to be written down.
    pub trace: Vec<String>,
}

/// Tries a seed.
#[must_use]
pub fn trial(of: &Trial) -> Report {
    let rates = Rates::drawn(of.seed).without(&of.without);
    let mut world = World::new(of.seed, rates, of.mutant, of.traced);
    let broken = world.run().to_vec();
    let (movements, virtual_ms) = (world.committed(), world.now);
    Report { broken, movements, virtual_ms, trace: world.into_trace() }
}

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Tried {
    /// Seeds that broke a promise, ascending.
    pub failing: Vec<u64>,
    /// Movements committed.
    pub movements: u64,
}

/// Tries seeds as `like` is tried, on all cores; if one failing seed is
/// `enough`, no more are begun after it.
#[must_use]
pub fn try_all(seeds: Range<u64>, like: &Trial, enough: bool) -> Tried {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut tried = Tried::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return tried;
            }
            let report = trial(&Trial { seed, traced: false, ..like.clone() });
            tried.movements += report.movements;
            if !report.broken.is_empty() {
                tried.failing.push(seed);
                if enough {
                    next.store(seeds.end, Ordering::Relaxed);
                }
            }
        }
    };
    let mut all = Tried::default();
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join() {
                Ok(tried) => {
                    all.failing.extend(tried.failing);
                    all.movements += tried.movements;
                }
                // A core that panics is no seed that passes.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    all.failing.sort_unstable();
    all
}

/// Seeds that once broke a promise.
pub fn once_failed() -> impl Iterator<Item = u64> {
    let lines = include_str!("../seeds.txt").lines();
    lines.filter_map(|line| line.split_whitespace().next()?.parse().ok())
}

/// Leaves out every fault that a failing trial does not need to break the same
/// promise.
#[must_use]
pub fn shrink(failing: &Trial) -> Trial {
    let Some(promise) = trial(failing).broken.first().map(|broken| broken.promise) else { return failing.clone() };
    let mut smaller = Trial { traced: false, ..failing.clone() };
    for fault in Rates::drawn(failing.seed).faults().collect::<Vec<_>>() {
        let mut without = smaller.without.clone();
        without.push(fault);
        let tried = Trial { without, ..smaller.clone() };
        if trial(&tried).broken.first().is_some_and(|broken| broken.promise == promise) {
            smaller = tried;
        }
    }
    smaller
}
