//! Pairing: a six-digit code that a person reads on the box lets a terminal
//! fetch its token. One pairing at a time, for a short while, with few tries.

use std::fmt;

use tidemark_daemon::token::RandomError;
use tidemark_model::Source;
use tokio::sync::watch;

/// How long a code holds.
pub(crate) const HOLDS_MS: u64 = 5 * 60_000;
/// Wrong codes until a pairing ends: one in 200,000 is guessed.
pub(crate) const TRIES: u32 = 5;
/// Codes there are.
const CODES: u32 = 1_000_000;

/// Six digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PairingCode(u32);

impl fmt::Display for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairingCode(..)")
    }
}

impl PairingCode {
    /// A fresh one, each as likely as any other.
    pub(crate) fn draw() -> Result<Self, RandomError> {
        loop {
            let bits = tidemark_daemon::token::random_u32()?;
            // What is left over beyond whole rounds would favour small codes.
            if bits < u32::MAX - u32::MAX % CODES {
                return Ok(Self(bits % CODES));
            }
        }
    }

    /// What somebody typed; blanks in it don't count.
    pub(crate) fn read(typed: &str) -> Option<Self> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let is_code = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| is_code).map(Self)
    }
}

/// A pairing that waits for its terminal.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) till: Source,
    pub(crate) code: PairingCode,
    pub(crate) until_ms: u64,
    tries: u32,
}

/// What became of a code that a terminal showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It is right: the terminal is this till.
    Paired(Source),
    /// It is wrong, and may be tried so often again.
    Wrong(u32),
    /// No pairing is open.
    Closed,
}

/// The pairing; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairing(watch::Sender<Option<Open>>);

impl Pairing {
    /// Opens a pairing; one that was open is over.
    pub(crate) fn open(&self, till: Source, code: PairingCode, now_ms: u64) {
        let until_ms = now_ms.saturating_add(HOLDS_MS);
        self.0.send_replace(Some(Open { till, code, until_ms, tries: 0 }));
    }

    /// The open one, for whoever stands before the box.
    pub(crate) fn now(&self, now_ms: u64) -> Option<Open> {
        self.0.borrow().clone().filter(|open| now_ms < open.until_ms)
    }

    /// A terminal shows a code. The right one ends the pairing.
    pub(crate) fn claim(&self, code: Option<PairingCode>, now_ms: u64) -> Claim {
        let mut claim = Claim::Closed;
        self.0.send_modify(|open| {
            claim = match open {
                Some(pairing) if now_ms < pairing.until_ms => pairing.try_code(code),
                Some(_) | None => Claim::Closed,
            };
            if !matches!(claim, Claim::Wrong(left) if left > 0) {
                *open = None;
            }
        });
        claim
    }
}

impl Open {
    fn try_code(&mut self, code: Option<PairingCode>) -> Claim {
        if code == Some(self.code) {
            return Claim::Paired(self.till.clone());
        }
        self.tries = self.tries.saturating_add(1);
        Claim::Wrong(TRIES.saturating_sub(self.tries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn till() -> Source {
        Source::new("till:3").unwrap()
    }

    #[test]
    fn the_right_code_pairs_once() {
        let pairing = Pairing::default();
        assert_eq!(pairing.claim(PairingCode::read("000042"), 0), Claim::Closed);
        pairing.open(till(), PairingCode(42), 0);
        assert_eq!(pairing.claim(PairingCode::read("000 042"), HOLDS_MS - 1), Claim::Paired(till()));
        assert_eq!(pairing.claim(PairingCode::read("000042"), HOLDS_MS - 1), Claim::Closed);
    }

    #[test]
    fn a_code_ends_with_its_time_and_after_five_wrong_ones() {
        let pairing = Pairing::default();
        pairing.open(till(), PairingCode(42), 0);
        assert!(pairing.now(HOLDS_MS).is_none());
        assert_eq!(pairing.claim(PairingCode::read("000042"), HOLDS_MS), Claim::Closed);
        pairing.open(till(), PairingCode(42), 0);
        for (typed, left) in [("000043", 4), ("42", 3), ("", 2), ("00004x", 1), ("000041", 0)] {
            assert_eq!(pairing.claim(PairingCode::read(typed), 1), Claim::Wrong(left), "{typed}");
        }
        assert_eq!(pairing.claim(PairingCode::read("000042"), 1), Claim::Closed, "guessed at too often");
    }

    #[test]
    fn a_code_has_six_digits_and_is_not_logged() {
        let code = PairingCode::draw().unwrap();
        assert_eq!((code.to_string().len(), PairingCode::read(&code.to_string())), (6, Some(code)));
        assert!(!format!("{code:?}").contains(&code.to_string()));
    }
}
