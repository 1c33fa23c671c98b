//! Committing: what is answered is on disk, once, and shares syncs.

use std::collections::BTreeSet;

use tidemark_journal::{LaneState, NotSaved, OpenError, Submission};
use tidemark_model::document::{Body, TradeKind};
use tidemark_model::{Label, Position, Reference, Status, StoreId};

use tidemark_sync::message::Session;

use super::shop::*;

#[test]
fn what_was_committed_is_there_after_a_restart_and_a_retry_is_a_duplicate() {
    let shop = Shop::new("restart");
    let (journal, writer) = shop.open();
    let first = submit(&journal, trade("1", TradeKind::Receipt, vec![line("apple", 10)])).unwrap();
    let second = submit(&journal, sale("2", "apple", 3)).unwrap();
    assert_eq!((first.status, first.first.seq, second.first.seq), (Status::Accepted, 1, 2));
    assert_eq!(second.movements[0].on_hand_after, None, "an item that nobody knows stands in suspense");
    let identity = journal.identity().clone();
    writer.stop().unwrap();
    assert_eq!(submit(&journal, sale("3", "apple", 1)), Err(NotSaved::Stopped));
    drop(journal);

    let (journal, writer) = shop.open();
    assert_eq!(journal.identity(), &identity);
    assert_eq!(journal.tail(), 2);
    let again = submit(&journal, sale("2", "apple", 3)).unwrap();
    assert_eq!((again.status, again.first, again.lines), (Status::Duplicate, second.first, 1));
    let third = submit(&journal, sale("3", "apple", 1)).unwrap();
    assert_eq!(third.first, Position { epoch: identity.epoch, seq: 3 });
    let newest: Vec<u64> = journal.recent_movements(10).unwrap().iter().map(|placed| placed.position.seq).collect();
    assert_eq!(newest, [3, 2, 1]);
    let views = journal.recent_documents(2).unwrap();
    assert_eq!(views.iter().map(|view| view.id.as_str()).collect::<Vec<_>>(), ["3", "2"]);
    writer.stop().unwrap();
}

#[test]
fn documents_are_listed_page_by_page_from_the_newest() {
    let shop = Shop::new("pages");
    let (journal, writer) = shop.open();
    for id in ["1", "2", "3"] {
        submit(&journal, trade(id, TradeKind::Sale, vec![line("apple", 1), line("pear", 1)])).unwrap();
    }
    let ids = |below| {
        let page = journal.documents_below(below, 2).unwrap();
        page.into_iter().map(|view| (view.id.to_string(), view.first.seq)).collect::<Vec<_>>()
    };
    assert_eq!(ids(u64::MAX), [("3".to_owned(), 5), ("2".to_owned(), 3)]);
    assert_eq!(ids(3), [("1".to_owned(), 1)]);
    assert_eq!(ids(1), []);
    writer.stop().unwrap();
}

#[test]
fn a_page_cut_short_by_long_documents_has_a_next_one() {
    let shop = Shop::new("long-documents");
    let (journal, writer) = shop.open();
    for id in ["1", "2", "3"] {
        let lines = (0..6_000).map(|number| line(&number.to_string(), 1)).collect();
        submit(&journal, trade(id, TradeKind::Receipt, lines)).unwrap();
    }
    let newest = journal.recent_documents(10).unwrap();
    assert_eq!(newest.iter().map(|view| view.id.as_str()).collect::<Vec<_>>(), ["3", "2"]);
    let below = newest.last().unwrap().first.seq;
    assert_eq!(journal.documents_below(below, 10).unwrap()[0].id.as_str(), "1");
    writer.stop().unwrap();
}

#[test]
fn what_is_missing_and_what_nobody_knows_can_be_asked_for() {
    let shop = Shop::new("missing");
    let (journal, writer) = shop.open();
    wait(journal.ping()).unwrap();
    for (id, number) in [("1", 7), ("2", 9)] {
        let numbered = tidemark_model::Document { sequence: Some(number), ..sale(id, "apple", 1) };
        submit(&journal, numbered).unwrap();
    }
    submit(&journal, sale("3", "pear", 1)).unwrap();
    let kept = journal.sequences().unwrap();
    assert_eq!((kept.len(), kept[0].0.as_str(), &kept[0].1.gaps), (1, "till:1", &vec![(8, 8)]));
    let (count, first) = journal.suspended(1).unwrap();
    assert_eq!((count, first[0].as_str()), (2, "apple"));
    writer.stop().unwrap();
    assert_eq!(wait(journal.ping()), Err(NotSaved::Stopped));
}

