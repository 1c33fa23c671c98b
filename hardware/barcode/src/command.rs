//! Command codes: what a lane is told by scanning a printed sheet.
//!
//! `TM`, a letter for the verb, an argument, and a seal of 4 characters that
//! only the sheet of this store carries, so that a sheet of another store (or
//! of a customer) does nothing. How the seal is made of the text before it is
//! the caller's: this crate knows no keys.

use crate::limits::PLAIN_TEXT_BYTES;

const MARK: &str = "TM";
const SEAL: usize = 4;

/// What a lane is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Mode: price and on-hand, nothing is written.
    Look,
    /// Mode: sales.
    Sell,
    /// Mode: returns to the shelf.
    Return,
    /// Mode: goods in.
    Receive,
    /// Mode: waste; the argument is the reason.
    Waste,
    /// Mode: goods to another store, which the argument names.
    Send,
    /// Mode: count; the argument is the zone.
    Count,
    /// The quantity of the next item, 1 to 999.
    Quantity,
    /// The reference of what follows: order, delivery, transfer.
    Reference,
    /// Who works here.
    Who,
    /// The newest movement not yet undone gets a void.
    Undo,
    /// The lane session ends.
    End,
    /// The count closes.
    Close,
}

impl Verb {
    const ALL: [Self; 13] = [
        Self::Look,
        Self::Sell,
        Self::Return,
        Self::Receive,
        Self::Waste,
        Self::Send,
        Self::Count,
        Self::Quantity,
        Self::Reference,
        Self::Who,
        Self::Undo,
        Self::End,
        Self::Close,
    ];

    /// Its letter in the code; printed sheets hang on it.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Look => 'L',
            Self::Sell => 'S',
            Self::Return => 'R',
            Self::Receive => 'G',
            Self::Waste => 'W',
            Self::Send => 'T',
            Self::Count => 'C',
            Self::Quantity => 'Q',
            Self::Reference => 'F',
            Self::Who => 'P',
            Self::Undo => 'U',
            Self::End => 'E',
            Self::Close => 'Z',
        }
    }
}

/// Why a command cannot be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Something other than printable ASCII without spaces.
    #[error("an argument of a command is printable ASCII without spaces, not {found:?} at place {at}")]
    Character {
        /// The character.
        found: char,
        /// Its byte offset in the argument.
        at: usize,
    },
    /// More than one code holds.
    #[error("a command code has {found} characters, at most {PLAIN_TEXT_BYTES} can be printed")]
    Length {
        /// Characters of the whole code.
        found: usize,
    },
    /// The seal is not 4 digits or capital letters.
    #[error("the seal of a command is 4 digits or capital letters")]
    Seal,
}

/// A text in the form of a command. Only [`Command::is_sealed_by`] says
/// whether it is one of this store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    text: &'a str,
    verb: Verb,
    argument: &'a str,
    seal: &'a str,
}

impl<'a> Command<'a> {
    /// Reads a text that has the form of a command.
    pub(crate) fn recognise(text: &'a str) -> Option<Self> {
        if text.len() > PLAIN_TEXT_BYTES || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let rest = text.strip_prefix(MARK)?;
        let letter = rest.chars().next()?;
        let verb = Verb::ALL.into_iter().find(|verb| verb.letter() == letter)?;
        let rest = rest.get(1..)?;
        let (argument, seal) = rest.split_at_checked(rest.len().checked_sub(SEAL)?)?;
        is_seal(seal.as_bytes()).then_some(Self { text, verb, argument, seal })
    }

    /// The text of a command for the printed sheet.
    pub fn print(verb: Verb, argument: &str, seal: impl FnOnce(&str) -> [u8; 4]) -> Result<String, CommandError> {
        if let Some((at, found)) = argument.char_indices().find(|(_, c)| !c.is_ascii_graphic()) {
            return Err(CommandError::Character { found, at });
        }
        let mut text = format!("{MARK}{}{argument}", verb.letter());
        let found = text.len() + SEAL;
        if found > PLAIN_TEXT_BYTES {
            return Err(CommandError::Length { found });
        }
        let seal = seal(&text);
        if !is_seal(&seal) {
            return Err(CommandError::Seal);
        }
        text.extend(seal.map(char::from));
        Ok(text)
    }

