//! Each trouble provoked in a made-up system, and named with its remedy.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use tidemark_daemon::config::{self, Sources};
use tidemark_daemon::disk::Room;
use tidemark_scanner::Config;

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
        findings.extend(scanners::examine(&self.root, &[Config::new("/dev/ttyUSB0", "counter")]));
        findings
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

#[test]
fn each_provoked_trouble_is_named_with_what_to_do() {
    type Provoke = fn(&Machine);
    let table: [(Provoke, &str, Level, &str, &str); 9] = [
        (|m| m.put("/proc/7/comm", "ModemManager\n"), "modemmanager", Level::Warning, "ModemManager runs", "disable"),
        (|m| m.put("/proc/7/comm", "brltty\n"), "brltty", Level::Warning, "brltty runs", "apt remove brltty"),
        (
            |m| m.put("/proc/meminfo", "MemAvailable: 100000 kB\n"),
            "memory",
            Level::Warning,
            "97 MiB",
            "end other programs",
        ),
        (|m| m.remove("/run/systemd/timesync/synchronized"), "clock", Level::Warning, "no time server", "set-ntp true"),
        (|m| m.remove("/etc/udev/rules.d/60-tidemark.rules"), "udev", Level::Warning, "missing", "udevadm control"),
        (|m| m.remove("/dev/ttyUSB0"), "scanner", Level::Critical, "is not there", "plug the scanner in"),
        (
            |m| {
                m.put("/proc/9/comm", "minicom\n");
                let port = m.root.path("/dev/ttyUSB0");
                m.link(port.to_str().unwrap(), "/proc/9/fd/3");
            },
            "port",
            Level::Critical,
            "held by minicom (process 9)",
            "end minicom",
        ),
        (
            |m| m.put("/sys/devices/usb1/1-2/1-2:1.0/ttyUSB0/latency_timer", "16\n"),
            "latency",
            Level::Warning,
            "16 ms",
            "latency_timer",
        ),
        (
            |m| m.put("/sys/devices/usb1/1-2/power/control", "auto\n"),
            "autosuspend",
            Level::Warning,
            "put to sleep",
            "power/control to on",
        ),
    ];
    for (provoke, check, level, detail, remedy) in table {
        let machine = Machine::well();
        provoke(&machine);
        let findings = machine.findings();
        let found = trouble(&findings);
        assert_eq!((found.check, found.level), (check, level), "{found:?}");
        assert!(found.detail.contains(detail) && found.remedy.contains(remedy), "{found:?}");
        assert!(machine.folder.path().exists());
    }
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
