//! Power cuts on every file system: whatever was answered is there.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tidemark_powercut::command::cannot;
use tidemark_powercut::filesystem::FileSystem;
use tidemark_powercut::place::Place;
use tidemark_powercut::rounds::{Plan, Tally, run};
use tidemark_powercut::workload::Build;

/// Runs so many images, or says loudly why not.
fn cut(file_system: FileSystem, images: u64, build: Build) -> Option<Tally> {
    if let Some(reason) = cannot(&[file_system]) {
        eprintln!("SKIPPED, NOT TESTED: {reason}");
        return None;
    }
    // A program started by one would hold the files of the other open.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Place::make().unwrap();
    let seed = getrandom::u32().unwrap().into();
    // What fails stays there and can be looked at again.
    let keep = (build == Build::Sound).then(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("powercut"));
    let plan = Plan { file_system, seed, images, a_day: 10, sector: file_system.sector(), only: None, keep, build };
    let tally = run(&place, &plan, &mut |_| {}).unwrap();
    for failure in &tally.failures {
        let kept = failure.kept.as_deref().map(|kept| format!("./dev powercut --replay {}", kept.display()));
        eprintln!("image {} of seed {seed}: {}", failure.image, kept.unwrap_or_default());
        failure.findings.iter().take(5).for_each(|finding| eprintln!("  {finding}"));
    }
    Some(tally)
}

#[cfg(not(feature = "mutants"))]
mod sound {
    use super::*;

    fn holds(file_system: FileSystem, images: u64) {
        if let Some(tally) = cut(file_system, images, Build::Sound) {
            assert_eq!(tally.looked_at(), images);
            assert!(tally.failures.is_empty(), "{} of {images} images have findings", tally.failures.len());
        }
    }

    #[test]
    fn after_a_power_cut_on_ext4_all_that_was_answered_is_there() {
        holds(FileSystem::Ext4, 45);
    }

    #[test]
    fn after_a_power_cut_on_btrfs_all_that_was_answered_is_there() {
        holds(FileSystem::Btrfs, 35);
    }

    #[test]
    fn after_a_power_cut_on_xfs_all_that_was_answered_is_there() {
        holds(FileSystem::Xfs, 20);
    }
}

/// A journal that answers before its sync is found out: otherwise these tests
/// would prove nothing. Its side file says so at open, or what was answered is
/// missing.
#[cfg(feature = "mutants")]
#[test]
fn a_journal_that_answers_before_its_sync_is_found_out() {
    if let Some(tally) = cut(FileSystem::Ext4, 25, Build::Unsynced) {
        assert!(tally.failures.len() >= 3, "found out in {} of 25 images", tally.failures.len());
    }
}
