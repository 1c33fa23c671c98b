//! What the centre says of its own side, and what may go because of it.

use std::collections::BTreeMap;

use tidemark_journal::{Config, HandledWord, Journal, Retention, Room, Submission, Writer};
use tidemark_model::limits::BLOCK_SEQS;
use tidemark_model::{Bitmap, Block, BlockIndex, EpochOrdinal, Generation, SeqSet, StreamId, StreamPlace};
use tidemark_sync::{ReceivedBlock, ReceivedBlocks};

use super::shop::*;

const GENERATION: Generation = Generation(1);

/// A journal whose movements go after a second, in steps of a block.
fn open_hasty(shop: &Shop) -> (Journal, Writer) {
    let retention = Retention { grace_ms: 1_000, step: 1, look_ms: u64::MAX };
    Journal::open(Config { retention, ..shop.config() }).unwrap()
}

fn sell(journal: &Journal, from: u64, to: u64) {
    let sales = (from..=to).map(|number| Submission::of(sale(&number.to_string(), "apple", 1))).collect();
    assert!(wait(journal.submit_all(sales)).iter().all(Result::is_ok));
}

/// What a centre that holds these seqs says of them.
fn held(journal: &Journal, seqs: &SeqSet) -> BTreeMap<BlockIndex, Block> {
    let mut bitmaps: BTreeMap<BlockIndex, Bitmap> = BTreeMap::new();
    for seq in seqs.iter() {
        bitmaps.entry(BlockIndex::of(seq)).or_default().insert(seq);
    }
    let sums =
        |(block, bitmap): (BlockIndex, Bitmap)| (block, journal.block_sums_under(block, &bitmap).unwrap().unwrap());
    bitmaps.into_iter().map(sums).collect()
}

fn word(journal: &Journal, seqs: &SeqSet, replaces: bool) -> HandledWord {
    let welcome = replaces.then_some(EpochOrdinal(2));
    HandledWord { generation: GENERATION, epoch: journal.identity().epoch, blocks: held(journal, seqs), welcome }
}

/// The centre says something of its present history.
fn heard(journal: &Journal) {
    let told = wait(journal.handled(word(journal, &SeqSet::new(), false))).unwrap();
    assert!(told.taken);
}

fn set(ranges: &[(u64, u64)]) -> SeqSet {
    ranges.iter().map(|(first, last)| *first..=*last).collect()
}

#[test]
fn only_what_is_handled_proven_and_graced_goes_and_in_whole_blocks() {
    let shop = Shop::new("trim");
    let (journal, writer) = open_hasty(&shop);
    sell(&journal, 1, 3 * BLOCK_SEQS);
    let epoch = journal.identity().epoch;
    let most = 2 * BLOCK_SEQS + 500;
    let verdict = wait(journal.handled(word(&journal, &set(&[(1, most)]), true))).unwrap();
    assert!(verdict.taken && verdict.forked.is_empty() && verdict.unproven.is_empty());
    assert_eq!((verdict.through, verdict.count), (most, most));
    shop.pass(2_000);
    heard(&journal);
    assert_eq!(wait(journal.trim()).unwrap(), 1, "nothing goes before the opening is taken");
    wait(journal.take_opening(EpochOrdinal(1), None, Vec::new())).unwrap();
    assert_eq!(wait(journal.trim()).unwrap(), 2 * BLOCK_SEQS + 1);
    assert_eq!(journal.counts().trimmed, 2 * BLOCK_SEQS);
    let all = set(&[(1, u64::MAX - 1)]);
    let read = journal.read_records(epoch, &all, u64::MAX).unwrap();
    assert_eq!((read.records.len(), read.unreadable.count()), (1_024, 0), "what is trimmed is not unreadable");
    assert_eq!(read.records[0].seq, 2 * BLOCK_SEQS + 1);
    // Once only outlives the trim.
    assert_eq!(submit(&journal, sale("1", "apple", 1)).unwrap().status, tidemark_model::Status::Duplicate);
    writer.stop().unwrap();
    let (journal, writer) = open_hasty(&shop);
    let facts = journal.uplink_facts().unwrap();
    assert_eq!((facts.tail, facts.trimmed_below), (3 * BLOCK_SEQS, 2 * BLOCK_SEQS + 1));
    let untrimmed = held(&journal, &set(&[(2 * BLOCK_SEQS + 1, most)]));
    assert_eq!((facts.handled, facts.generation), (untrimmed, GENERATION));
    assert_eq!(facts.opening.unwrap().ordinal, EpochOrdinal(1));
    let standing = journal.standing().unwrap();
    assert_eq!(standing.pending, 3 * BLOCK_SEQS - most);
    assert!(standing.oldest_pending_ms.is_some_and(|age| (1_990..=2_000).contains(&age)), "{standing:?}");
    assert_eq!(journal.open_block().unwrap().unwrap().count, 1_024);
    assert_eq!(journal.age_ms(most + 1).unwrap(), standing.oldest_pending_ms);
    assert_eq!(journal.watch_tail().borrow().trimmed_below, 2 * BLOCK_SEQS + 1);
    writer.stop().unwrap();
}

