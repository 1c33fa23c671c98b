//! The closed lists of words a movement is described by. The numbers are
//! part of the kept format and never change their meaning.

use crate::quantity::ScaleError;

/// Declares an enum whose variants have a stable number and a stable word.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal, $word:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $number,)+ }

        impl $name {
            /// All of them, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable number in kept formats.
            #[must_use]
            pub const fn number(self) -> u8 { self as u8 }

            /// The one with this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }

            /// The stable word in interfaces.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The one with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.word()) }
        }
    };
}

words! {
    /// What a movement is.
    Kind {
        /// Goods went to a customer.
        Sale = 1, "sale";
        /// Goods came back from a customer.
        Return = 2, "return";
        /// Goods came in from a supplier.
        Receipt = 3, "receipt";
        /// Goods came in from another store.
        TransferIn = 4, "transfer_in";
        /// Goods went out to another store.
        TransferOut = 5, "transfer_out";
        /// Stock changed for a reason other than trade.
        Adjustment = 6, "adjustment";
        /// On-hand becomes what was counted.
        Count = 7, "count";
        /// One observation of an open count.
        Tally = 8, "tally";
        /// A document is reversed.
        Void = 9, "void";
        /// Head office mends what was recorded.
        Correction = 10, "correction";
        /// A code was learnt; what was sold under it takes effect.
        Resolve = 11, "resolve";
        /// The difference by which a loss or an epoch is closed.
        Restatement = 12, "restatement";
        /// A till closed its business day.
        DayClose = 13, "day_close";
        /// The answer to an instruction.
        InstructionResult = 14, "instruction_result";
        /// A document of unknown kind, parked.
        Unknown = 15, "unknown";
    }
}

words! {
    /// Where returned goods went.
    Disposition {
        /// Back for sale.
        Shelf = 1, "shelf";
        /// Not back for sale.
        Waste = 2, "waste";
    }
}

words! {
    /// Whether an item's on-hand stands on an opening stock or a count.
    Basis {
        /// Nobody has said yet how much there is.
        None = 0, "none";
        /// An opening stock or a count said so.
        Counted = 1, "counted";
    }
}

words! {
    /// Why a line or document was parked.
    ParkReason {
        /// The type is none of ours.
        UnknownType = 1, "unknown_type";
        /// The document has no lines where lines are needed.
        MissingLines = 2, "missing_lines";
        /// The quantity is not a number.
        QuantityUnreadable = 3, "quantity_unreadable";
        /// The quantity has more than three decimals.
        QuantityDecimals = 4, "quantity_decimals";
        /// The quantity is beyond a million units.
        QuantityBounds = 5, "quantity_bounds";
        /// The line names no item, or names it in a way that can't be kept.
        ItemUnreadable = 6, "item_unreadable";
        /// The unit is neither base nor a pack of this item.
        UnitUnknown = 7, "unit_unknown";
        /// A member of the line has a value that is not of its list.
        LineUnreadable = 8, "line_unreadable";
        /// On-hand would leave the range of 64 bits.
        Overflow = 9, "overflow";
        /// The identity was used before with other content.
        IdReused = 10, "id_reused";
        /// A part of a document can't be matched with what is already held.
        PartialLine = 11, "partial_line";
        /// The voided document is older than its line effects are kept.
        VoidTooOld = 12, "void_too_old";
        /// A count can't be voided: count again.
        VoidOfCount = 13, "void_of_count";
        /// Only trade documents can be voided.
        VoidOfOther = 14, "void_of_other";
        /// The document as a whole can't be understood.
        DocumentUnreadable = 15, "document_unreadable";
        /// The centre could not decode it.
        Undecodable = 16, "undecodable";
        /// The centre's database refused it.
        DatabaseRefused = 17, "database_refused";
        /// The same position came with other bytes.
        Forked = 18, "forked";
        /// The applier died on it twice.
        Poison = 19, "poison";
        /// The box could not read its own record.
        Unreadable = 20, "unreadable";
        /// A zone's late count came after its count no longer takes any.
        CountClosed = 21, "count_closed";
    }
}

impl From<ScaleError> for ParkReason {
    fn from(error: ScaleError) -> Self {
        match error {
            ScaleError::Inexact => Self::QuantityDecimals,
            ScaleError::Overflow => Self::Overflow,
        }
    }
}

/// A set of marks on a movement; each bit has one meaning for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks(u32);

