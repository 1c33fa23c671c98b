use proptest::prelude::*;

use super::folded::{told, told_without};
use crate::books::{Books, Stock};
use crate::document::{Body, CountBody, Document, Line};
use crate::opening::{Opening, Taking};
use crate::quantity::Quantity;
use crate::rules::tests::any::documents;
use crate::rules::tests::shop::*;
use crate::{Change, Position, Stamp};

/// The items that any document may move.
pub(super) const ITEMS: [&str; 6] = ["apple", "pear", "rope", "bag", "kit", "plum"];

/// A new box that was given these books with its birth.
pub(super) fn born_with(epoch: u64, pieces: impl IntoIterator<Item = Change>) -> Shop {
    let mut shop = Shop::born(epoch);
    shop.books.commit(pieces);
    shop
}

/// The box takes its opening now.
pub(super) fn take(shop: &mut Shop, opening: Opening) -> u64 {
    let retelling = told(shop, opening, Taking::Never);
    shop.now += 1;
    let stamp = shop.stamp();
    let taken = retelling.into_taken(&stamp);
    assert_eq!(taken.seq, shop.movements.len() as u64 + taken.movements.len() as u64);
    let mut books = Shop::open().books;
    books.commit(taken.books.into_changes());
    shop.books = books;
    shop.movements.extend(taken.movements);
    taken.seq
}

/// Does some documents, a second apart; a code is learnt on the way.
pub(super) fn work<'a>(shop: &mut Shop, documents: impl IntoIterator<Item = &'a Document>) {
    for document in documents {
        shop.submit(document);
        shop.now += 1_000;
    }
}

pub(super) fn on_hands(shop: &Shop) -> Vec<(&'static str, Quantity, crate::Basis)> {
    let item = |name| {
        let Stock { on_hand, basis, .. } = shop.stock(name);
        (name, on_hand, basis)
    };
    ITEMS.into_iter().map(item).collect()
}

/// Documents without quantities that no shop has, whose sums do not fit.
pub(super) fn modest(mut documents: Vec<Document>) -> Vec<Document> {
    let small = |quantity: &mut Quantity| *quantity = Quantity::thousandths(quantity.as_thousandths() % 1_000_000);
    for document in &mut documents {
        match &mut document.body {
            Body::Trade { lines, .. } | Body::Count(CountBody { lines, .. }) => {
                for line in lines {
                    if let Line::Taken(taken) = line {
                        small(&mut taken.quantity);
                    }
                }
            }
            Body::Correction { lines, .. } | Body::Restatement { lines, .. } => {
                lines.iter_mut().for_each(|line| small(&mut line.change));
            }
            Body::Void { .. }
            | Body::DayClose { .. }
            | Body::Resolve { .. }
            | Body::InstructionResult { .. }
            | Body::Late(_)
            | Body::Unreadable(_) => {}
        }
    }
    documents
}

/// What each document is answered if it comes again.
fn answers(shop: &Shop, documents: &[&Document]) -> Vec<String> {
    let mut shop = Shop { books: shop.books.clone(), movements: shop.movements.clone(), ..*shop };
    documents.iter().map(|document| format!("{:?}", shop.submit(document).status)).collect()
}

pub(super) fn sum_of(opening: &Opening, item: &str) -> Quantity {
    let other = opening.sums().find(|(sku, _)| **sku == sku_of(item)).map(|(_, sum)| sum);
    let Ok(stock) = opening.books().stock(&sku_of(item));
    other.unwrap_or(stock.unwrap_or(Stock::FRESH).on_hand)
}

fn sku_of(item: &str) -> crate::Sku {
    sku(item)
}

proptest! {
    #[test]
    fn a_box_that_takes_its_opening_late_has_what_one_has_that_held_it_from_the_start(
        documents in documents().prop_map(modest),
        old in 0_usize..30,
        before in 0_usize..30,
        repeated in prop::collection::vec(any::<bool>(), 30),
        lost in prop_oneof![
            Just(Vec::new()),
            prop::collection::vec(prop::bool::weighted(0.2), 60),
        ],
    ) {
        let old = old.min(documents.len());
        let mut first = Shop::born(7);
        work(&mut first, &documents[..old]);
        let opening = told_without(&first, Opening::empty(), Taking::First, &lost).into_opening();

        let again = documents[..old].iter().zip(&repeated).filter(|(_, again)| **again).map(|(document, _)| document);
        let mut rest: Vec<&Document> = again.collect();
        for (place, document) in documents[old..].iter().enumerate() {
            rest.insert((place * 2).min(rest.len()), document);
        }
        let before = before.min(rest.len());

        let mut held = born_with(9, opening.clone().into_pieces());
        work(&mut held, rest[..before].iter().copied());
        held.now += 1;
        let mut late = Shop::born(9);
        work(&mut late, rest[..before].iter().copied());
        take(&mut late, opening.clone());
        prop_assert_eq!(on_hands(&held), on_hands(&late), "once it is taken");
        prop_assert_eq!(held.now, late.now);

        work(&mut held, rest[before..].iter().copied());
        work(&mut late, rest[before..].iter().copied());
        prop_assert_eq!(on_hands(&held), on_hands(&late));
        prop_assert_eq!(answers(&held, &rest), answers(&late, &rest));
        for item in ITEMS {
            let sum = sum_of(&opening, item).as_thousandths() + late.effect_sum(item);
            prop_assert_eq!(Quantity::thousandths(sum), late.stock(item).on_hand, "{}", item);
        }
    }
}

#[test]
fn nothing_is_restated_where_nothing_differs() {
    let mut first = Shop::born(7);
    first.submit(&sale("1", "apple", 3));
    let opening = told(&first, Opening::empty(), Taking::First).into_opening();
    let mut next = Shop::born(9);
    next.submit(&sale("2", "apple", 2));
    take(&mut next, opening);
    assert_eq!(next.on_hand("apple"), -5);
    assert_eq!(next.movements.len(), 1, "opening and effects come to it by themselves");
    let at = Stamp { next: Position { seq: 1, ..next.stamp().next }, ..next.stamp() };
    assert_eq!(next.stock("apple").last, at.next.seq);
}