#[test]
fn within_the_grace_nothing_goes() {
    let shop = Shop::new("grace");
    let (journal, writer) = open_hasty(&shop);
    sell(&journal, 1, 2 * BLOCK_SEQS);
    wait(journal.take_opening(EpochOrdinal(1), None, Vec::new())).unwrap();
    wait(journal.handled(word(&journal, &set(&[(1, BLOCK_SEQS + 7)]), true))).unwrap();
    shop.pass(999);
    heard(&journal);
    assert_eq!(wait(journal.trim()).unwrap(), 1);
    shop.pass(1);
    heard(&journal);
    assert_eq!(wait(journal.trim()).unwrap(), BLOCK_SEQS + 1);
    writer.stop().unwrap();
}

#[test]
fn while_the_centre_is_not_heard_nothing_goes_for_it_may_have_been_set_back() {
    let shop = Shop::new("unheard");
    let (journal, writer) = open_hasty(&shop);
    sell(&journal, 1, 2 * BLOCK_SEQS);
    let all = set(&[(1, 2 * BLOCK_SEQS)]);
    let first = HandledWord { welcome: Some(EpochOrdinal(1)), ..word(&journal, &all, true) };
    wait(journal.handled(first)).unwrap();
    shop.pass(1_000_000);
    assert_eq!(wait(journal.trim()).unwrap(), 1);
    writer.stop().unwrap();
    drop(journal);
    let (journal, writer) = open_hasty(&shop);
    assert_eq!(wait(journal.trim()).unwrap(), 1, "nor after a start");
    let none = SeqSet::new();
    let back = HandledWord { generation: Generation(2), ..word(&journal, &none, true) };
    wait(journal.handled(back)).unwrap();
    assert_eq!(wait(journal.trim()).unwrap(), 1);
    assert_eq!(journal.uplink_facts().unwrap().handled.len(), 0, "all of it goes up again");
    let other = HandledWord { generation: Generation(3), ..word(&journal, &none, false) };
    assert!(!wait(journal.handled(other)).unwrap().taken);
    assert_eq!(wait(journal.trim()).unwrap(), 1, "a word of another history says nothing");
    writer.stop().unwrap();
}

