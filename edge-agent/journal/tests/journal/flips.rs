//! Bytes that change on disk, one at a time: nothing answered is lost in
//! silence, the box sells at once, and no person is needed.
//!
//! Each run changes every 64th byte of each file from an offset of its own,
//! drawn from the seed it prints; `TIDEMARK_SEED=<seed>` takes that one again,
//! `TIDEMARK_NIGHT=1` takes every byte (of OPTIONS, which nobody reads, every
//! 64th).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tidemark_journal::{Health, Journal, Writer};
use tidemark_model::{Epoch, Seq, Status};

use super::damage::{copy, flip, readable, salvaged, sold_in_two};
use super::shop::*;

const EVERY: u64 = 64;
/// The storage writes these for people and does not read them.
const EVERY_OF_OPTIONS: u64 = 8_192;
const SALES: u64 = 12;
/// The promise is five seconds; a machine full of tests is given more. In
/// ticks, that one which stood still for minutes, as virtual ones do, is not
/// taken for a hang.
const TICK: Duration = Duration::from_millis(500);
const HANG: u32 = 120;

/// How often what came of it.
#[derive(Debug, Default)]
struct Tally {
    flips: u32,
    /// Went on in the same journal.
    went_on: u32,
    /// Went on in a new one.
    set_aside: u32,
    /// Movements that were named as unreadable.
    named: u64,
    /// Movements that were there.
    there: u64,
    /// From the start to the first sale, at most.
    slowest: Duration,
}

/// Ends the test, with a word of where, if it is not dropped in time: what
/// hangs can't say so itself.
struct Watch {
    ticks: Arc<AtomicU32>,
    #[expect(dead_code, reason = "its end is what is waited for")]
    kept: SyncSender<()>,
}

impl Watch {
    fn over(what: String) -> Self {
        let ((kept, ended), ticks) = (sync_channel(1), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&ticks);
        std::thread::spawn(move || {
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                if counted.fetch_add(1, Ordering::Relaxed) == 2 * HANG {
                    writeln!(std::io::stderr().lock(), "{what}: it hangs").unwrap();
                    std::process::abort();
                }
            }
        });
        Self { ticks, kept }
    }
}

/// A journal with what it answered.
struct Whole {
    shop: Shop,
    epoch: Epoch,
    answered: BTreeMap<String, Seq>,
}

