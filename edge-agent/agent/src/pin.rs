//! The PIN of the box's page: whoever takes back a document on it has to know
//! it. Kept as an argon2id hash in a file of the data folder; there is none
//! until somebody sets it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::{PasswordHash, SaltString};
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

const FILE: &str = "pin";
/// Digits of a PIN, at least and at most.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=12;
/// Wrong tries in a row before the next has to wait.
const TRIES: u32 = 5;
/// How long it then waits.
const WAIT_MS: u64 = 60_000;
const SALT: usize = 16;

/// A PIN that can't be set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PinError {
    /// Not a PIN.
    #[error("a PIN has 4 to 12 digits")]
    Digits,
    /// The file can't be written or read.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The system gives no random bits, or the hash is none of ours.
    #[error("{0}")]
    Hash(String),
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    /// It is the PIN.
    Right,
    /// It is not.
    Wrong,
    /// Too many were wrong: nothing was looked at.
    Wait,
    /// No PIN is set.
    None,
}

/// Sets the PIN of a box.
pub(crate) fn set(data: &Path, pin: &str) -> Result<(), PinError> {
    if !DIGITS.contains(&pin.len()) || !pin.bytes().all(|b| b.is_ascii_digit()) {
        return Err(PinError::Digits);
    }
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|error| PinError::Hash(error.to_string()))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| PinError::Hash(error.to_string()))?;
    let hash = Argon2::default().hash_password(pin.as_bytes(), &salt);
    let hash = hash.map_err(|error| PinError::Hash(error.to_string()))?.to_string();
    let (path, fresh) = (data.join(FILE), data.join(format!("{FILE}.new")));
    let write = || {
        let mut file = crate::control::private(&fresh)?;
        io::Write::write_all(&mut file, hash.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &path)
    };
    write().map_err(|cause| PinError::File { path: path.clone(), cause })
}

/// Takes the PIN away: nothing can be taken back on the page any more. False
/// if there was none.
pub(crate) fn remove(data: &Path) -> Result<bool, PinError> {
    let path = data.join(FILE);
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(PinError::File { path, cause }),
    }
}

/// Looks at PINs, and not at too many.
#[derive(Debug)]
pub(crate) struct PinGuard {
    path: PathBuf,
    wrong: Mutex<Wrong>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wrong {
    in_a_row: u32,
    last_ms: u64,
}

impl PinGuard {
    /// Of the box over a data folder.
    pub(crate) fn of(data: &Path) -> Self {
        Self { path: data.join(FILE), wrong: Mutex::default() }
    }

    /// Whether a PIN is set.
    pub(crate) fn is_set(&self) -> bool {
        self.path.is_file()
    }

    /// Looks at a PIN; takes a moment, on purpose.
    pub(crate) fn check(&self, pin: &str, now_ms: u64) -> Tried {
        // Held while it is looked at: tries come one after the other.
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.in_a_row >= TRIES && now_ms.saturating_sub(wrong.last_ms) < WAIT_MS {
            return Tried::Wait;
        }
        let Ok(kept) = std::fs::read_to_string(&self.path) else { return Tried::None };
        let is_right = PasswordHash::new(kept.trim())
            .is_ok_and(|hash| Argon2::default().verify_password(pin.trim().as_bytes(), &hash).is_ok());
        if is_right {
            *wrong = Wrong::default();
            return Tried::Right;
        }
        *wrong = Wrong { in_a_row: wrong.in_a_row.saturating_add(1), last_ms: now_ms };
        Tried::Wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_known_by_its_hash_alone() {
        let folder = tempfile::tempdir().unwrap();
        let guard = PinGuard::of(folder.path());
        assert_eq!((guard.is_set(), guard.check("1234", 0)), (false, Tried::None));
        set(folder.path(), "123456").unwrap();
        assert_eq!(guard.check("123456", 0), Tried::Right);
        assert_eq!(guard.check("123457", 0), Tried::Wrong);
        let kept = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(kept.starts_with("$argon2id$") && !kept.contains("123456"), "{kept}");
        assert!(remove(folder.path()).unwrap() && !remove(folder.path()).unwrap());
        assert_eq!(guard.check("123456", 0), Tried::None);
    }

    #[test]
    fn after_five_wrong_ones_even_the_right_one_waits_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        set(folder.path(), "1234").unwrap();
        let guard = PinGuard::of(folder.path());
        for _ in 0..TRIES {
            assert_eq!(guard.check("9999", 1_000), Tried::Wrong);
        }
        assert_eq!(guard.check("1234", 60_999), Tried::Wait);
        assert_eq!(guard.check("1234", 61_000), Tried::Right);
        assert_eq!(guard.check("9999", 61_000), Tried::Wrong, "one wrong one alone does not wait");
    }

    #[test]
    fn what_is_no_pin_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for pin in ["", "123", "12a4", "1234567890123"] {
            assert!(matches!(set(folder.path(), pin), Err(PinError::Digits)), "{pin}");
        }
    }
}
