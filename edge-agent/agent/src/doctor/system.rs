//! The machine: its clock, its memory, and programs that get in the way of
//! scanners.

use tidemark_daemon::clock::wall_now;

use super::{Finding, Level, Root, text_of};

/// Below this the box may be ended by the system, in MiB.
const MEMORY_MIB: u64 = 200;
/// A clock before this was never set: 2025-01-01 in seconds.
const PLAUSIBLE: u64 = 1_735_689_600;
/// Programs that open serial ports by themselves, and what to do about each.
const MEDDLERS: [(&str, &str); 2] = [
    (
        "ModemManager",
        "it sends modem commands to new serial ports: systemctl disable --now ModemManager, or install the box's udev \
         rules, which keep it away from scanners",
    ),
    (
        "brltty",
        "it takes USB-serial bridges for Braille displays: apt remove brltty, or systemctl disable --now brltty",
    ),
];

pub(super) fn examine(root: &Root) -> Vec<Finding> {
    let running = programs(root);
    let mut findings: Vec<Finding> = MEDDLERS.iter().map(|(name, remedy)| meddler(name, remedy, &running)).collect();
    findings.push(memory(root));
    findings.push(clock(root));
    findings.push(rules(root));
    findings
}

/// Names of the programs that run.
fn programs(root: &Root) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(root.path("/proc")) else { return Vec::new() };
    let is_process =
        |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit());
    folder.flatten().filter(is_process).filter_map(|entry| text_of(&entry.path().join("comm"))).collect()
}

fn meddler(name: &'static str, remedy: &str, running: &[String]) -> Finding {
    // The kernel keeps fifteen characters of a name.
    let short: String = name.chars().take(15).collect();
    let check = if name == "brltty" { "brltty" } else { "modemmanager" };
    if running.contains(&short) {
        Finding::of(check, Level::Warning, format!("{name} runs"), remedy)
    } else {
        Finding::ok(check, format!("{name} does not run"))
    }
}

fn memory(root: &Root) -> Finding {
    let told = root.text("/proc/meminfo");
    let available = told.as_deref().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    match available.map(|kib| kib / 1_024) {
        Some(mib) if mib < MEMORY_MIB => Finding::of(
            "memory",
            Level::Warning,
            format!("{mib} MiB are available"),
            "end other programs, or give the machine more memory: the box needs 150 MiB with a month of sales waiting",
        ),
        Some(mib) => Finding::ok("memory", format!("{mib} MiB are available")),
        None => Finding::of("memory", Level::Unknown, "/proc/meminfo does not say", "look with free -m"),
    }
}

/// The clock is a label only; but labels of a wrong year help nobody.
fn clock(root: &Root) -> Finding {
    let now = u64::try_from(wall_now().0 / 1_000).unwrap_or_default();
    let synchronised = root.path("/run/systemd/timesync/synchronized").exists() || root.path("/run/chrony").exists();
    judge_clock(now, synchronised)
}

pub(super) fn judge_clock(seconds: u64, synchronised: bool) -> Finding {
    let remedy = "timedatectl set-ntp true; stock is right whatever the clock says, only times on pages are wrong";
    if seconds < PLAUSIBLE {
        return Finding::of("clock", Level::Critical, "the clock is years behind", remedy);
    }
    if synchronised {
        Finding::ok("clock", "it is kept by a time server")
    } else {
        Finding::of("clock", Level::Warning, "no time server keeps the clock", remedy)
    }
}

fn rules(root: &Root) -> Finding {
    let folders = ["/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"];
    let is_ours = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().contains("tidemark");
    let found = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(root.path(folder)).ok())
        .any(|entries| entries.flatten().any(is_ours));
    if found {
        Finding::ok("udev", "the rules for scanners are there")
    } else {
        let remedy = "install the package of the box, or copy packaging/udev/70-tidemark-scanners.rules to /etc/udev/rules.d \
                      and run udevadm control --reload";
        Finding::of("udev", Level::Warning, "the udev rules for scanners are missing", remedy)
    }
}
