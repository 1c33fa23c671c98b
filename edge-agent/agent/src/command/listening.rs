//! `scan-test`, `record`, `replay`: a scanner on its own, without the box.

use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tidemark_daemon::clock::Clock;
use tidemark_daemon::output::{Form, Rows};
use tidemark_scanner::{Closed, Config, DeviceEvent, Events, Scanners, Signal, Unavailable, scans_of};

use super::{CommandError, Told, say};
use crate::read_out::ReadOut;

/// What both listen to, and how long.
#[derive(Debug, Args)]
struct Ear {
    /// The port as `devices` lists it or a file such as /dev/ttyACM0; the
    /// configuration says how it is set, if it knows it. Without one the only
    /// configured scanner.
    port: Option<String>,
    /// Ends after so many scans.
    #[arg(long)]
    scans: Option<u64>,
    /// Ends after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
    #[command(flatten)]
    told: Told,
}

#[derive(Debug, Args)]
pub(super) struct ScanTest {
    #[command(flatten)]
    ear: Ear,
    /// Has the scanner give its signal of each scan: good for what the box
    /// would take, error for the rest. Nothing is saved by either.
    #[arg(long)]
    signals: bool,
    /// table, json, jsonl or csv
    #[arg(short, long, default_value = "table")]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct Record {
    /// The file to write; a recording that is there goes on.
    #[arg(long = "to")]
    file: PathBuf,
    #[command(flatten)]
    ear: Ear,
    /// table, json, jsonl or csv
    #[arg(short, long, default_value = "table")]
    output: Form,
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The recording.
    file: PathBuf,
    /// table, json, jsonl or csv
    #[arg(short, long, default_value = "table")]
    output: Form,
}

const COLUMNS: [&str; 9] = ["after_ms", "ok", "symbology", "bytes", "raw", "text", "gtin14", "elements", "verdict"];

/// Shows what a scanner sends until it is interrupted.
pub(super) fn scan_test(wanted: &ScanTest) -> Result<(), CommandError> {
    let mut table = Table::new(wanted.output);
    listen(&wanted.ear, None, |at, read, give| {
        if wanted.signals {
            give(if read.ok { Signal::Good } else { Signal::Error });
        }
        table.add(at, read)
    })?;
    table.end()
}

/// Records what a scanner sends.
pub(super) fn record(wanted: &Record) -> Result<(), CommandError> {
    let mut scans = 0_u64;
    listen(&wanted.ear, Some(wanted.file.clone()), |_, _, _| {
        scans += 1;
        Ok(())
    })?;
    let mut rows = Rows::new(&["file", "scans"]);
    rows.add(vec![json!(wanted.file.display().to_string()), json!(scans)]);
    Ok(rows.print(wanted.output)?)
}

/// Tells the scans of a recording as this program understands them.
pub(super) fn replay(wanted: &Replay) -> Result<(), CommandError> {
    let name = wanted.file.display();
    let unread = |why: String| CommandError::Asked(format!("{name}: {why}"));
    let text = std::fs::read_to_string(&wanted.file).map_err(|error| unread(error.to_string()))?;
    let scans = scans_of(&text).map_err(|error| unread(error.to_string()))?;
    let mut rows = Rows::new(&COLUMNS);
    for (at, bytes) in &scans {
        rows.add(row_of(*at, &ReadOut::of(bytes)));
    }
    Ok(rows.print(wanted.output)?)
}

fn row_of(at: u64, read: &ReadOut) -> Vec<Value> {
    let ReadOut { ok, symbology, length, raw, text, gtin14, elements, verdict } = read;
    let told = [json!(at), json!(ok), json!(symbology), json!(length), json!(raw), json!(text)];
    told.into_iter().chain([json!(gtin14), json!(elements), json!(verdict)]).collect()
}

/// Rows that are shown as they come, but for the one array of JSON.
struct Table {
    form: Form,
    rows: Rows,
    begun: bool,
}

impl Table {
    fn new(form: Form) -> Self {
        Self { form, rows: Rows::new(&COLUMNS), begun: false }
    }

