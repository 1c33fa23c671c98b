//! `devices`: what is plugged in and may be a scanner, what of it the box
//! uses, and `devices bind`, which gives a port to a lane.

mod binding;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tidemark_daemon::output::{Form, Rows};
use tidemark_model::Label;
use tidemark_scanner::{Config, Found, Kind, PortPath, find_all};

use super::client::Caller;
use super::{CommandError, Told, USUAL_FILE, say};
use crate::settings::BoxSettings;
use crate::status::{ScannerStatus, Status};

/// Without a word: what is plugged in.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct DevicesCommand {
    #[command(subcommand)]
    command: Option<DevicesWord>,
    #[command(flatten)]
    listed: Listed,
}

#[derive(Debug, Args)]
struct Listed {
    #[command(flatten)]
    told: Told,
    /// Serial ports and keyboards too that do not look like a scanner.
    #[arg(long)]
    all: bool,
    /// table, json, jsonl or csv
    #[arg(short, long, default_value = "table")]
    output: Form,
}

#[derive(Debug, Subcommand)]
enum DevicesWord {
    /// Gives whatever scanner is plugged in at a port to a lane, in the
    /// configuration file.
    Bind(Bind),
}

#[derive(Debug, Args)]
struct Bind {
    /// The port as `devices` lists it, or a file such as /dev/ttyACM0.
    port: String,
    /// The lane its scans belong to.
    lane: String,
    /// table, json, jsonl or csv
    #[arg(short, long, default_value = "table")]
    output: Form,
    #[command(flatten)]
    told: Told,
}

/// From this on a device is taken for a scanner.
const LOOKS_LIKE_ONE: u8 = 50;

pub(super) fn carry_out(command: &DevicesCommand) -> Result<(), CommandError> {
    match &command.command {
        Some(DevicesWord::Bind(bind)) => bind_port(bind),
        None => list(&command.listed),
    }
}

fn list(listed: &Listed) -> Result<(), CommandError> {
    let settings = listed.told.load()?.settings;
    let seen = scanners_of_running(&settings);
    Ok(rows_of(&find_all(), &settings.scanner, seen.as_deref(), listed.all).print(listed.output)?)
}

/// What the running box says of its scanners; none if none runs.
fn scanners_of_running(settings: &BoxSettings) -> Option<Vec<ScannerStatus>> {
    let told = Caller::of_running(settings)?.call("GET", "/v1/status", None).ok()?.good().ok()?;
    Some(serde_json::from_value::<Status>(told).ok()?.scanners)
}

/// What is plugged in, then what is configured and not there.
pub(super) fn rows_of(found: &[Found], configured: &[Config], seen: Option<&[ScannerStatus]>, all: bool) -> Rows {
    let mut rows = Rows::new(&["port", "file", "kind", "device", "looks", "lane", "state", "advice"]);
    for device in found {
        let bound = configured.iter().find(|config| is_at(device, config));
        let likeness = device.likeness();
        if !all && bound.is_none() && likeness.score < LOOKS_LIKE_ONE {
            continue;
        }
        rows.add(vec![
            json!(device.port.as_ref().map(|port| port.as_str())),
            json!(device.node.as_ref().map(|node| node.display().to_string())),
            json!(device.kind.map(kind_word)),
            device_words(device),
            json!(likeness.reason),
            json!(bound.map(|config| &config.lane)),
            json!(state_of(bound, seen)),
            json!(device.advice().unwrap_or_default()),
        ]);
    }
    for config in configured.iter().filter(|config| !found.iter().any(|device| is_at(device, config))) {
        let advice = "plug the scanner in there, or bind the port it is at: tidemark-edge devices bind";
        let state = if is_open(config, seen) { "open" } else { "not there" };
        let advice = if state == "open" { "" } else { advice };
        let is_file = Path::new(&config.path).is_absolute();
        let (port, file) = if is_file { (Value::Null, json!(config.path)) } else { (json!(config.path), Value::Null) };
        let row =
            vec![port, file, Value::Null, Value::Null, json!(""), json!(config.lane), json!(state), json!(advice)];
        rows.add(row);
    }
    rows
}

/// As the configuration spells it.
const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Serial => "serial",
        Kind::HidPos => "hid_pos",
        Kind::Keyboard => "keyboard",
        Kind::Replay => "replay",
        Kind::Simulated => "simulated",
    }
}

/// Whether a device is the one that is configured.
fn is_at(device: &Found, config: &Config) -> bool {
    let at_port = PortPath::parse(&config.path).is_some_and(|port| device.port == Some(port));
    let node = Path::new(&config.path).canonicalize().ok();
    at_port || (node.is_some() && device.node.as_deref().and_then(|path| path.canonicalize().ok()) == node)
}

fn is_open(config: &Config, seen: Option<&[ScannerStatus]>) -> bool {
    seen.is_some_and(|seen| seen.iter().any(|scanner| scanner.path == config.path && scanner.present))
}

