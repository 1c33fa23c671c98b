//! What a scan may become: an item's movement, a command, or nothing that is
//! kept. Cards, badges and licences pass every scanner; they are counted by
//! [`Shape`] alone.

use std::fmt;

use tidemark_model::Gtin;

use crate::aim::Symbology;
use crate::command::Command;
use crate::decode::{Content, Scan};
use crate::gs1::{Ai, ElementString};
use crate::limits::PLAIN_TEXT_BYTES;

/// All that is known of a scan that is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// How it was printed.
    pub symbology: Symbology,
    /// Its bytes.
    pub length: usize,
}

/// The code of an item, as a line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemCode<'a> {
    /// A global item number: 14 digits.
    Gtin(Gtin),
    /// A company's own number: digits as printed.
    InStore(&'a str),
    /// A logistic unit: 18 digits.
    Sscc(&'a str),
}

impl ItemCode<'_> {
    /// The text of the code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Gtin(gtin) => gtin.as_str(),
            Self::InStore(digits) | Self::Sscc(digits) => digits,
        }
    }
}

impl fmt::Display for ItemCode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why nothing of a scan is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotKept {
    /// A driving licence, identity card or passport.
    #[error("a licence or identity card")]
    Licence,
    /// The track of a bank or gift card, or a code to pay with.
    #[error("a payment code")]
    Payment,
    /// An address, contact or network.
    #[error("an address, contact or network")]
    Address,
    /// A GS1 code about something else than an item (AI 01, 02 or 00).
    #[error("a GS1 code without an item")]
    NoItem,
    /// Longer than the code of an item.
    #[error("a text longer than the code of an item")]
    Long,
    /// Control characters.
    #[error("a text with control characters")]
    Unprintable,
}

/// What may be done with a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement<'a> {
    /// An item: it may become a movement even if the catalogue lacks it.
    Item(ItemCode<'a>),
    /// An item only if the catalogue has this code; else nothing is kept of
    /// it, as loyalty and gift cards and badges look just the same.
    IfCatalogued(&'a str),
    /// A command, if its seal is this store's; else as `IfCatalogued` of its
    /// [`Command::text`].
    Command(Command<'a>),
    /// Nothing is kept but the shape.
    NotKept(NotKept),
}

impl<'a> Scan<'a> {
    /// What may be done with this scan.
    #[must_use]
    pub fn judge(&self) -> Judgement<'a> {
        match self.content {
            Content::Gtin(gtin) => Judgement::Item(ItemCode::Gtin(gtin)),
            Content::InStore(digits) => Judgement::Item(ItemCode::InStore(digits)),
            Content::Elements(elements) => {
                item_of(elements).map_or(Judgement::NotKept(NotKept::NoItem), Judgement::Item)
            }
            Content::Command(command) => Judgement::Command(command),
            Content::Text(text) => not_kept(text).map_or(Judgement::IfCatalogued(text), Judgement::NotKept),
        }
    }
}

fn item_of(elements: ElementString<'_>) -> Option<ItemCode<'_>> {
    elements
        .gtin()
        .map(ItemCode::Gtin)
        .or_else(|| elements.item_digits().map(ItemCode::InStore))
        .or_else(|| elements.value(Ai::SSCC).map(ItemCode::Sscc))
}

/// Why a plain text cannot be an item even if some catalogue had it.
fn not_kept(text: &str) -> Option<NotKept> {
    if is_licence(text) {
        Some(NotKept::Licence)
    } else if is_payment(text) {
        Some(NotKept::Payment)
    } else if is_address(text) {
        Some(NotKept::Address)
    } else if text.len() > PLAIN_TEXT_BYTES {
        Some(NotKept::Long)
    } else if !is_printable(text) {
        Some(NotKept::Unprintable)
    } else {
        None
    }
}

/// AAMVA cards (North American licences, also a line of one that was cut at
/// its line ends), and the filled lines of machine-readable travel documents.
fn is_licence(text: &str) -> bool {
    text.contains("ANSI 6") || text.contains("AAMVA") || (text.contains("<<") && text.len() >= 28)
}

/// Magnetic tracks (ISO/IEC 7813) and payment QR codes (EMVCo, SEPA).
fn is_payment(text: &str) -> bool {
    let track_1 = text.starts_with("%B") && text.contains('^');
    let track_2 = text.starts_with(';') && text.contains('=');
    let emv = text.starts_with("000201") && text.len() > PLAIN_TEXT_BYTES;
    let transfer = text.starts_with("BCD\n") || text.starts_with("BCD\r") || text.starts_with("SPC\r");
    track_1 || track_2 || emv || transfer
}

pub(crate) fn is_address(text: &str) -> bool {
    const STARTS: [&str; 9] =
        ["http://", "https://", "www.", "mailto:", "tel:", "wifi:", "begin:", "mecard:", "smsto:"];
    STARTS.iter().any(|start| text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
}

pub(crate) fn is_printable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}
