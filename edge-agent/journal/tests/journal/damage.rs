//! A journal that is damaged, gone or set back: the box sells on at once in a
//! new one, takes over what is readable, and names the rest by position.

use std::path::{Path, PathBuf};

use tidemark_journal::{HandledWord, Journal, LaneState, Salvage, Writer};
use tidemark_model::{
    Bitmap, BlockIndex, Epoch, EpochOrdinal, Generation, Label, Marks, Odometer, SeqSet, Source, StreamId, StreamPlace,
};
use tidemark_sync::{ReceivedBlock, ReceivedBlocks};

use super::catalogue::teach;
use super::opening::opening_after;
use super::shop::*;

const SALES: u64 = 40;

/// A closed journal of some sales, half of them flushed out of the log.
fn sold(shop: &Shop) -> Epoch {
    sold_in_two(shop, SALES)
}

/// The same of so many; they are named by the half and their number in it.
pub(crate) fn sold_in_two(shop: &Shop, sales: u64) -> Epoch {
    let mut epoch = Epoch(0);
    for part in 0..2 {
        let (journal, writer) = shop.open();
        for number in 0..sales / 2 {
            submit(&journal, sale(&format!("{part}-{number}"), "apple", 1)).unwrap();
        }
        epoch = journal.identity().epoch;
        writer.stop().unwrap();
    }
    epoch
}

pub(crate) fn copy(from: &Path, to: &Path) {
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

pub(crate) fn flip(path: &Path, at: usize, bits: u8) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= bits;
    std::fs::write(path, bytes).unwrap();
}

/// Waits until everything set aside was gone through.
pub(crate) fn salvaged(journal: &Journal) -> Salvage {
    let mut told = journal.watch_salvage();
    wait(async { told.wait_for(|told| told.done).await.unwrap().clone() })
}

/// What of an earlier epoch can be read and what can't.
pub(crate) fn readable(journal: &Journal, epoch: Epoch) -> (SeqSet, SeqSet) {
    let all = std::iter::once(1..=100_000).collect();
    let read = journal.read_records(epoch, &all, u64::MAX).unwrap();
    (read.records.iter().map(|record| record.seq).collect(), read.unreadable)
}

fn closed(journal: Journal, writer: Writer) {
    drop(journal);
    writer.stop().unwrap();
}

#[test]
fn a_log_that_lost_its_end_is_set_aside_and_what_is_missing_is_named() {
    let shop = Shop::new("short");
    let old = sold(&shop);
    let newest = files(&shop, |name| name.ends_with(".log")).into_iter().max().unwrap();
    let path = shop.dir().join("db").join(newest);
    let length = std::fs::metadata(&path).unwrap().len();
    std::fs::File::options().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
    let (journal, writer) = shop.open();
    assert_ne!(journal.identity().epoch, old);
    let taken = submit(&journal, sale("after", "apple", 1)).unwrap();
    assert_eq!(taken.first.seq, 1, "it sells at once, in its own epoch");
    let told = salvaged(&journal);
    assert_eq!((told.epochs[&old].first, told.epochs[&old].tail), (1, SALES));
    let (there, lost) = readable(&journal, old);
    assert!(there.has(1) && there.count() >= SALES / 2, "{there:?}");
    assert!(lost.has(SALES) && there.count() + lost.count() == SALES, "{lost:?}");
    assert!(told.set_aside[0].cause.contains("are missing"), "{told:?}");
    closed(journal, writer);
}

#[test]
fn a_database_that_is_gone_is_no_birth() {
    let shop = Shop::new("gone");
    let old = sold(&shop);
    std::fs::remove_dir_all(shop.dir().join("db")).unwrap();
    let (journal, writer) = shop.open();
    let told = salvaged(&journal);
    assert_eq!(told.epochs[&old].tail, SALES);
    assert_eq!(readable(&journal, old), (SeqSet::new(), std::iter::once(1..=SALES).collect()));
    closed(journal, writer);
}

#[test]
fn a_database_without_its_table_of_contents_gives_everything_back() {
    for (name, gone) in [("current", "CURRENT"), ("manifest", "MANIFEST")] {
        let shop = Shop::new(name);
        let old = sold(&shop);
        for file in files(&shop, |name| name.starts_with(gone)) {
            std::fs::remove_file(shop.dir().join("db").join(file)).unwrap();
        }
        let (journal, writer) = shop.open();
        salvaged(&journal);
        assert_eq!(readable(&journal, old), (std::iter::once(1..=SALES).collect(), SeqSet::new()), "{gone}");
        closed(journal, writer);
    }
}

