//! Passwords of local users, kept as argon2id hashes.

use argon2::password_hash::{PasswordHash, SaltString};
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

use super::SignInError;

/// Characters of a password.
const LENGTH: std::ops::RangeInclusive<usize> = 10..=256;
const SALT: usize = 16;
/// Of a user that is not there: as much work as for one that is.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password that can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPassword {
    /// Too short or too long.
    #[error("a password has 10 to 256 characters")]
    Length,
    /// Easily guessed.
    #[error("a password is not the user's name, and more than one character again and again")]
    Weak,
}

/// A password that may be set.
pub(crate) fn checked(name: &str, given: &str) -> Result<(), BadPassword> {
    if !LENGTH.contains(&given.chars().count()) {
        return Err(BadPassword::Length);
    }
    let mut characters = given.chars();
    let first = characters.next();
    if given.eq_ignore_ascii_case(name) || characters.all(|next| Some(next) == first) {
        return Err(BadPassword::Weak);
    }
    Ok(())
}

/// The hash of a password.
pub(crate) fn hash(given: &str) -> Result<String, SignInError> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|error| SignInError::Random(error.to_string()))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| SignInError::Random(error.to_string()))?;
    let hash = Argon2::default().hash_password(given.as_bytes(), &salt);
    Ok(hash.map_err(|error| SignInError::Random(error.to_string()))?.to_string())
}

/// Whether a password is the one whose hash is kept.
pub(super) fn is_right(kept: Option<&str>, given: &str) -> bool {
    let right = PasswordHash::new(kept.unwrap_or(NOBODY))
        .is_ok_and(|hash| Argon2::default().verify_password(given.as_bytes(), &hash).is_ok());
    right && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let kept = hash("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$"));
        assert!(is_right(Some(&kept), "correct horse"));
        assert!(!is_right(Some(&kept), "correct horsf"));
        assert!(!is_right(None, "correct horse"));
        assert!(PasswordHash::new(NOBODY).is_ok());
    }

    #[test]
    fn passwords_that_are_easily_guessed_are_refused() {
        assert_eq!(checked("ana", "short"), Err(BadPassword::Length));
        assert_eq!(checked("ana.miller", "Ana.Miller"), Err(BadPassword::Weak));
        assert_eq!(checked("ana", "aaaaaaaaaaaa"), Err(BadPassword::Weak));
        assert_eq!(checked("ana", "correct horse"), Ok(()));
    }
}
