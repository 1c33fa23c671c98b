//! Against guessing: whoever was wrong several times in a row has to wait,
//! longer each time, by the user's name and by where the tries come from.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Wrong tries in a row before the next has to wait.
const TRIES: u32 = 5;
/// Of an address, behind which many people may be.
const TRIES_OF_AN_ADDRESS: u32 = 30;
/// The first wait; each further wrong try doubles it.
const WAIT_MS: u64 = 30_000;
/// The longest.
const LONGEST_MS: u64 = 15 * 60_000;
/// A subject that was quiet for so long is forgotten.
const FORGOTTEN_MS: u64 = 60 * 60_000;
/// Characters of a name that are remembered.
const NAME: usize = 64;
/// Subjects that are remembered.
const SUBJECTS: usize = 10_000;

/// Remembers wrong tries; cheap to clone. The lock is held for map operations
/// only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard(Arc<Mutex<BTreeMap<Subject, Wrong>>>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Name(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug, Default)]
struct Wrong {
    in_a_row: u32,
    last_ms: u64,
}

/// So many seconds to wait; nothing was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) u32);

impl Wrong {
    fn wait_ms(self, tries: u32, now_ms: u64) -> u64 {
        let Some(more) = self.in_a_row.checked_sub(tries) else { return 0 };
        let wait = WAIT_MS.saturating_mul(1 << more.min(16)).min(LONGEST_MS);
        self.last_ms.saturating_add(wait).saturating_sub(now_ms)
    }
}

impl Guard {
    /// Whether a try may be looked at. It counts as wrong until
    /// [`Self::right`] is told, so that tries at once are counted too. Whoever
    /// brings a link names nobody.
    pub(crate) fn begin<'n>(
        &self,
        name: impl Into<Option<&'n str>>,
        from: Option<IpAddr>,
        now_ms: u64,
    ) -> Result<(), Wait> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let subjects = subjects(name.into(), from);
        let waits = subjects.iter().filter_map(|(subject, tries)| Some(held.get(subject)?.wait_ms(*tries, now_ms)));
        let wait_ms = waits.max().unwrap_or(0);
        if wait_ms > 0 {
            return Err(Wait(u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX)));
        }
        if held.len() >= SUBJECTS {
            held.retain(|_, wrong| now_ms.saturating_sub(wrong.last_ms) < FORGOTTEN_MS);
        }
        for (subject, _) in subjects {
            // With no room left, those who are known are still held back.
            if held.len() < SUBJECTS || held.contains_key(&subject) {
                let wrong = held.entry(subject).or_default();
                let forgotten = now_ms.saturating_sub(wrong.last_ms) >= FORGOTTEN_MS;
                wrong.in_a_row = if forgotten { 1 } else { wrong.in_a_row.saturating_add(1) };
                wrong.last_ms = now_ms;
            }
        }
        Ok(())
    }

    /// The try was right.
    pub(crate) fn right<'n>(&self, name: impl Into<Option<&'n str>>, from: Option<IpAddr>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = name.into() {
            held.remove(&Subject::Name(name.to_owned()));
        }
        // Others behind the address keep what they have.
        if let Some(wrong) = from.and_then(|from| held.get_mut(&Subject::Address(from))) {
            wrong.in_a_row = wrong.in_a_row.saturating_sub(1);
        }
    }
}

fn subjects(name: Option<&str>, from: Option<IpAddr>) -> Vec<(Subject, u32)> {
    // No user has a longer name; what is remembered is bounded.
    let name = name.map(|name| (Subject::Name(name.chars().take(NAME).collect()), TRIES));
    let address = from.map(|from| (Subject::Address(from), TRIES_OF_AN_ADDRESS));
    name.into_iter().chain(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    #[test]
    fn who_guesses_waits_longer_each_time_and_who_knows_does_not() {
        let guard = Guard::default();
        for _ in 0..TRIES {
            assert_eq!(guard.begin("ana", here(1), 0), Ok(()));
        }
        assert_eq!(guard.begin("ana", here(2), 0), Err(Wait(30)), "from elsewhere too");
        assert_eq!(guard.begin("bob", here(1), 0), Ok(()), "another user does not wait");
        assert_eq!(guard.begin("ana", here(1), 30_000), Ok(()));
        assert_eq!(guard.begin("ana", here(1), 30_000), Err(Wait(60)));
        assert_eq!(guard.begin("ana", here(1), 90_000), Ok(()));
        guard.right("ana", here(1));
        for _ in 0..TRIES {
            assert_eq!(guard.begin("ana", here(1), 90_000), Ok(()));
        }
    }

    #[test]
    fn one_address_can_not_try_everybody() {
        let guard = Guard::default();
        for number in 0..TRIES_OF_AN_ADDRESS {
            assert_eq!(guard.begin(format!("user{number}").as_str(), here(1), 0), Ok(()));
        }
        assert_eq!(guard.begin("another", here(1), 0), Err(Wait(30)));
        assert_eq!(guard.begin("another", here(2), 0), Ok(()));
        assert_eq!(guard.begin(None, here(1), 0), Err(Wait(30)), "nor every link");
        assert_eq!(guard.begin(None, here(2), 0), Ok(()));
    }
}