fn state_of(bound: Option<&Config>, seen: Option<&[ScannerStatus]>) -> &'static str {
    match (bound, seen) {
        (None, _) => "not used",
        (Some(_), None) => "the box does not run",
        (Some(config), Some(_)) if is_open(config, seen) => "open",
        (Some(_), Some(_)) => "not open: see the box's page",
    }
}

fn device_words(device: &Found) -> Value {
    let Some(usb) = &device.usb else { return Value::Null };
    // What a device says of itself may not steer the terminal.
    let name = usb.product.as_deref().or_else(|| usb.model().map(|model| model.family)).unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    json!(format!("{:04x}:{:04x} {name}", usb.vendor_id, usb.product_id).trim_end())
}

fn bind_port(bind: &Bind) -> Result<(), CommandError> {
    let usage = |text: String| CommandError::Usage(text);
    Label::new(&bind.lane).map_err(|error| usage(format!("`{}` is no name of a lane: {error}", bind.lane)))?;
    bind.told.load()?;
    let found = find_all();
    let path = steady(&bind.port, &found);
    let there = found.iter().any(|device| is_at(device, &Config::new(&path, &bind.lane)));
    let file = bind.told.config.clone().unwrap_or_else(|| PathBuf::from(USUAL_FILE));
    let text = std::fs::read_to_string(&file)
        .map_err(|error| CommandError::Asked(format!("{} can't be read: {error}", file.display())))?;
    let bound = binding::bound(&text, &path, &bind.lane).map_err(|error| CommandError::Asked(error.to_string()))?;
    binding::write(&file, &bound).map_err(|error| {
        CommandError::Asked(format!("{} can't be written: {error}; run this as root", file.display()))
    })?;
    // The file as it is now is read as the box reads it.
    bind.told.load()?;
    let mut rows = Rows::new(&["path", "lane", "file"]);
    rows.add(vec![json!(path), json!(bind.lane), json!(file.display().to_string())]);
    rows.print(bind.output)?;
    if !there {
        say(&format!("nothing is plugged in at {path} now"))?;
    }
    Ok(say("the box uses it from its next start on: systemctl restart tidemark-edge")?)
}

/// The spelling that stays the same when the scanner is replaced.
fn steady(given: &str, found: &[Found]) -> String {
    let config = Config::new(given, "");
    let port = found.iter().find(|device| is_at(device, &config)).and_then(|device| device.port.as_ref());
    port.map_or_else(|| given.to_owned(), |port| port.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_scanner::UsbIds;

    fn found(port: &str, node: &str, kind: Kind, ids: (u16, u16)) -> Found {
        let usb =
            UsbIds { vendor_id: ids.0, product_id: ids.1, serial: None, product: Some("Scan\u{1b}[2J ner".into()) };
        Found { node: Some(node.into()), kind: Some(kind), port: PortPath::parse(port), usb: Some(usb) }
    }

    fn lines(rows: &Rows) -> Vec<Value> {
        rows.render(Form::Jsonl).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn what_is_plugged_in_is_listed_with_its_lane_and_what_to_do() {
        let devices = [
            found("pci-1-usb-0:1", "/dev/hidraw7", Kind::HidPos, (0x0c2e, 0x0b61)),
            found("pci-1-usb-0:2", "/dev/input/event7", Kind::Keyboard, (0x05e0, 0x1200)),
            Found { node: Some("/dev/ttyS7".into()), kind: Some(Kind::Serial), port: None, usb: None },
        ];
        let configured = [Config::new("pci-1-usb-0:1:1.0", "counter"), Config::new("pci-1-usb-0:9", "gone")];
        let seen = [ScannerStatus {
            path: "pci-1-usb-0:1:1.0".into(),
            lane: "counter".into(),
            present: true,
            scans: 1,
            unanswered: 0,
        }];
        let told = lines(&rows_of(&devices, &configured, Some(&seen), false));
        let of = |row: usize, column: &str| told[row][column].as_str().unwrap_or_default().to_owned();
        assert_eq!(told.len(), 3, "a plain port is no scanner: {told:?}");
        assert_eq!((of(0, "lane"), of(0, "state")), ("counter".into(), "open".into()));
        assert_eq!(of(1, "state"), "not used");
        assert!(of(1, "advice").contains("USB HID POS"), "{told:?}");
        assert_eq!((of(2, "port"), of(2, "state")), ("pci-1-usb-0:9".into(), "not there".into()));
        assert!(of(0, "device").starts_with("0c2e:0b61 Scan") && !of(0, "device").contains('\u{1b}'));
        assert_eq!(lines(&rows_of(&devices, &configured, None, true)).len(), 4);
        assert_eq!(steady("/dev/nothing", &devices), "/dev/nothing");
    }
}
