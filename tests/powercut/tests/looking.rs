//! What the look at a journal sees: nothing on a sound one, and each kind of
//! fault when what is known and what is there differ. On plain folders: no
//! power goes here, and root is not needed.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use tidemark_powercut::answers::{Answers, Known, Mark, Saved};
use tidemark_powercut::check::{Fault, check};
use tidemark_powercut::disk::Disk;
use tidemark_powercut::record::Recording;
use tidemark_powercut::workload::{Build, day};

/// A folder with a journal in which a day has happened, and what is known.
struct Left {
    folder: PathBuf,
    known: Known,
}

impl Left {
    fn by_a_day(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("powercut-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let recording = Recording::of(Disk::blank(0));
        let answers = day(&recording, folder.join("journal"), (Answers::of(4), Build::Sound), 4).unwrap();
        Self { folder, known: answers.as_of(0) }
    }

    fn faults(&self, known: &Known) -> Vec<Fault> {
        let mut faults: Vec<Fault> =
            check(&self.folder.join("journal"), known).iter().map(|finding| finding.fault).collect();
        faults.sort_unstable();
        faults.dedup();
        faults
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

#[test]
fn a_sound_journal_has_no_findings_and_a_day_holds_all_that_is_looked_at() {
    let left = Left::by_a_day("sound");
    for mark in Mark::ALL {
        assert!(left.known.mark(mark).0 > 0, "{mark:?} moved in the day");
    }
    assert!(left.known.saved.len() > 300 && left.known.sent.len() > 1_024);
    assert_eq!(left.faults(&left.known), []);
}

#[test]
fn an_answer_that_is_not_on_the_disk_is_a_loss() {
    let left = Left::by_a_day("lost");
    let beyond = left.known.saved.values().map(|saved| saved.first + u64::from(saved.lines)).max().unwrap();
    let mut known = left.known.clone();
    let never_submitted = known.saved.keys().find(|number| **number > 1 << 62).unwrap() + 1_000;
    known.saved.insert(never_submitted, Saved { first: beyond, lines: 1 });
    assert!(left.faults(&known).contains(&Fault::Lost));
}

#[test]
fn an_answer_at_another_position_is_a_loss() {
    let left = Left::by_a_day("moved");
    let mut known = left.known.clone();
    known.saved.values_mut().last().unwrap().first += 1;
    assert!(left.faults(&known).contains(&Fault::Lost));
}

#[test]
fn what_nobody_submitted_is_not_true() {
    let left = Left::by_a_day("untrue");
    let mut known = left.known.clone();
    known.saved.pop_last();
    assert!(left.faults(&known).contains(&Fault::Untrue));
}

#[test]
fn another_epoch_is_seen() {
    let left = Left::by_a_day("epoch");
    let known = Known { epoch: left.known.epoch.map(|epoch| epoch ^ 1), ..left.known.clone() };
    assert_eq!(left.faults(&known), [Fault::NewEpoch]);
}

#[test]
fn a_movement_that_the_centre_read_otherwise_is_a_loss() {
    let left = Left::by_a_day("sent");
    let mut known = left.known.clone();
    known.sent.last_mut().unwrap().digest ^= 1;
    assert!(left.faults(&known).contains(&Fault::Lost));
}

#[test]
fn a_trimmed_movement_of_another_effect_shows_in_the_stock() {
    let left = Left::by_a_day("stock");
    let mut known = left.known.clone();
    known.sent.iter_mut().find(|sent| sent.sku.is_some()).unwrap().effect += 1;
    assert!(left.faults(&known).contains(&Fault::Books));
}

#[test]
fn each_mark_that_fell_back_is_a_loss_and_one_that_ran_ahead_is_not_true() {
    let left = Left::by_a_day("marks");
    for mark in Mark::ALL {
        let (least, most) = left.known.mark(mark);
        let with = |range| {
            let mut known = left.known.clone();
            known.marks.insert(mark, range);
            known
        };
        assert!(left.faults(&with((most + 1, most + 1))).contains(&Fault::Lost), "{mark:?}");
        assert!(left.faults(&with((0, least - 1))).contains(&Fault::Untrue), "{mark:?}");
    }
}

#[test]
fn a_damaged_journal_is_not_taken_for_the_one_that_it_was() {
    let left = Left::by_a_day("damaged");
    let current = left.folder.join("journal/db/CURRENT");
    std::fs::remove_file(current).unwrap();
    // Refused, or set aside for a new life: a cut of power must do neither.
    assert!(matches!(left.faults(&left.known)[0], Fault::NotOpened | Fault::NewEpoch));
}
