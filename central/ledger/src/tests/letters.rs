use tidemark_model::digest::{movement_digest, stock_digest};
use tidemark_model::movement::{Parked, REFUSED};
use tidemark_model::{BlockIndex, DocumentId, Label, Movement, Source};
use tidemark_model::{Kind, ParkReason, Quantity, Sku, StoreId};
use tidemark_wire::{decode_movement, encode_movement};

use super::*;
use crate::apply::CENTRE_SOURCE;
use crate::{
    AuditEntry, AuditFilter, Claim, ClaimHow, Instructed, InstructionFilter, InstructionRow, LetterFilter, LetterState,
    Reapplied, Repair, Repaired,
};

on_both!(
    of_two_who_repair_one_letter_the_second_hears_so_and_nothing_of_it_is_done,
    a_letter_is_settled_by_what_its_box_answers_and_free_again_if_that_is_a_refusal,
    letters_are_found_by_what_they_name_and_grouped_with_their_shops,
    what_the_centre_parked_is_applied_later_with_the_boxs_own_effect,
    the_same_instruction_again_is_one_and_another_under_its_id_is_refused,
);

fn sale() -> (Position, Movement) {
    let Content::Movement(position, bytes) = sold(&[(0, 1)], 1).remove(0).content else {
        unreachable!("only movements are sold")
    };
    (position, decode_movement(&bytes).unwrap())
}

fn record(seq: Seq, movement: &Movement) -> ApplyRecord {
    let position = Position { seq, ..sale().0 };
    let content = Content::Movement(position, Bytes::from(encode_movement(movement)));
    ApplyRecord { offset: 0, store: store(), content }
}

/// A line that its box parked.
fn parked(seq: Seq, reason: ParkReason, raw: &str) -> ApplyRecord {
    let mut movement = sale().1;
    movement.sku = None;
    movement.effect = Quantity::ZERO;
    movement.on_hand_after = None;
    movement.parked = Some(Parked { reason, detail: "why".to_owned(), raw: raw.to_owned() });
    record(seq, &movement)
}

/// What a box answers to an instruction.
fn answer(seq: Seq, id: &str, refused: bool) -> ApplyRecord {
    let mut movement = sale().1;
    movement.document.source = Source::new(CENTRE_SOURCE).unwrap();
    movement.document.id = DocumentId::new(id).unwrap();
    if refused {
        movement.kind = Kind::InstructionResult;
        movement.sku = None;
        movement.effect = Quantity::ZERO;
        movement.reason = Some(Label::new(REFUSED).unwrap());
        movement.labels.note = Some(tidemark_model::Note::new("it is gone").unwrap());
    }
    record(seq, &movement)
}

fn repair(id: &str, letter: i64) -> Repair {
    let row = InstructionRow::new(format!("repair-{id}-{letter}"), store(), "map", 1, &b"body"[..]);
    Repair {
        id: id.to_owned(),
        author: "anna".to_owned(),
        reason: "a new label".to_owned(),
        what: format!("{{\"letter\":{letter}}}"),
        claims: vec![Claim { letter, how: ClaimHow::Instructed(row.id.clone()) }],
        instructions: vec![row],
    }
}

async fn of_two_who_repair_one_letter_the_second_hears_so_and_nothing_of_it_is_done(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&[parked(1, ParkReason::UnitUnknown, "1 × a"), parked(2, ParkReason::UnitUnknown, "1 × b")]).await;
    let noted = AuditEntry::of("anna", "operator", "letters.repair");
    let by = shop.ledger.by(&noted);
    let first = by.repair(&repair("first", 2), NOW).await.unwrap();
    let Repaired::Begun(job) = first else { panic!("{first:?}") };
    assert_eq!(by.repair(&repair("first", 2), NOW).await.unwrap(), Repaired::Again(job));
    assert_eq!(
        by.repair(&Repair { id: "first".to_owned(), ..repair("other", 1) }, NOW).await.unwrap(),
        Repaired::OtherContent
    );
    let both = Repair {
        claims: [1, 2].map(|letter| Claim { letter, how: ClaimHow::Instructed("x".to_owned()) }).into(),
        ..repair("second", 1)
    };
    assert_eq!(by.repair(&both, NOW).await.unwrap(), Repaired::Taken(2));
    let open = LetterFilter { state: Some(LetterState::Open), ..LetterFilter::default() };
    let open: Vec<i64> = by.dead_letters(&open, 9).await.unwrap().iter().map(|letter| letter.number).collect();
    assert_eq!(open, [1], "what the second also wanted is free");
    assert_eq!(by.waiting_instructions(&store()).await.unwrap().len(), 1);
    let unknown = by.repair(&repair("third", 77), NOW).await.unwrap();
    assert_eq!(unknown, Repaired::Taken(77));
    assert_eq!(by.audit(&AuditFilter::default(), 9).await.unwrap().len(), 1, "only what was done is noted");
    let discard = Repair {
        claims: vec![Claim { letter: 1, how: ClaimHow::Discarded }],
        instructions: Vec::new(),
        ..repair("discard", 1)
    };
    assert!(matches!(by.repair(&discard, NOW).await.unwrap(), Repaired::Begun(_)));
    let jobs = by.jobs(None, 9).await.unwrap();
    let told: Vec<_> = jobs.iter().map(|job| (job.id.as_str(), job.total, job.done)).collect();
    assert_eq!(told, [("discard", 1, 1), ("first", 1, 0)]);
    let news = by.letter_news(9).await.unwrap();
    assert_eq!(news.iter().map(|news| news.letter.number).collect::<Vec<_>>(), [2, 1], "the topic is told of both");
    by.forget_news(&news).await.unwrap();
    assert!(by.letter_news(9).await.unwrap().is_empty());
}

