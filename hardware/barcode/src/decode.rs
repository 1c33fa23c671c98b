//! From the bytes of a scanner to a [`Scan`], or to the reason why not.

use tidemark_model::{Gtin, GtinError};

use crate::aim::{self, Identifier, Symbology};
use crate::command::Command;
use crate::gs1::{ElementString, Measure};
use crate::guess::guess;
use crate::judgement::Shape;
use crate::limits::SCAN_BYTES;
use crate::rejection::{DecodeError, Rejection};
use crate::retail;

/// How safe it is that the content is what it is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A guess that another kind of code of the same form would pass too.
    Weak,
    /// A guess backed by length, check digits and form.
    Strong,
    /// The scanner said which symbology it was.
    Identified,
}

/// What a scan holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// A global item number.
    Gtin(Gtin),
    /// A restricted circulation number, digits as printed (8, 12, 13 or 14).
    InStore(&'a str),
    /// A GS1 element string, with or without an item in it.
    Elements(ElementString<'a>),
    /// A text in the form of a command code.
    Command(Command<'a>),
    /// Any other text.
    Text(&'a str),
}

/// One scan, borrowed from the bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan<'a> {
    /// How it was printed.
    pub symbology: Symbology,
    /// How safe the reading is.
    pub confidence: Confidence,
    /// What it says.
    pub content: Content<'a>,
    /// The two- or five-digit supplement beside an EAN or UPC code.
    pub supplement: Option<&'a str>,
    /// Its bytes, for [`Scan::shape`].
    pub(crate) length: usize,
}

impl<'a> Scan<'a> {
    /// The global item number, of the code or of its elements (AI 01 or 02).
    #[must_use]
    pub fn gtin(&self) -> Option<Gtin> {
        match self.content {
            Content::Gtin(gtin) => Some(gtin),
            Content::Elements(elements) => elements.gtin(),
            Content::InStore(_) | Content::Command(_) | Content::Text(_) => None,
        }
    }

    /// The GS1 elements, if the code has such.
    #[must_use]
    pub const fn elements(&self) -> Option<ElementString<'a>> {
        match self.content {
            Content::Elements(elements) => Some(elements),
            Content::Gtin(_) | Content::InStore(_) | Content::Command(_) | Content::Text(_) => None,
        }
    }

    /// How much of the item the code itself says there is.
    #[must_use]
    pub fn measure(&self) -> Option<Measure> {
        self.elements()?.measure()
    }

    /// All that may be kept of a scan that is not an item.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        Shape { symbology: self.symbology, length: self.length }
    }
}

/// Reads one frame of a scanner, with or without a symbology identifier, its
/// suffix taken off or not.
pub fn decode(bytes: &[u8]) -> Result<Scan<'_>, Rejection<'_>> {
    let Cut { frame, identifier, data } = cut(bytes);
    let symbology = identifier.map_or(Symbology::Unknown, Identifier::symbology);
    let shape = Shape { symbology, length: frame.len() };
    let text = match text_of(bytes, data) {
        Ok(text) => text,
        Err(error) => return Err(Rejection::unread(error, shape)),
    };
    let read = match identifier {
        _ if text.is_empty() => Err(DecodeError::Empty),
        Some(identifier) => identified(identifier, text),
        None => guess(text),
    };
    match read {
        Ok(Reading { symbology, confidence, content, supplement }) => {
            Ok(Scan { symbology, confidence, content, supplement, length: frame.len() })
        }
        Err(error) => Err(Rejection::of(error, shape, text, identifier.is_none())),
    }
}

/// What a frame carries, as text, without symbology identifier and line end:
/// for a till that decodes for itself. Bytes that are no UTF-8 become U+FFFD.
#[must_use]
pub fn data_of(frame: &[u8]) -> String {
    let Cut { frame, identifier, data } = cut(frame);
    String::from_utf8_lossy(if identifier.is_some() { data } else { frame }).into_owned()
}

/// A frame without its line end, and its parts.
struct Cut<'a> {
    frame: &'a [u8],
    /// Of a symbology that is known.
    identifier: Option<Identifier>,
    /// What follows an identifier, of whatever symbology.
    data: &'a [u8],
}

fn cut(mut frame: &[u8]) -> Cut<'_> {
    while let [rest @ .., b'\r' | b'\n'] = frame {
        frame = rest;
    }
    let (identifier, data) = aim::split(frame);
    let identifier = identifier.filter(|identifier| identifier.symbology() != Symbology::Unknown);
    Cut { frame, identifier, data }
}

/// The data of a frame as text.
fn text_of<'a>(frame: &[u8], data: &'a [u8]) -> Result<&'a str, DecodeError> {
    if frame.len() > SCAN_BYTES {
        return Err(DecodeError::TooLong(frame.len()));
    }
    std::str::from_utf8(data).map_err(|error| DecodeError::NotText { at: error.valid_up_to() })
}

