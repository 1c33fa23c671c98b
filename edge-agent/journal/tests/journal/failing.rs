//! A disk that can't be written: a limit on file sizes stands in for it, in
//! a process of its own; lifting the limit is the disk that has room again.

use std::process::{Command, Stdio};
use std::time::Duration;

use tidemark_journal::{Health, NotSaved};
use tidemark_model::{Document, Note, Status};

use super::kill::{child, child_journal, is_child, lines_of, tell};
use super::shop::*;

/// The shell's unit is 512 or 1,024 bytes: the log reaches it after some
/// hundred sales.
const LIMIT: u64 = 1_024;

/// A sale with a long note, so that the log grows.
fn wordy(id: &str) -> Document {
    let mut document = sale(id, "apple", 1);
    document.labels.note = Some(Note::new(&"x".repeat(400)).unwrap());
    document
}

#[test]
fn a_box_on_a_disk_that_fills() {
    let Some((folder, _)) = is_child() else { return };
    let (journal, writer) = child_journal(&folder);
    let (mut answered, mut refused, mut in_a_row) = (Vec::new(), Vec::new(), 0);
    for number in 0_u32.. {
        let id = number.to_string();
        match submit(&journal, wordy(&id)) {
            Ok(_) => {
                answered.push(id);
                in_a_row = 0;
            }
            Err(error) => {
                assert!(matches!(error, NotSaved::Write { .. }), "{error}");
                if refused.is_empty() {
                    tell("told refused");
                }
                refused.push(id);
                in_a_row += 1;
            }
        }
        if in_a_row == 20 {
            break;
        }
    }
    assert!(matches!(*journal.watch_health().borrow(), Health::NotWritable { .. }));
    tell("told full");
    // The limit is lifted; tills repeat their receipts until answered.
    let mut duplicates = 0;
    for id in &refused {
        while let Err(error) =
            submit(&journal, wordy(id)).map(|told| duplicates += u32::from(told.status == Status::Duplicate))
        {
            assert!(matches!(error, NotSaved::Write { .. }), "{error}");
            std::thread::yield_now();
        }
    }
    assert_eq!(*journal.watch_health().borrow(), Health::Writable);
    let counts = journal.counts();
    assert!(counts.failed_writes >= 1 && counts.reopened >= 1, "{counts:?}");
    // All that was answered is there, and nothing twice.
    for id in &answered {
        assert_eq!(submit(&journal, wordy(id)).unwrap().status, Status::Duplicate);
    }
    let tail = journal.tail();
    assert_eq!(usize::try_from(tail).unwrap(), answered.len() + refused.len());
    writer.stop().unwrap();
    let (journal, writer) = child_journal(&folder);
    assert_eq!(journal.tail(), tail);
    writer.stop().unwrap();
    tell("told well");
}

#[test]
fn a_full_disk_refuses_aloud_and_sells_again_when_there_is_room() {
    let folder = Folder::new("full");
    let limited = child("failing::a_box_on_a_disk_that_fills", folder.path(), 0);
    let program: Vec<_> = std::iter::once(limited.get_program()).chain(limited.get_args()).collect();
    let mut shell = Command::new("sh");
    // The signal of a file that is too large would end the process; ignored,
    // the write fails in the middle, as on a full disk. Only the soft limit is
    // set, so that it can be lifted.
    let script = format!("trap '' XFSZ; ulimit -S -f {LIMIT}; exec \"$0\" \"$@\"");
    shell.arg("-c").arg(script).args(program);
    shell.envs(limited.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let mut child = shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let lines = lines_of(&mut child);
    let next = || lines.recv_timeout(Duration::from_secs(60)).expect("the box goes on");
    let limit = |bytes: &str| {
        let limits = format!("--fsize={bytes}:");
        let set = Command::new("prlimit").args([&limits, "--pid", &child.id().to_string()]).status();
        assert!(set.unwrap().success());
    };
    assert_eq!(next(), "told refused");
    limit("0");
    assert_eq!(next(), "told full");
    limit("unlimited");
    assert_eq!(next(), "told well");
    assert!(child.wait().unwrap().success());
}
