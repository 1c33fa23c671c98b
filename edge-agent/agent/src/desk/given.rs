//! What a code says of its item: which one, and how much of it.

use tidemark_barcode::{Ai, ElementString, InStoreNumber, InStorePatterns, Measure, Unit};
use tidemark_model::{Item, ItemUnit, Label, LocalTime, Lookup, Quantity};

use super::money::decimals_of;
use crate::lane::{Amount, Given};

/// An item by its code alone.
pub(super) fn plain(code: &str, elements: Option<ElementString<'_>>) -> Given {
    let label = |ai| elements.and_then(|elements| elements.text(ai)).and_then(|text| Label::new(&text).ok());
    Given { lot: label(Ai::LOT), expiry: label(Ai::EXPIRY), serial: label(Ai::SERIAL), ..Given::plain(code) }
}

/// How much a GS1 code says there is: pieces of what the code names, or a
/// weight, length or volume of an item that is kept in it.
pub(super) fn amount_of(measure: Measure, lookup: &Lookup) -> Option<Amount> {
    let quantity = Quantity::thousandths(measure.thousandths()?);
    match measure.unit {
        Unit::Piece => Some(Amount { quantity, in_base: false, estimated: false }),
        Unit::Kilogram | Unit::Metre | Unit::SquareMetre | Unit::Litre | Unit::CubicMetre => {
            let kept_so = item_of(lookup).is_some_and(|item| item.unit == ItemUnit::Measure);
            kept_so.then_some(Amount { quantity, in_base: true, estimated: false })
        }
        // Nobody says that stock of the item is kept in pounds.
        Unit::Pound => None,
    }
}

/// A company's own number as its pattern reads it. `lookup` tells what the
/// catalogue has, `has_come` which moments are over.
pub(super) fn in_store(
    digits: &str,
    patterns: &InStorePatterns,
    lookup: impl Fn(&str) -> Lookup,
    has_come: impl Fn(LocalTime) -> bool,
) -> Result<Given, &'static str> {
    let Some(number) = patterns.read(digits).map_err(|error| error.code())? else { return Ok(Given::plain(digits)) };
    let listed = number.listed.as_str();
    let item = number.item.as_str();
    let mut looked_up = [listed, item].into_iter().map(|text| (text, lookup(text)));
    let known = looked_up.find(|(_, found)| *found != Lookup::Unknown);
    let (name, found) = known.unwrap_or((listed, Lookup::Unknown));
    let amount = amount_in(&number, &found, has_come);
    Ok(Given { amount, ..Given::plain(name) })
}

fn amount_in(number: &InStoreNumber, lookup: &Lookup, has_come: impl Fn(LocalTime) -> bool) -> Option<Amount> {
    if let Some(weight) = number.weight {
        let quantity = Quantity::thousandths(weight.thousandths()?);
        return Some(Amount { quantity, in_base: true, estimated: false });
    }
    let (price, item) = (number.price?, item_of(lookup)?);
    let per_unit = item.price(has_come).filter(|_| item.unit == ItemUnit::Measure)?;
    let minor = minor_of(price.value, price.decimals, decimals_of(per_unit))?;
    let quantity = Quantity::thousandths(weight_for(minor, per_unit.minor)?);
    Some(Amount { quantity, in_base: true, estimated: true })
}

const fn item_of(lookup: &Lookup) -> Option<&Item> {
    match lookup {
        Lookup::Sku(item) | Lookup::Code { item, .. } => Some(item),
        Lookup::Unknown => None,
    }
}

/// A price in minor units of its currency, if it is a whole number of them.
fn minor_of(value: u32, decimals: u8, of_currency: u32) -> Option<i64> {
    let value = i64::from(value) * 10_i64.checked_pow(of_currency)?;
    let scale = 10_i64.checked_pow(u32::from(decimals))?;
    (value % scale == 0).then_some(value / scale)
}

