//! The table of everything the journal keeps. Keys are big-endian, so that
//! they sort as their parts do; texts in keys end with a zero byte, which no
//! text may hold. Every value but a lane's begins with its version, 1 at present.
//!
//! | family | key | value |
//! |---|---|---|
//! | `outbox` | epoch 8 ‖ seq 8 | version ‖ CRC32C 4 over key, digest and bytes ‖ movement digest 8 ‖ bytes ([`outbox`]) |
//! | `stock` | SKU | on-hand, basis, last seq, last closed count ([`stock`]) |
//! | `item_effects` | SKU ‖ 0 ‖ happened 8 ‖ seq 8 ‖ part 4 | effect, trade ([`effects`]) |
//! | `suspense` | code | rows not yet resolved, last resolution ([`suspense`]) |
//! | `counts` | reference | sheets with marks, when closed ([`counts`]) |
//! | `documents` | document key 16 ‖ 0 | contents with positions, waiting void ([`documents`]) |
//! | | document key 16 ‖ 1 ‖ content 1 | line effects of that content, for voids ([`documents`]) |
//! | `lanes` | lane | state of the lane, opaque here and without version ([`lanes`]) |
//! | `catalogue` | half 1 ‖ 0 ‖ SKU | item ([`catalogue`]) |
//! | | half 1 ‖ 1 ‖ code | SKU and base units in one scan ([`catalogue`]) |
//! | `opening` | 0 | when it was taken ([`opening`]) |
//! | | 1 ‖ SKU, 2 ‖ document key ‖ .., 3 ‖ code, 4 ‖ reference, 5 ‖ SKU ‖ .. | as in the families above ([`opening`]) |
//! | | 6 ‖ SKU | the ledger's Σ effect, where it is not on-hand ([`opening`]) |
//! | `meta` | 1 | identity: format, store, box, epoch ([`identity`]) |
//! | | 2 | progress: tail, chain, odometer ([`progress`]) |
//! | | 3 | session, a number ([`meta`]) |
//! | | 4 | generation and how far everything is handled ([`handled`]) |
//! | | 5 | lowest seq still held ([`meta`]) |
//! | | 6 | grace: by when how much was handled ([`handled`]) |
//! | | 7 | which half of the catalogue is in use, which is loading ([`catalogue`]) |
//! | | 16 ‖ epoch 8 ‖ block 8 | sums of the box's own commits ([`progress`]) |
//! | | 17 ‖ epoch 8 ‖ block 8 | what the centre says is handled ([`handled`]) |
//! | | 18 ‖ epoch 8 ‖ block 8 | what was received, and the highest place ([`handled`]) |
//! | | 32 ‖ source | running numbers of the source ([`sequences`]) |
//! | | 33 ‖ till | hash of the till's token ([`tills`]) |
//! | | 34 ‖ instruction | its result's position ([`instructions`]) |
//! | | 35 ‖ instruction | items that head office wants counted ([`instructions`]) |
//! | | 40 ‖ number 4 | a damaged journal that was set aside ([`salvage`]) |
//! | | 41 ‖ epoch 8 | an earlier epoch whose movements are taken over ([`salvage`]) |
//! | | 42 ‖ epoch 8 | an epoch that another life of this disk wrote too ([`salvage`]) |

pub(crate) mod bytes;
pub(crate) mod catalogue;
pub(crate) mod counts;
pub(crate) mod documents;
pub(crate) mod effects;
pub(crate) mod handled;
pub(crate) mod identity;
pub(crate) mod instructions;
pub(crate) mod lanes;
pub(crate) mod meta;
pub(crate) mod opening;
pub(crate) mod outbox;
pub(crate) mod progress;
pub(crate) mod salvage;
pub(crate) mod sequences;
pub(crate) mod stock;
pub(crate) mod suspense;
pub(crate) mod tills;

#[cfg(test)]
mod tests;

pub(crate) use bytes::{LayoutError, Value, decode, encode};

/// The version of the whole, kept in the identity: a journal of a newer
/// format is not opened.
pub(crate) const FORMAT: u32 = 1;

/// The column families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Outbox,
    Stock,
    ItemEffects,
    Suspense,
    Counts,
    Documents,
    Lanes,
    Catalogue,
    Opening,
    Meta,
}

impl Family {
    pub(crate) const ALL: [Self; 10] = [
        Self::Outbox,
        Self::Stock,
        Self::ItemEffects,
        Self::Suspense,
        Self::Counts,
        Self::Documents,
        Self::Lanes,
        Self::Catalogue,
        Self::Opening,
        Self::Meta,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::Stock => "stock",
            Self::ItemEffects => "item_effects",
            Self::Suspense => "suspense",
            Self::Counts => "counts",
            Self::Documents => "documents",
            Self::Lanes => "lanes",
            Self::Catalogue => "catalogue",
            Self::Opening => "opening",
            Self::Meta => "meta",
        }
    }
}