    /// What is to be done.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        self.verb
    }

    /// With what: a quantity, reason, store, zone, reference or person; may
    /// be empty.
    #[must_use]
    pub const fn argument(&self) -> &'a str {
        self.argument
    }

    /// The quantity of [`Verb::Quantity`], if it is one of 1 to 999.
    #[must_use]
    pub fn quantity(&self) -> Option<u16> {
        let quantity: u16 = self.argument.parse().ok()?;
        (self.verb == Verb::Quantity && (1..=999).contains(&quantity)).then_some(quantity)
    }

    /// The whole text as scanned, for a look in the catalogue if it turns out
    /// not to be a command of this store.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Whether the 4 last characters are what `seal` makes of all before.
    pub fn is_sealed_by(&self, seal: impl FnOnce(&str) -> [u8; 4]) -> bool {
        let body = self.text.strip_suffix(self.seal).unwrap_or_default();
        seal(body) == self.seal.as_bytes()
    }
}

fn is_seal(seal: &[u8]) -> bool {
    seal.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_this_store(body: &str) -> [u8; 4] {
        let sum: u32 = body.bytes().map(u32::from).sum();
        let mut seal = *b"0000";
        for (place, digit) in seal.iter_mut().zip(format!("{sum:04}").bytes()) {
            *place = digit;
        }
        seal
    }

    #[test]
    fn every_verb_is_read_back_as_it_was_printed() {
        for verb in Verb::ALL {
            for argument in ["", "12", "damage", "S0002", "a-very-long-reference-of-a-delivery-41"] {
                let text = Command::print(verb, argument, of_this_store).unwrap();
                let command = Command::recognise(&text).unwrap();
                assert_eq!((command.verb(), command.argument()), (verb, argument));
                assert!(command.is_sealed_by(of_this_store));
                assert!(!command.is_sealed_by(|_| *b"ZZZZ"));
            }
        }
    }

    #[test]
    fn sheets_that_are_printed_already_mean_the_same_for_ever() {
        let letters = "LSRGWTCQFPUEZ";
        let verbs: Vec<Verb> =
            letters.chars().filter_map(|l| Command::recognise(&format!("TM{l}7AB12")).map(|c| c.verb())).collect();
        assert_eq!(
            verbs,
            [
                Verb::Look,
                Verb::Sell,
                Verb::Return,
                Verb::Receive,
                Verb::Waste,
                Verb::Send,
                Verb::Count,
                Verb::Quantity,
                Verb::Reference,
                Verb::Who,
                Verb::Undo,
                Verb::End,
                Verb::Close,
            ]
        );
        assert_eq!(Command::print(Verb::Quantity, "12", |_| *b"AB12").unwrap(), "TMQ12AB12");
    }

    #[test]
    fn a_quantity_is_one_to_999() {
        let quantity = |argument| Command::recognise(&format!("TMQ{argument}0000")).and_then(|c| c.quantity());
        assert_eq!(quantity("1"), Some(1));
        assert_eq!(quantity("999"), Some(999));
        assert_eq!(quantity("0"), None);
        assert_eq!(quantity("1000"), None);
        assert_eq!(quantity(""), None);
        assert_eq!(Command::recognise("TMC120000").unwrap().quantity(), None);
    }

    #[test]
    fn other_texts_are_no_commands() {
        for text in ["", "TM", "TMS", "TMS123", "TMX1234", "tmS1234", "TMS12é4", "TM S1234", "TMSabcd", "4006381333931"]
        {
            assert_eq!(Command::recognise(text), None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_printed_is_refused() {
        assert_eq!(
            Command::print(Verb::Count, "floor 1", of_this_store),
            Err(CommandError::Character { found: ' ', at: 5 })
        );
        assert_eq!(
            Command::print(Verb::Count, &"x".repeat(42), of_this_store),
            Err(CommandError::Length { found: 49 })
        );
        assert_eq!(Command::print(Verb::Count, "x", |_| *b"ab-d"), Err(CommandError::Seal));
    }
}