#[test]
fn on_a_disk_without_room_the_grace_gives_way_and_nothing_else() {
    let shop = Shop::new("room");
    let (journal, writer) = shop.open();
    sell(&journal, 1, 2 * BLOCK_SEQS);
    let first = HandledWord { welcome: Some(EpochOrdinal(1)), ..word(&journal, &set(&[(1, BLOCK_SEQS + 7)]), true) };
    wait(journal.handled(first)).unwrap();
    assert_eq!(wait(journal.trim()).unwrap(), 1);
    journal.tell_room(Room::Short);
    assert_eq!(wait(journal.trim()).unwrap(), BLOCK_SEQS + 1, "what is not handled stays");
    let rest = word(&journal, &set(&[(BLOCK_SEQS + 1, 2 * BLOCK_SEQS)]), false);
    wait(journal.handled(rest)).unwrap();
    journal.tell_room(Room::Enough);
    assert_eq!(wait(journal.trim()).unwrap(), BLOCK_SEQS + 1);
    writer.stop().unwrap();
}

#[test]
fn a_centre_that_went_back_is_believed_and_may_be_filled_again() {
    let shop = Shop::new("centre-back");
    let (journal, writer) = open_hasty(&shop);
    sell(&journal, 1, 2 * BLOCK_SEQS);
    wait(journal.take_opening(EpochOrdinal(1), None, Vec::new())).unwrap();
    wait(journal.handled(word(&journal, &set(&[(1, 2 * BLOCK_SEQS)]), true))).unwrap();
    let restored = HandledWord { generation: Generation(2), ..word(&journal, &set(&[(1, 100), (200, 300)]), true) };
    let verdict = wait(journal.handled(restored)).unwrap();
    assert_eq!((verdict.through, verdict.count), (100, 201));
    shop.pass(10_000);
    assert_eq!(wait(journal.trim()).unwrap(), 1, "what it forgot has to stay");
    // A word of the old history is not taken any more.
    let stale = wait(journal.handled(word(&journal, &set(&[(1, 2_000)]), false))).unwrap();
    assert!(!stale.taken);
    let facts = journal.uplink_facts().unwrap();
    assert_eq!((facts.handled, facts.generation), (held(&journal, &set(&[(1, 100), (200, 300)])), Generation(2)));
    writer.stop().unwrap();
}

#[test]
fn other_bytes_at_the_centre_are_told_as_a_fork_and_never_trimmed() {
    let shop = Shop::new("fork");
    let (journal, writer) = open_hasty(&shop);
    sell(&journal, 1, 3 * BLOCK_SEQS);
    wait(journal.take_opening(EpochOrdinal(1), None, Vec::new())).unwrap();
    let mut other = word(&journal, &set(&[(1, 3 * BLOCK_SEQS)]), true);
    other.blocks.get_mut(&BlockIndex(1)).unwrap().digest ^= 1;
    let verdict = wait(journal.handled(other)).unwrap();
    assert_eq!(verdict.forked, [BlockIndex(1)]);
    assert_eq!(verdict.through, BLOCK_SEQS);
    shop.pass(10_000);
    heard(&journal);
    assert_eq!(wait(journal.trim()).unwrap(), BLOCK_SEQS + 1);
    let mut beyond = word(&journal, &set(&[(BLOCK_SEQS + 1, 3 * BLOCK_SEQS)]), false);
    let mut bitmap = Bitmap::EMPTY;
    bitmap.insert(3 * BLOCK_SEQS + 5);
    beyond.blocks.insert(BlockIndex(3), Block { bitmap, digest: 1, stock: 1 });
    let verdict = wait(journal.handled(beyond)).unwrap();
    assert_eq!(verdict.beyond_tail, Some(3 * BLOCK_SEQS + 5));
    assert_eq!(verdict.through, 3 * BLOCK_SEQS, "block 1 was proven after all");
    writer.stop().unwrap();
}

#[test]
fn in_a_stores_first_epoch_there_is_no_opening_to_wait_for() {
    let shop = Shop::new("first");
    let (journal, writer) = open_hasty(&shop);
    sell(&journal, 1, 2 * BLOCK_SEQS);
    let all = set(&[(1, 2 * BLOCK_SEQS)]);
    let first = HandledWord { welcome: Some(EpochOrdinal(1)), ..word(&journal, &all, true) };
    wait(journal.handled(first)).unwrap();
    writer.stop().unwrap();
    drop(journal);
    let (journal, writer) = open_hasty(&shop);
    assert_eq!(journal.uplink_facts().unwrap().handled, held(&journal, &all));
    shop.pass(5_000);
    heard(&journal);
    assert_eq!(wait(journal.trim()).unwrap(), 2 * BLOCK_SEQS + 1);
    assert!(journal.uplink_facts().unwrap().handled.is_empty());
    assert_eq!(journal.standing().unwrap().pending, 0);
    writer.stop().unwrap();
}

