//! Conditions: named states of trouble, each with cause, effect and remedy.
//! One table in [`registry`] is the source for pages, API, alerts, `explain`
//! and documentation.

pub mod pages;
pub mod registry;

pub use registry::{CONDITIONS, Condition, Severity};

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The number of a condition, written `TM-nnnn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TM-{:04}", self.0)
    }
}

impl std::str::FromStr for Code {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("TM-").or_else(|| text.strip_prefix("tm-")).unwrap_or(text);
        digits.parse().map(Self).map_err(|_error| format!("`{text}` is no condition; they are written TM-1234"))
    }
}

/// The condition of a code.
#[must_use]
pub fn find(code: Code) -> Option<&'static Condition> {
    CONDITIONS.iter().find(|condition| condition.code == code)
}

/// A condition's page for people.
#[must_use]
pub fn explain(condition: &Condition) -> String {
    let Condition { code, title, severity, cause, effect, remedy, visible_after_s, depends_on } = condition;
    let mut text = format!("{code} {title} ({severity})\n\nCause:  {cause}\nEffect: {effect}\nRemedy: {remedy}\n");
    if *visible_after_s > 0 {
        text.push_str(&format!("Shows:  within {visible_after_s} s\n"));
    }
    for other in depends_on.iter().filter_map(|code| find(*code)) {
        text.push_str(&format!("Look first at {} {}\n", other.code, other.title));
    }
    text
}

/// Conditions that hold at once. Subjects may come from outside (a till's
/// name): from here on, others of a code are told as one.
const ACTIVE_LIMIT: usize = 1_000;

/// The conditions that hold at present; cheap to clone, shared by whoever
/// finds or shows trouble. The lock is held for a map's insert or copy only.
#[derive(Clone, Debug, Default)]
pub struct Active(Arc<Mutex<BTreeMap<(Code, String), Raised>>>);

/// One condition that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// Which.
    pub code: Code,
    /// What it is about (a lane, a port, a till); empty if about the whole.
    pub subject: String,
    /// One sentence of what is the case here.
    pub detail: String,
    /// When it was raised, in milliseconds of the daemon's clock.
    pub since_ms: u64,
    /// When it is over unless it is raised again, by the same clock; none if
    /// whoever raised it clears it.
    pub until_ms: Option<u64>,
}

impl Raised {
    /// What is known of it.
    #[must_use]
    pub fn condition(&self) -> Option<&'static Condition> {
        find(self.code)
    }
}

impl Active {
    /// Raises a condition about the whole daemon. True if it is news.
    pub fn raise(&self, code: Code, detail: impl Into<String>, now_ms: u64) -> bool {
        self.raise_about(code, "", detail, now_ms)
    }

    /// Raises a condition about a subject; raised again it keeps its
    /// beginning. True if it is news.
    pub fn raise_about(&self, code: Code, subject: &str, detail: impl Into<String>, now_ms: u64) -> bool {
        let (subject, detail) = (subject.to_owned(), detail.into());
        self.insert(Raised { code, subject, detail, since_ms: now_ms, until_ms: None })
    }

    /// Raises a condition about something that happened, of which nobody can
    /// tell when it is over: it holds for so long after the last time. True
    /// if it is news.
    pub fn raise_for(&self, code: Code, subject: &str, detail: impl Into<String>, now_ms: u64, hold_ms: u64) -> bool {
        let (subject, detail, until) = (subject.to_owned(), detail.into(), now_ms.saturating_add(hold_ms));
        self.insert(Raised { code, subject, detail, since_ms: now_ms, until_ms: Some(until) })
    }

    fn insert(&self, raised: Raised) -> bool {
        let told = raised.clone();
        let news = self.put(raised);
        if news {
            let Raised { code, subject, detail, .. } = told;
            tracing::warn!(condition = %code, subject, %detail, "condition raised");
        }
        news
    }

    fn put(&self, mut raised: Raised) -> bool {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= ACTIVE_LIMIT && !map.contains_key(&(raised.code, raised.subject.clone())) {
            raised.subject.clear();
        }
        match map.entry((raised.code, raised.subject.clone())) {
            Entry::Occupied(mut held) => {
                raised.since_ms = held.get().since_ms;
                held.insert(raised);
                false
            }
            Entry::Vacant(place) => {
                place.insert(raised);
                true
            }
        }
    }

    /// Clears a condition about the whole daemon. True if it held.
    pub fn clear(&self, code: Code) -> bool {
        self.clear_about(code, "")
    }

    /// Clears a condition about a subject. True if it held.
    pub fn clear_about(&self, code: Code, subject: &str) -> bool {
        let key = (code, subject.to_owned());
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key).is_some();
        if held {
            tracing::info!(condition = %code, subject, "condition cleared");
        }
        held
    }

    /// Clears what was raised for a time that is over. True if there was any.
    pub fn expire(&self, now_ms: u64) -> bool {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<_> = map.extract_if(.., |_, held| held.until_ms.is_some_and(|until| until <= now_ms)).collect();
        drop(map);
        for ((code, subject), _) in &over {
            tracing::info!(condition = %code, subject, "condition over");
        }
        !over.is_empty()
    }

    /// Clears what holds of a code about subjects that are not among these.
    pub fn keep_about(&self, code: Code, subjects: &BTreeSet<String>) {
        let held = self.list().into_iter().filter(|raised| raised.code == code);
        for raised in held.filter(|raised| !subjects.contains(&raised.subject)) {
            self.clear_about(code, &raised.subject);
        }
    }

    /// All that hold, by code.
    #[must_use]
    pub fn list(&self) -> Vec<Raised> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Whether a condition holds, about whatever.
    #[must_use]
    pub fn holds(&self, code: Code) -> bool {
        self.list().iter().any(|raised| raised.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_says_cause_effect_and_remedy_and_has_its_own_code() {
        for condition in CONDITIONS {
            for text in [condition.title, condition.cause, condition.effect, condition.remedy] {
                assert!(text.len() > 10, "{}: {text:?}", condition.code);
            }
            assert_eq!(find(condition.code), Some(condition), "{} stands twice", condition.code);
            assert!((1_000..7_000).contains(&condition.code.0), "{}", condition.code);
        }
        assert!(CONDITIONS.is_sorted_by_key(|condition| condition.code));
    }

    #[test]
    fn what_a_condition_depends_on_is_there_and_never_leads_back_to_it() {
        fn reaches(from: Code, code: Code) -> bool {
            let next = find(from).unwrap().depends_on;
            next.iter().any(|other| *other == code || reaches(*other, code))
        }
        for condition in CONDITIONS {
            assert!(!reaches(condition.code, condition.code), "{}", condition.code);
        }
    }

    #[test]
    fn an_explanation_says_where_to_look_first() {
        let text = explain(find(registry::NOT_SAVED).unwrap());
        assert!(text.starts_with("TM-3001 NOT SAVED") && text.contains("Remedy: "), "{text}");
        assert!(text.ends_with("Look first at TM-3004 The disk is 99 % full\n"), "{text}");
    }

    #[test]
    fn subjects_from_outside_do_not_grow_without_end() {
        let active = Active::default();
        for till in 0..3 * ACTIVE_LIMIT {
            active.raise_about(registry::ID_REUSED, &till.to_string(), "again", 0);
        }
        assert_eq!(active.list().len(), ACTIVE_LIMIT + 1);
        assert!(active.clear(registry::ID_REUSED), "the rest is told as one");
    }

    #[test]
    fn a_condition_holds_from_the_first_raise_until_it_is_cleared() {
        let active = Active::default();
        assert!(active.raise(registry::NOT_SAVED, "disk full", 5));
        assert!(!active.raise(registry::NOT_SAVED, "disk still full", 9));
        assert_eq!(active.list().first().map(|r| (r.since_ms, r.detail.clone())), Some((5, "disk still full".into())));
        assert!(active.clear(registry::NOT_SAVED) && !active.clear(registry::NOT_SAVED));
        assert!(!active.holds(registry::NOT_SAVED));
    }

    #[test]
    fn what_happened_is_told_for_a_time_after_the_last_case() {
        let active = Active::default();
        assert!(active.raise_for(registry::ID_REUSED, "till:1", "once", 100, 1_000));
        assert!(!active.raise_for(registry::ID_REUSED, "till:1", "twice", 600, 1_000));
        assert!(!active.expire(1_599));
        assert_eq!(active.list()[0].since_ms, 100);
        assert!(active.expire(1_600) && active.list().is_empty());
        active.raise(registry::NOT_SAVED, "disk full", 0);
        assert!(!active.expire(u64::MAX), "what has an end of its own stays");
    }

    #[test]
    fn what_no_longer_holds_of_many_subjects_is_cleared() {
        let active = Active::default();
        for till in ["till:1", "till:2"] {
            active.raise_about(registry::NUMBERS_MISSING, till, "7 has not come", 0);
        }
        active.keep_about(registry::NUMBERS_MISSING, &BTreeSet::from(["till:2".to_owned()]));
        assert_eq!(active.list().iter().map(|raised| raised.subject.as_str()).collect::<Vec<_>>(), ["till:2"]);
    }

    #[test]
    fn codes_are_read_as_they_are_written() {
        assert_eq!("TM-3001".parse(), Ok(Code(3001)));
        assert_eq!(Code(42).to_string(), "TM-0042");
        assert!("disk".parse::<Code>().is_err());
    }
}
