//! What must hold of every frame that a scanner may send.

use tidemark_barcode::{
    ElementString, Gtin, InStorePatterns, ItemCode, Judgement, Rejection, Scan, decode, limits, scan_line_to_json,
};

use crate::Corpus;

/// Words of the field that are put into inputs.
pub const WORDS: &[&[u8]] = &[
    b"\x1d",
    b"]C1",
    b"]d2",
    b"]Q1",
    b"]E0",
    b"]X0",
    b"\r\n",
    b"01",
    b"02",
    b"00",
    b"10",
    b"17",
    b"21",
    b"37",
    b"3103",
    b"3922",
    b"421276",
    b"8003",
    b"8013",
    b"8110",
    b"https://a.de",
    b"HTTP://A.DE",
    b"/01/",
    b"/10/",
    b"/21/",
    b"/235/",
    b"?17=",
    b"&3103=",
    b"%2F",
    b"%",
    b"TMQ",
    b"\xc3\xa4",
    b"\xff",
    b" 05",
    b"04006381333931",
    b"00000000000000000000",
];

/// The corpus of scans.
///
/// # Panics
///
/// If the file in the checkout is no corpus.
#[must_use]
#[expect(clippy::expect_used, reason = "the file is part of this crate, and a test reads it")]
pub fn corpus() -> Corpus {
    Corpus::parse(include_str!("../corpus/barcode.txt")).expect("corpus/barcode.txt is a corpus")
}

/// Patterns of in-store numbers, as a company may have.
///
/// # Panics
///
/// If they are none.
#[must_use]
#[expect(clippy::expect_used, reason = "they stand here, and a test reads them")]
pub fn patterns() -> InStorePatterns {
    let given = [("2[0-4]", "PPIIIIIWWWWWC"), ("28", "PPIIIIIVMMMMC"), ("2", "PIIIIIVMMMMC"), ("2", "PIIIIMMC")];
    InStorePatterns::parse(given).expect("the patterns can be read")
}

/// Looks at what is made of a frame; the word for it, or what is wrong.
pub fn check(bytes: &[u8], patterns: &InStorePatterns) -> Result<&'static str, String> {
    let read = decode(bytes);
    must(read == decode(bytes), "the same frame is read in two ways")?;
    check_json(bytes)?;
    let with_end = [bytes, b"\r\n"].concat();
    let again = decode(&with_end);
    must(bytes.len() + 2 > limits::SCAN_BYTES || alike(&read, &again), "a line end changes what is read")?;
    match read {
        Ok(scan) => check_scan(&scan, bytes, patterns),
        Err(rejection) => check_rejection(&rejection, bytes),
    }
}

fn must(holds: bool, wrong: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(wrong.to_owned()) }
}

fn alike(one: &Result<Scan<'_>, Rejection<'_>>, other: &Result<Scan<'_>, Rejection<'_>>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one == other,
        (Err(one), Err(other)) => one == other,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

fn check_rejection(rejection: &Rejection<'_>, bytes: &[u8]) -> Result<&'static str, String> {
    let code = rejection.error.code();
    let plain =
        |code: &str| !code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b));
    must(plain(code), "the code of a rejection is no plain word")?;
    must(rejection.at <= bytes.len(), "a rejection names a place behind the frame")?;
    must(rejection.shape.length <= bytes.len(), "a shape is longer than the frame")?;
    must(!rejection.to_string().is_empty(), "a rejection without words")?;
    let kept = rejection.if_catalogued().unwrap_or("x");
    must(!kept.is_empty() && kept.len() <= limits::PLAIN_TEXT_BYTES, "a rejection offers a text of no length")?;
    must(!kept.chars().any(char::is_control), "a rejection offers a text with control characters")?;
    Ok(code)
}

fn check_scan(scan: &Scan<'_>, bytes: &[u8], patterns: &InStorePatterns) -> Result<&'static str, String> {
    must(scan.shape().length <= bytes.len(), "a shape is longer than the frame")?;
    if let Some(elements) = scan.elements() {
        check_elements(elements)?;
    }
    match scan.judge() {
        Judgement::Item(code) => check_item(code, patterns),
        Judgement::IfCatalogued(text) => {
            must(!text.is_empty() && text.len() <= limits::PLAIN_TEXT_BYTES, "a text of no or too great length")?;
            must(!text.chars().any(char::is_control), "a text with control characters may be kept")?;
            must(!text.starts_with("http://") && !text.starts_with("https://"), "an address may be kept")?;
            Ok("text")
        }
        Judgement::Command(command) => {
            must(command.text().len() <= limits::PLAIN_TEXT_BYTES, "a command longer than can be printed")?;
            Ok("command")
        }
        Judgement::NotKept(_) => Ok("not_kept"),
    }
}

fn check_item(code: ItemCode<'_>, patterns: &InStorePatterns) -> Result<&'static str, String> {
    must(code.as_str().bytes().all(|b| b.is_ascii_digit()), "the code of an item is not of digits")?;
    match code {
        ItemCode::Gtin(gtin) => {
            must(Gtin::parse(gtin.as_str()) == Ok(gtin), "a GTIN is none")?;
            Ok("gtin")
        }
        ItemCode::InStore(digits) => {
            let Ok(Some(number)) = patterns.read(digits) else { return Ok("in_store") };
            must(!number.item.as_str().is_empty(), "an in-store number without an item")?;
            must(patterns.read(number.listed.as_str()).is_ok_and(|again| again.is_some()), "a listed number is none")?;
            Ok("in_store_by_pattern")
        }
        ItemCode::Sscc(digits) => {
            must(digits.len() == 18, "an SSCC has 18 digits")?;
            Ok("sscc")
        }
    }
}

/// The same elements, written down as an element string, are read again.
fn check_elements(elements: ElementString<'_>) -> Result<(), String> {
    let mut written = "]C1".to_owned();
    let mut texts = Vec::new();
    for element in elements.iter() {
        let (ai, text) = (element.ai.to_string(), element.text());
        must(!text.is_empty() && text.is_ascii(), "a value of nothing, or beyond ASCII")?;
        must(ai.len() >= 2 && ai.len() <= 4, "an identifier of no such length")?;
        written.push_str(&ai);
        written.push_str(&text);
        written.push('\u{1d}');
        texts.push((element.ai, text.into_owned()));
    }
    must(!texts.is_empty(), "an element string without elements")?;
    let again = decode(written.as_bytes()).map_err(|rejection| format!("written down it is refused: {rejection}"))?;
    let again = again.elements().ok_or("written down it has no elements")?;
    let same = again.iter().map(|element| (element.ai, element.text().into_owned())).eq(texts);
    must(same && again.gtin() == elements.gtin(), "written down it says something else")
}

fn check_json(bytes: &[u8]) -> Result<(), String> {
    let printed = scan_line_to_json(bytes);
    must(!printed.contains('\n'), "a JSON line with a line end in it")?;
    let value: serde_json::Value = serde_json::from_str(&printed).map_err(|error| format!("no JSON: {error}"))?;
    let ok = value.get("ok").and_then(serde_json::Value::as_bool).ok_or("JSON without `ok`")?;
    must(ok != value.get("code").is_some(), "JSON with a code beside ok, or none beside a fault")?;
    must(ok || value.get("detail").is_some(), "JSON of a fault without a detail")
}
