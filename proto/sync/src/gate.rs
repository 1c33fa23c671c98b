//! The gate of a centre: boxes that return together are admitted in turn.

use std::collections::BTreeMap;

use tidemark_model::StoreId;

use crate::limits;
use crate::time::Millis;

/// Whether a box may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Now.
    Now,
    /// When that time has passed.
    Later {
        /// Milliseconds to stay away.
        retry_after_ms: u32,
    },
}

/// Gives each `Hello` its turn; one per centre process.
#[derive(Debug)]
pub struct Gate {
    per_second: u64,
    /// When the next turn that is not yet given away begins.
    next: Millis,
    /// Turns given and not yet taken.
    turns: BTreeMap<StoreId, Millis>,
}

impl Gate {
    /// A gate through which so many come in a second, at least one.
    #[must_use]
    pub fn new(per_second: u64) -> Self {
        Self { per_second: per_second.max(1), next: Millis(0), turns: BTreeMap::new() }
    }

    /// A box of `store` says `Hello`.
    pub fn admit(&mut self, store: &StoreId, now: Millis) -> Admission {
        let turn = match self.turns.get(store) {
            Some(turn) => *turn,
            None => self.give(now),
        };
        if turn <= now {
            self.turns.remove(store);
            return Admission::Now;
        }
        if self.turns.len() >= limits::TURNS {
            self.turns.retain(|_, turn| turn.after(limits::TURN_MS) > now);
        }
        if self.turns.len() < limits::TURNS {
            self.turns.insert(store.clone(), turn);
        }
        Admission::Later { retry_after_ms: u32::try_from(turn.since(now)).unwrap_or(u32::MAX) }
    }

    /// The next turn. A second's worth may come at once.
    fn give(&mut self, now: Millis) -> Millis {
        let gap = 1_000_u64.div_ceil(self.per_second);
        self.next = self.next.max(now.before(1_000)).after(gap);
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(number: u32) -> StoreId {
        StoreId::new(&format!("S{number}")).unwrap()
    }

    #[test]
    fn a_few_boxes_come_in_at_once() {
        let mut gate = Gate::new(100);
        assert!((0..100).all(|number| gate.admit(&store(number), Millis(5_000)) == Admission::Now));
    }

    #[test]
    fn a_thousand_boxes_that_return_together_each_get_a_turn_of_their_own() {
        let mut gate = Gate::new(100);
        let start = Millis(1_000_000);
        let mut later = Vec::new();
        for number in 0..1_000 {
            if let Admission::Later { retry_after_ms } = gate.admit(&store(number), start) {
                later.push((retry_after_ms, number));
            }
        }
        assert_eq!(later.len(), 900);
        assert!(later.iter().all(|(wait, _)| *wait <= 10_000));
        later.sort_unstable();
        for (wait, number) in later {
            assert_eq!(gate.admit(&store(number), start.after(wait.into())), Admission::Now);
        }
    }

    #[test]
    fn one_that_comes_before_its_turn_keeps_it() {
        let mut gate = Gate::new(1);
        gate.admit(&store(1), Millis(0));
        gate.admit(&store(2), Millis(0));
        let Admission::Later { retry_after_ms } = gate.admit(&store(3), Millis(0)) else { panic!("admitted") };
        assert_eq!(gate.admit(&store(3), Millis(100)), Admission::Later { retry_after_ms: retry_after_ms - 100 });
    }
}
