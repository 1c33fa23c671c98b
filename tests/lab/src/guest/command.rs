//! What the guest's program is told.

use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};

use super::books::Books;
use super::holder;
use super::laboratory::Laboratory;
use super::trials;
use crate::Trouble;
use crate::model::Model;
use crate::report::{Line, Trial};

/// Lines of the kernel that are shown when a trial fails.
const KERNEL_LINES: usize = 30;

/// The program in the guest.
#[derive(Debug, Parser)]
#[command(name = "tidemark-lab-guest")]
pub struct Guest {
    #[command(subcommand)]
    order: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Carries out trials and tells of each.
    Run {
        /// With these kinds; all if not said.
        #[arg(long)]
        model: Vec<String>,
        /// These; all if not said.
        #[arg(long)]
        trial: Vec<String>,
    },
    /// Takes a scanner and keeps it.
    Hold {
        /// Its kind.
        model: String,
        /// Its file.
        file: String,
    },
}

/// Those of a list that are named, all if none is.
pub fn named<T: Copy + serde::de::DeserializeOwned>(names: &[String], all: &[T]) -> Result<Vec<T>, Trouble> {
    if names.is_empty() {
        return Ok(all.to_vec());
    }
    let parse = |name: &String| serde_json::from_value(name.clone().into());
    Ok(names.iter().map(parse).collect::<Result<_, _>>()?)
}

/// Does what it is told.
pub fn perform(guest: &Guest) -> ExitCode {
    let done = match &guest.order {
        Order::Run { model, trial } => run(model, trial),
        Order::Hold { model, file } => hold(model, file),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            say(&format!("guest: {trouble}"));
            ExitCode::FAILURE
        }
    }
}

fn hold(model: &str, file: &str) -> Result<(), Trouble> {
    let model: Model = serde_json::from_value(model.into())?;
    holder::hold(model, file, || say("held"))
}

fn run(models: &[String], trials: &[String]) -> Result<(), Trouble> {
    let (models, trials) = (named(models, &Model::ALL)?, named(trials, &Trial::ALL)?);
    let mut laboratory = Laboratory::build()?;
    for (model, trial) in models.into_iter().flat_map(|model| trials.iter().map(move |trial| (model, *trial))) {
        tell(&Line::Begins(model, trial));
        let cell = trials::run(&mut laboratory, model, trial);
        let failed = cell.outcome.is_err();
        tell(&Line::Cell(cell));
        if failed {
            say(&laboratory.edge.log_tail());
            say(&kernel_log());
            // The next trial is not to suffer.
            laboratory.edge.kill()?;
        }
    }
    laboratory.edge.start()?;
    let found = Books::of(&laboratory.edge).map_err(|trouble| trouble.to_string());
    let compared = found.and_then(|found| laboratory.books.compare(&found));
    // What it came from stands in the box's log.
    tell(&Line::Books(compared.map_err(|why| format!("{why}\n{}", laboratory.edge.log_tail()))));
    laboratory.edge.stop()
}

/// The end of what the kernel says.
fn kernel_log() -> String {
    let output = Command::new("/bin/busybox").arg("dmesg").output();
    let text = output.map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stdout).into());
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(KERNEL_LINES)..).unwrap_or_default().join("\n")
}

fn tell(line: &Line) {
    say(&line.written());
}

#[expect(clippy::print_stdout, reason = "the guest tells the host by its console")]
fn say(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_named_as_the_report_names_them() {
        assert_eq!(named(&["not_yet_allowed".to_owned()], &Trial::ALL).unwrap(), [Trial::NotYetAllowed]);
        assert_eq!(named(&[], &Model::ALL).unwrap(), Model::ALL);
        assert!(named(&["tuba".to_owned()], &Model::ALL).is_err());
    }
}
