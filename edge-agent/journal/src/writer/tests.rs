//! The writer driven without its thread, so that faults no disk has on
//! demand can be laid: writes that are refused and yet survive, values and
//! records that can't be read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tidemark_model::books::{CountSheet, CountState, CountedItem};
use tidemark_model::document::{Body, Line, TakenLine, Timing, TradeKind};
use tidemark_model::limits::{BLOCK_SEQS, COUNT_REOPEN_MILLIS};
use tidemark_model::movement::Labels;
use tidemark_model::{
    Bitmap, Block, BlockIndex, DocumentId, Generation, Kind, Label, Position, Quantity, Sku, Source, Status, StoreId,
    WallTime,
};
use tidemark_sync::message::Blocks;

use super::prepare::prepare;
use super::*;

mod failing;
use crate::handled::{self, HandledWord};
use crate::layout::identity::KeptIdentity;
use crate::layout::{FORMAT, Family, effects, encode, meta, outbox};
use crate::odometer::{Reading, Stamps};
use crate::open::{self, OpenError, Opened};
use crate::records;
use crate::store::{Durability, ReadError, Scan, Store};
use crate::submit::{NotSaved, Submission};
use std::sync::atomic::AtomicU64;
use tidemark_model::Document;
use tokio::sync::oneshot;

struct Box {
    owner: Owner,
    dir: PathBuf,
    now: Arc<AtomicU64>,
    _folder: Folder,
}

/// Goes with the box.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn opened(name: &str) -> Box {
    let dir = std::env::temp_dir().join(format!("tidemark-journal-{}-{name}", std::process::id()));
    let now = Arc::new(AtomicU64::new(0));
    let steady = Arc::clone(&now);
    let clock: crate::Clock =
        Arc::new(move || Reading { steady_ms: steady.load(Ordering::Relaxed), wall: WallTime(0) });
    let config = Config::new(dir.clone(), StoreId::new("S0001").unwrap(), clock);
    let expiry = Arc::new(Expiry::default());
    let tuning = Tuning::new(Arc::clone(&expiry), false);
    let Opened { store, state, side, lock, .. } = open::open(&config, &tuning).unwrap();
    let shared = Shared {
        shelf: Arc::new(Shelf::new(store)),
        counters: Arc::new(Counters::default()),
        running: Running::from(state.progress.odometer, Arc::clone(&config.clock)),
        room: ToldRoom::default(),
    };
    let (_commands, queue) = mpsc::channel(1);
    let (tail, _) = watch::channel(Tail::of(&state));
    let (health, _) = watch::channel(Health::Writable);
    let (salvage, _) = watch::channel(crate::salvage::Salvage::default());
    let tellers = Tellers { tail, health, salvage };
    let owner = Owner::new(OwnerParts { config, tuning, expiry, shared, state, side, queue, tellers, lock });
    Box { owner, now, _folder: Folder(dir.clone()), dir }
}

fn sale(id: &str, lane: bool) -> Submission {
    sale_of(id, "apple", lane)
}

fn sale_of(id: &str, item: &str, lane: bool) -> Submission {
    let item = TakenLine::plain(Sku::new(item).unwrap(), Quantity::ONE);
    let document = Document {
        source: Source::new("lane:counter").unwrap(),
        id: DocumentId::new(id).unwrap(),
        wall: WallTime(0),
        labels: Labels::default(),
        business_day_given: false,
        timing: Timing::Live,
        sequence: None,
        body: Body::Trade { kind: TradeKind::Sale, last: false, lines: vec![Line::Taken(item)] },
    };
    let state = LaneState { lane: Label::new("counter").unwrap(), state: Vec::new() };
    Submission { lane: lane.then_some(state), ..Submission::of(document) }
}

type Answer = oneshot::Receiver<Result<crate::Committed, NotSaved>>;

fn ticket(submission: Submission) -> (Ticket, Answer) {
    let (reply, answer) = oneshot::channel();
    (Ticket::new(submission, Odometer(0), reply), answer)
}

/// The batch reaches the disk, but the sync says it did not.
fn survive(owner: &mut Owner, submissions: Vec<Submission>) -> Vec<Answer> {
    let clock = (&owner.shared.running, owner.inner.stamps);
    let written = owner.shared.shelf.read(|store| {
        let prepared =
            prepare(store, &owner.state, clock, submissions.iter().map(|submission| (submission, Odometer(0))))?;
        store.write(prepared.writes, Durability::Synced)
    });
    written.unwrap();
    let (tickets, answers) = submissions.into_iter().map(ticket).unzip();
    owner.fail(&ReadError::Storage("IO error: fdatasync".to_owned()), tickets);
    answers
}

fn kinds(owner: &Owner) -> Vec<Kind> {
    let of = (&owner.state.identity.store, owner.state.identity.epoch);
    let mut kinds = Vec::new();
    let read = owner.shared.shelf.read(|store| {
        records::newest(store, of, owner.state.progress.tail, |placed| {
            kinds.push(placed.movement.kind);
            Scan::On
        })
    });
    read.unwrap();
    kinds.reverse();
    kinds
}

