//! What an item as given means: which SKUs one of it moves, and by how much.

use crate::books::{Books, Suspended};
use crate::catalogue::{Item, ItemUnit, Lookup};
use crate::document::{TakenLine, Unit};
use crate::gtin::code_spelling;
use crate::kind::ParkReason;
use crate::quantity::{Quantity, ScaleError};
use crate::text::{Code, Sku};

use super::deciding::Deciding;

/// What a line's item means once it is looked up.
pub(super) enum Meaning {
    /// An item, by this code if it was not given as a SKU.
    Item { item: Item, code: Option<Code>, units: Quantity },
    /// A code nobody knows yet.
    Unknown(Code),
    /// It can't be understood.
    Parked(ParkReason, &'static str),
}

/// Looks a line's item up, with the unit the line counts in.
pub(super) fn meaning<B: Books>(deciding: &Deciding<'_, '_, B>, line: &TakenLine) -> Result<Meaning, B::Error> {
    let given = line.item.as_str();
    if deciding.is_as_committed() {
        let is_sku = line.unit == Unit::Sku;
        return Ok(if is_sku {
            Meaning::Item { item: unlisted(&line.item), code: None, units: Quantity::ONE }
        } else {
            unknown(line)
        });
    }
    if line.unit == Unit::Sku {
        return Ok(Meaning::Item { item: item_of(deciding, &line.item)?, code: None, units: Quantity::ONE });
    }
    let (item, code, units) = match deciding.draft.lookup(given)? {
        Lookup::Sku(item) => (item, None, Quantity::ONE),
        Lookup::Code { item, units_per_scan } => (item, code_spelling(given), units_per_scan),
        Lookup::Unknown => return Ok(unknown(line)),
    };
    let pack = match &line.unit {
        Unit::AsGiven => return Ok(Meaning::Item { item, code, units }),
        Unit::Base | Unit::Sku => return Ok(Meaning::Item { item, code, units: Quantity::ONE }),
        Unit::Pack(pack) => pack,
    };
    Ok(match deciding.draft.lookup(pack.as_str())? {
        Lookup::Code { item: of_pack, units_per_scan } if of_pack.sku == item.sku => {
            Meaning::Item { item, code, units: units_per_scan }
        }
        // How much is in it does not matter where no stock is kept.
        Lookup::Code { .. } | Lookup::Sku(_) | Lookup::Unknown if !item.tracked && item.parts.is_empty() => {
            Meaning::Item { item, code, units: Quantity::ONE }
        }
        Lookup::Code { .. } | Lookup::Sku(_) | Lookup::Unknown => {
            Meaning::Parked(ParkReason::UnitUnknown, "the unit is neither base nor a pack of this item")
        }
    })
}

/// A code that nobody knows yet. Its base units may be told all the same, but
/// not what another of its packs holds.
fn unknown(line: &TakenLine) -> Meaning {
    let Some(code) = code_spelling(line.item.as_str()) else {
        return Meaning::Parked(ParkReason::ItemUnreadable, "the item can't be kept as a code");
    };
    match &line.unit {
        Unit::Pack(pack) if *pack != code => Meaning::Parked(
            ParkReason::UnitUnknown,
            "a pack of an item that is not on file can't be told in base units",
        ),
        Unit::AsGiven | Unit::Base | Unit::Sku | Unit::Pack(_) => Meaning::Unknown(code),
    }
}

/// The item of a SKU. One that the catalogue does not list is stock all the
/// same: a kit's part, or what head office named.
pub(super) fn item_of<B: Books>(deciding: &Deciding<'_, '_, B>, sku: &Sku) -> Result<Item, B::Error> {
    Ok(match deciding.draft.lookup(sku.as_str())? {
        Lookup::Sku(item) => item,
        Lookup::Code { .. } | Lookup::Unknown => unlisted(sku),
    })
}

/// An item of which nothing is known but that it is stock.
fn unlisted(sku: &Sku) -> Item {
    let name = sku.to_string();
    Item::new(sku.clone(), name, ItemUnit::Measure)
}

/// One SKU that an item moves: itself, or a part of a kit.
pub(super) struct Share {
    pub(super) sku: Sku,
    pub(super) unit: ItemUnit,
    pub(super) tracked: bool,
    /// Base units of the SKU in one of what was given.
    per_given: Result<Quantity, ScaleError>,
    /// Base units of the SKU in one base unit of the item.
    per_base: Quantity,
}

impl Share {
    /// Base units of the SKU in one of what was given, if that is exact.
    pub(super) const fn units(&self) -> Result<Quantity, ScaleError> {
        self.per_given
    }

    /// Base units in one of what a suspended amount counts.
    pub(super) const fn units_of(&self, amount: Suspended) -> Result<Quantity, ScaleError> {
        match amount {
            Suspended::Packs(_) => self.per_given,
            Suspended::Base(_) => Ok(self.per_base),
        }
    }

    /// What a suspended amount comes to.
    pub(super) fn of(&self, amount: Suspended) -> Result<Quantity, ScaleError> {
        amount.quantity().scale(self.units_of(amount)?)
    }
}

/// What one of an item moves, `units` base units of it being in one of what
/// was given.
pub(super) fn shares<B: Books>(
    deciding: &Deciding<'_, '_, B>,
    item: &Item,
    units: Quantity,
) -> Result<Vec<Share>, B::Error> {
    if item.parts.is_empty() {
        let Item { sku, unit, tracked, .. } = item.clone();
        return Ok(vec![Share { sku, unit, tracked, per_given: Ok(units), per_base: Quantity::ONE }]);
    }
    let of_part = |part: &crate::catalogue::KitPart| {
        let Item { sku, unit, tracked, .. } = item_of(deciding, &part.sku)?;
        let per_given = units.scale(part.quantity);
        Ok(Share { sku, unit, tracked, per_given, per_base: part.quantity })
    };
    item.parts.iter().map(of_part).collect()
}