#[test]
fn tables_without_their_index_give_back_their_movements() {
    let shop = Shop::new("footer");
    let old = sold(&shop);
    for table in files(&shop, |name| name.ends_with(".sst")) {
        let path = shop.dir().join("db").join(table);
        let length = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
        flip(&path, length - 10, 0x10);
    }
    std::fs::write(shop.dir().join("damaged"), "for a trial").unwrap();
    let (journal, writer) = shop.open();
    salvaged(&journal);
    assert_eq!(readable(&journal, old), (std::iter::once(1..=SALES).collect(), SeqSet::new()));
    closed(journal, writer);
}

#[test]
fn what_the_box_was_told_is_carried_over_and_stock_begins_as_of_every_new_epoch() {
    let shop = Shop::new("heritage");
    let (till, lane) = (Source::new("till:7").unwrap(), Label::new("counter").unwrap());
    let (journal, writer) = shop.open();
    wait(journal.add_till(till.clone(), [7; 32])).unwrap();
    wait(journal.save_lane(LaneState { lane: lane.clone(), state: b"mode".to_vec() })).unwrap();
    shop.pass(50_000);
    submit(&journal, count("count", "apple", 9)).unwrap();
    submit(&journal, sale("1", "apple", 1)).unwrap();
    let old = journal.identity().clone();
    closed(journal, writer);
    let log = files(&shop, |name| name.ends_with(".log")).into_iter().max().unwrap();
    let path = shop.dir().join("db").join(log);
    let length = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
    // The last sale is torn, which the side file knows.
    flip(&path, length - 200, 0x10);
    let (journal, writer) = shop.open();
    assert_eq!(journal.identity().box_id, old.box_id);
    assert_ne!(journal.identity().epoch, old.epoch);
    assert_eq!(journal.tills().unwrap()[0].name, till);
    assert_eq!(journal.lane(&lane).unwrap(), Some(b"mode".to_vec()));
    assert_eq!(journal.odometer(), Odometer::BIRTH, "older readings are moved before it");
    assert_eq!(journal.stock(&sku("apple")).unwrap(), None, "empty until the opening is taken");
    closed(journal, writer);
}

#[test]
fn what_happened_before_a_journal_was_set_aside_is_not_ordered_with_its_counts() {
    let shop = Shop::new("late-after-aside");
    let (journal, writer) = shop.open();
    teach(&journal, 1, &["apple"]);
    shop.pass(50_000);
    submit(&journal, count("count", "apple", 9)).unwrap();
    let opening = opening_after(&journal);
    closed(journal, writer);
    std::fs::write(shop.dir().join("damaged"), "for a trial").unwrap();
    let (journal, writer) = shop.open();
    wait(journal.take_opening(EpochOrdinal(2), None, opening)).unwrap();
    shop.pass(11_000);
    for (id, age, unclear) in [("before", 30_000, true), ("after", 10_000, false)] {
        let committed = submit(&journal, aged(sale(id, "apple", 1), age)).unwrap();
        let movement = journal.movement(committed.first).unwrap().unwrap();
        assert_eq!(movement.marks.has(Marks::UNORDERED.with(Marks::RECOUNT)), unclear, "{id}: {movement:?}");
    }
    assert_eq!(on_hand(&journal, "apple"), 7);
    closed(journal, writer);
}

#[test]
fn a_database_set_back_is_found_out_by_the_side_file() {
    let shop = Shop::new("back");
    let (journal, writer) = shop.open();
    submit(&journal, sale("1", "apple", 1)).unwrap();
    let old = journal.identity().epoch;
    closed(journal, writer);
    let older = Shop::new("older");
    copy(&shop.dir(), &older.dir());
    let (journal, writer) = shop.open();
    submit(&journal, sale("2", "apple", 1)).unwrap();
    closed(journal, writer);
    std::fs::remove_dir_all(shop.dir().join("db")).unwrap();
    copy(&older.dir().join("db"), &shop.dir().join("db"));
    let (journal, writer) = shop.open();
    salvaged(&journal);
    assert_eq!(readable(&journal, old), ([1].into_iter().collect(), [2].into_iter().collect()));
    closed(journal, writer);
}