/// What the data of a code were read as.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) symbology: Symbology,
    pub(crate) confidence: Confidence,
    pub(crate) content: Content<'a>,
    pub(crate) supplement: Option<&'a str>,
}

/// Data of which the scanner says what they are.
fn identified(identifier: Identifier, data: &str) -> Result<Reading<'_>, DecodeError> {
    let symbology = identifier.symbology();
    let reading =
        |symbology, content| Reading { symbology, confidence: Confidence::Identified, content, supplement: None };
    match symbology {
        Symbology::EanSupplement => Err(DecodeError::SupplementAlone),
        Symbology::Ean8 if data.len() != 8 => {
            Err(DecodeError::Length { expected: "8 digits", found: data.chars().count() })
        }
        Symbology::Ean8 => Ok(reading(symbology, item(data)?)),
        Symbology::Ean13 if !identifier.has_supplement() => padded(data).map_or_else(|| ean_or_upc(data), Ok),
        Symbology::Ean13 => ean_or_upc(data),
        Symbology::Itf if data.len() == 14 => match item(data) {
            Ok(content) => Ok(reading(Symbology::Itf14, content)),
            Err(error) if identifier.verified_itf() => Err(error.into()),
            Err(_) => Ok(reading(symbology, Content::Text(data))),
        },
        Symbology::Gs1Code128
        | Symbology::DataBar
        | Symbology::Gs1DataMatrix
        | Symbology::Gs1Qr
        | Symbology::Gs1DotCode
        | Symbology::Gs1 => Ok(reading(symbology, Content::Elements(ElementString::parse(data)?))),
        Symbology::UpcA
        | Symbology::UpcE
        | Symbology::Itf14
        | Symbology::Itf
        | Symbology::Code39
        | Symbology::Code93
        | Symbology::Code128
        | Symbology::Codabar
        | Symbology::Pdf417
        | Symbology::DataMatrix
        | Symbology::Qr
        | Symbology::DotCode
        | Symbology::Aztec
        | Symbology::MaxiCode
        | Symbology::Other
        | Symbology::Unknown => Ok(reading(symbology, text(data)?)),
    }
}

/// A scanner may be set to write every code out to the 14 digits of a GTIN.
/// The first twelve of them can be a UPC-A with its check digit, and the rest
/// its supplement; but a supplement would be said (`]E3`).
fn padded(data: &str) -> Option<Reading<'_>> {
    let code = data.strip_prefix('0').filter(|code| code.len() == 13)?;
    let content = item(code).ok()?;
    Some(Reading { symbology: Symbology::Ean13, confidence: Confidence::Identified, content, supplement: None })
}

/// `]E0` and `]E3`: 13 digits by the standard; devices that send UPC codes
/// in their own 12 or 8 digits are understood too.
fn ean_or_upc(data: &str) -> Result<Reading<'_>, DecodeError> {
    let lengths = [(13, Symbology::Ean13), (12, Symbology::UpcA), (8, Symbology::UpcE)];
    let split = lengths.into_iter().find_map(|(length, symbology)| {
        retail::split_supplement(data, length).map(|(code, supplement)| (symbology, code, supplement))
    });
    let Some((symbology, code, supplement)) = split else {
        return Err(DecodeError::Length {
            expected: "13, 12 or 8 digits and at most a supplement of 2 or 5",
            found: data.chars().count(),
        });
    };
    let (symbology, content) = if symbology == Symbology::UpcE { short(code)? } else { (symbology, item(code)?) };
    Ok(Reading { symbology, confidence: Confidence::Identified, content, supplement })
}

/// Eight digits of which it is only known that they are EAN or UPC.
fn short(code: &str) -> Result<(Symbology, Content<'_>), DecodeError> {
    match retail::expand_upc_e(code) {
        Ok(gtin) => Ok((Symbology::UpcE, Content::Gtin(gtin))),
        Err(error) => match item(code) {
            Ok(content) => Ok((Symbology::Ean8, content)),
            Err(_) => Err(error.into()),
        },
    }
}

/// The item that the digits of a GTIN stand for.
pub(crate) fn item(digits: &str) -> Result<Content<'_>, GtinError> {
    let gtin = Gtin::parse(digits)?;
    Ok(if retail::is_restricted(digits) { Content::InStore(digits) } else { Content::Gtin(gtin) })
}

/// A text that is no number of the GS1 system, unless as an address.
pub(crate) fn text(data: &str) -> Result<Content<'_>, DecodeError> {
    if let Some(command) = Command::recognise(data) {
        return Ok(Content::Command(command));
    }
    Ok(ElementString::parse_link(data)?.map_or(Content::Text(data), Content::Elements))
}
