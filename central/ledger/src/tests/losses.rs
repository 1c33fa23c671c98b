use tidemark_model::{BlockIndex, EpochOrdinal, Marks, Movement, Quantity, SeqSet, Sku};
use tidemark_sync::message::InstructionBody;

use super::*;
use crate::apply::LossCause;
use crate::rows::{Signature, Signed};

on_both!(
    what_a_box_cannot_read_is_lost_by_name_and_handled,
    a_fenced_batch_names_nothing,
    a_new_epoch_names_what_the_older_one_left_and_a_straggler_takes_it_out,
    what_comes_late_is_offered_once_to_the_box_that_has_the_store,
    a_signature_holds_for_what_was_seen_and_stays_with_what_is_left,
    the_tail_of_a_hello_counts_as_told,
    what_is_missing_below_what_a_box_still_holds_is_found,
);

async fn ranges(ledger: &Ledger) -> Vec<(u64, Seq, Seq, LossCause)> {
    let rows = ledger.losses(&store(), 100).await.unwrap();
    rows.iter().map(|row| (row.epoch.0, row.first, row.last, row.cause)).collect()
}

fn counts(books: &StoreRow) -> [u64; 5] {
    [books.committed, books.applied, books.parked, books.lost, books.pending]
}

async fn what_a_box_cannot_read_is_lost_by_name_and_handled(place: Place) {
    let mut shop = Shop::open(&place).await;
    let records = sold(&[(0, 1); 8], 9);
    shop.apply(&records[..2]).await;
    for _delivery in 0..2 {
        shop.apply(&[lost(9, [3, 4, 6])]).await;
        assert_eq!(counts(&shop.books().await), [6, 2, 0, 3, 1]);
    }
    assert_eq!(shop.ledger.gaps(&store()).await.unwrap(), 1, "5 is still on its way");
    let block = shop.ledger.block(&store(), Epoch(9), BlockIndex(0)).await.unwrap().unwrap();
    let (block, has_lost) = block;
    assert!(has_lost);
    assert_eq!(block.bitmap.seqs(BlockIndex(0)).collect::<Vec<_>>(), [1, 2, 3, 4, 6]);
    shop.ledger.close().await;
    let mut shop = Shop::open(&place).await;
    let expected = [(9, 3, 4, LossCause::Unreadable), (9, 6, 6, LossCause::Unreadable)];
    assert_eq!(ranges(&shop.ledger).await, expected);
    shop.apply(&records[2..]).await;
    assert_eq!(counts(&shop.books().await), [8, 8, 0, 0, 0]);
    assert!(ranges(&shop.ledger).await.is_empty());
    let (block, has_lost) = shop.ledger.block(&store(), Epoch(9), BlockIndex(0)).await.unwrap().unwrap();
    assert!(!has_lost);
    let digest = tidemark_model::digest::movement_digest;
    let sum = records.iter().zip(1..).fold(0_u64, |sum, (record, seq)| match &record.content {
        Content::Movement(_, bytes) => sum.wrapping_add(digest(&store(), position(9, seq), bytes)),
        Content::Control(_) | Content::Unread(..) => unreachable!("only movements are sold"),
    });
    assert_eq!(block.digest, sum);
}

async fn what_is_missing_below_what_a_box_still_holds_is_found(place: Place) {
    let mut shop = Shop::open(&place).await;
    let missing = async |shop: &Shop, below| shop.ledger.missing_below(&store(), Epoch(9), below).await.unwrap();
    assert!(missing(&shop, 5_000).await.is_empty(), "nobody knows the epoch");
    shop.apply(&[opened(9)]).await;
    for from in [1, 1_001, 2_001] {
        shop.apply(&[lost(9, (from..from + 1_000).filter(|seq| ![7, 1_024, 2_500].contains(seq)))]).await;
    }
    let found = |seqs: &[Seq]| seqs.iter().copied().collect::<SeqSet>();
    assert_eq!(missing(&shop, 1).await, found(&[]));
    assert_eq!(missing(&shop, 1_025).await, found(&[7, 1_024]));
    assert_eq!(missing(&shop, 2_500).await, found(&[7, 1_024]), "whole blocks are trimmed");
    let all = std::iter::once(3_001..=4_096).chain([7..=7, 1_024..=1_024, 2_500..=2_500]).collect();
    assert_eq!(missing(&shop, 4_097).await, all);
    shop.apply(&[lost(9, [7, 1_024])]).await;
    assert_eq!(missing(&shop, 1_025).await, found(&[]));
    shop.apply(&[opened(10)]).await;
    assert!(missing(&shop, 4_097).await.is_empty(), "what an epoch's end left is named");
}

async fn a_fenced_batch_names_nothing(place: Place) {
    let mut shop = Shop::open(&place).await;
    let stale = shop.at;
    shop.apply(&sold(&[(0, 1)], 9)).await;
    let fenced = shop.ledger.apply(stale, &[lost(9, [2])], 1, NOW).await;
    assert!(matches!(fenced, Err(ApplyError::Fenced(0))));
    assert!(ranges(&shop.ledger).await.is_empty());
    assert_eq!(counts(&shop.books().await), [1, 1, 0, 0, 0]);
}

