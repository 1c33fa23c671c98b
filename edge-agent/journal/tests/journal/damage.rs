//! Bytes that change on disk: the journal refuses aloud, or holds everything.

use std::path::{Path, PathBuf};

use tidemark_journal::{HandledWord, Journal, OpenError};
use tidemark_model::{Bitmap, Block, BlockIndex, EpochOrdinal, Generation, StreamId, StreamPlace};
use tidemark_sync::{ReceivedBlock, ReceivedBlocks};

use super::shop::*;

const SALES: u64 = 40;

/// A closed journal of some sales, half of them flushed out of the log.
fn sold(shop: &Shop) {
    for part in 0..2 {
        let (journal, writer) = shop.open();
        for number in 0..SALES / 2 {
            submit(&journal, sale(&format!("{part}-{number}"), "apple", 1)).unwrap();
        }
        writer.stop().unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn files(shop: &Shop, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(shop.dir().join("db")).unwrap();
    let names = entries.map(|entry| PathBuf::from(entry.unwrap().file_name()));
    names.filter(|name| wanted(name.to_str().unwrap())).collect()
}

/// Opens a copy of the journal with a change in one file.
fn opened_with(whole: &Shop, file: &Path, change: impl FnOnce(&Path)) -> Result<u64, OpenError> {
    let damaged = Shop::new("damaged");
    copy(&whole.dir(), &damaged.dir());
    change(&damaged.dir().join(file));
    let (journal, writer) = damaged.try_open()?;
    let mut readable = 0;
    let tail = journal.tail();
    let all = std::iter::once(1..=tail).collect();
    let read = journal.read_records(journal.identity().epoch, &all, u64::MAX).unwrap();
    readable += u64::try_from(read.records.len()).unwrap();
    // What can't be read is told by name.
    readable += read.unreadable.count();
    assert_eq!(readable, tail);
    // Nor does it hold up what is told of the rest, or what the centre says.
    assert!(journal.recent_movements(usize::MAX).unwrap().len() >= read.records.len());
    journal.standing().unwrap();
    for seq in 1..=tail {
        journal.age_ms(seq).unwrap();
    }
    wait(journal.handled(handled_half(&journal))).unwrap();
    writer.stop().unwrap();
    Ok(tail)
}

/// A welcome that tells every other movement as handled.
fn handled_half(journal: &Journal) -> HandledWord {
    let (epoch, mut bitmap) = (journal.identity().epoch, Bitmap::EMPTY);
    (1..=journal.tail()).step_by(2).for_each(|seq| assert!(bitmap.insert(seq)));
    let blocks = [(BlockIndex(0), Block { bitmap, digest: 1, stock: 1 })].into();
    HandledWord { generation: Generation(1), epoch, blocks, welcome: Some(EpochOrdinal(1)) }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

/// Flips bytes of a file, a few each run, and gives how many openings were
/// refused.
fn flips(whole: &Shop, name: &Path, step: usize) -> usize {
    let file = Path::new("db").join(name);
    let length = usize::try_from(std::fs::metadata(whole.dir().join(&file)).unwrap().len()).unwrap();
    let mut refused = 0;
    for at in (0..length).step_by(step.min(length)) {
        match opened_with(whole, &file, |path| flip(path, at)) {
            Ok(tail) => assert_eq!(tail, SALES, "byte {at} of {}: nothing is missed in silence", name.display()),
            Err(OpenError::Damaged(damage)) => {
                refused += 1;
                assert!(!damage.cause.is_empty());
            }
            Err(other) => panic!("byte {at} of {}: {other}", name.display()),
        }
    }
    refused
}

#[test]
fn a_changed_byte_of_the_log_is_refused_or_harmless() {
    let shop = Shop::new("wal");
    sold(&shop);
    for log in files(&shop, |name| name.ends_with(".log")) {
        let refused = flips(&shop, &log, 499);
        assert!(refused > 0, "{} holds the newest sales", log.display());
    }
}

#[test]
fn a_changed_byte_of_the_manifest_is_refused_or_harmless() {
    let shop = Shop::new("manifest");
    sold(&shop);
    let manifests = files(&shop, |name| name.starts_with("MANIFEST"));
    assert!(!manifests.is_empty());
    let refused: usize = manifests.iter().map(|manifest| flips(&shop, manifest, 97)).sum();
    assert!(refused > 0);
}

#[test]
fn a_changed_byte_of_a_table_is_refused_or_told_by_position() {
    let shop = Shop::new("table");
    sold(&shop);
    // The second opening flushed what the first had left in its log.
    let tables = files(&shop, |name| name.ends_with(".sst"));
    assert!(!tables.is_empty());
    for table in tables {
        flips(&shop, &table, 199);
    }
}

#[test]
fn a_log_that_lost_its_end_is_told_with_what_is_missing() {
    let shop = Shop::new("short");
    sold(&shop);
    let logs = files(&shop, |name| name.ends_with(".log"));
    let newest = logs.iter().max().unwrap();
    let cut = |path: &Path| {
        let length = std::fs::metadata(path).unwrap().len();
        std::fs::File::options().write(true).open(path).unwrap().set_len(length / 2).unwrap();
    };
    match opened_with(&shop, &Path::new("db").join(newest), cut) {
        Err(OpenError::Damaged(damage)) => {
            let missing = damage.missing.clone().expect("the side file knows");
            assert!(*missing.start() > SALES / 2 && *missing.end() == SALES, "{missing:?}");
            assert!(damage.to_string().contains("are missing"), "{damage}");
        }
        other => panic!("damaged, not {other:?}"),
    }
}

#[test]
fn a_database_that_is_gone_is_no_birth() {
    let shop = Shop::new("gone");
    sold(&shop);
    std::fs::remove_dir_all(shop.dir().join("db")).unwrap();
    match shop.try_open() {
        Err(OpenError::Damaged(damage)) => assert_eq!(damage.missing, Some(1..=SALES)),
        other => panic!("damaged, not {other:?}"),
    }
    let shop = Shop::new("current");
    sold(&shop);
    std::fs::remove_file(shop.dir().join("db/CURRENT")).unwrap();
    assert!(matches!(shop.try_open(), Err(OpenError::Damaged(_))));
}

#[test]
fn a_database_set_back_is_found_out_by_the_side_file() {
    let shop = Shop::new("back");
    let (journal, writer) = shop.open();
    submit(&journal, sale("1", "apple", 1)).unwrap();
    writer.stop().unwrap();
    drop(journal);
    let older = Shop::new("older");
    copy(&shop.dir(), &older.dir());
    let (journal, writer) = shop.open();
    submit(&journal, sale("2", "apple", 1)).unwrap();
    writer.stop().unwrap();
    std::fs::remove_dir_all(shop.dir().join("db")).unwrap();
    copy(&older.dir().join("db"), &shop.dir().join("db"));
    match shop.try_open() {
        Err(OpenError::Damaged(damage)) => assert_eq!(damage.missing, Some(2..=2)),
        other => panic!("damaged, not {other:?}"),
    }
}

#[test]
fn a_torn_side_file_leaves_the_older_word() {
    let shop = Shop::new("torn");
    sold(&shop);
    let path = shop.dir().join("tail");
    let slots = std::fs::read(&path).unwrap();
    assert!(slots.len() > 4_096, "both slots were written");
    for slot in [0, 4_096] {
        let mut torn = slots.clone();
        torn[slot + 20] ^= 1;
        std::fs::write(&path, &torn).unwrap();
        let (journal, writer) = shop.open();
        assert_eq!(journal.tail(), SALES);
        writer.stop().unwrap();
    }
}

/// The length of the log that is written at present.
fn log_length(shop: &Shop) -> (PathBuf, u64) {
    let logs = files(shop, |name| name.ends_with(".log"));
    let newest = Path::new("db").join(logs.iter().max().unwrap());
    let length = std::fs::metadata(shop.dir().join(&newest)).unwrap().len();
    (newest, length)
}

#[test]
fn a_log_torn_behind_all_that_is_known_opens_with_all_that_was_answered() {
    let shop = Shop::new("torn-log");
    sold(&shop);
    let (journal, writer) = shop.open();
    submit(&journal, sale("last", "apple", 1)).unwrap();
    shop.pass(2_000);
    // The side file is written behind the first, at the latest.
    wait(journal.ping()).unwrap();
    wait(journal.ping()).unwrap();
    let (log, synced) = log_length(&shop);
    let place = StreamPlace { stream: StreamId([1; 16]), partition: 3, offset: 100 };
    for block in 0..20 {
        let blocks = ReceivedBlocks::from([(BlockIndex(block), ReceivedBlock { bitmap: Bitmap::FULL, place })]);
        wait(journal.remember_received(journal.identity().epoch, blocks)).unwrap();
    }
    let (_, unsynced) = log_length(&shop);
    // The power goes: of what was not synced the middle is lost.
    let after = Shop::new("after-torn-log");
    copy(&shop.dir(), &after.dir());
    writer.stop().unwrap();
    flip(&after.dir().join(&log), usize::try_from((synced + unsynced) / 2).unwrap());
    let (journal, writer) = after.open();
    assert_eq!((journal.tail(), journal.counts().torn_logs), (SALES + 1, 1), "it is whole, and not silent");
    submit(&journal, sale("next", "apple", 1)).unwrap();
    writer.stop().unwrap();
    let (journal, writer) = after.open();
    assert_eq!((journal.tail(), journal.counts().torn_logs), (SALES + 2, 0));
    writer.stop().unwrap();
}
