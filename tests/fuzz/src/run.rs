use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Mutator, escaped};

/// An input of which a property does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The input.
    pub input: Vec<u8>,
    /// What is wrong with what was made of it.
    pub wrong: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\ninput: {}", self.wrong, escaped(&self.input))
    }
}

/// How often each thing came out of the inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By the word for it.
    pub seen: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// All inputs.
    #[must_use]
    pub fn inputs(&self) -> u64 {
        self.seen.values().sum()
    }

    /// Both together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        for (word, count) in other.seen {
            *self.seen.entry(word).or_default() += count;
        }
        self
    }
}

/// Looks at so many inputs; ends with the first finding. The property gives
/// a word for what it saw, or what is wrong.
pub fn run(
    mutator: &mut Mutator<'_>,
    inputs: u64,
    property: impl Fn(&[u8]) -> Result<&'static str, String>,
) -> Result<Tally, Box<Finding>> {
    let mut tally = Tally::default();
    for _ in 0..inputs {
        let input = mutator.next_input();
        let found = |wrong| Box::new(Finding { input: input.to_vec(), wrong });
        // The property keeps nothing that a panic could leave half done.
        let looked = catch_unwind(AssertUnwindSafe(|| property(input)));
        let seen = looked.map_err(|panic| found(words_of(panic.as_ref())))?.map_err(found)?;
        *tally.seen.entry(seen).or_default() += 1;
    }
    Ok(tally)
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panicked: {}", words.unwrap_or("without a word"))
}