async fn a_new_epoch_names_what_the_older_one_left_and_a_straggler_takes_it_out(place: Place) {
    let mut shop = Shop::open(&place).await;
    let records = sold(&[(0, 1); 6], 1);
    shop.apply(&[records[0].clone(), records[3].clone()]).await;
    shop.told(1, 5).await;
    assert_eq!(counts(&shop.books().await), [5, 2, 0, 0, 3]);
    for _delivery in 0..2 {
        shop.apply(&[opened(2)]).await;
        assert_eq!(counts(&shop.books().await), [5, 2, 0, 3, 0]);
    }
    assert_eq!(ranges(&shop.ledger).await, [(1, 2, 3, LossCause::Closed), (1, 5, 5, LossCause::Closed)]);
    let sku = Sku::new("0").unwrap();
    let level = async |shop: &Shop| shop.ledger.levels(&[(store(), sku.clone())]).await.unwrap().remove(0);
    let before = level(&shop).await;
    // The box comes back, tells what it sold since, and brings some of it.
    shop.told(1, 6).await;
    shop.apply(&[records[1].clone(), records[5].clone()]).await;
    let books = shop.books().await;
    assert_eq!((counts(&books), books.late), ([6, 4, 0, 2, 0], 2));
    assert_eq!(level(&shop).await, before, "a closed epoch's balance never changes");
    assert_eq!(before.effect_sum, Quantity::units(-2).unwrap());
    assert_eq!(ranges(&shop.ledger).await, [(1, 3, 3, LossCause::Closed), (1, 5, 5, LossCause::Closed)]);
    assert_eq!(shop.ledger.gaps(&store()).await.unwrap(), 0, "what is lost is no gap");
    let history = shop.ledger.history(&store(), &sku, None, 10).await.unwrap();
    let is_late = |movement: &Movement| movement.marks.has(Marks::LATE);
    let told: Vec<_> = history.movements.iter().map(|(_, seq, movement)| (*seq, is_late(movement))).collect();
    assert_eq!((told, history.gaps), (vec![(4, false), (2, true), (1, false)], vec![3]));
}

async fn what_comes_late_is_offered_once_to_the_box_that_has_the_store(place: Place) {
    let mut shop = Shop::open(&place).await;
    let records = sold(&[(0, 1); 6], 1);
    shop.apply(&records[..1]).await;
    shop.apply(&[opened(2)]).await;
    shop.apply(&[records[4].clone(), records[2].clone()]).await;
    shop.apply(&[records[2].clone()]).await;
    let offered = shop.ledger.waiting_instructions(&store()).await.unwrap();
    let [row] = offered.as_slice() else { panic!("one is expected: {offered:?}") };
    assert!(row.id.starts_with("late-0000000000000001-3-"), "{}", row.id);
    assert_eq!((row.kind.as_str(), row.lines), ("late_movements", 2));
    let body = tidemark_wire::decode_instruction_body(&row.body).unwrap();
    let InstructionBody::Late(late) = body else { panic!("{body:?}") };
    let seqs: Vec<Seq> = late.movements.iter().map(|(seq, _)| *seq).collect();
    assert_eq!((late.epoch, late.ordinal, seqs), (Epoch(1), EpochOrdinal(1), vec![3, 5]));
    let bytes = |record: &ApplyRecord| match &record.content {
        Content::Movement(_, bytes) => bytes.clone(),
        Content::Control(_) | Content::Unread(..) => unreachable!("only movements are sold"),
    };
    assert_eq!(late.movements[0].1, bytes(&records[2]));
}

async fn a_signature_holds_for_what_was_seen_and_stays_with_what_is_left(place: Place) {
    let mut shop = Shop::open(&place).await;
    let records = sold(&[(0, 1); 6], 1);
    shop.apply(&records[..1]).await;
    shop.apply(&[lost(1, 2..=5)]).await;
    let signature = Signature { author: "Ada".to_owned(), reason: "counted".to_owned(), signed_at: 8 };
    let sign = async |shop: &Shop, seen| shop.ledger.sign_losses(&store(), seen, &signature).await.unwrap();
    assert_eq!(sign(&shop, Some(3)).await, Signed::Others { positions: 4 });
    assert_eq!(shop.ledger.unsigned_losses().await.unwrap()[0].positions, 4);
    assert_eq!(sign(&shop, Some(4)).await, Signed::Done { positions: 4 });
    assert!(shop.ledger.unsigned_losses().await.unwrap().is_empty());
    assert_eq!((shop.books().await.lost, shop.books().await.lost_unsigned), (4, 0));
    shop.apply(&[records[2].clone(), lost(1, [6])]).await;
    let rows = shop.ledger.losses(&store(), 100).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.first, row.last, row.signed.clone())).collect();
    let signed = Some(signature.clone());
    assert_eq!(told, [(6, 6, None), (2, 2, signed.clone()), (4, 5, signed)]);
    let open = shop.ledger.unsigned_losses().await.unwrap();
    assert_eq!((open[0].positions, open[0].ranges), (1, 1));
    assert_eq!(sign(&shop, None).await, Signed::Done { positions: 1 });
    assert_eq!(sign(&shop, None).await, Signed::Done { positions: 0 });
}

async fn the_tail_of_a_hello_counts_as_told(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&sold(&[(0, 1)], 1)).await;
    let session = Some(tidemark_sync::message::Session(4));
    shop.ledger.look_up(&store(), Epoch(1), session, (1, 3)).await.unwrap().unwrap();
    assert_eq!(counts(&shop.books().await), [3, 1, 0, 0, 2]);
    shop.apply(&[opened(2)]).await;
    assert_eq!(ranges(&shop.ledger).await, [(1, 2, 3, LossCause::Closed)]);
}
