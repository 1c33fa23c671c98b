//! A box that is killed at any moment holds everything it answered, once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tidemark_journal::{Clock, Config, Journal, Reading};
use tidemark_model::{DocumentKey, Epoch, Source, StoreId, WallTime};

use super::shop::*;

const ROUNDS: u64 = 20;
const TILLS: u64 = 4;
const FOLDER: &str = "JOURNAL_TEST_FOLDER";
const FIRST: &str = "JOURNAL_TEST_FIRST";

/// Starts this test binary anew as a box that sells until it is killed.
pub(crate) fn child(test: &str, folder: &Path, first: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder).env(FIRST, first.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// The folder and first number, if this process is such a box.
pub(crate) fn is_child() -> Option<(std::path::PathBuf, u64)> {
    let first = std::env::var_os(FIRST)?.into_string().ok()?.parse().ok()?;
    Some((std::env::var_os(FOLDER)?.into(), first))
}

/// Its journal, by a real clock.
pub(crate) fn child_journal(folder: &Path) -> (Journal, tidemark_journal::Writer) {
    #[expect(clippy::disallowed_methods, reason = "a box of its own, run by the real clock")]
    let start = std::time::Instant::now();
    let clock: Clock = Arc::new(move || {
        let steady_ms = u64::try_from(start.elapsed().as_millis()).unwrap();
        Reading { steady_ms, wall: WallTime(0) }
    });
    let config = Config::new(folder.join("journal"), StoreId::new("S0001").unwrap(), clock);
    Journal::open(config).expect("the journal opens")
}

/// Tells the parent; what it reads is the log of answers outside the box.
pub(crate) fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the parent listens");
}

#[test]
fn a_box_that_sells_until_it_is_killed() {
    let Some((folder, first)) = is_child() else { return };
    let (journal, _writer) = child_journal(&folder);
    let tills: Vec<_> = (0..TILLS)
        .map(|till| {
            let journal = journal.clone();
            std::thread::spawn(move || {
                for number in first.. {
                    let committed = submit(&journal, sale(&format!("{till}-{number}"), "apple", 1)).unwrap();
                    let (seq, epoch) = (committed.first.seq, committed.first.epoch);
                    tell(&format!("ack {till}-{number} {seq} {epoch}"));
                }
            })
        })
        .collect();
    tills.into_iter().for_each(|till| till.join().unwrap());
}

/// The lines of a child in a thread of their own, until it ends.
pub(crate) fn lines_of(child: &mut Child) -> std::sync::mpsc::Receiver<String> {
    let out = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = sync_channel(100_000);
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            // The harness may have begun the first line itself.
            let told = line.find("ack ").or_else(|| line.find("told ")).map(|at| line[at..].to_owned());
            if told.is_some_and(|told| sender.send(told).is_err()) {
                break;
            }
        }
    });
    lines
}

#[test]
fn a_box_killed_again_and_again_holds_every_answer_once() {
    let folder = Folder::new("kill");
    let mut answered: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let test = "kill::a_box_that_sells_until_it_is_killed";
        let mut child = child(test, folder.path(), round * 100_000).spawn().unwrap();
        let lines = lines_of(&mut child);
        // Killed in the middle of its work, after ever other numbers of answers.
        let mut seen = 0;
        while seen < 1 + round * 7 {
            let line = lines.recv_timeout(Duration::from_secs(60)).expect("the box answers");
            note(&mut answered, &line);
            seen += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        lines.iter().for_each(|line| note(&mut answered, &line));
    }
    check(&folder, &answered);
}

/// An answer with its epoch; none if the kill cut the line.
fn placed(line: &str) -> Option<(Epoch, u64)> {
    let mut words = line.split(' ').skip(2);
    let (seq, epoch) = (words.next()?.parse().ok()?, words.next().filter(|epoch| epoch.len() == 16)?);
    Some((Epoch(u64::from_str_radix(epoch, 16).ok()?), seq))
}

#[test]
fn a_box_killed_at_any_moment_and_damaged_now_and_then_accounts_for_every_answer() {
    let folder = Folder::new("kill-damage");
    let seed = getrandom::u32().unwrap();
    tell(&format!("seed {seed}"));
    let mut answered: BTreeMap<Epoch, BTreeSet<u64>> = BTreeMap::new();
    for round in 0..ROUNDS {
        let test = "kill::a_box_that_sells_until_it_is_killed";
        let mut child = child(test, folder.path(), round * 100_000).spawn().unwrap();
        let lines = lines_of(&mut child);
        // In the middle of its opening, its salvage or its sales.
        let moment = u64::from(seed.rotate_left(u32::try_from(round).unwrap()) % 700);
        #[expect(clippy::disallowed_methods, reason = "a moment of the real clock")]
        let until = std::time::Instant::now() + Duration::from_millis(moment);
        #[expect(clippy::disallowed_methods, reason = "a moment of the real clock")]
        while let Some(left) = until.checked_duration_since(std::time::Instant::now()) {
            if let Ok(line) = lines.recv_timeout(left)
                && let Some((epoch, seq)) = placed(&line)
            {
                answered.entry(epoch).or_default().insert(seq);
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for (epoch, seq) in lines.iter().filter_map(|line| placed(&line)) {
            answered.entry(epoch).or_default().insert(seq);
        }
        if round % 4 == 3 {
            // It may not have been made yet.
            let _removed = std::fs::remove_file(folder.path().join("journal/db/CURRENT"));
        }
    }
    let (journal, writer) = child_journal(folder.path());
    super::damage::salvaged(&journal);
    for (epoch, seqs) in answered {
        let (there, lost) = super::damage::readable(&journal, epoch);
        assert_eq!(lost.count(), 0, "nothing was torn in epoch {epoch}: {lost:?}");
        for seq in seqs {
            assert!(there.has(seq), "movement {seq} of epoch {epoch} was answered");
        }
    }
    drop(journal);
    writer.stop().unwrap();
}

fn note(answered: &mut BTreeMap<String, u64>, line: &str) {
    let mut words = line.split(' ').skip(1);
    // The last line may have been cut by the kill.
    if let (Some(id), Some(Ok(seq))) = (words.next(), words.next().map(str::parse)) {
        assert_eq!(answered.insert(id.to_owned(), seq), None, "{id} is sold once");
    }
}

fn check(folder: &Folder, answered: &BTreeMap<String, u64>) {
    let (journal, writer) = child_journal(folder.path());
    let held = journal.recent_movements(usize::MAX).unwrap();
    let mut by_id: BTreeMap<String, u64> = BTreeMap::new();
    for placed in &held {
        let id = placed.movement.document.id.to_string();
        assert_eq!(by_id.insert(id.clone(), placed.position.seq), None, "{id} is held once");
    }
    for (id, seq) in answered {
        let cut_short = by_id.get(id).is_some_and(|held| held.to_string().starts_with(&seq.to_string()));
        assert!(cut_short, "{id} was answered at {seq}, held at {:?}", by_id.get(id));
        let key = DocumentKey::of(&Source::new("till:1").unwrap(), &tidemark_model::DocumentId::new(id).unwrap());
        assert!(journal.holds_document(key).unwrap());
    }
    let seqs: Vec<u64> = held.iter().rev().map(|placed| placed.position.seq).collect();
    assert_eq!(seqs, (1..=journal.tail()).collect::<Vec<_>>(), "dense up to the tail");
    assert!(u64::try_from(answered.len()).unwrap() <= journal.tail());
    writer.stop().unwrap();
}
