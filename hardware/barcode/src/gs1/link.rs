//! GS1 Digital Link URIs (GS1 Digital Link Standard: URI Syntax): an address
//! of any host whose path holds a primary key and its qualifiers, and whose
//! query may hold further elements. Read as it stands: nothing is looked up.
//!
//! ```text
//! https://example.com/shop/01/04006381333931/10/A%2F7?17=260131&lang=de
//!                          └ primary key ──┘└qualifier┘└attribute┘ └ not ours
//! ```

use std::borrow::Cow;

use super::companions::Placed;
use super::table::{self, Row, Span};
use super::{Ai, Element, Gs1Error, value};
use crate::limits::VALUE_BYTES;

mod compressed;

/// Why an address that has the form of a GS1 Digital Link is none. Places are
/// bytes of the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// A link in which identifiers and values are packed into one word.
    #[error("a compressed GS1 Digital Link (byte {at}) is not read; ask for an address with /01/ and the GTIN in it")]
    Compressed {
        /// Where the packed word starts.
        at: usize,
    },
    /// A qualifier that does not belong to the key before it, or out of order.
    #[error("AI {ai} at byte {at} may not follow there; behind AI {key} stand {}, in this order", Allowed(*key))]
    Qualifier {
        /// The qualifier.
        ai: Ai,
        /// Where it stands.
        at: usize,
        /// The primary key.
        key: Ai,
    },
    /// A number in the query that is no identifier that may stand there.
    #[error("no application identifier that a Digital Link may carry in its query at byte {at}")]
    Attribute {
        /// Where.
        at: usize,
    },
    /// A `%` without two hexadecimal digits.
    #[error("% at byte {at} needs two hexadecimal digits after it")]
    Escape {
        /// Where the % stands.
        at: usize,
    },
    /// An element of it is at fault.
    #[error(transparent)]
    Element(#[from] Gs1Error),
}

impl LinkError {
    /// The code in JSON, metrics and counters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Compressed { .. } => "link_compressed",
            Self::Qualifier { .. } => "link_qualifier",
            Self::Attribute { .. } => "link_attribute",
            Self::Escape { .. } => "link_escape",
            Self::Element(error) => error.code(),
        }
    }

    /// Where: a byte of the address.
    #[must_use]
    pub const fn at(&self) -> usize {
        match self {
            Self::Compressed { at } | Self::Qualifier { at, .. } | Self::Attribute { at } | Self::Escape { at } => *at,
            Self::Element(error) => error.at(),
        }
    }
}

/// The qualifiers that a primary key may have: `22, 10, 21 or 235`.
struct Allowed(Ai);

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lists = table::row_of(self.0).and_then(|row| row.qualifiers).unwrap_or_default();
        if lists.is_empty() {
            return f.write_str("no qualifiers");
        }
        for (n, list) in lists.iter().enumerate() {
            f.write_str(if n == 0 { "AI " } else { " or AI " })?;
            for (m, span) in list.iter().enumerate() {
                write!(f, "{}{span}", if m == 0 { "" } else { ", " })?;
            }
        }
        Ok(())
    }
}

/// An address with a primary key in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link<'a> {
    /// The address up to its fragment.
    uri: &'a str,
    /// Where the primary key starts.
    start: usize,
    /// Where its path ends.
    path_end: usize,
}

impl<'a> Link<'a> {
    /// Finds the primary key in an address; none if the text is no address,
    /// or one of something else.
    pub(super) fn find(text: &'a str) -> Result<Option<Self>, LinkError> {
        let Some(host_at) = host_at(text) else { return Ok(None) };
        let uri = text.split_once('#').map_or(text, |(uri, _)| uri);
        let path_end = uri.find('?').unwrap_or(uri.len());
        let rest = uri.get(host_at..path_end).unwrap_or_default();
        let Some(path_at) = rest.find('/').filter(|length| *length > 0).map(|length| host_at + length) else {
            return Ok(None);
        };
        let path = uri.get(path_at..path_end).unwrap_or_default();
        let path_end = path_end - usize::from(path.ends_with('/'));
        let path = uri.get(path_at..path_end).unwrap_or_default();
        let Some((start, key)) = primary_key(path) else {
            return compressed::find(path).map_or(Ok(None), |at| Err(LinkError::Compressed { at: path_at + at }));
        };
        let link = Self { uri, start: path_at + start, path_end };
        link.check_qualifiers(key)?;
        Ok(Some(link))
    }

    pub(super) const fn start(&self) -> usize {
        self.start
    }

