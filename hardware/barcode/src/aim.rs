//! AIM symbology identifiers (ISO/IEC 15424): `]`, a letter for the symbology
//! and a modifier, in front of the data if the scanner is told to send them.

/// How a code is printed, as far as it is told or guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbology {
    /// EAN-13, and UPC-A or UPC-E sent in 13 digits (`]E0`, `]E3`).
    Ean13,
    /// EAN-8 (`]E4`).
    Ean8,
    /// UPC-A sent in its own 12 digits.
    UpcA,
    /// UPC-E sent in its own 8 digits.
    UpcE,
    /// A two- or five-digit supplement alone (`]E1`, `]E2`).
    EanSupplement,
    /// Interleaved 2 of 5 with the 14 digits of a GTIN.
    Itf14,
    /// Interleaved 2 of 5 with anything else (`]I`).
    Itf,
    /// Code 39 (`]A`).
    Code39,
    /// Code 93 (`]G`).
    Code93,
    /// Code 128 without the GS1 start (`]C0`, `]C2`, `]C4`).
    Code128,
    /// GS1-128 (`]C1`).
    Gs1Code128,
    /// Codabar (`]F`).
    Codabar,
    /// GS1 DataBar and GS1 composites (`]e`).
    DataBar,
    /// PDF417 and MicroPDF417 (`]L`).
    Pdf417,
    /// Data Matrix without the GS1 start (`]d`).
    DataMatrix,
    /// GS1 DataMatrix (`]d2`, `]d5`).
    Gs1DataMatrix,
    /// QR code without the GS1 start (`]Q`).
    Qr,
    /// GS1 QR code (`]Q3`, `]Q4`).
    Gs1Qr,
    /// DotCode without the GS1 start (`]J`).
    DotCode,
    /// GS1 DotCode (`]J1`, `]J4`).
    Gs1DotCode,
    /// Aztec (`]z`).
    Aztec,
    /// MaxiCode (`]U`).
    MaxiCode,
    /// GS1 elements that came without an identifier.
    Gs1,
    /// An identifier of a symbology that retail does not use.
    Other,
    /// No identifier, and nothing to guess from.
    Unknown,
}

impl Symbology {
    /// The name in JSON, metrics and counters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ean13 => "ean13",
            Self::Ean8 => "ean8",
            Self::UpcA => "upca",
            Self::UpcE => "upce",
            Self::EanSupplement => "ean_supplement",
            Self::Itf14 => "itf14",
            Self::Itf => "itf",
            Self::Code39 => "code39",
            Self::Code93 => "code93",
            Self::Code128 => "code128",
            Self::Gs1Code128 => "gs1_128",
            Self::Codabar => "codabar",
            Self::DataBar => "gs1_databar",
            Self::Pdf417 => "pdf417",
            Self::DataMatrix => "datamatrix",
            Self::Gs1DataMatrix => "gs1_datamatrix",
            Self::Qr => "qr",
            Self::Gs1Qr => "gs1_qr",
            Self::DotCode => "dotcode",
            Self::Gs1DotCode => "gs1_dotcode",
            Self::Aztec => "aztec",
            Self::MaxiCode => "maxicode",
            Self::Gs1 => "gs1",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

/// The two characters after `]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identifier {
    code: u8,
    modifier: u8,
}

impl Identifier {
    /// Which symbology it names; `]X` (other, or made by the device itself)
    /// names none.
    pub(crate) const fn symbology(self) -> Symbology {
        match (self.code, self.modifier) {
            (b'E', b'4') => Symbology::Ean8,
            (b'E', b'1' | b'2') => Symbology::EanSupplement,
            (b'E', _) => Symbology::Ean13,
            (b'e', _) => Symbology::DataBar,
            (b'A', _) => Symbology::Code39,
            (b'G', _) => Symbology::Code93,
            (b'C', b'1') => Symbology::Gs1Code128,
            (b'C', _) => Symbology::Code128,
            (b'I', _) => Symbology::Itf,
            (b'F', _) => Symbology::Codabar,
            (b'L', _) => Symbology::Pdf417,
            (b'd', b'2' | b'5') => Symbology::Gs1DataMatrix,
            (b'd', _) => Symbology::DataMatrix,
            (b'Q', b'3' | b'4') => Symbology::Gs1Qr,
            (b'Q', _) => Symbology::Qr,
            (b'J', b'1' | b'4') => Symbology::Gs1DotCode,
            (b'J', _) => Symbology::DotCode,
            (b'z', _) => Symbology::Aztec,
            (b'U', _) => Symbology::MaxiCode,
            (b'X', _) => Symbology::Unknown,
            _ => Symbology::Other,
        }
    }

    /// Whether an EAN or UPC code comes with the supplement beside it.
    pub(crate) const fn has_supplement(self) -> bool {
        matches!((self.code, self.modifier), (b'E', b'3'))
    }

    /// Whether the scanner has verified the check digit of an ITF code.
    pub(crate) const fn verified_itf(self) -> bool {
        matches!((self.code, self.modifier), (b'I', b'1'))
    }
}

/// Takes the identifier off the front of a frame, if there is one.
pub(crate) const fn split(frame: &[u8]) -> (Option<Identifier>, &[u8]) {
    match frame {
        [b']', code, modifier, data @ ..] if code.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() => {
            (Some(Identifier { code: *code, modifier: *modifier }), data)
        }
        _ => (None, frame),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> (Option<Symbology>, &str) {
        let (identifier, data) = split(text.as_bytes());
        (identifier.map(Identifier::symbology), std::str::from_utf8(data).unwrap())
    }

    #[test]
    fn an_identifier_is_taken_off_and_named() {
        assert_eq!(named("]E04006381333931"), (Some(Symbology::Ean13), "4006381333931"));
        assert_eq!(named("]E496385074"), (Some(Symbology::Ean8), "96385074"));
        assert_eq!(named("]C10100"), (Some(Symbology::Gs1Code128), "0100"));
        assert_eq!(named("]I1"), (Some(Symbology::Itf), ""));
        assert_eq!(named("]d2x"), (Some(Symbology::Gs1DataMatrix), "x"));
        assert_eq!(named("]Q3x"), (Some(Symbology::Gs1Qr), "x"));
        assert_eq!(named("]X0x"), (Some(Symbology::Unknown), "x"));
        assert_eq!(named("]p0x"), (Some(Symbology::Other), "x"));
    }

    #[test]
    fn a_text_that_only_looks_like_an_identifier_is_left_alone() {
        for text in ["", "]", "]E", "]1x", "] E0", "E04006381333931", "]é0"] {
            assert_eq!(named(text), (None, text));
        }
    }
}