#[expect(clippy::disallowed_methods, reason = "a test is told its seed by the environment")]
fn every_byte_of(whole: &Whole) {
    let given = std::env::var("TIDEMARK_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(|| getrandom::u64().unwrap() % 1_000_000);
    let night = std::env::var_os("TIDEMARK_NIGHT").is_some();
    writeln!(std::io::stdout().lock(), "TIDEMARK_SEED={seed}").unwrap();
    let mut told = String::new();
    for file in file_names(&whole.shop.dir()) {
        let every = match (file.to_string_lossy().contains("OPTIONS"), night) {
            (false, false) | (true, true) => EVERY,
            (false, true) => 1,
            (true, false) => EVERY_OF_OPTIONS,
        };
        let (step, first) = (every, seed % every);
        let length = std::fs::metadata(whole.shop.dir().join(&file)).unwrap().len();
        let mut tally = Tally::default();
        for at in (first.min(length.saturating_sub(1))..length).step_by(usize::try_from(step).unwrap()) {
            flipped(whole, &file, usize::try_from(at).unwrap(), &mut tally);
        }
        told.push_str(&format!("{}: {tally:?}\n", file.display()));
    }
    write!(std::io::stdout().lock(), "{told}").unwrap();
}

/// The side file, and every file of the database that it reads.
fn file_names(dir: &Path) -> Vec<PathBuf> {
    let mut names = vec![PathBuf::from("tail")];
    for entry in std::fs::read_dir(dir.join("db")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("LOG") && name != "LOCK" {
            names.push(Path::new("db").join(name));
        }
    }
    names.sort();
    names
}

/// Opens a copy of the journal with one bit changed, and looks for every
/// document that was answered.
fn flipped(whole: &Whole, file: &Path, at: usize, tally: &mut Tally) {
    let shop = Shop::new("flipped");
    copy(&whole.shop.dir(), &shop.dir());
    flip(&shop.dir().join(file), at, 1 << (at % 8));
    let what = format!("bit {} of byte {at} of {}", at % 8, file.display());
    let watch = Watch::over(what.clone());
    #[expect(clippy::disallowed_methods, reason = "what a shop waits is told by a clock")]
    let began = Instant::now();
    let mut open = sell_after(&shop, &what);
    let took = began.elapsed();
    let ticks = watch.ticks.load(Ordering::Relaxed);
    assert!(ticks < HANG, "{what}: it sold after {took:?}, {ticks} ticks of {TICK:?}");
    tally.slowest = tally.slowest.max(took);
    tally.flips += 1;
    if open.0.identity().epoch == whole.epoch {
        open = repeat_all(whole, &shop, open, &what);
    }
    let (journal, writer) = open;
    if journal.identity().epoch == whole.epoch {
        tally.went_on += 1;
    } else {
        tally.set_aside += 1;
        salvaged(&journal);
    }
    let (there, lost) = readable(&journal, whole.epoch);
    for seq in whole.answered.values() {
        assert!(there.has(*seq) != lost.has(*seq), "{what}: movement {seq} is lost in silence");
    }
    tally.named += lost.count();
    tally.there += there.count();
    drop(journal);
    writer.stop().unwrap();
}

/// Opens and sells; what is found damaged meanwhile is set aside, as the
/// agent does it.
fn sell_after(shop: &Shop, what: &str) -> (Journal, Writer) {
    for _ in 0..3 {
        let (journal, writer) = shop.try_open().unwrap_or_else(|error| panic!("{what}: {error}"));
        if submit(&journal, sale("after", "pear", 1)).is_ok() {
            return (journal, writer);
        }
        assert!(matches!(*journal.watch_health().borrow(), Health::Damaged { .. }), "{what}: it does not sell");
        drop(journal);
        writer.stop().unwrap();
    }
    panic!("{what}: it never sells");
}

/// Tills repeat what was answered: each is a duplicate with the same answer,
/// or the books are found damaged and the box goes on in a new journal.
fn repeat_all(whole: &Whole, shop: &Shop, open: (Journal, Writer), what: &str) -> (Journal, Writer) {
    let (journal, writer) = open;
    assert_eq!(journal.tail(), SALES + 1, "{what}: something answered is missing");
    for (id, seq) in &whole.answered {
        match submit(&journal, sale(id, "apple", 1)) {
            Ok(told) => assert_eq!((told.status, told.first.seq), (Status::Duplicate, *seq), "{what}"),
            Err(error) => {
                assert!(matches!(*journal.watch_health().borrow(), Health::Damaged { .. }), "{what}: {error}");
                drop(journal);
                writer.stop().unwrap();
                return sell_after(shop, what);
            }
        }
    }
    (journal, writer)
}

#[test]
fn any_byte_of_a_journal_that_stands_in_its_log_may_change() {
    let shop = Shop::in_memory("flips-log");
    let (journal, writer) = shop.open();
    for number in 0..SALES {
        submit(&journal, sale(&number.to_string(), "apple", 1)).unwrap();
    }
    let epoch = journal.identity().epoch;
    drop(journal);
    writer.stop().unwrap();
    let answered = (0..SALES).map(|number| (number.to_string(), number + 1)).collect();
    every_byte_of(&Whole { shop, epoch, answered });
}

#[test]
fn any_byte_of_a_journal_that_stands_in_log_and_tables_may_change() {
    let shop = Shop::in_memory("flips-tables");
    let epoch = sold_in_two(&shop, SALES);
    let half = SALES / 2;
    let name = |number| format!("{}-{}", number / half, number % half);
    let answered = (0..SALES).map(|number| (name(number), number + 1)).collect();
    every_byte_of(&Whole { shop, epoch, answered });
}