#[test]
fn one_by_one_every_answer_has_its_own_sync() {
    let shop = Shop::new("syncs");
    let (journal, writer) = shop.open();
    for number in 0..50 {
        let before = (journal.syncs_of_storage().unwrap(), journal.counts().syncs);
        let committed = submit(&journal, sale(&number.to_string(), "apple", 1)).unwrap();
        assert_eq!(committed.status, Status::Accepted);
        let after = (journal.syncs_of_storage().unwrap(), journal.counts().syncs);
        assert_eq!((after.0 - before.0, after.1 - before.1), (1, 1));
    }
    let counts = journal.counts();
    assert_eq!((counts.documents, counts.batches, counts.batch_sizes[0]), (50, 50, 50));
    writer.stop().unwrap();
}

#[test]
fn under_load_many_documents_share_a_sync_and_none_goes_without() {
    let shop = Shop::new("load");
    let (journal, writer) = shop.open();
    let (tills, each) = (64, 20);
    let threads: Vec<_> = (0..tills)
        .map(|till| {
            let journal = journal.clone();
            std::thread::spawn(move || -> Vec<u64> {
                let sell = |number| {
                    let before = journal.syncs_of_storage().unwrap();
                    let committed = submit(&journal, sale(&format!("{till}-{number}"), "apple", 1)).unwrap();
                    assert!(journal.syncs_of_storage().unwrap() > before, "a sync stands before each answer");
                    committed.first.seq
                };
                (0..each).map(sell).collect()
            })
        })
        .collect();
    let seqs: BTreeSet<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert_eq!(seqs, (1..=tills * each).collect(), "dense, each once");
    let counts = journal.counts();
    assert_eq!((counts.documents, counts.movements), (tills * each, tills * each));
    assert_eq!(counts.syncs, counts.batches, "nothing but batches was synced");
    assert!(journal.syncs_of_storage().unwrap() >= counts.batches, "each batch really was");
    assert!(counts.batches * 2 < counts.documents, "{} syncs for {} documents", counts.batches, counts.documents);
    writer.stop().unwrap();
}

#[test]
fn documents_of_one_batch_are_decided_in_view_of_each_other() {
    let shop = Shop::new("batch");
    let (journal, writer) = shop.open();
    let documents =
        [sale("1", "apple", 1), sale("1", "apple", 1), sale("1", "apple", 2), void("v", "1"), sale("2", "pear", 1)];
    let answers = wait(journal.submit_all(documents.into_iter().map(Submission::of).collect()));
    let told: Vec<_> = answers.into_iter().map(|answer| answer.unwrap()).collect();
    assert_eq!(told.iter().map(|told| told.first.seq).collect::<Vec<_>>(), [1, 1, 2, 3, 4]);
    assert_eq!(told[1].status, Status::Duplicate);
    assert!(told[2].movements[0].parked.is_some(), "the id was used with other content");
    assert_eq!(journal.counts().syncs, 1);
    writer.stop().unwrap();
}

#[test]
fn an_instruction_is_done_once_whatever_its_document() {
    let shop = Shop::new("instruction");
    let (journal, writer) = shop.open();
    let id = Label::new("i-1").unwrap();
    let by_instruction = |document| Submission { instruction: Some(id.clone()), ..Submission::of(document) };
    let first = journal.submit_blocking(by_instruction(count("a", "apple", 5))).unwrap();
    let again = journal.submit_blocking(by_instruction(count("b", "apple", 9))).unwrap();
    assert_eq!((again.status, again.first), (Status::Duplicate, first.first));
    assert_eq!(journal.instruction_done(&id).unwrap().unwrap().first, first.first);
    assert_eq!(journal.tail(), 1);
    writer.stop().unwrap();
}

#[test]
fn a_lanes_state_is_written_with_its_document() {
    let shop = Shop::new("lane");
    let lane = Label::new("counter").unwrap();
    let (journal, writer) = shop.open();
    let state = |state: &[u8]| LaneState { lane: lane.clone(), state: state.to_vec() };
    wait(journal.save_lane(state(b"sell"))).unwrap();
    let submission = Submission { lane: Some(state(b"sell, 1 scan")), ..Submission::of(sale("1", "apple", 1)) };
    let before = journal.counts().syncs;
    journal.submit_blocking(submission).unwrap();
    assert_eq!(journal.counts().syncs, before + 1);
    writer.stop().unwrap();
    let (journal, writer) = shop.open();
    assert_eq!(journal.lane(&lane).unwrap().as_deref(), Some(b"sell, 1 scan".as_slice()));
    wait(journal.forget_lane(lane.clone())).unwrap();
    assert_eq!(journal.lane(&lane).unwrap(), None);
    writer.stop().unwrap();
}