async fn a_letter_is_settled_by_what_its_box_answers_and_free_again_if_that_is_a_refusal(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&[parked(1, ParkReason::UnitUnknown, "1 × a")]).await;
    shop.ledger.repair(&repair("one", 1), NOW).await.unwrap();
    let told = shop.apply(&[answer(2, "repair-one-1", true)]).await;
    assert_eq!(told.repaired, 1);
    let letter = shop.ledger.letters_by_number(&[1]).await.unwrap().remove(0).0;
    assert_eq!((letter.job, letter.closed_at, letter.failure.as_deref()), (None, None, Some("it is gone")));
    let failed = shop.ledger.instruction("repair-one-1").await.unwrap().unwrap();
    assert_eq!((failed.state.as_str(), failed.answer.as_str()), ("failed", "it is gone"));
    assert_eq!(shop.ledger.job(1).await.unwrap().unwrap().failed, 1);
    shop.ledger.repair(&repair("two", 1), NOW).await.unwrap();
    let told = shop.apply(&[answer(3, "repair-two-1", false), answer(4, "repair-two-1", false)]).await;
    assert_eq!(told.repaired, 1);
    let letter = shop.ledger.letters_by_number(&[1]).await.unwrap().remove(0).0;
    assert_eq!((letter.job, letter.settled.as_deref(), letter.failure), (Some(2), Some("map"), None));
    assert!(letter.closed_at.is_some());
    let done = shop.ledger.instruction("repair-two-1").await.unwrap().unwrap();
    assert!(done.state == "done" && done.answer.starts_with("sale of"), "{done:?}");
    assert_eq!(done.position.map(|position| position.seq), Some(3));
    assert_eq!(shop.ledger.job(2).await.unwrap().unwrap().done, 1);
    let state = |word: &str| InstructionFilter { state: Some(word.to_owned()), ..InstructionFilter::default() };
    for (word, count) in [("waiting", 0), ("taken", 0), ("done", 1), ("failed", 1)] {
        assert_eq!(shop.ledger.instructions(&state(word), 9).await.unwrap().len(), count, "{word}");
    }
}

