//! What a text is if no scanner says: length, check digits and form decide.

use crate::aim::Symbology;
use crate::decode::{Confidence, Content, Reading, item, text};
use crate::gs1::{Ai, ElementString};
use crate::rejection::DecodeError;
use crate::retail::{expand_upc_e, is_digits, split_supplement};

/// Reads data that came without a symbology identifier.
///
/// Digits in the length of a GTIN must be one: a scanner that sends no
/// identifier still reads mostly EAN and UPC, and a check digit that does not
/// fit is worth an error signal.
pub(crate) fn guess(data: &str) -> Result<Reading<'_>, DecodeError> {
    if is_digits(data) {
        match data.len() {
            8 => return eight(data),
            12 => return Ok(strong(Symbology::UpcA, item(data)?)),
            13 => return Ok(strong(Symbology::Ean13, item(data)?)),
            14 => return Ok(strong(Symbology::Itf14, item(data)?)),
            _ => {}
        }
        if let Some(reading) = periodical(data) {
            return Ok(reading);
        }
    }
    if let Some(reading) = elements(data) {
        return Ok(reading);
    }
    let content = text(data)?;
    let confidence = if matches!(content, Content::Elements(_)) { Confidence::Strong } else { Confidence::Weak };
    Ok(Reading { symbology: Symbology::Unknown, confidence, content, supplement: None })
}

fn strong(symbology: Symbology, content: Content<'_>) -> Reading<'_> {
    Reading { symbology, confidence: Confidence::Strong, content, supplement: None }
}

/// EAN-8 or UPC-E. Where both fit, 0 at the front speaks for UPC-E (as EAN-8
/// it would be a company's own number), anything else for EAN-8.
fn eight(data: &str) -> Result<Reading<'_>, DecodeError> {
    let weak = |symbology, content| Reading { symbology, confidence: Confidence::Weak, content, supplement: None };
    let upc_e = expand_upc_e(data).map(|gtin| weak(Symbology::UpcE, Content::Gtin(gtin)));
    let ean_8 = item(data).map(|content| weak(Symbology::Ean8, content));
    match (ean_8, upc_e) {
        (_, Ok(upc_e)) if data.starts_with('0') => Ok(upc_e),
        (Ok(ean_8), _) => Ok(ean_8),
        (Err(_), Ok(upc_e)) => Ok(upc_e),
        (Err(error), Err(_)) => Err(error.into()),
    }
}

/// A newspaper or book with its supplement; other items carry none.
fn periodical(data: &str) -> Option<Reading<'_>> {
    if !["977", "978", "979"].iter().any(|prefix| data.starts_with(prefix)) {
        return None;
    }
    let (code, supplement) = split_supplement(data, 13)?;
    let content = item(code).ok()?;
    Some(Reading { symbology: Symbology::Ean13, confidence: Confidence::Weak, content, supplement })
}

/// A GS1 code, if the whole of it is one and it starts with what it is about.
fn elements(data: &str) -> Option<Reading<'_>> {
    let string = ElementString::parse(data).ok()?;
    let first = string.iter().next()?.ai;
    [Ai::GTIN, Ai::CONTENT, Ai::SSCC].contains(&first).then(|| strong(Symbology::Gs1, Content::Elements(string)))
}
