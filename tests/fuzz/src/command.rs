//! The command line, and what it says.

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use clap::Parser;

use crate::barcode::{WORDS, check, corpus, patterns};
use crate::{Finding, Mutator, Tally, run};

/// Throws broken scans at the decoder and looks at what it makes of them.
#[derive(Debug, Parser)]
#[command(name = "tidemark-fuzz-barcode")]
pub struct Options {
    /// How many inputs.
    #[arg(long, default_value_t = 10_000_000)]
    inputs: u64,
    /// All inputs are drawn from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Parts that run side by side, each with a seed of its own after this
    /// one; another number gives other inputs.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=64))]
    threads: u64,
    /// Look at this one input alone, written as in the corpus.
    #[arg(long)]
    input: Option<String>,
}

/// Does what the options say; fails with a finding.
#[must_use]
pub fn perform(options: &Options) -> ExitCode {
    let looked = match &options.input {
        Some(line) => one(line),
        None => many(options).map(|tally| report(options, &tally)),
    };
    let (said, code) = match looked {
        Ok(words) => (writeln!(stdout(), "{words}"), ExitCode::SUCCESS),
        Err(finding) => (writeln!(stderr(), "FOUND: {finding}"), ExitCode::FAILURE),
    };
    // Nobody is left to tell that the report could not be written.
    if said.is_ok() { code } else { ExitCode::FAILURE }
}

fn one(line: &str) -> Result<String, Box<Finding>> {
    let found = |input: &[u8], wrong| Box::new(Finding { input: input.to_vec(), wrong });
    let input = crate::corpus::unescaped(line)
        .ok_or_else(|| found(line.as_bytes(), "a backslash starts \\xNN in an input".to_owned()))?;
    let seen = check(&input, &patterns()).map_err(|wrong| found(&input, wrong))?;
    Ok(format!("nothing found: {seen}"))
}

fn many(options: &Options) -> Result<Tally, Box<Finding>> {
    let (corpus, patterns) = (corpus(), patterns());
    let part = |nth: u64| {
        let inputs = options.inputs / options.threads + u64::from(nth < options.inputs % options.threads);
        let mut mutator = Mutator::new(&corpus, WORDS, options.seed.wrapping_add(nth));
        run(&mut mutator, inputs, |input| check(input, &patterns))
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..options.threads).map(|nth| scope.spawn(move || part(nth))).collect();
        let nobody = |_| Err(Box::new(Finding { input: Vec::new(), wrong: "a part of the run ended early".into() }));
        parts
            .into_iter()
            .map(|part| part.join().unwrap_or_else(nobody))
            .try_fold(Tally::default(), |all, part| Ok(all.with(part?)))
    })
}

fn report(options: &Options, tally: &Tally) -> String {
    let seen: Vec<String> = tally.seen.iter().map(|(word, count)| format!("  {word:<22} {count}")).collect();
    format!("{}\n{} inputs of seed {}: nothing found", seen.join("\n"), tally.inputs(), options.seed)
}
