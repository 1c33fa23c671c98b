//! The four characters at the end of a command code. They keep another
//! shop's sheet from working here; they are no secret.

const CHARACTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The seal of a command's text in a store.
pub(crate) fn seal(store: &str, command: &str) -> [u8; 4] {
    let mut hasher = blake3::Hasher::new_derive_key("tidemark command sheet 1");
    hasher.update(store.as_bytes());
    hasher.update(&[0]);
    hasher.update(command.as_bytes());
    let mut sealed = [b'0'; 4];
    for (place, byte) in sealed.iter_mut().zip(hasher.finalize().as_bytes()) {
        *place = CHARACTERS.get(usize::from(*byte) % CHARACTERS.len()).copied().unwrap_or(b'0');
    }
    sealed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_works_in_its_own_store_only() {
        assert_eq!(seal("S1", "TMS"), seal("S1", "TMS"));
        assert_ne!(seal("S1", "TMS"), seal("S2", "TMS"));
        assert_ne!(seal("S1", "TMS"), seal("S1", "TML"));
        assert!(seal("S1", "TMS").iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
    }
}