/// Puts bytes under a key past all rules.
fn lay(owner: &Owner, family: Family, key: &[u8], value: &[u8]) {
    let laid = owner.shared.shelf.read(|store| {
        let mut batch = store.batch();
        batch.put(family, key, value)?;
        let writes = batch.writes;
        store.write(writes, Durability::Synced)
    });
    laid.unwrap();
}

#[test]
fn a_document_whose_books_cannot_be_read_holds_up_no_other() {
    let mut shop = opened("unreadable-book");
    let owner = &mut shop.owner;
    lay(owner, Family::Suspense, b"pear", b"no such value");
    let submissions =
        [sale("1", false), sale_of("2", "pear", false), sale("3", false), sale_of("4", "pear", false), sale("5", true)];
    let (tickets, answers): (Vec<_>, Vec<_>) = submissions.into_iter().map(ticket).unzip();
    owner.inner.waiting.extend(tickets);
    owner.commit_waiting();
    let told: Vec<_> = answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect();
    let seqs: Vec<_> = told.iter().map(|answer| answer.as_ref().map(|told| told.first.seq).ok()).collect();
    assert_eq!(seqs, [Some(1), None, Some(2), None, Some(3)]);
    assert!(told.iter().flat_map(|answer| answer.as_ref().err()).all(|error| matches!(error, NotSaved::Read { .. })));
    assert_eq!(*owner.tellers.health.borrow(), Health::Writable);
}

#[test]
fn an_age_is_told_by_the_arrival_however_long_a_document_waits() {
    let mut shop = opened("waited");
    let owner = &mut shop.owner;
    let (arrived, decided) = (Odometer::BIRTH, Odometer(Odometer::BIRTH.0 + 90_000));
    owner.inner.stamps = Stamps::from(decided);
    let mut late = sale("1", false);
    late.document.timing = Timing::Deferred { age_ms: Some(0) };
    let (reply, _nobody) = oneshot::channel();
    owner.inner.waiting.push_back(Ticket::new(late, arrived, reply));
    owner.commit_waiting();
    let position = Position { epoch: owner.state.identity.epoch, seq: 1 };
    let movement = owner.shared.shelf.read(|store| records::movement(store, position)).unwrap().unwrap();
    assert_eq!((movement.happened, movement.committed), (arrived, decided));
}

#[test]
fn a_record_that_cannot_be_read_is_told_by_name_and_digest() {
    let mut shop = opened("unreadable-record");
    let owner = &mut shop.owner;
    for number in 0..5 {
        owner.inner.waiting.push_back(ticket(sale(&number.to_string(), false)).0);
    }
    owner.commit_waiting();
    let epoch = owner.state.identity.epoch;
    let all = std::iter::once(1..=5).collect();
    let read = |owner: &Owner| {
        owner.shared.shelf.read(|store| records::read(store, (epoch, 5), epoch, &all, u64::MAX)).unwrap()
    };
    let whole = read(owner);
    assert_eq!((whole.records.len(), whole.unreadable_digest), (5, None));
    let key = outbox::key(Position { epoch, seq: 3 });
    lay(owner, Family::Outbox, &key, b"\x01 not what was written here");
    let holed = read(owner);
    assert_eq!(holed.records.iter().map(|record| record.seq).collect::<Vec<_>>(), [1, 2, 4, 5]);
    assert_eq!(holed.unreadable.iter().collect::<Vec<_>>(), [3]);
    assert_eq!(holed.unreadable_digest, whole.records[2].digest);
}

#[test]
fn a_record_the_centre_names_lost_is_proven_without_its_sums() {
    let mut shop = opened("lost-record");
    let owner = &mut shop.owner;
    for number in 0..5 {
        owner.inner.waiting.push_back(ticket(sale(&number.to_string(), false)).0);
    }
    owner.commit_waiting();
    let epoch = owner.state.identity.epoch;
    let bits = |seqs: &[Seq]| {
        let mut bitmap = Bitmap::EMPTY;
        for seq in seqs {
            bitmap.insert(*seq);
        }
        bitmap
    };
    let sums = |owner: &Owner, seqs: &[Seq]| {
        let read = |store: &Store| records::sums_under(store, epoch, BlockIndex(0), &bits(seqs));
        owner.shared.shelf.read(read).unwrap().unwrap()
    };
    let (whole, without) = (sums(owner, &[1, 2, 3, 4, 5]), sums(owner, &[1, 2, 4, 5]));
    lay(owner, Family::Outbox, &outbox::key(Position { epoch, seq: 3 }), b"\x01 not what was written here");
    let prove = |block: Block| {
        let blocks = Blocks::from([(BlockIndex(0), block)]);
        let word = HandledWord { generation: Generation(1), epoch, blocks, welcome: None };
        handled::prove(&owner.shared.shelf, word, 5).unwrap().proofs
    };
    assert_eq!(prove(whole), [handled::Proof::Same], "it came up before it was unreadable");
    assert_eq!(prove(Block { bitmap: bits(&[1, 2, 3, 4, 5]), ..without }), [handled::Proof::Same]);
    let few = Block { bitmap: bits(&[1, 3]), ..sums(owner, &[1]) };
    assert_eq!(prove(few), [handled::Proof::Same]);
    assert_eq!(prove(Block { digest: 7, ..whole }), [handled::Proof::Unknown], "nobody can tell");
    assert_eq!(prove(Block { bitmap: bits(&[1, 2]), ..without }), [handled::Proof::Other]);
}

