use tidemark_model::digest::movement_digest;
use tidemark_model::{BlockIndex, EpochOrdinal};

use super::*;
use crate::LetterFilter;

on_both!(
    each_other_content_of_a_position_is_parked_once_and_closes_when_it_is_replayed,
    two_lives_of_a_position_in_one_batch_are_told_apart,
    a_forked_letter_of_an_older_epoch_is_closed_once,
    the_digests_of_a_block_are_those_of_rows_and_letters_without_forks_and_losses,
);

/// The same movements in another epoch.
fn moved(records: &[ApplyRecord], epoch: u64) -> Vec<ApplyRecord> {
    let moved = |record: &ApplyRecord| match &record.content {
        Content::Movement(at, bytes) => {
            let content = Content::Movement(position(epoch, at.seq), bytes.clone());
            ApplyRecord { content, ..record.clone() }
        }
        Content::Control(_) | Content::Unread(..) => record.clone(),
    };
    records.iter().map(moved).collect()
}

async fn open_groups(shop: &Shop) -> Vec<(String, u64)> {
    shop.ledger.dead_letter_groups().await.unwrap()
}

async fn each_other_content_of_a_position_is_parked_once_and_closes_when_it_is_replayed(place: Place) {
    let mut shop = Shop::open(&place).await;
    let (held, other, third) = (sold(&[(0, 1)], 1), sold(&[(0, 2)], 1), sold(&[(0, 3)], 1));
    shop.apply(&held).await;
    assert_eq!(shop.apply(&[other.clone(), third.clone(), other.clone()].concat()).await.parked, 2);
    assert_eq!(shop.apply(&[held.clone(), other.clone(), third].concat()).await.parked, 0, "each once");
    assert_eq!(open_groups(&shop).await, [("forked".to_owned(), 2)]);
    let books = shop.books().await;
    assert_eq!((books.applied, books.parked, books.pending, books.forks), (1, 0, 0, 2));
    let letters = shop.ledger.dead_letters(&forked(), 5).await.unwrap();
    assert!(letters.iter().all(|letter| letter.id == "0" && letter.closed_at.is_none()), "{letters:?}");
    // The box finds out and submits it anew in the life of a new journal.
    let replayed = shop.apply(&moved(&other, 2)).await;
    assert_eq!((replayed.movements, replayed.closed), (1, 2));
    assert!(open_groups(&shop).await.is_empty());
    assert_eq!(shop.books().await.forks, 0);
    let letters = shop.ledger.dead_letters(&forked(), 5).await.unwrap();
    assert!(letters.len() == 2 && letters.iter().all(|letter| letter.closed_at == Some(NOW)));
    assert_eq!(shop.apply(&moved(&other, 2)).await.closed, 0);
}

async fn two_lives_of_a_position_in_one_batch_are_told_apart(place: Place) {
    let mut shop = Shop::open(&place).await;
    let (held, other) = (sold(&[(0, 1)], 1), sold(&[(0, 2)], 1));
    let applied = shop.apply(&[held, other].concat()).await;
    assert_eq!((applied.movements, applied.parked), (1, 1));
    assert_eq!(shop.books().await.forks, 1);
}

async fn a_forked_letter_of_an_older_epoch_is_closed_once(place: Place) {
    let mut shop = Shop::open(&place).await;
    let (held, other) = (sold(&[(0, 1)], 1), sold(&[(0, 2)], 1));
    shop.apply(&[held, other.clone()].concat()).await;
    let open = |shop: &Shop, before| {
        let ledger = shop.ledger.clone();
        async move { ledger.open_forks(&store(), EpochOrdinal(before)).await.unwrap() }
    };
    assert!(open(&shop, 1).await.is_empty(), "of its own epoch it waits");
    let letters = open(&shop, 2).await;
    let Content::Movement(_, bytes) = &other[0].content else { unreachable!("only movements are sold") };
    assert!(letters.len() == 1 && letters[0].1 == *bytes, "{letters:?}");
    assert!(shop.ledger.stores_with_forks().await.unwrap().is_empty(), "its box may still replay it");
    shop.apply(&[opened(2)]).await;
    assert_eq!(shop.ledger.stores_with_forks().await.unwrap(), [(store(), EpochOrdinal(2))]);
    for _again in 0..2 {
        shop.ledger.close_fork(letters[0].0).await.unwrap();
        assert_eq!(shop.books().await.forks, 0);
    }
    assert!(open(&shop, 2).await.is_empty() && open_groups(&shop).await.is_empty());
    assert!(shop.ledger.stores_with_forks().await.unwrap().is_empty());
    // The applier goes on behind it, and finds nothing to close.
    shop.at = shop.ledger.position(0, shop.at.stream).await.unwrap();
    let replayed = shop.apply(&moved(&other, 2)).await;
    assert_eq!((replayed.movements, replayed.closed), (1, 0));
}

async fn the_digests_of_a_block_are_those_of_rows_and_letters_without_forks_and_losses(place: Place) {
    let mut shop = Shop::open(&place).await;
    let mut records = sold(&[(0, 1); 4], 1);
    records[1].content = Content::Movement(position(1, 2), Bytes::from_static(b"\xff"));
    shop.apply(&records).await;
    shop.apply(&sold(&[(0, 9)], 1)).await;
    shop.apply(&[lost(1, [5])]).await;
    let far = Content::Movement(position(1, 1_025), Bytes::from_static(b"\xfe"));
    shop.apply(&[ApplyRecord { content: far, ..records[0].clone() }]).await;
    let digest = |record: &ApplyRecord| match &record.content {
        Content::Movement(at, bytes) => (at.seq, movement_digest(&store(), *at, bytes)),
        Content::Control(_) | Content::Unread(..) => unreachable!("only movements are sold"),
    };
    let told = shop.ledger.digests(&store(), Epoch(1), BlockIndex(0)).await.unwrap();
    assert_eq!(told, records.iter().map(digest).collect::<Vec<_>>());
    assert_eq!(shop.ledger.digests(&store(), Epoch(1), BlockIndex(1)).await.unwrap().len(), 1);
    assert!(shop.ledger.digests(&store(), Epoch(2), BlockIndex(0)).await.unwrap().is_empty());
}

fn forked() -> LetterFilter {
    LetterFilter { reason: Some("forked".to_owned()), ..LetterFilter::default() }
}
