//! Each trouble provoked in a made-up system, and named with its remedy.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use tidemark_daemon::config::{self, Sources};
use tidemark_daemon::disk::Room;
use tidemark_scanner::{Config, Found, Kind, PortPath, UsbIds};

use super::*;

struct Machine {
    folder: tempfile::TempDir,
    root: Root,
}

impl Machine {
    /// One on which all is well, with a scanner's port `/dev/ttyUSB0`.
    fn well() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The folder's own path may hold links.
        let root = Root(fs::canonicalize(folder.path()).unwrap());
        let machine = Self { folder, root };
        machine.put("/proc/meminfo", "MemTotal: 4000000 kB\nMemAvailable:    2000000 kB\n");
        machine.put("/proc/1/comm", "systemd\n");
        machine.put("/run/systemd/timesync/synchronized", "");
        machine.put("/etc/udev/rules.d/60-tidemark.rules", "");
        machine.put("/dev/ttyUSB0", "");
        machine.put("/sys/devices/usb1/1-2/idVendor", "0403\n");
        machine.put("/sys/devices/usb1/1-2/power/control", "on\n");
        machine.put("/sys/devices/usb1/1-2/1-2:1.0/ttyUSB0/latency_timer", "1\n");
        machine.link("../../../devices/usb1/1-2/1-2:1.0/ttyUSB0", "/sys/class/tty/ttyUSB0/device");
        machine
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.root.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, target: &str, path: &str) {
        let path = self.root.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.root.path(path)).unwrap();
    }

    /// What is found with the scanner at its port.
    fn findings(&self) -> Vec<Finding> {
        let mut findings = system::examine(&self.root);
        findings.extend(self.scanners("/dev/ttyUSB0", &[]));
        findings
    }

    /// What is found of a scanner that is configured at a port.
    fn scanners(&self, path: &str, plugged: &[Found]) -> Vec<Finding> {
        scanners::examine(&self.root, &[Config::new(path, "counter")], plugged)
    }
}

/// The one finding that is not well.
fn trouble(findings: &[Finding]) -> &Finding {
    let bad: Vec<&Finding> = findings.iter().filter(|finding| finding.level != Level::Ok).collect();
    assert_eq!(bad.len(), 1, "{bad:#?}");
    bad[0]
}

fn settings(given: &[&str]) -> BoxSettings {
    let given: Vec<String> = given.iter().map(|pair| (*pair).to_owned()).collect();
    let sources =
        Sources::of_command_line(None, "/nonexistent.toml", [("store", Some(serde_json::json!("S1")))], &given);
    config::load::<BoxSettings>(&sources.unwrap()).unwrap().settings
}

