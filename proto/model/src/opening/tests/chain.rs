//! Openings of openings.

use proptest::prelude::*;

use super::anew::{ITEMS, born_with, modest, on_hands, sum_of, take, work};
use super::folded::told;
use crate::document::Document;
use crate::opening::{Opening, Taking};
use crate::quantity::Quantity;
use crate::rules::tests::any::documents;
use crate::rules::tests::shop::*;

/// Three lots of documents, the later ones with some of the earlier again.
fn lots(documents: &[Document], first: usize, second: usize) -> [Vec<&Document>; 3] {
    let (first, second) = (first.min(documents.len()), second.min(documents.len()));
    let (first, second) = (first.min(second), first.max(second));
    let old: Vec<&Document> = documents[..first].iter().collect();
    let middle = old.iter().copied().step_by(2).chain(&documents[first..second]).collect::<Vec<_>>();
    let last = middle.iter().copied().step_by(3).chain(old.iter().copied()).chain(&documents[second..]).collect();
    [old, middle, last]
}

proptest! {
    #[test]
    fn a_box_that_is_swapped_before_it_took_its_opening_doubles_nothing(
        documents in documents().prop_map(modest),
        first in 0_usize..30,
        second in 0_usize..30,
        before in 0_usize..30,
    ) {
        let [old, middle, last] = lots(&documents, first, second);
        let mut oldest = Shop::born(7);
        work(&mut oldest, old);
        let opening = told(&oldest, Opening::empty(), Taking::First).into_opening();

        let mut held = born_with(9, opening.clone().into_pieces());
        work(&mut held, middle.iter().copied());
        let mut never = Shop::born(9);
        work(&mut never, middle.iter().copied());
        let of_held = told(&held, opening.clone(), Taking::At(0)).into_opening();
        let of_never = told(&never, opening, Taking::Never).into_opening();

        let before = before.min(last.len());
        let mut held = born_with(11, of_held.into_pieces());
        let mut late = Shop::born(11);
        work(&mut held, last[..before].iter().copied());
        work(&mut late, last[..before].iter().copied());
        take(&mut late, of_never.clone());
        held.now += 1;
        work(&mut held, last[before..].iter().copied());
        work(&mut late, last[before..].iter().copied());
        prop_assert_eq!(on_hands(&held), on_hands(&late));
        for item in ITEMS {
            let sum = sum_of(&of_never, item).as_thousandths() + late.effect_sum(item);
            prop_assert_eq!(Quantity::thousandths(sum), late.stock(item).on_hand, "{}", item);
        }
    }

    #[test]
    fn the_opening_after_an_epoch_that_took_its_own_is_what_its_box_has(
        documents in documents().prop_map(modest),
        first in 0_usize..30,
        second in 0_usize..30,
    ) {
        let [old, before, after] = lots(&documents, first, second);
        let mut oldest = Shop::born(7);
        work(&mut oldest, old);
        let opening = told(&oldest, Opening::empty(), Taking::First).into_opening();
        let mut shop = Shop::born(9);
        work(&mut shop, before);
        let seq = take(&mut shop, opening.clone());
        work(&mut shop, after);
        let mut retelling = told(&shop, opening, Taking::At(seq));
        retelling.finish();
        prop_assert_eq!(retelling.differences(), []);
        let next = retelling.into_opening();
        prop_assert_eq!(next.sums().count(), 0);
        let next = born_with(11, next.into_pieces());
        prop_assert_eq!(on_hands(&shop), on_hands(&next));
    }
}