#[test]
fn a_side_file_without_a_word_is_made_anew_and_told() {
    for (name, slots) in [("one-slot", vec![0]), ("other-slot", vec![4_096]), ("both-slots", vec![0, 4_096])] {
        let shop = Shop::new(name);
        let old = sold(&shop);
        let path = shop.dir().join("tail");
        let mut torn = std::fs::read(&path).unwrap();
        assert!(torn.len() > 4_096, "both slots were written");
        slots.iter().for_each(|slot| torn[slot + 20] ^= 1);
        std::fs::write(&path, &torn).unwrap();
        let (journal, writer) = shop.open();
        assert_eq!((journal.tail(), journal.identity().epoch), (SALES, old));
        assert_eq!(journal.counts().side_files_lost, u64::from(slots.len() == 2));
        closed(journal, writer);
        let (journal, writer) = shop.open();
        assert_eq!(journal.counts().side_files_lost, 0, "it was made anew");
        closed(journal, writer);
    }
    let shop = Shop::new("missing");
    sold(&shop);
    std::fs::remove_file(shop.dir().join("tail")).unwrap();
    std::fs::create_dir(shop.dir().join("tail")).unwrap();
    let (journal, writer) = shop.open();
    assert_eq!((journal.tail(), journal.counts().side_files_lost), (SALES, 1), "nor does a folder in its place refuse");
    submit(&journal, sale("on", "apple", 1)).unwrap();
    closed(journal, writer);
}

#[test]
fn a_side_file_that_is_behind_is_caught_up() {
    let shop = Shop::new("behind");
    let (journal, writer) = shop.open();
    submit(&journal, sale("first", "apple", 1)).unwrap();
    closed(journal, writer);
    let behind = std::fs::read(shop.dir().join("tail")).unwrap();
    let (journal, writer) = shop.open();
    submit(&journal, sale("second", "apple", 1)).unwrap();
    closed(journal, writer);
    std::fs::write(shop.dir().join("tail"), behind).unwrap();
    let (journal, writer) = shop.open();
    assert_eq!((journal.tail(), journal.counts().side_files_lost), (2, 0));
    assert!(journal.salvage().is_over());
    closed(journal, writer);
}

#[test]
fn a_side_file_of_another_epoch_proves_what_that_one_lost() {
    let (shop, other) = (Shop::new("this-epoch"), Shop::new("other-epoch"));
    let (old, strange) = (sold(&shop), sold(&other));
    std::fs::copy(other.dir().join("tail"), shop.dir().join("tail")).unwrap();
    let (journal, writer) = shop.open();
    salvaged(&journal);
    assert_eq!(readable(&journal, old), (std::iter::once(1..=SALES).collect(), SeqSet::new()));
    assert_eq!(readable(&journal, strange), (SeqSet::new(), std::iter::once(1..=SALES).collect()));
    closed(journal, writer);
}

#[test]
fn damage_on_damage_keeps_what_every_epoch_held() {
    let shop = Shop::new("again");
    let mut epochs = Vec::new();
    for _ in 0..5 {
        epochs.push(sold(&shop));
        std::fs::remove_file(shop.dir().join("db/CURRENT")).unwrap();
    }
    let (journal, writer) = shop.open();
    let told = salvaged(&journal);
    assert_eq!(told.epochs.len(), epochs.len());
    for epoch in epochs {
        assert_eq!(readable(&journal, epoch), (std::iter::once(1..=SALES).collect(), SeqSet::new()));
    }
    let kept = std::fs::read_dir(shop.dir().join("aside")).unwrap().count();
    assert_eq!(kept, 3, "the last three are kept once all of them was taken over");
    closed(journal, writer);
}

#[test]
fn setting_aside_that_was_cut_off_is_finished() {
    let shop = Shop::new("cut-off");
    let old = sold(&shop);
    let aside = shop.dir().join("aside/000001");
    std::fs::create_dir_all(&aside).unwrap();
    std::fs::rename(shop.dir().join("db"), aside.join("db")).unwrap();
    let (journal, writer) = shop.open();
    assert!(aside.join("tail").exists());
    salvaged(&journal);
    assert_eq!(readable(&journal, old), (std::iter::once(1..=SALES).collect(), SeqSet::new()));
    closed(journal, writer);
}

