//! A cursor as callers carry it: `1.<generation>.<partition>-<step>~….` and
//! how far the first reading has come: nothing once it is over, `r` at its
//! beginning, else `r`, store and SKU in hexadecimal digits. Callers take it
//! as it is.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use tidemark_ledger::Followed;
use tidemark_model::{Generation, Sku, StoreId};

/// Which form of a cursor this is.
const FORM: &str = "1";
/// Bytes of a cursor that are looked at.
const LONGEST: usize = 16 * 1024;

/// How far somebody has followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The steps up to which all is told, once the reading is over.
    pub(crate) told: Followed,
    /// Whether all levels are being read first.
    pub(crate) place: Place,
}

/// Where in the two parts of following one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// All levels are read, up to this one.
    Reading(Option<(StoreId, Sku)>),
    /// Changes are followed.
    Following,
}

/// It is no cursor of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM}.{}.", self.told.generation.0)?;
        for (number, (partition, step)) in self.told.steps.iter().enumerate() {
            write!(f, "{}{partition}-{step}", if number == 0 { "" } else { "~" })?;
        }
        f.write_str(".")?;
        match &self.place {
            Place::Following => Ok(()),
            Place::Reading(None) => f.write_str("r"),
            Place::Reading(Some((store, sku))) => {
                f.write_str("r")?;
                store.as_str().bytes().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("-")?;
                sku.as_str().bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        if text.len() > LONGEST {
            return Err(NoCursor);
        }
        let mut parts = text.split('.');
        let mut next = || parts.next().ok_or(NoCursor);
        let (form, generation, steps, place) = (next()?, next()?, next()?, next()?);
        if form != FORM || parts.next().is_some() {
            return Err(NoCursor);
        }
        let mut read = BTreeMap::new();
        for pair in steps.split('~').filter(|_| !steps.is_empty()) {
            let (partition, step) = pair.split_once('-').ok_or(NoCursor)?;
            read.insert(number(partition)?, number(step)?);
        }
        let place = match place.strip_prefix('r') {
            None if place.is_empty() => Place::Following,
            None => return Err(NoCursor),
            Some("") => Place::Reading(None),
            Some(after) => {
                let (store, sku) = after.split_once('-').ok_or(NoCursor)?;
                let store = StoreId::new(&unhex(store)?).map_err(|_no_store| NoCursor)?;
                let sku = Sku::new(&unhex(sku)?).map_err(|_no_sku| NoCursor)?;
                Place::Reading(Some((store, sku)))
            }
        };
        Ok(Self { told: Followed { generation: Generation(number(generation)?), steps: read }, place })
    }
}

/// A number in its one spelling.
fn number<N: FromStr + ToString>(text: &str) -> Result<N, NoCursor> {
    let number = text.parse::<N>().map_err(|_no_number| NoCursor)?;
    if number.to_string() == text { Ok(number) } else { Err(NoCursor) }
}

fn unhex(text: &str) -> Result<String, NoCursor> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2)).ok_or(NoCursor)?;
    let (pairs, _) = digits.as_chunks::<2>();
    let bytes: Result<Vec<u8>, _> = pairs.iter().map(|[high, low]| u8::try_from(high * 16 + low)).collect();
    String::from_utf8(bytes.map_err(|_too_large| NoCursor)?).map_err(|_no_text| NoCursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(steps: &[(u32, u64)], place: Place) -> Cursor {
        Cursor { told: Followed { generation: Generation(3), steps: steps.iter().copied().collect() }, place }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let pair = (StoreId::new("S0001").unwrap(), Sku::new("Äpfel.rot-1~").unwrap());
        let places = [Place::Following, Place::Reading(None), Place::Reading(Some(pair))];
        for place in places {
            for steps in [[].as_slice(), &[(0, 7)], &[(0, 7), (47, u64::MAX)]] {
                let cursor = cursor(steps, place.clone());
                let text = cursor.to_string();
                assert_eq!(text.parse(), Ok(cursor), "{text}");
                assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c)), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_cursor_of_ours_is_refused() {
        let bad = [
            "",
            "1",
            "1.3.0-7",
            "2.3.0-7.",
            "1.3.0-7.x",
            "1.3.0-07.",
            "1.3.0-7.r5",
            "1.3.0-7.rzz-31",
            "1.-3.0-7.",
            "1.3.0-7.r.",
            "1.3.0-7~.",
            "1.3.0-99999999999999999999.",
            "1.3.0-7.r-",
        ];
        for text in bad {
            assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text}");
        }
        assert_eq!("9".repeat(LONGEST + 1).parse::<Cursor>(), Err(NoCursor));
    }
}
