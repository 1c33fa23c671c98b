//! The command line, and what it says.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tidemark_daemon::clock::Clock;

use super::image::{self, Parts};
use super::{machine, page};
use crate::Trouble;
use crate::guest::command::named;
use crate::model::Model;
use crate::report::{Line, Report, Trial};

/// What no run of this laboratory can try.
const NEVER: [&str; 4] = [
    "real scanners and cables: the devices are emulated by the kernel's virtual ports, without electricity, and their \
     bytes are from the manuals",
    "speed and parity of a line: an emulated cable takes any",
    "the sandbox of the systemd unit: the guest has no systemd; user, groups, capabilities and udev rules are those of \
     the package",
    "power cuts: `./dev powercut` is for those",
];

/// Tries emulated scanners with Debian's kernel in a guest.
#[derive(Debug, Parser)]
#[command(name = "tidemark-lab")]
pub struct Options {
    /// The box.
    #[arg(long)]
    edge: PathBuf,
    /// The program for the guest.
    #[arg(long)]
    guest: PathBuf,
    /// The kernel.
    #[arg(long)]
    kernel: PathBuf,
    /// The folder of its modules, with what depmod writes.
    #[arg(long)]
    modules: PathBuf,
    /// With this kind alone: hid_pos, cdc_acm, ftdi or keyboard.
    #[arg(long)]
    model: Vec<String>,
    /// This trial alone: before, after, pulled, other_port, two_alike, busy,
    /// not_yet_allowed or killed.
    #[arg(long)]
    trial: Vec<String>,
    /// Minutes after which the guest is given up.
    #[arg(long, default_value_t = 40)]
    minutes: u64,
    /// The page of the documentation to put the table into.
    #[arg(long)]
    page: Option<PathBuf>,
    /// Show the guest's console too.
    #[arg(long)]
    console: bool,
}

/// Runs the guest; fails if a trial does.
pub fn perform(options: &Options) -> ExitCode {
    match run(options) {
        Ok(faults) if faults.is_empty() => {
            say("lab: all trials passed");
            ExitCode::SUCCESS
        }
        Ok(faults) => {
            for fault in faults {
                complain(&format!("FAILED {fault}"));
            }
            ExitCode::FAILURE
        }
        Err(trouble) => {
            complain(&trouble.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<Vec<String>, Trouble> {
    let (models, trials) = (named(&options.model, &Model::ALL)?, named(&options.trial, &Trial::ALL)?);
    let clock = Clock::start();
    let work = tempfile::tempdir()?;
    say("lab: packing the guest");
    let parts = Parts {
        edge: options.edge.clone(),
        guest: options.guest.clone(),
        modules: options.modules.clone(),
        arguments: arguments(options),
    };
    let archive = work.path().join("guest.cpio");
    let packed = image::pack(&parts, work.path())?;
    std::fs::write(&archive, &packed)?;
    say(&format!("lab: starting QEMU without KVM, one processor, 512 MiB; the guest has {} MiB", packed.len() >> 20));
    let mut report = Report::default();
    let limit = Duration::from_secs(options.minutes.saturating_mul(60));
    let ended = machine::run(&options.kernel, &archive, limit, |line| {
        hear(&mut report, line, clock.elapsed().as_secs(), options.console);
    });
    report.about.push(format!("The run took {} minutes on this machine.", clock.elapsed().as_secs().div_ceil(60)));
    let (models, trials) = (models.as_slice(), trials.as_slice());
    tell(&report, trials);
    let mut faults = report.faults(models, trials);
    faults.extend(ended.err().map(|trouble| trouble.to_string()));
    if let Some(path) = &options.page {
        page::write(path, &report)?;
    }
    Ok(faults)
}

/// What our program in the guest is told.
fn arguments(options: &Options) -> Vec<String> {
    let models = options.model.iter().flat_map(|model| ["--model".to_owned(), model.clone()]);
    let trials = options.trial.iter().flat_map(|trial| ["--trial".to_owned(), trial.clone()]);
    models.chain(trials).collect()
}

fn hear(report: &mut Report, line: &str, seconds: u64, is_console_shown: bool) {
    match Line::read(line) {
        Some(Line::Begins(model, trial)) => say(&format!("{seconds:>4} s  {model}, {}", trial.words())),
        Some(told) => {
            if let Line::Cell(cell) = &told
                && let Err(why) = &cell.outcome
            {
                say(&format!("{seconds:>4} s  FAILED {why}"));
            }
            report.add(told);
        }
        None if is_console_shown => say(line),
        None => report.note(line),
    }
}

fn tell(report: &Report, trials: &[Trial]) {
    if report.cells.iter().any(|cell| cell.outcome.is_err()) || report.books.is_none() {
        say("lab: the end of the guest's console:");
        report.last_lines().for_each(say);
    }
    for about in &report.about {
        say(about);
    }
    say(&report.table(trials));
    for cell in &report.cells {
        for words in &cell.words {
            say(&format!("{}, {}: {words}", cell.model, cell.trial.words()));
        }
    }
    for untried in report.untried.iter().map(String::as_str).chain(NEVER) {
        say(&format!("not tried: {untried}"));
    }
}

#[expect(clippy::print_stdout, reason = "this program's output is what it says")]
fn say(line: &str) {
    println!("{line}");
}

/// Says what went wrong.
#[expect(clippy::print_stderr, reason = "why a program failed goes to stderr")]
fn complain(line: &str) {
    eprintln!("tidemark-lab: {line}");
}