#[test]
fn a_second_process_is_told_who_has_the_journal() {
    let shop = Shop::new("lock");
    let (_journal, writer) = shop.open();
    match shop.try_open() {
        Err(OpenError::InUse { by, .. }) => assert_eq!(by, Some(std::process::id())),
        other => panic!("it is in use, not {other:?}"),
    }
    writer.stop().unwrap();
    shop.open().1.stop().unwrap();
}

#[test]
fn the_journal_of_another_store_is_refused() {
    let shop = Shop::new("other");
    shop.open().1.stop().unwrap();
    let config = tidemark_journal::Config { store: StoreId::new("S0002").unwrap(), ..shop.config() };
    let refused = tidemark_journal::Journal::open(config);
    assert!(matches!(refused, Err(OpenError::OtherStore { .. })), "{refused:?}");
}

#[test]
fn sessions_tills_and_the_odometer_go_on_after_a_restart() {
    let shop = Shop::new("meta");
    let (journal, writer) = shop.open();
    let till = tidemark_model::Source::new("till:1").unwrap();
    assert_eq!(wait(journal.save_session(Session(1))).unwrap(), Session(1));
    wait(journal.add_till(till.clone(), [7; 32])).unwrap();
    shop.pass(60_000);
    writer.stop().unwrap();
    drop(journal);
    shop.pass(1_000_000);
    let (journal, writer) = shop.open();
    assert_eq!(journal.odometer().run_ms(), 60_000, "while it was off nothing ran");
    assert_eq!(journal.boot().run_ms(), 60_000);
    assert_eq!(journal.uplink_facts().unwrap().session, Session(1));
    assert_eq!(wait(journal.save_session(Session(2))).unwrap(), Session(2));
    assert_eq!(wait(journal.save_session(Session(1))).unwrap(), Session(2), "never back");
    assert_eq!(journal.tills().unwrap()[0].token, [7; 32]);
    assert!(wait(journal.remove_till(till.clone())).unwrap());
    assert!(!wait(journal.remove_till(till)).unwrap());
    shop.pass(500);
    wait(journal.begin_boot()).unwrap();
    assert_eq!(journal.boot().run_ms(), 60_500);
    writer.stop().unwrap();
}

#[test]
fn what_is_sold_in_the_millisecond_after_a_mark_counts_after_it() {
    let shop = Shop::new("mark");
    let (journal, writer) = shop.open();
    let sheet = |id: &str, zone: &str, last, quantity| {
        let mut body = count_body(vec![line("apple", quantity)]);
        (body.last, body.sells) = (last, zone == "shelf");
        let mut document = document(id, Body::Count(body));
        document.labels.zone = Some(Label::new(zone).unwrap());
        document.labels.reference = Some(Reference::new("inventory").unwrap());
        document
    };
    super::catalogue::teach(&journal, 1, &["apple"]);
    submit(&journal, sheet("c1", "shelf", false, 10)).unwrap();
    submit(&journal, sale("1", "apple", 4)).unwrap();
    submit(&journal, sheet("c2", "store", true, 5)).unwrap();
    assert_eq!(on_hand(&journal, "apple"), 11);
    writer.stop().unwrap();
}

#[test]
fn a_number_that_is_passed_is_not_missing_and_stays_so_after_a_restart() {
    let shop = Shop::new("numbers");
    let (journal, writer) = shop.open();
    let numbered = |id: &str, number| {
        let mut document = sale(id, "apple", 1);
        document.sequence = Some(number);
        document
    };
    submit(&journal, numbered("1", 40)).unwrap();
    let source = sale("1", "apple", 1).source;
    wait(journal.pass_number(source.clone(), 42)).unwrap();
    let gaps = |journal: &tidemark_journal::Journal| journal.sequences().unwrap()[0].1.gaps.clone();
    assert_eq!(gaps(&journal), [(41, 41)]);
    let tail = journal.tail();
    writer.stop().unwrap();
    drop(journal);
    let (journal, writer) = shop.open();
    for again in [41, 42, 41] {
        wait(journal.pass_number(source.clone(), again)).unwrap();
    }
    assert_eq!((gaps(&journal), journal.tail()), (Vec::new(), tail), "no movement comes of it");
    assert_eq!(submit(&journal, numbered("3", 43)).unwrap().warnings.len(), 1, "the item is not on file, no more");
    writer.stop().unwrap();
}