/// Thousandths of a unit that cost so much, to the nearest.
fn weight_for(minor: i64, per_unit: i64) -> Option<i64> {
    if per_unit <= 0 {
        return None;
    }
    minor.checked_mul(1_000)?.checked_add(per_unit / 2)?.checked_div(per_unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_barcode::decode;
    use tidemark_model::Price as PricePerUnit;
    use tidemark_model::Sku;

    fn item(unit: ItemUnit, price: Option<i64>) -> Item {
        let always = |minor| PricePerUnit { minor, currency: Label::new("EUR").unwrap(), from: None };
        let (prices, parts, assortments) = (price.map(always).into_iter().collect(), Vec::new(), Vec::new());
        let sku = Sku::new("4711").unwrap();
        Item { sku, name: "Gouda".into(), unit, tracked: true, prices, parts, assortments }
    }

    fn patterns(letters: &str) -> InStorePatterns {
        InStorePatterns::parse([("2[0-9]", letters)]).unwrap()
    }

    #[test]
    fn a_weight_in_the_number_is_the_quantity_in_base_units() {
        let known =
            |text: &str| if text == "12345" { Lookup::Sku(item(ItemUnit::Measure, None)) } else { Lookup::Unknown };
        let given = in_store("2112345006789", &patterns("PPIIIIIWWWWWC"), known, |_| true).unwrap();
        assert_eq!(given.item, "12345");
        assert_eq!(
            given.amount,
            Some(Amount { quantity: Quantity::thousandths(678), in_base: true, estimated: false })
        );
    }

    #[test]
    fn a_price_is_a_weight_only_if_the_price_of_a_unit_is_known() {
        let letters = patterns("PPIIIIIMMMMMC");
        let of =
            |item: Item| move |text: &str| if text == "12345" { Lookup::Sku(item.clone()) } else { Lookup::Unknown };
        let given = in_store("2112345006789", &letters, of(item(ItemUnit::Measure, Some(1_356))), |_| true).unwrap();
        assert_eq!(given.amount, Some(Amount { quantity: Quantity::thousandths(500), in_base: true, estimated: true }));
        for unpriced in
            [item(ItemUnit::Measure, None), item(ItemUnit::Each, Some(1_356)), item(ItemUnit::Measure, Some(0))]
        {
            assert_eq!(in_store("2112345006789", &letters, of(unpriced), |_| true).unwrap().amount, None);
        }
    }

    #[test]
    fn the_price_in_effect_says_the_weight() {
        let letters = patterns("PPIIIIIMMMMMC");
        let mut item = item(ItemUnit::Measure, Some(1_356));
        let coming = PricePerUnit { minor: 678, from: Some(LocalTime(100)), ..item.prices[0].clone() };
        item.prices.push(coming);
        let weight = |now: i64| {
            let lookup = |text: &str| if text == "12345" { Lookup::Sku(item.clone()) } else { Lookup::Unknown };
            let given = in_store("2112345006789", &letters, lookup, |from| from.0 <= now).unwrap();
            given.amount.unwrap().quantity
        };
        assert_eq!([weight(99), weight(100)], [Quantity::thousandths(500), Quantity::thousandths(1_000)]);
    }

    #[test]
    fn a_number_without_a_pattern_is_opaque() {
        let given = in_store("2112345006789", &InStorePatterns::default(), |_| Lookup::Unknown, |_| true).unwrap();
        assert_eq!(given, Given::plain("2112345006789"));
    }

    #[test]
    fn a_gs1_code_gives_pieces_weight_lot_and_expiry() {
        let scan = decode(b"]C1010950110153000331030012501727013110LOT7").unwrap();
        let given = plain("x", scan.elements());
        assert_eq!(given.lot.as_ref().map(Label::as_str), Some("LOT7"));
        assert_eq!(given.expiry.as_ref().map(Label::as_str), Some("270131"));
        let measure = scan.measure().unwrap();
        let by_weight = Lookup::Sku(item(ItemUnit::Measure, None));
        let amount = amount_of(measure, &by_weight).unwrap();
        assert_eq!((amount.quantity, amount.in_base), (Quantity::thousandths(1_250), true));
        assert_eq!(amount_of(measure, &Lookup::Sku(item(ItemUnit::Each, None))), None, "sold by the piece");
    }

    #[test]
    fn a_currency_without_minor_units_is_told_as_it_is() {
        assert_eq!(minor_of(678, 0, 0), Some(678));
        assert_eq!(minor_of(678, 2, 2), Some(678));
        assert_eq!(minor_of(678, 2, 0), None);
    }
}
