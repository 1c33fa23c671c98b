use std::fmt;

/// Inputs to begin with, one a line: printable ASCII as it is, every other
/// byte and the backslash as `\xNN`. Lines that start with `# ` say what
/// follows.
#[derive(Clone, Debug)]
pub struct Corpus {
    inputs: Vec<Vec<u8>>,
}

/// Why a corpus cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorpusError {
    /// It has no input.
    Empty,
    /// A backslash that starts no `\xNN`.
    Escape {
        /// The line, from 1.
        line: usize,
    },
}

impl fmt::Display for CorpusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the corpus has no input"),
            Self::Escape { line } => write!(f, "line {line}: a backslash starts \\xNN"),
        }
    }
}

impl std::error::Error for CorpusError {}

impl Corpus {
    /// Reads a corpus.
    pub fn parse(text: &str) -> Result<Self, CorpusError> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with("# "));
        let inputs = lines.map(|(at, line)| unescaped(line).ok_or(CorpusError::Escape { line: at + 1 }));
        let inputs: Vec<Vec<u8>> = inputs.collect::<Result<_, _>>()?;
        if inputs.is_empty() { Err(CorpusError::Empty) } else { Ok(Self { inputs }) }
    }

    /// The input of a number; they begin anew after the last.
    #[must_use]
    pub fn input(&self, number: usize) -> &[u8] {
        self.inputs.get(number % self.inputs.len().max(1)).map_or(&[], Vec::as_slice)
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.inputs.len()
    }
}

/// An input as a line of a corpus.
#[must_use]
pub fn escaped(input: &[u8]) -> String {
    let mut line = String::new();
    for byte in input {
        match byte {
            b'\\' => line.push_str("\\x5c"),
            b' '..=b'~' => line.push(char::from(*byte)),
            byte => line.push_str(&format!("\\x{byte:02x}")),
        }
    }
    line
}

pub(crate) fn unescaped(line: &str) -> Option<Vec<u8>> {
    let mut input = Vec::new();
    let mut parts = line.split('\\');
    input.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        let (hex, rest) = part.strip_prefix('x')?.split_at_checked(2)?;
        input.push(u8::from_str_radix(hex, 16).ok()?);
        input.extend_from_slice(rest.as_bytes());
    }
    Some(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_is_read_back_from_its_line() {
        let all: Vec<u8> = (0..=255).collect();
        for input in [b"4006381333931".as_slice(), b"\\x41", b"]C1\x1d\r\n", &all, b""] {
            assert_eq!(unescaped(&escaped(input)).as_deref(), Some(input));
        }
    }

    #[test]
    fn a_corpus_that_cannot_be_read_says_in_which_line() {
        assert_eq!(Corpus::parse("# a\n\nb\\q").unwrap_err(), CorpusError::Escape { line: 3 });
        assert_eq!(Corpus::parse("# a\n").unwrap_err(), CorpusError::Empty);
        let corpus = Corpus::parse("# a\nb\n\\x1d\n").unwrap();
        assert_eq!((corpus.count(), corpus.input(1), corpus.input(2)), (2, b"\x1d".as_slice(), b"b".as_slice()));
    }
}
