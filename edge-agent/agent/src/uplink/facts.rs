//! How the box is, for a heartbeat.

use std::path::Path;

use tidemark_daemon::conditions::Raised;
use tidemark_daemon::disk;
use tidemark_journal::{Journal, ReadError, Till};
use tidemark_model::{Label, Odometer, Seq};
use tidemark_sync::BoxFacts;
use tidemark_sync::message::{ConditionReport, DeviceFacts, ScannerFacts, TillFacts};

use crate::desk::DeskView;
use crate::roll::Roll;

/// A seed for the jitter: nothing hangs on it but that boxes differ.
pub(super) fn seed() -> u64 {
    let mut bytes = [0; 8];
    // Without random bits the jitter is that of all such boxes.
    getrandom::fill(&mut bytes).unwrap_or(());
    u64::from_be_bytes(bytes)
}

/// How the box is, but for its conditions; reads from disk.
pub(super) fn of_box(
    journal: &Journal,
    desk: &DeskView,
    roll: &Roll,
    oldest: Option<Seq>,
    metered: bool,
) -> Result<BoxFacts, ReadError> {
    let standing = journal.standing()?;
    let age = oldest.map(|seq| journal.age_ms(seq)).transpose()?.flatten();
    let mut device = device(desk, standing.disk_bytes, metered);
    // Where the system does not tell it, 0 of 0.
    let room = disk::room(journal.folder()).unwrap_or_default();
    (device.disk_free_mib, device.disk_total_mib) = (room.free_mib, room.total_mib);
    Ok(BoxFacts {
        open_block: journal.open_block()?,
        oldest_age_ms: age,
        odometer: standing.odometer,
        catalogue: journal.catalogue()?.version,
        conditions: Vec::new(),
        device,
        tills: tills(journal.tills()?, roll, standing.odometer),
    })
}

/// The box's conditions as head office reads them.
pub(super) fn reports(conditions: &[Raised]) -> Vec<ConditionReport> {
    let detail = |raised: &Raised| {
        if raised.subject.is_empty() { raised.detail.clone() } else { format!("{}: {}", raised.subject, raised.detail) }
    };
    conditions.iter().map(|raised| ConditionReport { code: raised.code.0, detail: detail(raised) }).collect()
}

/// The tills that are let in, and whoever else has submitted.
fn tills(known: Vec<Till>, roll: &Roll, now: Odometer) -> Vec<TillFacts> {
    let mut heard = roll.list();
    let mut facts: Vec<TillFacts> = Vec::with_capacity(known.len());
    for till in known {
        let of_till = heard.remove(&till.name);
        facts.push(TillFacts {
            source: till.name,
            token: Some(till.token),
            heard_ms: of_till.map(|heard| now.0.saturating_sub(heard.at.0)),
            documents: of_till.map_or(0, |heard| heard.documents),
        });
    }
    facts.extend(heard.into_iter().map(|(source, heard)| TillFacts {
        source,
        token: None,
        heard_ms: Some(now.0.saturating_sub(heard.at.0)),
        documents: heard.documents,
    }));
    facts
}

fn device(desk: &DeskView, journal_bytes: u64, metered: bool) -> DeviceFacts {
    let scanners = desk.scanners().into_iter().filter_map(|scanner| {
        let lane = Label::new(&scanner.lane).ok()?;
        Some(ScannerFacts { lane, path: scanner.path, present: scanner.present, scans: scanner.scans })
    });
    DeviceFacts {
        system: std::env::consts::OS.to_owned(),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        wall: tidemark_daemon::clock::wall_now(),
        journal_mib: journal_bytes >> 20,
        memory_mib: resident_mib().unwrap_or(0),
        metered,
        scanners: scanners.collect(),
        ..DeviceFacts::default()
    }
}

/// Resident memory of this process, where the system tells it.
fn resident_mib() -> Option<u64> {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_daemon::conditions::Code;
    use tidemark_model::Source;

    #[test]
    fn a_condition_tells_head_office_what_it_is_about() {
        let raised = |subject: &str| Raised {
            code: Code(4001),
            subject: subject.to_owned(),
            detail: "unplugged".to_owned(),
            since_ms: 0,
            until_ms: None,
        };
        let told = reports(&[raised("/dev/ttyACM0"), raised("")]);
        assert_eq!(told[0].detail, "/dev/ttyACM0: unplugged");
        assert_eq!(told[1].detail, "unplugged");
    }

    #[test]
    fn tills_tell_when_they_were_heard_last() {
        let roll = Roll::default();
        let source = |name: &str| Source::new(name).unwrap();
        roll.note(&source("till:1"), Odometer(4_000));
        roll.note(&source("till:9"), Odometer(9_000));
        let known = ["till:1", "till:2"].map(|name| Till { name: source(name), token: [7; 32], added: Odometer(0) });
        let told = tills(known.to_vec(), &roll, Odometer(10_000));
        let told: Vec<_> =
            told.iter().map(|t| (t.source.as_str(), t.token.is_some(), t.heard_ms, t.documents)).collect();
        let expected = [("till:1", true, Some(6_000), 1), ("till:2", true, None, 0), ("till:9", false, Some(1_000), 1)];
        assert_eq!(told, expected);
    }
}
