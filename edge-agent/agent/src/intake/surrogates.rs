//! Half characters: `\ud83d` without its other half, as programs send it that
//! cut a text in the middle of a character. JSON allows it, UTF-8 does not.

use std::borrow::Cow;

/// A JSON text in which each escape that is half a character is one of
/// U+FFFD.
pub(super) fn paired(json: &str) -> Cow<'_, str> {
    let mut mended: Option<String> = None;
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        let (length, half) = measure(escape);
        let (escape, behind) = escape.split_at_checked(length).unwrap_or((escape, ""));
        if half && mended.is_none() {
            let begin = json.len() - rest.len();
            mended = Some(json.get(..begin).unwrap_or("").to_owned());
        }
        if let Some(mended) = &mut mended {
            mended.push_str(before);
            mended.push_str(if half { "\\ufffd" } else { escape });
        }
        rest = behind;
    }
    match mended {
        None => Cow::Borrowed(json),
        Some(mended) => Cow::Owned(mended + rest),
    }
}

/// How long the escape at the beginning is, a pair as one, and whether it is
/// half a character.
fn measure(text: &str) -> (usize, bool) {
    match unit(text) {
        Some(0xd800..=0xdbff) => match text.get(6..).and_then(unit) {
            Some(0xdc00..=0xdfff) => (12, false),
            Some(_) | None => (6, true),
        },
        Some(0xdc00..=0xdfff) => (6, true),
        Some(_) => (6, false),
        // A backslash and what it escapes; what is no escape is the reader's.
        None => (1 + text.chars().nth(1).map_or(0, char::len_utf8), false),
    }
}

/// The number of `\uXXXX`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_a_character_is_replaced_and_everything_else_stays() {
        for (given, expected) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00 a\ud83d""#, r#""\ufffd a\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\uD83D\uDE00""#, r#""\uD83D\uDE00""#),
            (r#""\\ud83d \n \u00e9""#, r#""\\ud83d \n \u00e9""#),
            (r#""\"#, r#""\"#),
            (r#""\u12"#, r#""\u12"#),
        ] {
            assert_eq!(paired(given), expected, "{given}");
        }
        assert!(matches!(paired(r#"{"a": "\\ud83d"}"#), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn what_comes_out_can_be_read_if_what_went_in_could(text in r#"(\\u[dD][89a-fA-F][0-9a-f]{2}|\\n|\\\\|[a-zé]){0,12}"#) {
            let json = format!("\"{text}\"");
            prop_assert!(serde_json::from_str::<String>(&paired(&json)).is_ok(), "{json}");
        }
    }
}
