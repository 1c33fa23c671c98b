//! Between the generated messages and the protocol's own types. What comes
//! from outside is checked field by field, and an error names the field. Texts
//! for people are cut and freed of control characters in sending, so that no
//! box falls silent over the name of its operating system.

mod blocks;
pub(crate) mod catalogue;
pub(crate) mod digests;
mod document;
mod field;
pub(crate) mod instruction;
pub(crate) mod opening;
mod refusal;
mod seqs;
mod to_box;
mod to_centre;

pub(crate) use field::spoken;
pub use instruction::{decode_instruction_body, encode_instruction_body};
pub use opening::{decode_opening_page, encode_opening_page};
pub(crate) use refusal::code_of_word;
pub(crate) use seqs::{few, seqs, seqs_of};
pub(crate) use to_box::{to_box, to_box_of};
pub(crate) use to_centre::ToCentreCoder;

#[cfg(test)]
mod tests;
