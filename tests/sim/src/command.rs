//! The command line of the simulator.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::mutant::Mutant;
use crate::rates::Fault;
use crate::trial::{Trial, once_failed, shrink, trial, try_all};

/// Seeds of a night.
const NIGHT: u64 = 1_000_000;

/// A shop and a centre in a seeded world that breaks.
#[derive(Debug, Parser)]
#[command(name = "tidemark-sim")]
struct Arguments {
    /// How many seeds are tried.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// A million seeds, those that once failed first.
    #[arg(long, conflicts_with_all = ["seeds", "seed"])]
    night: bool,
    /// One seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Says what happens, with --seed.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Faults left out, by their words.
    #[arg(long, value_delimiter = ',', value_parser = fault)]
    without: Vec<Fault>,
    /// A mistake built in.
    #[arg(long, value_parser = mutant)]
    mutant: Option<Mutant>,
}

fn fault(word: &str) -> Result<Fault, String> {
    let known = Fault::ALL.iter().find(|(_, of)| *of == word).map(|(fault, _)| *fault);
    known.ok_or_else(|| format!("there is no fault {word}; there are {}", words(Fault::ALL.iter().map(|(_, of)| *of))))
}

fn mutant(word: &str) -> Result<Mutant, String> {
    let known = Mutant::of_word(word);
    known
        .ok_or_else(|| format!("there is no mutant {word}; there are {}", words(Mutant::ALL.iter().map(|(_, of)| *of))))
}

fn words<'a>(of: impl Iterator<Item = &'a str>) -> String {
    of.collect::<Vec<_>>().join(", ")
}

/// Runs the simulator; 1 if a seed breaks a promise.
#[must_use]
pub fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    if arguments.night {
        arguments.seeds = NIGHT;
    }
    let said = match arguments.seed {
        Some(seed) => one(&arguments, seed),
        None => many(&arguments),
    };
    match said {
        Ok(true) => ExitCode::SUCCESS,
        // Nobody listens any more: what was wanted was heard.
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

fn one(arguments: &Arguments, seed: u64) -> io::Result<bool> {
    let (without, mutant) = (arguments.without.clone(), arguments.mutant);
    let report = trial(&Trial { seed, without, mutant, traced: arguments.trace });
    let mut out = io::stdout().lock();
    for line in &report.trace {
        writeln!(out, "{line}")?;
    }
    for broken in &report.broken {
        writeln!(out, "seed {seed} breaks {broken}")?;
    }
    let (movements, virtual_s) = (report.movements, report.virtual_ms / 1_000);
    writeln!(out, "seed {seed}: {movements} movements in {virtual_s} virtual seconds, {} broken", report.broken.len())?;
    Ok(report.broken.is_empty())
}

fn many(arguments: &Arguments) -> io::Result<bool> {
    let first = once_failed().filter(|_| arguments.night);
    let first: Vec<u64> = first.filter(|seed| !trial(&Trial::of(*seed)).broken.is_empty()).collect();
    if !first.is_empty() {
        return say(arguments, &first, 0);
    }
    let like = Trial { without: arguments.without.clone(), mutant: arguments.mutant, ..Trial::of(arguments.from) };
    let seeds = arguments.from..arguments.from.saturating_add(arguments.seeds);
    // One is enough to catch a mistake.
    let tried = try_all(seeds, &like, arguments.mutant.is_some());
    say(arguments, &tried.failing, tried.movements)
}

fn say(arguments: &Arguments, failing: &[u64], movements: u64) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    for seed in failing.iter().take(5) {
        let (without, mutant) = (arguments.without.clone(), arguments.mutant);
        let smaller = shrink(&Trial { seed: *seed, without, mutant, traced: false });
        for broken in trial(&smaller).broken.iter().take(3) {
            writeln!(out, "seed {seed} breaks {broken}")?;
        }
        writeln!(out, "replay: {}", smaller.replay())?;
    }
    let (seeds, broken) = (arguments.seeds, failing.len());
    writeln!(out, "{seeds} seeds from {}: {movements} movements, {broken} seeds broke a promise", arguments.from)?;
    Ok(failing.is_empty())
}