#[test]
fn what_was_received_is_remembered_until_it_is_handled() {
    let shop = Shop::new("received");
    let (journal, writer) = shop.open();
    sell(&journal, 1, 20);
    let epoch = journal.identity().epoch;
    let mut bitmap = Bitmap::EMPTY;
    assert!([3, 4, 5, 9].into_iter().all(|seq| bitmap.insert(seq)));
    let place = StreamPlace { stream: StreamId([1; 16]), partition: 3, offset: 100 };
    let blocks = ReceivedBlocks::from([(BlockIndex(0), ReceivedBlock { bitmap, place })]);
    wait(journal.remember_received(epoch, blocks.clone())).unwrap();
    wait(journal.handled(word(&journal, &set(&[(1, 3)]), true))).unwrap();
    writer.stop().unwrap();
    drop(journal);
    let (journal, writer) = shop.open();
    assert_eq!(journal.uplink_facts().unwrap().received, blocks);
    assert_eq!(journal.standing().unwrap().received, 3);
    writer.stop().unwrap();
}

#[test]
fn records_are_read_up_to_a_size_and_at_least_one() {
    let shop = Shop::new("read");
    let (journal, writer) = shop.open();
    sell(&journal, 1, 50);
    let epoch = journal.identity().epoch;
    let asked = set(&[(3, 10), (20, 20), (40, 60)]);
    let seqs = |max| {
        let read = journal.read_records(epoch, &asked, max).unwrap();
        read.records.iter().map(|record| record.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(1), [3]);
    let size = journal.read_records(epoch, &asked, 1).unwrap().records[0].payload();
    assert_eq!(seqs(size * 2), [3, 4]);
    let all: Vec<u64> = (3..=10).chain([20]).chain(40..=50).collect();
    assert_eq!(seqs(u64::MAX), all);
    for record in journal.read_records(epoch, &asked, u64::MAX).unwrap().records {
        let position = tidemark_model::Position { epoch, seq: record.seq };
        let digest = tidemark_model::digest::movement_digest(&journal.identity().store, position, &record.bytes);
        assert_eq!(record.digest, Some(digest));
    }
    writer.stop().unwrap();
}

#[test]
fn sums_under_a_bitmap_are_the_sums_of_its_movements() {
    let shop = Shop::new("sums");
    let (journal, writer) = shop.open();
    super::catalogue::teach(&journal, 1, &["apple"]);
    sell(&journal, 1, 1_500);
    let epoch = journal.identity().epoch;
    for (block, chosen) in [(0, set(&[(1, 1_024)])), (0, set(&[(5, 5), (700, 1_000)])), (1, set(&[(1_025, 1_400)]))] {
        let (mut expected, block) = (Block::default(), BlockIndex(block));
        for record in journal.read_records(epoch, &chosen, u64::MAX).unwrap().records {
            let movement = tidemark_wire::decode_movement(&record.bytes).unwrap();
            let stock = tidemark_model::digest::stock_digest(&movement.sku.unwrap(), movement.effect);
            expected.add(record.seq, record.digest.unwrap(), stock);
        }
        assert_eq!(journal.block_sums_under(block, &expected.bitmap).unwrap(), Some(expected));
    }
    let mut beyond = Bitmap::EMPTY;
    beyond.insert(1_501);
    assert_eq!(journal.block_sums_under(BlockIndex(1), &beyond).unwrap(), None);
    writer.stop().unwrap();
}
