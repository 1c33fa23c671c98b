//! What callers give: bodies, texts a person answers for, quantities, and what
//! is done to one thing.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidemark_daemon::problem::{self, Problem};
use tidemark_model::{Quantity, Sku};

/// Bytes of one request's body.
const BODY_BYTES: usize = 1024 * 1024;
/// Characters of an author and of a reason.
const AUTHOR: usize = 128;
const REASON: usize = 1_024;
/// Bytes of them if a box keeps them with what it does.
const BOX_AUTHOR: usize = 64;
const BOX_REASON: usize = 512;

/// A JSON body; `shape` says how it looks.
pub(super) async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body, shape: &str) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::content_type("application/json"));
    }
    let body = to_bytes(body, BODY_BYTES).await.map_err(|_cut_or_too_large| Problem::too_large(BODY_BYTES))?;
    serde_json::from_slice(&body).map_err(|error| unreadable(error.to_string(), shape))
}

/// A body that is not of its shape.
pub(super) fn unreadable(detail: impl Into<String>, shape: &str) -> Problem {
    Problem::of(&problem::BROKEN_JSON, detail).with_remedy(format!("send {shape}"))
}

/// Who does it.
pub(super) fn author(given: &str, shape: &str) -> Result<String, Problem> {
    text("author", given, AUTHOR, shape)
}

/// Why it is done.
pub(super) fn reason(given: &str, shape: &str) -> Result<String, Problem> {
    text("reason", given, REASON, shape)
}

/// Who wants something of a box: as given, else whoever calls.
pub(super) fn author_at_box(given: Option<&str>, caller: &str) -> Result<String, Problem> {
    match given {
        Some(given) => text_at_box("author", given, BOX_AUTHOR),
        None => Ok(caller.get(..caller.floor_char_boundary(BOX_AUTHOR)).unwrap_or_default().to_owned()),
    }
}

/// Why somebody wants something of a box.
pub(super) fn reason_at_box(given: &str) -> Result<String, Problem> {
    text_at_box("reason", given, BOX_REASON)
}

/// A text a person answers for, as long as a box keeps it.
fn text_at_box(name: &str, given: &str, most: usize) -> Result<String, Problem> {
    let given = given.trim();
    if given.is_empty() || given.len() > most || given.chars().any(char::is_control) {
        let detail = format!("`{name}` has 1 to {most} bytes and no control characters");
        return Err(Problem::of(&problem::BROKEN_JSON, detail));
    }
    Ok(given.to_owned())
}

/// A text a person answers for: neither empty nor endless.
fn text(name: &str, given: &str, most: usize, shape: &str) -> Result<String, Problem> {
    let given = given.trim();
    let length = given.chars().count();
    if length == 0 || length > most || given.chars().any(char::is_control) {
        return Err(unreadable(format!("`{name}` has 1 to {most} characters and no control characters"), shape));
    }
    Ok(given.to_owned())
}

/// A quantity, as a JSON number or a string.
pub(super) fn quantity(given: &Value, shape: &str) -> Result<Quantity, Problem> {
    let text = match given {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(unreadable("a quantity is a number with at most 3 decimals", shape));
        }
    };
    // A sum may be larger than a line's quantity; then it has no exponent.
    Quantity::parse_line(&text)
        .or_else(|error| sum(&text).ok_or(error))
        .map_err(|error| unreadable(error.to_string(), shape))
}

/// A line's quantity, at most a million units.
pub(crate) fn line_quantity(name: &str, given: &Value) -> Result<Quantity, String> {
    let text = match given {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(format!("`{name}` is a number such as 3 or -0.385"));
        }
    };
    Quantity::parse_line(text.trim()).map_err(|error| format!("`{name}`: {error}"))
}

/// An item as head office names it.
pub(crate) fn sku(name: &str, given: &str) -> Result<Sku, String> {
    Sku::new(given.trim()).map_err(|error| format!("`{name}` is no SKU: {error}"))
}

/// A plain decimal number with at most three decimals.
fn sum(text: &str) -> Option<Quantity> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let bare = whole.strip_prefix('-').unwrap_or(whole);
    if fraction.len() > 3 || !digits(fraction) || bare.is_empty() || !digits(bare) {
        return None;
    }
    format!("{whole}{fraction:0<3}").parse().ok().map(Quantity::thousandths)
}

/// A new identity: a letter for its kind, and 128 random bits.
pub(super) fn new_id(kind: &str) -> Result<String, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Problem::of(&problem::RANDOM, format!("no random bits: {error}")))?;
    Ok(format!("{kind}-{:032x}", u128::from_be_bytes(bytes)))
}

/// The thing of a path `{thing}:verb`, and what is done to it.
pub(super) fn thing_and_verb(path: &str) -> Option<(&str, &str)> {
    path.rsplit_once(':')
}

/// A thing to which this can't be done.
pub(super) fn no_such_verb(path: &str, verbs: &str) -> Problem {
    let detail = format!("`{path}` does not say what is to be done");
    Problem::of(&problem::METHOD_NOT_ALLOWED, detail)
        .with_remedy(format!("end the address with {verbs}"))
        .allowing("GET, HEAD")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_may_be_larger_than_a_line_and_has_no_more_than_three_decimals() {
        let read = |given: &str| quantity(&serde_json::from_str(given).unwrap(), "").ok();
        assert_eq!(read("-2.5"), Some(Quantity::thousandths(-2_500)));
        assert_eq!(read("\"1e3\""), Quantity::units(1_000));
        assert_eq!(read("12345678.125"), Some(Quantity::thousandths(12_345_678_125)));
        assert_eq!(read("-12345678"), Quantity::units(-12_345_678));
        for bad in
            ["1.0001", "12345678.1234", "\"\"", "\"-\"", "true", "null", "99999999999999999999", "\"12345678.-1\""]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