#[test]
fn a_journal_of_a_newer_release_is_left_alone() {
    let shop = opened("newer");
    let newer = encode(&KeptIdentity::Newer { format: FORMAT + 1 });
    lay(&shop.owner, Family::Meta, &meta::IDENTITY, &newer);
    shop.owner.shared.shelf.close();
    let reopened = open::reopen(&shop.owner.config, &shop.owner.tuning, None);
    assert!(matches!(reopened, Err(OpenError::NewerFormat { found, .. }) if found == FORMAT + 1), "{reopened:?}");
}

#[test]
fn item_effects_stay_while_an_open_count_may_still_need_them() {
    let mut shop = opened("expiry");
    let owner = &mut shop.owner;
    let mark = Odometer(1_000_000);
    let apple = Sku::new("apple").unwrap();
    let counted = CountedItem { counted: Quantity::ONE, mark, last: mark, unsure: false };
    let sheet = CountSheet { items: BTreeMap::from([(apple.clone(), counted)]), ..CountSheet::default() };
    let count = CountState { sheets: vec![sheet], closed: None, full: false };
    lay(owner, Family::Counts, b"inventory", &encode(&count));
    let goes = |owner: &Owner, happened| owner.expiry.effect_goes(&effects::key(&apple, Odometer(happened), 1, 0));
    owner.let_go_at(Odometer(3 * limits::GRACE_MS));
    assert!(goes(owner, mark.0 - 1) && !goes(owner, mark.0), "what lies after the mark is kept");
    let closed = CountState { closed: Some(Odometer(limits::GRACE_MS)), ..count };
    lay(owner, Family::Counts, b"inventory", &encode(&closed));
    owner.let_go_at(Odometer(3 * limits::GRACE_MS));
    assert!(goes(owner, 2 * limits::GRACE_MS - 1) && !goes(owner, 2 * limits::GRACE_MS), "then the grace decides");
}

#[test]
fn a_count_that_takes_no_latecomers_keeps_only_that_it_was_closed() {
    let mut shop = opened("settled");
    let owner = &mut shop.owner;
    let counted = CountedItem { counted: Quantity::ONE, mark: Odometer(5), last: Odometer(5), unsure: false };
    let sheet = CountSheet { items: BTreeMap::from([(Sku::new("apple").unwrap(), counted)]), ..CountSheet::default() };
    let closed = CountState { sheets: vec![sheet], closed: Some(Odometer(10)), full: true };
    lay(owner, Family::Counts, b"spring", &encode(&closed));
    let held = |owner: &Owner| {
        let read = owner.shared.shelf.read(|store| store.value::<CountState>(Family::Counts, b"spring"));
        read.unwrap().unwrap()
    };
    owner.let_go_at(Odometer(10 + COUNT_REOPEN_MILLIS));
    assert_eq!(held(owner), closed, "a latecomer may still close it anew");
    owner.let_go_at(Odometer(11 + COUNT_REOPEN_MILLIS));
    assert_eq!(held(owner), CountState { sheets: Vec::new(), ..closed });
}

#[test]
fn trimming_takes_no_file_that_ends_with_the_first_movement_still_held() {
    let mut shop = opened("file-end");
    let owner = &mut shop.owner;
    let held = BLOCK_SEQS + 1;
    for number in 0..held {
        owner.inner.waiting.push_back(ticket(sale(&number.to_string(), false)).0);
    }
    owner.commit_waiting();
    owner.shared.shelf.read(|store| store.settle(Family::Outbox)).unwrap();
    owner.state.handled.ordinal = Some(EpochOrdinal(1));
    owner.state.handled.through = BLOCK_SEQS;
    owner.state.handled.grace.0.push((Odometer(0), BLOCK_SEQS));
    owner.config.retention.step = 1;
    owner.config.retention.grace_ms = 0;
    assert_eq!(owner.trim(), Ok(held));
    let (epoch, all) = (owner.state.identity.epoch, std::iter::once(1..=held).collect());
    let read = owner.shared.shelf.read(|store| records::read(store, (epoch, held), epoch, &all, u64::MAX)).unwrap();
    assert_eq!(read.records.iter().map(|record| record.seq).collect::<Vec<_>>(), [held]);
    assert_eq!(read.unreadable.count(), 0);
}