    fn add(&mut self, at: u64, read: &ReadOut) -> Result<(), CommandError> {
        self.rows.add(row_of(at, read));
        if self.form == Form::Json {
            return Ok(());
        }
        let rows = std::mem::replace(&mut self.rows, Rows::new(&COLUMNS));
        let text = rows.render(self.form);
        let is_headless = self.form == Form::Jsonl || !std::mem::replace(&mut self.begun, true);
        let text = if is_headless { text.as_str() } else { text.split_once('\n').map_or("", |(_, rest)| rest) };
        let mut out = stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    fn end(self) -> Result<(), CommandError> {
        if self.form == Form::Json { Ok(self.rows.print(self.form)?) } else { Ok(()) }
    }
}

/// Hears one scanner; what is heard is given with the time since it was
/// opened and a way to make it signal.
fn listen(
    ear: &Ear,
    record: Option<PathBuf>,
    mut heard: impl FnMut(u64, &ReadOut, &dyn Fn(Signal)) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let config = Config { record, ..configured(ear)? };
    let clock = Clock::start();
    let (scanners, mut events) = Scanners::start(vec![config], Arc::new(move || clock.millis()))
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut left, mut opened_at) = (ear.scans.unwrap_or(u64::MAX), 0);
    let until = ear.seconds.map(|seconds| clock.millis().saturating_add(seconds.saturating_mul(1_000)));
    while left > 0 {
        let wait = until.map(|until| Duration::from_millis(until.saturating_sub(clock.millis())));
        let Some(event) = runtime.block_on(next(&mut events, wait)) else { break };
        match event {
            DeviceEvent::Frame(frame) => {
                left -= 1;
                let give = |signal| {
                    // A scanner that can't be told says so when it is opened.
                    scanners.get(&frame.device).map_or(Ok(()), |scanner| scanner.feedback(signal)).unwrap_or(());
                };
                heard(frame.at.saturating_sub(opened_at), &ReadOut::of(&frame.bytes), &give)?;
            }
            DeviceEvent::Opened { at, present, device } => {
                opened_at = at;
                let advice = present.advice().unwrap_or("scan something; Ctrl+C ends it");
                say(&format!("{device} is open ({:?}, class {:?}): {advice}", present.kind, present.class))?;
            }
            DeviceEvent::Noticed { notice, .. } => say(&notice.to_string())?,
            DeviceEvent::Closed { why: Closed::Unplugged(why), .. } => say(&format!("unplugged: {why}"))?,
            DeviceEvent::Closed { why: Closed::Stopped, .. } => break,
            DeviceEvent::Unavailable { why, .. } => unavailable(&why)?,
        }
    }
    scanners.stop();
    Ok(())
}

/// The next event; none if the time is over or somebody interrupts.
async fn next(events: &mut Events, wait: Option<Duration>) -> Option<DeviceEvent> {
    let over = async {
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        event = events.recv() => event,
        () = over => None,
        _ = tokio::signal::ctrl_c() => None,
    }
}

/// What is not there yet is waited for; what another program has is not.
fn unavailable(why: &Unavailable) -> Result<(), CommandError> {
    match why {
        Unavailable::Missing | Unavailable::Failed(_) => Ok(say(&format!("{why}; waiting for it"))?),
        Unavailable::Busy(by) if by.contains("tidemark-edge") => Err(CommandError::Asked(
            "the box has this scanner: look at /scan-test of its page, or stop the box first: systemctl stop \
             tidemark-edge"
                .to_owned(),
        )),
        Unavailable::Busy(_) | Unavailable::Denied => Err(CommandError::Asked(why.to_string())),
    }
}

/// The scanner that is meant, set as it is configured.
fn configured(ear: &Ear) -> Result<Config, CommandError> {
    let scanners = ear.told.load()?.settings.scanner;
    match (&ear.port, scanners.as_slice()) {
        (Some(port), known) => {
            let known = known.iter().find(|config| config.path == *port).cloned();
            Ok(known.unwrap_or_else(|| Config::new(port, "scan-test")))
        }
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(CommandError::Usage(
            "no scanner is configured: give the port, `devices` lists what is there".to_owned(),
        )),
        (None, [_, _, ..]) => Err(CommandError::Usage("there are several scanners: give the port of one".to_owned())),
    }
}
