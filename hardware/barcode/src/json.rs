//! One scan as one JSON object: what `barcode -o jsonl` prints.

use std::fmt::Write as _;

use crate::decode::{Scan, decode};
use crate::judgement::{ItemCode, Judgement};
use crate::rejection::DecodeError;

/// Why a line cannot be read as a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no escape at byte {at}: a backslash starts \\uXXXX, \\xXX, \\r, \\n, \\t, \\\" or \\\\")]
struct EscapeError {
    at: usize,
}

/// Reads one line as one scan (`\u001d`, `\x1d`, `\r`, `\n`, `\t`, `\"` and
/// `\\` stand for a character) and renders what it says as one JSON object
/// without a line end:
/// `{"scan","ok","symbology","gtin14"?,"elements":[{"ai","value"}…],"code"?,"detail"?}`.
///
/// `ok` is false if the scan is faulty or nothing of it may be kept; then
/// `code` and `detail` say why. A `detail` beside `ok` tells what a scan
/// without a GTIN is.
#[must_use]
pub fn scan_line_to_json(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    match unescape(&text) {
        Ok(scan) if std::str::from_utf8(line).is_ok() => render(&scan, decode_text(&scan)),
        Ok(scan) => {
            // What the terminal gave is not text: the fault is in the bytes.
            let at = std::str::from_utf8(line).map_or_else(|error| error.valid_up_to(), str::len);
            render(&scan, refused(&DecodeError::NotText { at }))
        }
        Err(error) => render(
            &text,
            Answer {
                ok: false,
                symbology: "unknown",
                code: Some("escape"),
                detail: Some(error.to_string()),
                scan: None,
            },
        ),
    }
}

/// What is printed beside the scan itself.
struct Answer<'a> {
    ok: bool,
    symbology: &'static str,
    code: Option<&'static str>,
    detail: Option<String>,
    scan: Option<Scan<'a>>,
}

fn refused(error: &DecodeError) -> Answer<'static> {
    Answer { ok: false, symbology: "unknown", code: Some(error.code()), detail: Some(error.to_string()), scan: None }
}

fn decode_text(text: &str) -> Answer<'_> {
    let scan = match decode(text.as_bytes()) {
        Ok(scan) => scan,
        Err(rejection) => {
            let symbology = rejection.shape.symbology.as_str();
            return Answer { symbology, detail: Some(rejection.to_string()), ..refused(&rejection.error) };
        }
    };
    let (code, detail) = match scan.judge() {
        Judgement::Item(ItemCode::Gtin(_)) => (None, None),
        Judgement::Item(ItemCode::InStore(_)) => (None, Some("in-store number".to_owned())),
        Judgement::Item(ItemCode::Sscc(_)) => (None, Some("logistic unit".to_owned())),
        Judgement::IfCatalogued(_) => (None, Some("plain text: an item only if the catalogue has it".to_owned())),
        Judgement::Command(command) => (None, Some(format!("command: {:?}", command.verb()).to_lowercase())),
        Judgement::NotKept(why) => (Some("not_kept"), Some(why.to_string())),
    };
    Answer { ok: code.is_none(), symbology: scan.symbology.as_str(), code, detail, scan: Some(scan) }
}

fn render(text: &str, answer: Answer<'_>) -> String {
    let mut out = String::with_capacity(160 + text.len());
    out.push_str("{\"scan\":");
    string(&mut out, text);
    out.push_str(if answer.ok { ",\"ok\":true" } else { ",\"ok\":false" });
    member(&mut out, "symbology", answer.symbology);
    if let Some(gtin) = answer.scan.and_then(|scan| scan.gtin()) {
        member(&mut out, "gtin14", gtin.as_str());
    }
    out.push_str(",\"elements\":[");
    let elements = answer.scan.and_then(|scan| scan.elements()).into_iter().flat_map(|string| string.iter());
    for (n, element) in elements.enumerate() {
        out.push_str(if n == 0 { "{\"ai\":" } else { ",{\"ai\":" });
        string(&mut out, &element.ai.to_string());
        member(&mut out, "value", &element.text());
        out.push('}');
    }
    out.push(']');
    if let Some(code) = answer.code {
        member(&mut out, "code", code);
    }
    if let Some(detail) = answer.detail {
        member(&mut out, "detail", &detail);
    }
    out.push('}');
    out
}

fn member(out: &mut String, name: &str, value: &str) {
    out.push(',');
    string(out, name);
    out.push(':');
    string(out, value);
}

