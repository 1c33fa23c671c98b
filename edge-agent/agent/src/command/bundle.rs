//! `bundle`: what support needs to know of a box, in one file, without
//! secrets and without anybody's card.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use tidemark_daemon::clock::wall_now;
use tidemark_daemon::config;
use tidemark_daemon::output::{Form, Rows, print};
use tidemark_scanner::find_all;

use super::client::Caller;
use super::devices::rows_of;
use super::{CommandError, Told, say};
use crate::control::private;
use crate::doctor::{Root, examine};
use crate::redacted::{redacted, redacted_text};
use crate::reporter::time_text;
use crate::settings::BoxSettings;

/// Of a log only so much from its end.
const LOG_BYTES: u64 = 1024 * 1024;
/// Files of the data folder that are named.
const FILES: usize = 2_000;

/// What goes into it, and where it goes.
#[derive(Debug, Args)]
pub(super) struct Bundle {
    /// The file to write, which nobody else may read; stdout without it.
    #[arg(long)]
    out: Option<PathBuf>,
    /// A log to add, such as what journalctl -u tidemark-edge wrote; of a
    /// long one the end.
    #[arg(long)]
    log: Option<PathBuf>,
    /// json, jsonl, csv or table
    #[arg(short, long, default_value = "json")]
    output: Form,
    #[command(flatten)]
    told: Told,
}

/// Rows of a part, each with what it is about.
struct Gathered {
    rows: Rows,
}

impl Gathered {
    fn add(&mut self, part: &str, what: &str, value: &Value) {
        self.rows.add(vec![json!(part), json!(redacted_text(what)), redacted(what, value)]);
    }
}

pub(super) fn carry_out(wanted: &Bundle) -> Result<(), CommandError> {
    let mut gathered = Gathered { rows: Rows::new(&["part", "what", "value"]) };
    about_machine(&mut gathered);
    let settings = about_configuration(&mut gathered, &wanted.told);
    if let Some(settings) = &settings {
        about_box(&mut gathered, settings);
    }
    if let Some(log) = &wanted.log {
        let text = end_of(log).map_err(|error| CommandError::Asked(format!("{}: {error}", log.display())))?;
        for (number, line) in (1_u64..).zip(text.lines()) {
            gathered.add("log", &number.to_string(), &json!(line));
        }
    }
    let text = gathered.rows.render(wanted.output);
    let Some(out) = &wanted.out else { return Ok(print(&text)?) };
    let written = private(out).and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(|error| CommandError::Asked(format!("{} can't be written: {error}", out.display())))?;
    Ok(say(&format!("{} can be given to support: no token, password, key or card is in it", out.display()))?)
}

fn about_machine(gathered: &mut Gathered) {
    gathered.add("program", "version", &json!(env!("CARGO_PKG_VERSION")));
    gathered.add("program", "system", &json!(format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)));
    gathered.add("program", "made", &json!(time_text(wall_now())));
    for (what, file) in
        [("kernel", "/proc/sys/kernel/osrelease"), ("uptime", "/proc/uptime"), ("load", "/proc/loadavg")]
    {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        gathered.add("machine", what, &json!(text.trim()));
    }
}

/// A configuration that is no good is just what support wants to see.
fn about_configuration(gathered: &mut Gathered, told: &Told) -> Option<BoxSettings> {
    match told.load() {
        Ok(loaded) => {
            for (key, value, origin) in loaded.explain() {
                gathered.add("config", key, &json!(value));
                gathered.add("origin", key, &json!(origin.to_string()));
            }
            Some(loaded.settings)
        }
        Err(error) => {
            gathered.add("config", "fault", &json!(error.to_string()));
            None
        }
    }
}

fn about_box(gathered: &mut Gathered, settings: &BoxSettings) {
    for finding in examine(&Root::real(), settings, &config::variable) {
        let told = json!({ "level": finding.level.to_string(), "detail": finding.detail, "remedy": finding.remedy });
        gathered.add("doctor", finding.check, &told);
    }
    let devices = rows_of(&find_all(), &settings.scanner, None, true).render(Form::Jsonl);
    for (number, line) in (1_u64..).zip(devices.lines()) {
        gathered.add("device", &number.to_string(), &serde_json::from_str(line).unwrap_or(Value::Null));
    }
    for (name, bytes) in files_of(&settings.data) {
        gathered.add("file", &name, &json!(bytes));
    }
    let Some(running) = Caller::of_running(settings) else {
        gathered.add("status", "fault", &json!("the box does not run, or this user may not ask it"));
        return;
    };
    match running.call("GET", "/v1/status", None) {
        Ok(told) => gathered.add("status", "/v1/status", &told.body),
        Err(error) => gathered.add("status", "fault", &json!(error.to_string())),
    }
    match running.text("/metrics") {
        Ok(text) => {
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let (name, value) = line.rsplit_once(' ').unwrap_or((line, ""));
                gathered.add("metric", name, &json!(value));
            }
        }
        Err(error) => gathered.add("metric", "fault", &json!(error.to_string())),
    }
}

/// Names and sizes of what lies in the data folder, never what is in it.
fn files_of(data: &Path) -> Vec<(String, u64)> {
    let (mut files, mut folders) = (Vec::new(), vec![data.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(about) = entry.metadata() else { continue };
            if about.is_dir() {
                folders.push(entry.path());
            } else if files.len() < FILES {
                let path = entry.path();
                let name = path.strip_prefix(data).unwrap_or(&path).display().to_string();
                files.push((name, about.len()));
            }
        }
    }
    files.sort();
    files
}

/// The end of a log, as text.
fn end_of(log: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