#[test]
fn a_salvage_cut_off_goes_on_at_the_next_open_and_is_over_when_all_is_handled() {
    let shop = Shop::new("goes-on");
    let old = sold(&shop);
    std::fs::remove_file(shop.dir().join("db/CURRENT")).unwrap();
    for _ in 0..3 {
        let (journal, writer) = shop.open();
        closed(journal, writer);
    }
    let (journal, writer) = shop.open();
    assert_eq!(salvaged(&journal).epochs[&old].tail, SALES);
    assert!(!wait(journal.settle_earlier(old, SALES - 1)).unwrap(), "one of it is not handled");
    assert_eq!(readable(&journal, old).0.count(), SALES);
    assert!(wait(journal.settle_earlier(old, SALES)).unwrap());
    assert!(journal.salvage().is_over());
    assert_eq!(readable(&journal, old), (SeqSet::new(), SeqSet::new()));
    closed(journal, writer);
    let (journal, writer) = shop.open();
    assert!(journal.salvage().is_over());
    closed(journal, writer);
}

#[test]
fn what_was_handled_is_not_taken_over_again() {
    let shop = Shop::new("handled");
    let (journal, writer) = shop.open();
    let old = journal.identity().epoch;
    let many = 1_024 + 5;
    for number in 0..many {
        submit(&journal, sale(&number.to_string(), "apple", 1)).unwrap();
    }
    let full = journal.block_sums_under(BlockIndex(0), &Bitmap::FULL).unwrap().unwrap();
    let blocks = [(BlockIndex(0), full)].into();
    let word = HandledWord { generation: Generation(1), epoch: old, blocks, welcome: Some(EpochOrdinal(1)) };
    assert_eq!(wait(journal.handled(word)).unwrap().through, 1_024);
    closed(journal, writer);
    std::fs::write(shop.dir().join("damaged"), "for a trial").unwrap();
    let (journal, writer) = shop.open();
    let told = salvaged(&journal);
    assert_eq!((told.epochs[&old].first, told.epochs[&old].tail), (1_025, many));
    assert_eq!(readable(&journal, old).0, std::iter::once(1_025..=many).collect());
    closed(journal, writer);
}

#[test]
fn everything_readable_is_as_it_was_and_the_rest_is_told_with_the_sum_of_its_digests() {
    let shop = Shop::new("digest");
    let old = sold(&shop);
    let whole = Shop::new("digest-whole");
    copy(&shop.dir(), &whole.dir());
    let all: SeqSet = std::iter::once(1..=SALES).collect();
    let (journal, writer) = whole.open();
    let records = journal.read_records(old, &all, u64::MAX).unwrap().records;
    closed(journal, writer);
    let log = files(&shop, |name| name.ends_with(".log")).into_iter().max().unwrap();
    let path = shop.dir().join("db").join(log);
    // In the middle of a movement; around it everything is looked for.
    let id = std::fs::read(&path).unwrap().windows(4).position(|bytes| bytes == b"1-10").unwrap();
    flip(&path, id, 0x10);
    let (journal, writer) = shop.open();
    salvaged(&journal);
    let read = journal.read_records(old, &all, u64::MAX).unwrap();
    assert_eq!(read.unreadable.count(), 1, "one sale stood there: {:?}", read.unreadable);
    let lost = read.unreadable.first().unwrap();
    let (gone, there): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.seq == lost);
    assert_eq!(read.records, there, "every byte as it was");
    assert_eq!(read.unreadable_digest, gone[0].digest);
    closed(journal, writer);
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
    flip(&after.dir().join(&log), usize::try_from((synced + unsynced) / 2).unwrap(), 0x10);
    let (journal, writer) = after.open();
    assert_eq!((journal.tail(), journal.counts().torn_logs), (SALES + 1, 1), "it is whole, and not silent");
    submit(&journal, sale("next", "apple", 1)).unwrap();
    writer.stop().unwrap();
    let (journal, writer) = after.open();
    assert_eq!((journal.tail(), journal.counts().torn_logs), (SALES + 2, 0));
    writer.stop().unwrap();
}
