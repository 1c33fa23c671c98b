use proptest::prelude::*;

use super::anew::modest;
use crate::books::{Books, Reversal, Stock, Target};
use crate::opening::{Opening, Retelling, Taking};
use crate::rules::tests::any::documents;
use crate::rules::tests::shop::*;
use crate::{Change, MemoryBooks, Odometer};

/// What was committed, told again.
pub(super) fn told(shop: &Shop, opening: Opening, taking: Taking) -> Retelling {
    told_without(shop, opening, taking, &[])
}

/// Such a telling in which some movements never came, by place.
pub(super) fn told_without(shop: &Shop, opening: Opening, taking: Taking, lost: &[bool]) -> Retelling {
    let mut retelling = Retelling::over(opening, shop.epoch, taking);
    for item in ["apple", "pear", "rope", "bag", "kit"] {
        if let Ok(crate::Lookup::Sku(item)) = shop.books.lookup(item) {
            retelling.learn(item);
        }
    }
    let lost = lost.iter().copied().chain(std::iter::repeat(false));
    for ((seq, movement), _) in (1..).zip(&shop.movements).zip(lost).filter(|(_, lost)| !lost) {
        retelling.take(seq, movement.clone());
    }
    retelling
}

/// All but what tells nothing: an item that nobody touched, a code under
/// which nothing waits.
fn pieces(books: MemoryBooks) -> Vec<Change> {
    let says = |change: &Change| match change {
        Change::Stock(_, stock) => Stock { last: 0, ..*stock } != Stock::FRESH,
        Change::Suspense(_, suspense) => !suspense.rows.is_empty() || suspense.resolved.is_some(),
        Change::Sequence(..) => false,
        Change::Effect(..) | Change::Document(..) | Change::Count(..) => true,
    };
    books.into_changes().filter(says).map(without_empty_lines).collect()
}

/// When nothing happened does not matter.
fn without_empty_lines(mut change: Change) -> Change {
    if let Change::Document(_, record) = &mut change {
        for entry in &mut record.entries {
            if let Reversal::Lines { lines, .. } = &mut entry.reversal {
                let empty = lines.iter_mut().filter(|line| line.target == Target::Nothing);
                empty.for_each(|line| (line.happened, line.trade) = (Odometer(0), false));
            }
        }
    }
    change
}

proptest! {
    #[test]
    fn the_books_of_an_epoch_can_be_told_from_its_movements(documents in documents().prop_map(modest), learnt in 0_usize..30) {
        let mut shop = Shop::born(7);
        for (place, document) in documents.iter().enumerate() {
            if place == learnt {
                shop.learn("96385074", "pear", 3);
                shop.resolve("r", "96385074", "pear", 3);
            }
            shop.submit(document);
            shop.now += 1_000;
        }
        let mut retelling = told(&shop, Opening::empty(), Taking::First);
        retelling.finish();
        prop_assert_eq!(retelling.differences(), [], "what is decided again comes to what was committed");
        retelling.stand_on_sums();
        retelling.stand_on_lasts();
        for (told, held) in pieces(retelling.books.clone()).into_iter().zip(pieces(shop.books.clone())) {
            prop_assert_eq!(told, held);
        }
        prop_assert_eq!(pieces(retelling.books), pieces(shop.books));
    }
}
