//! `catalogue`: items and codes in two halves, one in use, the other loading.

use tidemark_model::catalogue::KitPart;
use tidemark_model::{Item, ItemUnit, Label, LocalTime, Price, Quantity, Sku};

use super::bytes::{LayoutError, Packer, Reader, Value};

const ITEM: u8 = 0;
const CODE: u8 = 1;

/// One of the two halves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Half {
    #[default]
    First,
    Second,
}

impl Half {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::First => 0,
            Self::Second => 1,
        }
    }

    /// All keys of the half: from the first to before the second.
    pub(crate) const fn bounds(self) -> ([u8; 1], [u8; 1]) {
        ([self.number()], [self.number() + 1])
    }
}

pub(crate) fn item_key(half: Half, sku: &str) -> Vec<u8> {
    key(half, ITEM, sku)
}

pub(crate) fn code_key(half: Half, code: &str) -> Vec<u8> {
    key(half, CODE, code)
}

fn key(half: Half, kind: u8, text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(2 + text.len());
    key.extend_from_slice(&[half.number(), kind]);
    key.extend_from_slice(text.as_bytes());
    key
}

impl Value for Item {
    const WHAT: &'static str = "catalogue";

    fn pack(&self, to: &mut Packer) {
        to.text(self.sku.as_str());
        to.text(&self.name);
        to.byte(match self.unit {
            ItemUnit::Each => 0,
            ItemUnit::Measure => 1,
        });
        to.flag(self.tracked);
        // What older releases know stands first; what they do not is there
        // only if it says something.
        to.maybe(self.always(), pack_price);
        to.length(self.parts.len());
        for part in &self.parts {
            to.text(part.sku.as_str());
            to.quantity(part.quantity);
        }
        if self.coming().next().is_some() || !self.assortments.is_empty() {
            to.length(self.coming().count());
            for (price, from) in self.coming() {
                pack_price(to, price);
                to.signed(from.0);
            }
            to.length(self.assortments.len());
            for label in &self.assortments {
                to.text(label.as_str());
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let sku = from.checked(Sku::new)?;
        let name = from.text()?.to_owned();
        let unit = match from.byte()? {
            0 => ItemUnit::Each,
            1 => ItemUnit::Measure,
            other => return Err(from.meaningless(other.into())),
        };
        let tracked = from.flag()?;
        let mut prices: Vec<Price> = from.maybe(read_price)?.into_iter().collect();
        let parts = from.many(|from| Ok(KitPart { sku: from.checked(Sku::new)?, quantity: from.quantity()? }))?;
        let mut assortments = Vec::new();
        if !from.rest.is_empty() {
            prices.extend(from.many(|from| {
                let price = read_price(from)?;
                Ok(Price { from: Some(LocalTime(from.signed()?)), ..price })
            })?);
            assortments = from.many(|from| from.checked(Label::new))?;
        }
        Ok(Self { sku, name, unit, tracked, prices, parts, assortments })
    }
}

fn pack_price(to: &mut Packer, price: &Price) {
    to.signed(price.minor);
    to.text(price.currency.as_str());
}

fn read_price(from: &mut Reader<'_>) -> Result<Price, LayoutError> {
    Ok(Price { minor: from.signed()?, currency: from.checked(Label::new)?, from: None })
}

/// What a code means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeMeaning {
    pub(crate) sku: Sku,
    pub(crate) units_per_scan: Quantity,
}

impl Value for CodeMeaning {
    const WHAT: &'static str = "catalogue codes";

    fn pack(&self, to: &mut Packer) {
        to.text(self.sku.as_str());
        to.quantity(self.units_per_scan);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        Ok(Self { sku: from.checked(Sku::new)?, units_per_scan: from.quantity()? })
    }
}

/// Which half is in use; this one key switches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CatalogueHead {
    pub(crate) half: Half,
    /// 0 without a catalogue.
    pub(crate) version: u64,
    pub(crate) items: u64,
    pub(crate) loading: Option<Loading>,
    /// The shop's assortment, as the version in use came with it.
    pub(crate) assortment: Option<Label>,
}

/// How far the other half is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loading {
    pub(crate) version: u64,
    pub(crate) items: u64,
    /// The last SKU of the last page that is in.
    pub(crate) after: Option<Sku>,
}

impl Value for CatalogueHead {
    const WHAT: &'static str = "catalogue head";

    fn pack(&self, to: &mut Packer) {
        to.byte(self.half.number());
        to.number(self.version);
        to.number(self.items);
        to.maybe(self.loading.as_ref(), |to, loading| {
            to.number(loading.version);
            to.number(loading.items);
            to.maybe(loading.after.as_ref(), |to, after| to.text(after.as_str()));
        });
        if let Some(assortment) = &self.assortment {
            to.text(assortment.as_str());
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let half = match from.byte()? {
            0 => Half::First,
            1 => Half::Second,
            other => return Err(from.meaningless(other.into())),
        };
        let (version, items) = (from.number()?, from.number()?);
        let loading = from.maybe(|from| {
            let (version, items) = (from.number()?, from.number()?);
            let after = from.maybe(|from| from.checked(Sku::new))?;
            Ok(Loading { version, items, after })
        })?;
        let assortment = if from.rest.is_empty() { None } else { Some(from.checked(Label::new)?) };
        Ok(Self { half, version, items, loading, assortment })
    }
}
