//! Writes that fail: who is told what, and what is true afterwards.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::*;

fn broken() -> ReadError {
    ReadError::Storage("IO error: fdatasync".to_owned())
}

#[test]
fn a_survivor_of_a_lane_is_voided_because_nobody_repeats_it() {
    let mut shop = opened("lane");
    let owner = &mut shop.owner;
    let mut answers = survive(owner, vec![sale("1", true), sale("2", false)]);
    assert!(matches!(answers[0].try_recv(), Ok(Err(NotSaved::Write { .. }))));
    assert!(matches!(*owner.tellers.health.borrow(), Health::NotWritable { .. }));
    owner.do_due();
    assert_eq!(*owner.tellers.health.borrow(), Health::Writable);
    assert_eq!(kinds(owner), [Kind::Sale, Kind::Sale, Kind::Void]);
    assert_eq!(owner.tellers.tail.borrow().seq, 3);
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

#[test]
fn a_void_whose_own_write_fails_is_owed_until_it_is_saved() {
    let mut shop = opened("owed");
    let owner = &mut shop.owner;
    drop(survive(owner, vec![sale("1", true)]));
    for _ in 0..2 {
        owner.ensure_open().unwrap();
        let void: Vec<_> = owner.inner.waiting.drain(..).collect();
        assert_eq!(void.len(), 1, "it waits again");
        owner.fail(&broken(), void);
    }
    owner.do_due();
    assert_eq!(kinds(owner), [Kind::Sale, Kind::Void]);
    owner.fail(&broken(), Vec::new());
    owner.do_due();
    assert_eq!(kinds(owner), [Kind::Sale, Kind::Void], "once");
}

#[test]
fn a_void_that_finds_the_database_closed_is_owed_as_well() {
    let mut shop = opened("owed-closed");
    let owner = &mut shop.owner;
    drop(survive(owner, vec![sale("1", true)]));
    owner.ensure_open().unwrap();
    owner.refuse_all(&NotSaved::Stopped);
    owner.fail(&broken(), Vec::new());
    owner.do_due();
    assert_eq!(kinds(owner), [Kind::Sale, Kind::Void]);
}

#[test]
fn a_disk_that_lost_what_was_answered_is_not_gone_on_with() {
    let mut shop = opened("answered");
    let (dir, owner) = (shop.dir.clone(), &mut shop.owner);
    let sell = |owner: &mut Owner, id: &str| {
        let (ticket, mut answer) = ticket(sale(id, false));
        owner.inner.waiting.push_back(ticket);
        owner.commit_waiting();
        answer.try_recv().unwrap()
    };
    sell(owner, "1").unwrap();
    owner.shared.shelf.close();
    copy(&dir.join("db"), &dir.join("before"));
    owner.fail(&broken(), Vec::new());
    owner.do_due();
    // The side file does not know of this one yet, but it was answered.
    sell(owner, "2").unwrap();
    owner.fail(&broken(), Vec::new());
    std::fs::remove_dir_all(dir.join("db")).unwrap();
    std::fs::rename(dir.join("before"), dir.join("db")).unwrap();
    owner.do_due();
    match &*owner.tellers.health.borrow() {
        Health::NotWritable { cause, .. } => assert!(cause.contains("movements 2 to 2 are missing"), "{cause}"),
        other @ (Health::Writable | Health::Damaged { .. } | Health::Closed) => panic!("it is damaged, not {other:?}"),
    }
    assert!(matches!(sell(owner, "3"), Err(NotSaved::Write { .. })));
}

#[test]
fn what_stays_damaged_is_set_aside_at_the_next_open_with_all_that_was_answered_told() {
    let mut shop = opened("condemned");
    let (dir, now, owner) = (shop.dir.clone(), Arc::clone(&shop.now), &mut shop.owner);
    for id in ["1", "2"] {
        let (ticket, mut answer) = ticket(sale(id, false));
        owner.inner.waiting.push_back(ticket);
        owner.commit_waiting();
        answer.try_recv().unwrap().unwrap();
    }
    let epoch = owner.state.identity.epoch;
    owner.fail(&broken(), Vec::new());
    std::fs::remove_dir_all(dir.join("db")).unwrap();
    std::fs::create_dir(dir.join("db")).unwrap();
    for _ in 0..limits::DAMAGED_LOOKS {
        owner.do_due();
        now.fetch_add(limits::REOPEN_MS, Ordering::Relaxed);
    }
    assert!(matches!(*owner.tellers.health.borrow(), Health::Damaged { .. }));
    assert!(matches!(owner.ensure_open(), Err(NotSaved::Write { .. })), "it is gone on with no more");
    let (config, tuning) = (owner.config.clone(), owner.tuning.clone());
    // The process ends, and with it its lock.
    drop(shop.owner);
    let opened = open::open(&config, &tuning).unwrap();
    assert!(opened.damage.is_some());
    assert_ne!(opened.state.identity.epoch, epoch);
    assert_eq!(opened.state.kept.epochs[&epoch].tail, 2, "the side file was told before");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn not_saved_is_told_while_somebody_still_reads() {
    let mut shop = opened("reader");
    let (shelf, owner) = (Arc::clone(&shop.owner.shared.shelf), &mut shop.owner);
    let (lost, answer) = ticket(sale("1", false));
    let (reading, inside) = sync_channel(1);
    let (release, released) = sync_channel(1);
    std::thread::scope(|threads| {
        let reader = threads.spawn(move || {
            let read = shelf.read(|_store| {
                reading.send(()).unwrap();
                Ok::<_, ReadError>(released.recv_timeout(Duration::from_secs(20)).is_ok())
            });
            read.unwrap()
        });
        inside.recv().unwrap();
        threads.spawn(move || owner.fail(&broken(), vec![lost]));
        assert!(matches!(answer.blocking_recv(), Ok(Err(NotSaved::Write { .. }))));
        release.send(()).unwrap_or(());
        assert!(reader.join().unwrap(), "the answer waited for the reader");
    });
}