#[test]
fn on_a_machine_that_is_well_nothing_is_found() {
    let findings = Machine::well().findings();
    assert_eq!(worst(&findings), Level::Ok, "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.remedy.is_empty()));
}

/// What is named after something was done to a machine that is well.
fn provoked(provoke: impl FnOnce(&Machine), named: (&str, Level), words: [&str; 2]) {
    let machine = Machine::well();
    provoke(&machine);
    let findings = machine.findings();
    assert_named(&findings, named, words);
    assert!(machine.folder.path().exists());
}

/// The one trouble is this one, and its remedy the right one.
fn assert_named(findings: &[Finding], (check, level): (&str, Level), [detail, remedy]: [&str; 2]) {
    let found = trouble(findings);
    assert_eq!((found.check, found.level), (check, level), "{found:?}");
    assert!(found.detail.contains(detail) && found.remedy.contains(remedy), "{found:?}");
}

#[test]
fn modemmanager_that_runs_is_named() {
    let run = |m: &Machine| m.put("/proc/7/comm", "ModemManager\n");
    provoked(run, ("modemmanager", Level::Warning), ["ModemManager runs", "systemctl disable --now ModemManager"]);
}

#[test]
fn brltty_that_runs_is_named() {
    let run = |m: &Machine| m.put("/proc/7/comm", "brltty\n");
    provoked(run, ("brltty", Level::Warning), ["brltty runs", "apt remove brltty"]);
}

#[test]
fn too_little_memory_is_named() {
    let short = |m: &Machine| m.put("/proc/meminfo", "MemAvailable: 100000 kB\n");
    provoked(short, ("memory", Level::Warning), ["97 MiB", "end other programs"]);
}

#[test]
fn a_clock_that_nobody_keeps_is_named() {
    let alone = |m: &Machine| m.remove("/run/systemd/timesync/synchronized");
    provoked(alone, ("clock", Level::Warning), ["no time server", "timedatectl set-ntp true"]);
}

#[test]
fn missing_udev_rules_are_named() {
    let without = |m: &Machine| m.remove("/etc/udev/rules.d/60-tidemark.rules");
    provoked(without, ("udev", Level::Warning), ["missing", "udevadm control --reload"]);
}

#[test]
fn a_scanner_that_is_not_there_is_named() {
    let pull = |m: &Machine| m.remove("/dev/ttyUSB0");
    provoked(pull, ("scanner", Level::Critical), ["is not there", "plug the scanner in"]);
}

#[test]
fn the_holder_of_a_port_is_named() {
    let hold = |m: &Machine| {
        m.put("/proc/9/comm", "minicom\n");
        let port = m.root.path("/dev/ttyUSB0");
        m.link(port.to_str().unwrap(), "/proc/9/fd/3");
    };
    provoked(hold, ("port", Level::Critical), ["held by minicom (process 9)", "end minicom"]);
}

#[test]
fn a_bridge_that_holds_bytes_back_is_named() {
    let slow = |m: &Machine| m.put("/sys/devices/usb1/1-2/1-2:1.0/ttyUSB0/latency_timer", "16\n");
    provoked(slow, ("latency", Level::Warning), ["16 ms", "echo 1 > /sys/class/tty/ttyUSB0/device/latency_timer"]);
}

#[test]
fn a_port_that_the_system_puts_to_sleep_is_named() {
    let sleepy = |m: &Machine| m.put("/sys/devices/usb1/1-2/power/control", "auto\n");
    provoked(sleepy, ("autosuspend", Level::Warning), ["put to sleep", "power/control to on"]);
}

#[test]
fn a_data_folder_that_lies_in_memory_is_named() {
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let findings: Vec<Finding> = disk::examine(memory.path()).into_iter().filter(|f| f.check == "filesystem").collect();
    assert_named(&findings, ("filesystem", Level::Critical), ["lies in memory (tmpfs)", "put `data` on a disk"]);
}

#[test]
fn a_data_folder_that_is_not_there_is_named() {
    let findings = disk::examine(&Machine::well().root.path("/nowhere"));
    assert_named(&findings, ("data", Level::Critical), ["is no folder", "install -d -o tidemark-edge"]);
}

#[test]
fn a_scanner_at_a_usb_port_is_looked_at_behind_whatever_file_it_has() {
    let machine = Machine::well();
    let port = "pci-0000:00:14.0-usb-0:2";
    let plugged = |node: Option<&str>| {
        let usb = UsbIds { vendor_id: 0x05e0, product_id: 0x1900, serial: None, product: None };
        let kind = node.map(|_| Kind::Serial);
        [Found { node: node.map(Into::into), kind, port: PortPath::parse(port), usb: Some(usb) }]
    };
    assert_eq!(worst(&machine.scanners(port, &plugged(Some("/dev/ttyUSB0")))), Level::Ok);
    machine.put("/sys/devices/usb1/1-2/power/control", "auto\n");
    assert_eq!(trouble(&machine.scanners(port, &plugged(Some("/dev/ttyUSB0")))).check, "autosuspend");
    let silent = machine.scanners(port, &plugged(None));
    assert_named(&silent, ("scanner", Level::Critical), ["has no way in", "USB HID POS"]);
    let nothing = machine.scanners(port, &[]);
    assert_named(&nothing, ("scanner", Level::Critical), ["is not there", "tidemark-edge devices"]);
}

#[test]
fn the_disk_is_measured_where_the_journal_lies() {
    let machine = Machine::well();
    let findings = disk::examine(&machine.root.path("/dev"));
    assert!(findings.iter().any(|finding| finding.check == "sync" && finding.detail.contains("ms")), "{findings:#?}");
    let left: Vec<_> = fs::read_dir(machine.root.path("/dev")).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "what was written to measure is gone");
    let missing = disk::examine(&machine.root.path("/nowhere"));
    assert_eq!((missing.len(), trouble(&missing).level), (1, Level::Critical));
}

#[test]
fn room_sync_and_clock_are_judged_by_what_a_till_needs() {
    let room = |free_mib| disk::judge_room(Room { free_mib, total_mib: 100 }).level;
    assert_eq!([room(50), room(20), room(5)], [Level::Ok, Level::Warning, Level::Critical]);
    let sync = |ms| disk::judge_sync(Duration::from_millis(ms)).level;
    assert_eq!([sync(1), sync(20), sync(200)], [Level::Ok, Level::Warning, Level::Critical]);
    assert_eq!(system::judge_clock(1_000, true).level, Level::Critical);
    assert_eq!(system::judge_clock(1_800_000_000, false).level, Level::Warning);
}

#[test]
fn the_way_to_the_centre_is_tried() {
    let nobody = |_: &str| None;
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = open.local_addr().unwrap();
    let reached = settings(&[&format!("centre.address=http://{address}")]);
    assert_eq!(worst(&line::examine(&reached.centre, &nobody)), Level::Ok);
    drop(open);
    let closed = line::examine(&reached.centre, &nobody);
    assert!(trouble(&closed).remedy.contains("firewall"), "{closed:?}");
    let unknown = settings(&["centre.address=http://no-such-host.invalid"]);
    let unknown = line::examine(&unknown.centre, &nobody);
    assert!(trouble(&unknown).detail.contains("is not found"), "{unknown:?}");
    let alone = line::examine(&settings(&[]).centre, &nobody);
    assert_eq!(trouble(&alone).level, Level::Warning);
}

#[test]
fn a_proxy_is_named_without_its_password() {
    let environment = |name: &str| (name == "HTTPS_PROXY").then(|| "http://me:secret@proxy:3128".to_owned());
    assert_eq!(line::proxy_of(&environment), Some(("HTTPS_PROXY", "proxy:3128".to_owned())));
    assert_eq!(line::proxy_of(&|_| Some(String::new())), None);
}

#[test]
fn what_cannot_be_told_does_not_hide_what_is_wrong() {
    let of = |level| Finding::of("x", level, "", "");
    assert_eq!(worst(&[of(Level::Unknown), of(Level::Critical), of(Level::Warning)]), Level::Critical);
    assert_eq!(worst(&[of(Level::Unknown), of(Level::Ok)]), Level::Unknown);
    assert_eq!(worst(&[]), Level::Ok);
}
