//! The limits of this crate, and how they relate.

/// Bytes of one scan; the largest QR code has 7,089 digits.
pub const SCAN_BYTES: usize = 8 * 1024;
/// Characters of a plain text that may still be the code of an item.
pub const PLAIN_TEXT_BYTES: usize = 48;
/// Elements of one GS1 code; the largest label has some fifteen.
pub const ELEMENTS: usize = 40;
/// Characters of one value; no identifier has more than 90.
pub const VALUE_BYTES: usize = 96;
/// Two reads of one code by one device closer than this are one scan.
pub const DOUBLE_READ_MS: u64 = 400;

const _: () = assert!(PLAIN_TEXT_BYTES <= tidemark_model::limits::ITEM_BYTES);
const _: () = assert!(PLAIN_TEXT_BYTES < SCAN_BYTES);