async fn letters_are_found_by_what_they_name_and_grouped_with_their_shops(place: Place) {
    let mut shop = Shop::open(&place).await;
    let other = StoreId::new("S2").unwrap();
    let at_other = |record: ApplyRecord| ApplyRecord { store: other.clone(), ..record };
    let evil = "1 × '; DROP TABLE dead_letters; --<b>";
    shop.apply(&[
        parked(1, ParkReason::UnitUnknown, "1 × a"),
        parked(2, ParkReason::UnitUnknown, "1 × a"),
        parked(3, ParkReason::QuantityUnreadable, r#"{"item":"b","quantity":"x"}"#),
        parked(4, ParkReason::UnitUnknown, evil),
        at_other(parked(1, ParkReason::UnitUnknown, "1 × a")),
    ])
    .await;
    let nothing = LetterFilter::default;
    let groups = shop.ledger.letter_groups(&nothing(), true, (0, 9)).await.unwrap();
    let told: Vec<_> = groups.iter().map(|group| (group.code.as_deref().unwrap(), group.count, group.shops)).collect();
    assert_eq!(told[0], ("a", 3, 2));
    assert_eq!((groups[0].stores.as_slice(), groups[0].since), (&["S1".to_owned(), "S2".to_owned()][..], NOW));
    assert_eq!(groups.len(), 3);
    assert_eq!(shop.ledger.letter_groups(&nothing(), false, (0, 9)).await.unwrap().len(), 2);
    assert_eq!(shop.ledger.letter_groups(&nothing(), true, (2, 9)).await.unwrap().len(), 1);
    let found = async |filter: LetterFilter| shop.ledger.dead_letters(&filter, 9).await.unwrap().len();
    assert_eq!(found(LetterFilter { code: Some("a".to_owned()), ..nothing() }).await, 3);
    assert_eq!(found(LetterFilter { code: Some("a".to_owned()), store: Some(other.clone()), ..nothing() }).await, 1);
    assert_eq!(found(LetterFilter { code: Some(evil[5..].to_owned()), ..nothing() }).await, 1);
    assert_eq!(found(LetterFilter { reason: Some("quantity_unreadable".to_owned()), ..nothing() }).await, 1);
    assert_eq!(found(LetterFilter { from: Some(NOW + 1), ..nothing() }).await, 0);
    assert_eq!(found(LetterFilter { below: Some(3), ..nothing() }).await, 2);
}

async fn what_the_centre_parked_is_applied_later_with_the_boxs_own_effect(place: Place) {
    let mut shop = Shop::open(&place).await;
    let (position, movement) = sale();
    let bytes = Bytes::from(encode_movement(&movement));
    let content = Content::Unread(position, bytes.clone());
    let unread = ApplyRecord { offset: 0, store: store(), content };
    shop.apply(&[unread, record(2, &movement)]).await;
    let sku = movement.sku.clone().unwrap();
    let level =
        async |shop: &Shop| shop.ledger.levels(&[(store(), Sku::new(sku.as_str()).unwrap())]).await.unwrap().remove(0);
    let before = level(&shop).await;
    let apply = Repair {
        claims: vec![Claim { letter: 1, how: ClaimHow::Applied }],
        instructions: Vec::new(),
        ..repair("apply", 1)
    };
    shop.ledger.repair(&apply, NOW).await.unwrap();
    assert_eq!(shop.ledger.letters_to_apply(9).await.unwrap(), [1]);
    let Reapplied::Applied(levels) = shop.ledger.apply_letter(1, NOW).await.unwrap() else { panic!("not applied") };
    assert_eq!(levels, [level(&shop).await]);
    assert_eq!(level(&shop).await.effect_sum, before.effect_sum.checked_add(movement.effect).unwrap());
    assert_eq!(shop.ledger.apply_letter(1, NOW).await.unwrap(), Reapplied::Gone);
    let books = shop.books().await;
    assert_eq!((books.committed, books.applied, books.parked, books.pending), (2, 2, 0, 0));
    let (block, has_lost) =
        shop.ledger.block(&store(), position.epoch, BlockIndex::of(position.seq)).await.unwrap().unwrap();
    let second = Position { seq: 2, ..position };
    let digest = movement_digest(&store(), position, &bytes).wrapping_add(movement_digest(&store(), second, &bytes));
    let stock = stock_digest(&sku, movement.effect).wrapping_mul(2);
    assert_eq!((block.digest, block.stock, has_lost), (digest, stock, false));
    let digests = shop.ledger.digests(&store(), position.epoch, BlockIndex::of(position.seq)).await.unwrap();
    assert_eq!(digests.len(), 2, "it stands at its position once: {digests:?}");
    // It is no fence to the applier, which goes on from where it stands.
    shop.apply(&[record(3, &movement), record(1, &movement)]).await;
    assert_eq!(shop.books().await.applied, 3, "and what comes again is dropped");
    shop.apply(&[ApplyRecord {
        content: Content::Movement(Position { seq: 4, ..position }, Bytes::from_static(b"\xff")),
        ..record(4, &movement)
    }])
    .await;
    let still = Repair {
        claims: vec![Claim { letter: 2, how: ClaimHow::Applied }],
        instructions: Vec::new(),
        ..repair("still", 2)
    };
    shop.ledger.repair(&still, NOW).await.unwrap();
    let Reapplied::Still(why) = shop.ledger.apply_letter(2, NOW).await.unwrap() else { panic!("applied") };
    let letter = shop.ledger.letters_by_number(&[2]).await.unwrap().remove(0).0;
    assert_eq!((letter.job, letter.failure), (None, Some(why)), "it is free for another repair");
    assert_eq!(shop.ledger.job(2).await.unwrap().unwrap().failed, 1);
}

async fn the_same_instruction_again_is_one_and_another_under_its_id_is_refused(place: Place) {
    let ledger = place.open().await;
    ledger.make_store(&store()).await.unwrap();
    let row = |body: &'static [u8]| InstructionRow::new("mine", store(), "correct", 1, body).by("anna", "typed wrong");
    let ask = async |row: InstructionRow| ledger.instruct(&[row], NOW).await.unwrap();
    assert_eq!(ask(row(b"one")).await, Instructed::Kept);
    assert_eq!(ask(row(b"one")).await, Instructed::Again);
    assert_eq!(ask(row(b"two")).await, Instructed::OtherContent);
    let stores = ["S1".to_owned()];
    let untold = async || ledger.untold_instructions(&stores, 9).await.unwrap().len();
    assert_eq!(untold().await, 1);
    ledger.hand_over(&store(), &["mine".to_owned()], Some(NOW)).await.unwrap();
    assert_eq!(untold().await, 0);
    let kept = ledger.instruction("mine").await.unwrap().unwrap();
    assert_eq!((kept.author.as_str(), kept.reason.as_str(), kept.times.taken), ("anna", "typed wrong", Some(NOW)));
    ledger.hand_over(&store(), &[], None).await.unwrap();
    assert_eq!(untold().await, 1, "a box that is gone has nothing in hand");
    assert!(ledger.untold_instructions(&["S2".to_owned()], 9).await.unwrap().is_empty());
}