/// A JSON string (RFC 8259, section 7).
fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _infallible = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn unescape(line: &str) -> Result<String, EscapeError> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let at = line.len() - escape.len() - 1;
        let (c, length) = escaped(escape).ok_or(EscapeError { at })?;
        out.push(c);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    Ok(out)
}

/// The character an escape stands for, and the bytes behind the backslash it
/// takes up.
fn escaped(escape: &str) -> Option<(char, usize)> {
    match escape.chars().next()? {
        'u' => {
            let first = hex(escape.get(1..5)?)?;
            if let Some(c) = char::from_u32(first) {
                return Some((c, 5));
            }
            let second = hex(escape.get(5..)?.strip_prefix("\\u")?.get(..4)?)?;
            let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
            let c = char::decode_utf16(pair).next()?.ok()?;
            Some((c, 11))
        }
        'x' => Some((char::from_u32(hex(escape.get(1..3)?)?)?, 3)),
        'r' => Some(('\r', 1)),
        'n' => Some(('\n', 1)),
        't' => Some(('\t', 1)),
        c @ ('\\' | '"') => Some((c, 1)),
        _ => None,
    }
}

fn hex(digits: &str) -> Option<u32> {
    // `from_str_radix` would take a sign too.
    if digits.bytes().all(|b| b.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(line: &str) -> serde_json::Value {
        serde_json::from_str(&scan_line_to_json(line.as_bytes())).unwrap()
    }

    #[test]
    fn an_ean_gives_its_gtin() {
        assert_eq!(
            scan_line_to_json(b"]E04006381333931"),
            r#"{"scan":"]E04006381333931","ok":true,"symbology":"ean13","gtin14":"04006381333931","elements":[]}"#
        );
    }

    #[test]
    fn escapes_become_separators_between_elements() {
        assert_eq!(
            scan_line_to_json(br"]d201040063813339311047\u001d17260131"),
            concat!(
                r#"{"scan":"]d201040063813339311047\u001d17260131","ok":true,"symbology":"gs1_datamatrix","#,
                r#""gtin14":"04006381333931","elements":[{"ai":"01","value":"04006381333931"},"#,
                r#"{"ai":"10","value":"47"},{"ai":"17","value":"260131"}]}"#
            )
        );
    }

    #[test]
    fn a_fault_has_a_code_and_a_detail() {
        let fault = json("4006381333930");
        assert_eq!(fault["ok"], false);
        assert_eq!(fault["code"], "check_digit");
        assert_eq!(fault["detail"], "check digit is 0, expected 1, at byte 12");
        assert_eq!(json(r"abc\q")["code"], "escape");
        assert_eq!(json("")["code"], "empty");
        assert_eq!(json("@\\n\\u001e\\rANSI 636000090002DL")["code"], "not_kept");
        let bytes: serde_json::Value = serde_json::from_str(&scan_line_to_json(b"40\xff")).unwrap();
        assert_eq!(bytes["code"], "not_text");
    }

    #[test]
    fn a_scan_without_a_gtin_says_what_it_is() {
        assert_eq!(json("2012345678903")["detail"], "in-store number");
        assert_eq!(json("]C0ABC-1")["detail"], "plain text: an item only if the catalogue has it");
        assert_eq!(json("]C0TMSAB12")["detail"], "command: sell");
    }

    #[test]
    fn escapes_of_every_kind_are_read() {
        assert_eq!(unescape(r#"a\\b\"\x1d\u001D\r\n\t\ud83d\ude00é"#).unwrap(), "a\\b\"\u{1d}\u{1d}\r\n\t😀é");
        for (line, at) in [(r"\", 0), (r"ab\u00", 2), (r"\ud83d", 0), (r"\ud83d\u0041", 0), (r"\x+1", 0), (r"\é", 0)] {
            assert_eq!(unescape(line), Err(EscapeError { at }), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_becomes_one_object_that_holds_the_scan(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let printed = scan_line_to_json(&line);
            prop_assert!(!printed.contains('\n'));
            let value: serde_json::Value = serde_json::from_str(&printed).unwrap();
            prop_assert!(value["ok"].is_boolean() && value["elements"].is_array() && value["scan"].is_string());
            prop_assert_eq!(value["ok"] == false, value.get("code").is_some());
        }

        #[test]
        fn a_plain_text_is_shown_as_it_was_given(line in "[^\\\\]{0,40}") {
            prop_assert_eq!(&json(&line)["scan"], &line);
        }
    }
}