    /// The element that starts at a byte, its value not looked at, and where
    /// the next one does.
    pub(super) fn element_at(&self, at: usize) -> Result<Option<(Placed<'a>, usize)>, LinkError> {
        if let Some((ai, value, next)) = self.pair_at(at) {
            let (ai, row) = table::named(ai).ok_or(LinkError::Attribute { at })?;
            return Ok(Some((self.placed(ai, row, value, at), next)));
        }
        let mut at = at;
        while at < self.uri.len() {
            let rest = self.uri.get(at..).unwrap_or_default();
            let pair = rest.split(['&', ';']).next().unwrap_or_default();
            let next = at + pair.len() + 1;
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            // Keys of digits are reserved for identifiers, others are not ours.
            if !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) {
                let named = table::named(key).filter(|(_, row)| row.attribute);
                let (ai, row) = named.ok_or(LinkError::Attribute { at })?;
                return Ok(Some((self.placed(ai, row, value, at), next)));
            }
            at = next;
        }
        Ok(None)
    }

    /// A key and its value in the path, and where the next pair starts.
    fn pair_at(&self, at: usize) -> Option<(&'a str, &'a str, usize)> {
        let rest = self.uri.get(at..self.path_end).filter(|rest| !rest.is_empty())?;
        let (key, rest) = rest.split_once('/')?;
        let value = rest.split('/').next().unwrap_or_default();
        let next = at + key.len() + value.len() + 2;
        // Behind the path, a / that ends it and the ? of the query.
        let query = self
            .uri
            .get(self.path_end..)
            .and_then(|rest| rest.find('?'))
            .map_or(self.uri.len(), |mark| self.path_end + mark + 1);
        Some((key, value, if next > self.path_end { query } else { next }))
    }

    fn placed(&self, ai: Ai, row: &'static Row, value: &'a str, at: usize) -> Placed<'a> {
        // A key of the query may end the address, without its `=`.
        let value_at = (at + usize::from(ai.digits) + 1).min(self.uri.len());
        // A value of digits has nothing to escape.
        let escaped = value.contains('%') && !row.is_numeric();
        Placed { element: Element { ai, value, escaped }, row, at, value_at }
    }

    /// The qualifiers are one of the key's lists, in order, with gaps allowed.
    fn check_qualifiers(&self, key: &Row) -> Result<(), LinkError> {
        const NONE: &[&[Span]] = &[&[]];
        let lists = key.qualifiers.filter(|lists| !lists.is_empty()).unwrap_or(NONE);
        let strange = || lists.iter().map(|list| self.first_strange(list));
        if strange().any(|strange| strange.is_none()) {
            return Ok(());
        }
        // The list that fits longest is the one that was meant.
        let strange = strange().flatten().max_by_key(|(at, _)| *at);
        let key = Ai { number: key.span.from, digits: key.span.digits };
        strange.map_or(Ok(()), |(at, ai)| Err(LinkError::Qualifier { ai, at, key }))
    }

    /// The first qualifier that a list does not allow there.
    fn first_strange(&self, list: &[Span]) -> Option<(usize, Ai)> {
        let (_, _, mut at) = self.pair_at(self.start)?;
        let mut left = list.iter();
        while at < self.path_end {
            let (key, _, next) = self.pair_at(at)?;
            let (ai, _) = table::named(key)?;
            if !left.any(|span| span.holds(ai)) {
                return Some((at, ai));
            }
            at = next;
        }
        None
    }
}

/// Where the host of an address starts. The scheme is all small or all
/// capital letters.
fn host_at(text: &str) -> Option<usize> {
    let schemes = ["https://", "http://", "HTTPS://", "HTTP://"];
    schemes.iter().find(|scheme| text.starts_with(**scheme)).map(|scheme| scheme.len())
}

/// The place of the primary key in a path: from the end, over pairs that are
/// its qualifiers.
fn primary_key(path: &str) -> Option<(usize, &'static Row)> {
    let mut end = path.len();
    loop {
        let (before, value) = path.get(..end)?.rsplit_once('/')?;
        let (front, key) = before.rsplit_once('/')?;
        let (ai, row) = table::named(key)?;
        if row.qualifiers.is_some() && starts_like_a_key(value) {
            return Some((front.len() + 1, row));
        }
        if !table::is_qualifier(ai) {
            return None;
        }
        end = front.len();
    }
}

/// Keys of GS1 begin with the digits of a company; `/01/news` is no key.
fn starts_like_a_key(value: &str) -> bool {
    value.bytes().take_while(u8::is_ascii_digit).count() >= 4
}

/// Checks the value of an element.
pub(super) fn check(placed: &Placed<'_>) -> Result<(), LinkError> {
    let Element { ai, value, escaped } = placed.element;
    if escaped {
        check_escaped(ai, placed.row, value, placed.value_at)
    } else {
        Ok(value::check(ai, placed.row, value, placed.value_at)?)
    }
}

/// Checks a value that has escapes, in its unescaped form.
fn check_escaped(ai: Ai, row: &Row, raw: &str, from: usize) -> Result<(), LinkError> {
    let mut room = [0; VALUE_BYTES];
    let mut length = 0;
    for (at, byte) in bytes_of(raw) {
        let byte = byte.ok_or(LinkError::Escape { at: from + at })?;
        let place = room.get_mut(length).ok_or(Gs1Error::TooLong {
            ai,
            at: from + at,
            allowed: row.longest(),
            found: bytes_of(raw).count(),
        })?;
        *place = byte;
        length += 1;
    }
    let place = |nth: usize| from + bytes_of(raw).nth(nth).map_or(raw.len(), |(at, _)| at);
    let text = room.get(..length).and_then(|bytes| bytes.is_ascii().then(|| std::str::from_utf8(bytes).ok())?);
    let Some(text) = text else {
        let strange = room.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
        let found = room.get(strange).map_or('?', |byte| char::from(*byte));
        return Err(Gs1Error::Character { ai, at: place(strange), found }.into());
    };
    value::check(ai, row, text, 0).map_err(|error| error.moved(place).into())
}

/// The value itself. What was checked has no character beyond ASCII.
pub(super) fn unescaped(raw: &str) -> Cow<'_, str> {
    if raw.contains('%') {
        Cow::Owned(bytes_of(raw).map(|(_, byte)| byte.map_or('%', char::from)).collect())
    } else {
        Cow::Borrowed(raw)
    }
}

/// The bytes that a text with escapes stands for, each with the place where
/// it is written; none for a `%` without two hexadecimal digits.
fn bytes_of(raw: &str) -> impl Iterator<Item = (usize, Option<u8>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = raw.as_bytes().get(at..)?;
        let from = at;
        let (byte, length) = match rest {
            [] => return None,
            [b'%', tens, ones, ..] => (hex(*tens).zip(hex(*ones)).map(|(tens, ones)| tens * 16 + ones), 3),
            [b'%', ..] => (None, 1),
            [byte, ..] => (Some(*byte), 1),
        };
        at += length;
        Some((from, byte))
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
