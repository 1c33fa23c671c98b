//! Document keys and content digests: what makes a retry harmless.

use std::fmt;

use crate::text::{DocumentId, Source};

/// Hash of a document's source and id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentKey(pub [u8; 16]);

impl DocumentKey {
    /// The key of a document: the first 16 bytes of BLAKE3 over the source's
    /// length (4 bytes, big-endian), the source and the id.
    #[must_use]
    pub fn of(source: &Source, id: &DocumentId) -> Self {
        let mut hasher = blake3::Hasher::new();
        let length = u32::try_from(source.as_str().len()).unwrap_or(u32::MAX);
        hasher.update(&length.to_be_bytes());
        hasher.update(source.as_str().as_bytes());
        hasher.update(id.as_str().as_bytes());
        let mut key = [0; 16];
        hasher.finalize_xof().fill(&mut key);
        Self(key)
    }
}

impl fmt::Debug for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Digest of all that decides an effect of a document: the first 8 bytes of
/// BLAKE3 over its canonical form (see [`crate::content`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentDigest(pub [u8; 8]);

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_and_id_are_not_run_together() {
        let key =
            |source: &str, id: &str| DocumentKey::of(&Source::new(source).unwrap(), &DocumentId::new(id).unwrap());
        assert_ne!(key("ab", "c"), key("a", "bc"));
        assert_eq!(key("till:1", "7"), key("till:1", "7"));
    }
}
