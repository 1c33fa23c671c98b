//! What a write that was refused and yet survived leads to. No disk does
//! that on demand, so the writer is driven here without its thread.

use std::path::PathBuf;
use std::sync::Arc;

use tidemark_model::document::{Body, Line, TakenLine, Timing, TradeKind};
use tidemark_model::movement::Labels;
use tidemark_model::{DocumentId, Kind, Label, Quantity, Sku, Source, Status, StoreId, WallTime};

use super::prepare::prepare;
use super::*;
use crate::odometer::Reading;
use crate::open::{self, Opened};
use crate::records;
use crate::store::{Durability, ReadError, Scan};
use crate::submit::{NotSaved, Submission};
use tidemark_model::Document;
use tokio::sync::oneshot;

struct Box {
    owner: Owner,
    dir: PathBuf,
}

impl Drop for Box {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

fn opened(name: &str) -> Box {
    let dir = std::env::temp_dir().join(format!("tidemark-journal-{}-{name}", std::process::id()));
    let clock: crate::Clock = Arc::new(|| Reading { steady_ms: 0, wall: WallTime(0) });
    let config = Config::new(dir.clone(), StoreId::new("S0001").unwrap(), clock);
    let expiry = Arc::new(Expiry::default());
    let tuning = Tuning::new(Arc::clone(&expiry), false);
    let Opened { store, state, side, lock } = open::open(&config, &tuning).unwrap();
    let shared = Shared {
        shelf: Arc::new(Shelf::new(store)),
        counters: Arc::new(Counters::default()),
        running: Running::from(state.progress.odometer, Arc::clone(&config.clock)),
    };
    let (_commands, queue) = mpsc::channel(1);
    let (tail, _) = watch::channel(Tail::of(&state));
    let (health, _) = watch::channel(Health::Writable);
    let owner = Owner::new(OwnerParts { config, tuning, expiry, shared, state, side, queue, tail, health, lock });
    Box { owner, dir }
}

fn sale(id: &str, lane: bool) -> Submission {
    let item = TakenLine::plain(Sku::new("apple").unwrap(), Quantity::ONE);
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
    (Ticket { submission, reply }, answer)
}

/// The batch reaches the disk, but the sync says it did not.
fn survive(owner: &mut Owner, submissions: Vec<Submission>) -> Vec<Answer> {
    let clock = (&owner.shared.running, owner.inner.stamps);
    let written = owner.shared.shelf.read(|store| {
        let prepared = prepare(store, &owner.state, clock, submissions.iter())?;
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

#[test]
fn a_survivor_of_a_lane_is_voided_because_nobody_repeats_it() {
    let mut shop = opened("lane");
    let owner = &mut shop.owner;
    let mut answers = survive(owner, vec![sale("1", true), sale("2", false)]);
    assert!(matches!(answers[0].try_recv(), Ok(Err(NotSaved::Write { .. }))));
    assert!(matches!(*owner.health.borrow(), Health::NotWritable { .. }));
    owner.do_due();
    assert_eq!(*owner.health.borrow(), Health::Writable);
    assert_eq!(kinds(owner), [Kind::Sale, Kind::Sale, Kind::Void]);
    assert_eq!(owner.tail.borrow().seq, 3);
}

#[test]
fn a_survivor_of_a_till_is_a_duplicate_when_the_till_repeats_it() {
    let mut shop = opened("till");
    let owner = &mut shop.owner;
    drop(survive(owner, vec![sale("1", false)]));
    let (again, mut answer) = ticket(sale("1", false));
    owner.inner.waiting.push_back(again);
    owner.commit_waiting();
    let told = answer.try_recv().unwrap().unwrap();
    assert_eq!((told.status, told.first.seq), (Status::Duplicate, 1));
    assert_eq!(kinds(owner), [Kind::Sale]);
}

#[test]
fn what_did_not_survive_is_not_voided() {
    let mut shop = opened("gone");
    let owner = &mut shop.owner;
    let (lost, mut answer) = ticket(sale("1", true));
    owner.fail(&ReadError::Storage("IO error: no space".to_owned()), vec![lost]);
    assert!(matches!(answer.try_recv(), Ok(Err(NotSaved::Write { .. }))));
    owner.do_due();
    assert_eq!(kinds(owner), []);
    let (next, mut answer) = ticket(sale("2", true));
    owner.inner.waiting.push_back(next);
    owner.commit_waiting();
    assert_eq!(answer.try_recv().unwrap().unwrap().first.seq, 1);
}
