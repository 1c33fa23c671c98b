//! What a box commits when it learns what a code means.

use crate::books::{Suspended, Suspense};
use crate::document::{Body, Document};
use crate::position::{Epoch, WallTime};
use crate::quantity::Quantity;
use crate::text::{Code, DocumentId, Sku, Source};

/// The source under which a box submits what it does of its own accord.
pub const BOX_SOURCE: &str = "box";

/// What a code means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learnt {
    /// The code as it was given.
    pub code: Code,
    /// Its item.
    pub sku: Sku,
    /// Base units in one scan of it.
    pub units_per_scan: Quantity,
}

impl Learnt {
    /// The `resolve` of what waits under the code in this epoch; none if nothing
    /// waits.
    ///
    /// Its id says which rows, which item and which units it is for, so that it
    /// counts once. The rows by all they are: an opening brings rows of older
    /// epochs, and their seqs come again.
    #[must_use]
    pub fn resolve(&self, suspense: &Suspense, epoch: Epoch, wall: WallTime) -> Option<Document> {
        if suspense.rows.is_empty() {
            return None;
        }
        let Self { code, sku, units_per_scan } = self.clone();
        let mut meaning = blake3::Hasher::new();
        meaning.update(format!("{sku}\u{0}{units_per_scan}\u{0}{code}").as_bytes());
        for row in &suspense.rows {
            let (in_base, amount) = match row.amount {
                Suspended::Packs(amount) => (0, amount),
                Suspended::Base(amount) => (1, amount),
            };
            meaning.update(&row.seq.to_be_bytes());
            meaning.update(&row.happened.0.to_be_bytes());
            meaning.update(&amount.as_thousandths().to_be_bytes());
            meaning.update(&[in_base, u8::from(row.trade), u8::from(row.unsure)]);
        }
        let meaning: String = meaning.finalize().to_hex().chars().take(32).collect();
        let id = DocumentId::new(&format!("resolve-{epoch}-{meaning}")).ok()?;
        let identity = (Source::new(BOX_SOURCE).ok()?, id);
        Some(Document::plain(identity, wall, Body::Resolve { code, sku, units_per_scan }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::books::SuspenseRow;
    use crate::position::Odometer;

    fn waits(rows: &[(u64, u64, Suspended)]) -> Suspense {
        let row = |&(seq, happened, amount): &(u64, u64, Suspended)| {
            let (happened, trade, unsure) = (Odometer(happened), true, false);
            SuspenseRow { happened, seq, amount, trade, unsure }
        };
        Suspense { rows: rows.iter().map(row).collect(), resolved: None }
    }

    fn id(rows: &[(u64, u64, Suspended)]) -> Option<DocumentId> {
        let (code, sku) = (Code::new("96385074").unwrap(), Sku::new("pear").unwrap());
        let learnt = Learnt { code, sku, units_per_scan: Quantity::units(6).unwrap() };
        learnt.resolve(&waits(rows), Epoch(9), WallTime(0)).map(|document| document.id)
    }

    #[test]
    fn the_same_rows_are_resolved_once_and_others_under_another_id() {
        let one = Suspended::Packs(Quantity::ONE);
        let of_opening = id(&[(31, 400, one)]);
        assert!(of_opening.is_some());
        assert_eq!(of_opening, id(&[(31, 400, one)]));
        assert_ne!(of_opening, id(&[(31, 900, one)]), "the same seq in this epoch is another row");
        assert_ne!(of_opening, id(&[(31, 400, Suspended::Base(Quantity::ONE))]));
        assert_ne!(of_opening, id(&[(31, 400, one), (32, 400, one)]));
        assert_eq!(id(&[]), None);
    }
}
