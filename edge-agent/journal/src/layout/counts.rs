//! `counts`: counts of several zones, with the marks of each item.

use tidemark_model::books::{CountSheet, CountState, CountedItem};
use tidemark_model::{Label, Reference, Sku};

use super::bytes::{LayoutError, Packer, Reader, Value, key_text};

pub(crate) fn key(reference: &Reference) -> &[u8] {
    reference.as_str().as_bytes()
}

pub(crate) fn read_key(key: &[u8]) -> Result<Reference, LayoutError> {
    key_text("counts", key, Reference::new)
}

impl Value for CountState {
    const WHAT: &'static str = "counts";

    fn pack(&self, to: &mut Packer) {
        to.maybe(self.closed, Packer::odometer);
        to.flag(self.full);
        to.length(self.sheets.len());
        self.sheets.iter().for_each(|sheet| pack_sheet(to, sheet));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let closed = from.maybe(Reader::odometer)?;
        let full = from.flag()?;
        let sheets = from.many(read_sheet)?;
        Ok(Self { sheets, closed, full })
    }
}

fn pack_sheet(to: &mut Packer, sheet: &CountSheet) {
    to.maybe(sheet.zone.as_ref(), |to, zone| to.text(zone.as_str()));
    to.maybe(sheet.counter.as_ref(), |to, counter| to.text(counter.as_str()));
    to.flag(sheet.sells);
    to.length(sheet.items.len());
    for (sku, item) in &sheet.items {
        to.text(sku.as_str());
        to.quantity(item.counted);
        to.odometer(item.mark);
        to.odometer(item.last);
        to.flag(item.unsure);
    }
}

fn read_sheet(from: &mut Reader<'_>) -> Result<CountSheet, LayoutError> {
    let zone = from.maybe(|from| from.checked(Label::new))?;
    let counter = from.maybe(|from| from.checked(Label::new))?;
    let sells = from.flag()?;
    let items = from.many(|from| {
        let sku = from.checked(Sku::new)?;
        let (counted, mark, last) = (from.quantity()?, from.odometer()?, from.odometer()?);
        Ok((sku, CountedItem { counted, mark, last, unsure: from.flag()? }))
    })?;
    Ok(CountSheet { zone, counter, sells, items: items.into_iter().collect() })
}
