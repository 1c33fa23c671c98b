//! Texts that leave the shop: without what lets anybody in, and without what
//! may be somebody's card. What is kept says that something was there.

use serde_json::Value;

use crate::intake::mask_cards;

const HIDDEN: &str = "***";
/// What a word's name must not end with to be shown.
const SECRET_NAMES: [&str; 6] = ["token", "password", "secret", "pin", "key", "authorization"];
/// What the tokens of this program begin with.
const TOKEN: &str = "tm_";

/// A value without secrets, however deep they lie. `name` is what it is
/// called.
pub(crate) fn redacted(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if is_secret(name) && !text.is_empty() => Value::String(HIDDEN.to_owned()),
        Value::String(text) => Value::String(redacted_text(text)),
        Value::Array(values) => Value::Array(values.iter().map(|value| redacted(name, value)).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), redacted(name, value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let last = name.rsplit(['.', '_']).next().unwrap_or(&name);
    SECRET_NAMES.contains(&last)
}

/// A text without tokens, passwords in addresses, keys and card numbers.
pub(crate) fn redacted_text(text: &str) -> String {
    let mut in_key = false;
    let lines = text.split('\n').filter_map(|line| {
        if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY") {
            in_key = true;
            return Some(HIDDEN.to_owned());
        }
        if in_key {
            in_key = !line.contains("-----END ");
            return None;
        }
        Some(redacted_line(line))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn redacted_line(line: &str) -> String {
    let mut is_hidden = false;
    let words = line.split(' ').map(|word| {
        let hides = std::mem::replace(&mut is_hidden, names_a_secret(word));
        if hides && !word.is_empty() { HIDDEN.to_owned() } else { redacted_word(word) }
    });
    mask_cards(&words.collect::<Vec<_>>().join(" "))
}

/// Whether what follows a word is a secret: `Bearer`, `token:`, `"pin":`.
fn names_a_secret(word: &str) -> bool {
    let name = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_name = word.ends_with([':', '=']) && SECRET_NAMES.iter().any(|secret| name.eq_ignore_ascii_case(secret));
    is_name || name.eq_ignore_ascii_case("bearer")
}

fn redacted_word(word: &str) -> String {
    let mut text = without_tokens(word);
    if let Some((before, after)) = text.split_once("://") {
        let authority = after.split(['/', '?', '#', '"']).next().unwrap_or(after);
        if let Some((user, _)) = authority.rsplit_once('@') {
            let rest = after.get(user.len()..).unwrap_or_default();
            text = format!("{before}://{HIDDEN}{rest}");
        }
    }
    for name in SECRET_NAMES {
        for mark in ["=", ":", "\":"] {
            let mark = format!("{name}{mark}");
            if let Some((before, value)) = text.split_once(&mark).filter(|(_, value)| !value.is_empty()) {
                let rest = value.find(['&', ',', ';']).and_then(|at| value.get(at..)).unwrap_or_default();
                text = format!("{before}{mark}{HIDDEN}{rest}");
            }
        }
    }
    text
}

fn without_tokens(word: &str) -> String {
    let mut parts = word.split(TOKEN);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        text.push_str(TOKEN);
        text.push_str(HIDDEN);
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_token_password_key_or_card_stands_in_what_is_left() {
        let secrets = [
            ("a till came with tm_AbC-123_x, refused", "AbC"),
            ("authorization: Bearer hush-hush", "hush"),
            ("via http://me:hush@proxy:3128/x failed", "hush"),
            ("GET /x?token=hush&lane=1", "hush"),
            ("pin=4711 was typed", "4711"),
            ("{\"token\":\"hush\",\"n\":1}", "hush"),
            ("{\"token\": \"hush\"}", "hush"),
            ("-----BEGIN PRIVATE KEY-----\nhush\nhush\n-----END PRIVATE KEY-----\nnext", "hush"),
            ("note: 4111 1111 1111 1111 paid", "4111 1111"),
        ];
        for (text, secret) in secrets {
            let left = redacted_text(text);
            assert!(!left.contains(secret) && left.contains("**"), "{text} -> {left}");
        }
        assert!(redacted_text(secrets[7].0).ends_with("next"), "what stands behind a key is kept");
        assert!(redacted_text(secrets[3].0).ends_with("lane=1"));
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is() {
        for text in ["item 4006381333931 × 2", "https://centre.example:443/x", "a@b", "opening: 3", "keyboard: de", ""]
        {
            assert_eq!(redacted_text(text), text);
        }
    }

    #[test]
    fn a_member_of_a_secret_name_is_hidden_however_deep() {
        let value =
            json!({"tills": [{"name": "till:1", "token": "hush"}], "tls": {"key": "/etc/k.pem"}, "pin": "", "n": 1});
        let left = redacted("", &value);
        assert_eq!(left["tills"][0]["token"], json!(HIDDEN));
        assert_eq!((&left["tills"][0]["name"], &left["pin"], &left["n"]), (&json!("till:1"), &json!(""), &json!(1)));
    }
}
