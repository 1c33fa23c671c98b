//! Who has submitted documents since the start, and when last: for head
//! office, which looks after tills that fall silent.

use std::collections::BTreeMap;

use tidemark_model::{Odometer, Source};
use tokio::sync::watch;

/// Sources that are remembered; the centre takes no more.
const SOURCES: usize = 1_000;

/// What was heard of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Documents taken.
    pub(crate) documents: u64,
    /// When the last one was.
    pub(crate) at: Odometer,
}

/// The roll; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roll(watch::Sender<BTreeMap<Source, Heard>>);

impl Roll {
    /// A document of a source was taken, or was held already.
    pub(crate) fn note(&self, source: &Source, at: Odometer) {
        self.0.send_modify(|roll| {
            if let Some(heard) = roll.get_mut(source) {
                *heard = Heard { documents: heard.documents.saturating_add(1), at };
            } else if roll.len() < SOURCES {
                roll.insert(source.clone(), Heard { documents: 1, at });
            }
        });
    }

    /// All that were heard.
    pub(crate) fn list(&self) -> BTreeMap<Source, Heard> {
        self.0.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_counted_and_strangers_have_a_limit() {
        let roll = Roll::default();
        let till = Source::new("till:1").unwrap();
        roll.note(&till, Odometer(5));
        roll.note(&till, Odometer(9));
        assert_eq!(roll.list().get(&till), Some(&Heard { documents: 2, at: Odometer(9) }));
        for number in 0..2 * SOURCES {
            roll.note(&Source::new(&format!("x{number}")).unwrap(), Odometer(1));
        }
        assert_eq!(roll.list().len(), SOURCES);
        roll.note(&till, Odometer(10));
        assert_eq!(roll.list()[&till].documents, 3);
    }
}