impl Marks {
    /// No marks.
    pub const NONE: Self = Self(0);
    /// A count had already seen it: effect 0.
    pub const EXPLAINED: Self = Self(1);
    /// Whether a count had seen it can't be told: on the recount list.
    pub const UNORDERED: Self = Self(1 << 1);
    /// The quantity was estimated from a price label.
    pub const ESTIMATED: Self = Self(1 << 2);
    /// On-hand is negative after it.
    pub const NEGATIVE: Self = Self(1 << 3);
    /// It came when its epoch was closed already: there it has no effect, and
    /// the box commits it once more.
    pub const LATE: Self = Self(1 << 4);
    /// A void that came before its document, or a document so voided.
    pub const VOIDED: Self = Self(1 << 5);
    /// A fraction of an item that is counted by the piece.
    pub const FRACTION: Self = Self(1 << 6);
    /// The item's stock is not tracked.
    pub const UNTRACKED: Self = Self(1 << 7);
    /// The document was submitted as deferred.
    pub const DEFERRED: Self = Self(1 << 8);
    /// Its item should be counted again.
    pub const RECOUNT: Self = Self(1 << 9);
    /// The last document of its transfer or count.
    pub const FINAL: Self = Self(1 << 10);
    /// The business day was derived, not given.
    pub const DAY_DERIVED: Self = Self(1 << 11);

    /// The quantity is in base units although the code is not known.
    pub const BASE: Self = Self(1 << 12);
    /// Deferred, and nobody told how long ago it happened.
    pub const AGELESS: Self = Self(1 << 13);
    /// Of a count of every item of the store.
    pub const FULL: Self = Self(1 << 14);
    /// Of a count of a zone from which goods are sold.
    pub const SELLS: Self = Self(1 << 15);
    /// An older epoch holds this very movement of the document: effect 0.
    pub const HELD: Self = Self(1 << 16);

    /// Not there, by a count of every item of the store: nobody counted it.
    pub const UNSEEN: Self = Self(1 << 17);
    /// When it happened is known at the latest only: its age reaches behind the
    /// boot.
    pub const UNSURE: Self = Self(1 << 18);
    /// It adds to what its counter counted in its zone, as scans of a lane do.
    pub const ADDS: Self = Self(1 << 19);
    /// The first of a zone that is counted anew, whoever counted it before.
    pub const ANEW: Self = Self(1 << 20);
    const WORDS: [(Self, &'static str); 21] = [
        (Self::EXPLAINED, "explained"),
        (Self::UNORDERED, "unordered"),
        (Self::ESTIMATED, "estimated"),
        (Self::NEGATIVE, "negative"),
        (Self::LATE, "late"),
        (Self::VOIDED, "voided"),
        (Self::FRACTION, "fraction"),
        (Self::UNTRACKED, "untracked"),
        (Self::DEFERRED, "deferred"),
        (Self::RECOUNT, "recount"),
        (Self::FINAL, "final"),
        (Self::DAY_DERIVED, "day_derived"),
        (Self::BASE, "base"),
        (Self::AGELESS, "ageless"),
        (Self::FULL, "full"),
        (Self::SELLS, "sells"),
        (Self::HELD, "held"),
        (Self::UNSEEN, "unseen"),
        (Self::UNSURE, "unsure"),
        (Self::ADDS, "adds"),
        (Self::ANEW, "anew"),
    ];

    /// From the kept bits; unknown bits are kept.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits as kept.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Both sets if `condition` holds.
    #[must_use]
    pub const fn with_if(self, condition: bool, other: Self) -> Self {
        if condition { self.with(other) } else { self }
    }

    /// This set but for those of the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` are in it.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The words of the marks in it.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().filter(move |(mark, _)| self.has(*mark)).map(|(_, word)| word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_and_number_names_one_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_number(kind.number()), Some(*kind));
            assert_eq!(Kind::from_word(kind.word()), Some(*kind));
        }
        for reason in ParkReason::ALL {
            assert_eq!(ParkReason::from_number(reason.number()), Some(*reason));
            assert_eq!(ParkReason::from_word(reason.word()), Some(*reason));
        }
        assert_eq!(Kind::from_number(0), None);
        assert_eq!(Kind::from_word("Sale"), None);
    }

    #[test]
    fn marks_are_told_by_word() {
        let marks = Marks::EXPLAINED.with(Marks::NEGATIVE).with_if(false, Marks::LATE);
        assert_eq!(marks.words().collect::<Vec<_>>(), ["explained", "negative"]);
        assert!(!marks.has(Marks::LATE));
    }
}
