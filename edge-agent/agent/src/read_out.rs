//! What a read says, for people who try a scanner: what it is, what it means,
//! and what the box would do with it. Of what must not be kept only the shape
//! is told.

use std::fmt::Write as _;

use serde::Serialize;
use tidemark_barcode::{ItemCode, Judgement, Scan, data_of, decode};

/// One read, told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ReadOut {
    /// Whether it may become a movement or a command.
    pub(crate) ok: bool,
    /// How it was printed, as far as the scanner says so.
    pub(crate) symbology: &'static str,
    /// How many bytes it had.
    pub(crate) length: usize,
    /// Its bytes in hexadecimal; none if they may be somebody's card.
    pub(crate) raw: Option<String>,
    /// Its text without identifier and end; likewise.
    pub(crate) text: Option<String>,
    /// The item's number in 14 digits.
    pub(crate) gtin14: Option<String>,
    /// GS1 elements, as `(01)04006381333931(10)LOT7`.
    pub(crate) elements: String,
    /// What it is or what is wrong with it, in a sentence.
    pub(crate) verdict: String,
}

impl ReadOut {
    /// What bytes of a scanner say.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        match decode(bytes) {
            Ok(scan) => Self::of_scan(&scan, bytes),
            Err(rejection) => Self {
                ok: false,
                symbology: rejection.shape.symbology.as_str(),
                length: bytes.len(),
                raw: None,
                text: None,
                gtin14: None,
                elements: String::new(),
                verdict: format!("{}; nothing is kept", rejection.error),
            },
        }
    }

    fn of_scan(scan: &Scan<'_>, bytes: &[u8]) -> Self {
        let (ok, verdict) = match scan.judge() {
            Judgement::Item(ItemCode::Gtin(_)) => (true, "an item".to_owned()),
            Judgement::Item(ItemCode::InStore(_)) => (true, "a number of the company's own".to_owned()),
            Judgement::Item(ItemCode::Sscc(_)) => (true, "a logistic unit".to_owned()),
            Judgement::Command(command) => (true, format!("a command: {:?}", command.verb()).to_lowercase()),
            Judgement::IfCatalogued(_) => (false, "a text: an item only if the catalogue has it".to_owned()),
            Judgement::NotKept(why) => (false, format!("{why}; nothing is kept")),
        };
        Self {
            ok,
            symbology: scan.symbology.as_str(),
            length: bytes.len(),
            raw: ok.then(|| hex(bytes)),
            text: ok.then(|| shown(&data_of(bytes))),
            gtin14: scan.gtin().filter(|_| ok).map(|gtin| gtin.as_str().to_owned()),
            elements: if ok { elements_of(scan) } else { String::new() },
            verdict,
        }
    }
}

fn elements_of(scan: &Scan<'_>) -> String {
    let elements = scan.elements().into_iter().flat_map(|elements| elements.iter());
    let mut text = String::new();
    for element in elements {
        // Writing to a string can't fail.
        write!(text, "({}){}", element.ai, shown(&element.text())).unwrap_or(());
    }
    text
}

/// A text that steers no terminal: FNC1 shown as the standard prints it.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\u{1d}' {
                '\u{241d}'
            } else if c.is_control() {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_told_with_its_bytes_and_elements() {
        let told = ReadOut::of(b"]C1010400638133393110LOT7\r");
        assert!(told.ok && told.symbology == "gs1_128", "{told:?}");
        assert_eq!(told.gtin14.as_deref(), Some("04006381333931"));
        assert_eq!(told.elements, "(01)04006381333931(10)LOT7");
        assert!(told.raw.as_deref().is_some_and(|raw| raw.starts_with("5d 43 31 30") && raw.ends_with("0d")));
        assert!(!told.text.unwrap().chars().any(char::is_control));
    }

    #[test]
    fn of_cards_badges_and_addresses_only_the_shape_is_told() {
        for secret in ["%B4111111111111111^SMITH/ANNA^2701", "]L2ANSI SMITH", "BADGE-77123", "https://e.example/smith"]
        {
            let told = ReadOut::of(secret.as_bytes());
            assert!(!told.ok && told.length == secret.len(), "{told:?}");
            let json = serde_json::to_string(&told).unwrap();
            for part in ["4111", "SMITH", "smith", "77123"] {
                assert!(!json.contains(part), "{json}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let told = ReadOut::of(b"4006381333932");
        assert!(!told.ok && told.verdict.contains("check digit") && told.raw.is_none(), "{told:?}");
    }
}
