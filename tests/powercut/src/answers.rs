//! The log of what was asked and answered, kept outside of the recorded disk,
//! each with how far the record was then.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A document that was submitted: it may be on the disk from then on, and must be
/// from its answer on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Events of the record before it was asked.
    pub from: usize,
    /// What was answered, and the events of the record by then.
    pub answer: Option<(usize, Saved)>,
}

/// Where a document was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Its first seq.
    pub first: u64,
    /// How many movements it has.
    pub lines: u32,
}

/// A movement that a centre has read from the box: it is never another one
/// afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its seq.
    pub seq: u64,
    /// Its digest.
    pub digest: u64,
    /// The item, if it is known.
    pub sku: Option<String>,
    /// What it did, in thousandths.
    pub effect: i64,
}

/// Numbers that only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The session's number.
    Session,
    /// The version of the catalogue in use.
    Catalogue,
    /// All below is trimmed.
    TrimmedBelow,
    /// All up to here is handled.
    Handled,
    /// The opening is taken: 1.
    Opening,
    /// How often the desk's lane was saved.
    Desk,
    /// How many tills were let in.
    Tills,
}

impl Mark {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Session, Self::Catalogue, Self::TrimmedBelow, Self::Handled, Self::Opening, Self::Desk, Self::Tills];
}

/// All that was asked and answered in a run.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The shop's seed.
    pub seed: u64,
    /// The journal's epoch, since it was told.
    pub epoch: Option<(usize, u64)>,
    /// Documents, by number.
    pub documents: BTreeMap<u64, Asked>,
    /// Movements the centre has read, with when.
    pub sent: Vec<(usize, Sent)>,
    /// What each mark was asked to be, and when.
    asked: BTreeMap<Mark, Vec<(usize, u64)>>,
    /// What each mark is known to be, and since when.
    settled: BTreeMap<Mark, Vec<(usize, u64)>>,
}

impl Answers {
    /// Of a shop in which nothing has happened yet.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// A mark is being moved.
    pub fn ask(&mut self, mark: Mark, value: u64, from: usize) {
        self.asked.entry(mark).or_default().push((from, value));
    }

    /// The highest value a mark was asked to have.
    #[must_use]
    pub fn asked_most(&self, mark: Mark) -> u64 {
        highest(&self.asked, mark, usize::MAX)
    }

    /// A mark is where it was asked to be, on disk.
    pub fn settle(&mut self, mark: Mark, value: u64, at: usize) {
        self.settled.entry(mark).or_default().push((at, value));
    }

    /// What is known to whoever looks at the disk after a cut.
    #[must_use]
    pub fn as_of(&self, cut: usize) -> Known {
        let mut known = Known { seed: self.seed, ..Known::default() };
        known.epoch = self.epoch.filter(|(at, _)| *at <= cut).map(|(_, epoch)| epoch);
        for (number, asked) in self.documents.iter().filter(|(_, asked)| asked.from <= cut) {
            match asked.answer.filter(|(at, _)| *at <= cut) {
                Some((_, saved)) => drop(known.saved.insert(*number, saved)),
                None => known.open.push(*number),
            }
        }
        known.sent = self.sent.iter().filter(|(at, _)| *at <= cut).map(|(_, sent)| sent.clone()).collect();
        for mark in Mark::ALL {
            let (least, most) = (highest(&self.settled, mark, cut), highest(&self.asked, mark, cut));
            let most = most.max(least);
            known.marks.insert(mark, (least, most));
        }
        known
    }

    /// Goes on after a cut: all that was known then holds from the start.
    #[must_use]
    pub fn after(known: &Known) -> Self {
        let mut answers = Self { seed: known.seed, epoch: known.epoch.map(|epoch| (0, epoch)), ..Self::default() };
        let saved = known.saved.iter().map(|(number, saved)| (*number, Some((0, *saved))));
        let open = known.open.iter().map(|number| (*number, None));
        answers.documents = saved.chain(open).map(|(number, answer)| (number, Asked { from: 0, answer })).collect();
        answers.sent = known.sent.iter().map(|sent| (0, sent.clone())).collect();
        for (mark, (least, most)) in &known.marks {
            answers.ask(*mark, *most, 0);
            answers.settle(*mark, *least, 0);
        }
        answers
    }
}

/// The highest value of a mark up to a cut; 0 if there is none.
fn highest(values: &BTreeMap<Mark, Vec<(usize, u64)>>, mark: Mark, cut: usize) -> u64 {
    let values = values.get(&mark).into_iter().flatten();
    values.filter(|(at, _)| *at <= cut).map(|(_, value)| *value).max().unwrap_or(0)
}

/// What a disk must and may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The shop's seed.
    pub seed: u64,
    /// The journal's epoch; none if nobody was told it.
    pub epoch: Option<u64>,
    /// Documents that were answered.
    pub saved: BTreeMap<u64, Saved>,
    /// Documents that were submitted and not answered.
    pub open: Vec<u64>,
    /// Movements the centre has read.
    pub sent: Vec<Sent>,
    /// Each mark's least and highest value.
    pub marks: BTreeMap<Mark, (u64, u64)>,
}

impl Known {
    /// A mark's least and highest value.
    #[must_use]
    pub fn mark(&self, mark: Mark) -> (u64, u64) {
        self.marks.get(&mark).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        let mut answers = Answers { seed: 1, epoch: Some((2, 77)), ..Answers::default() };
        let saved = Saved { first: 1, lines: 2 };
        answers.documents.insert(1, Asked { from: 3, answer: Some((5, saved)) });
        answers.documents.insert(2, Asked { from: 4, answer: None });
        answers.ask(Mark::Session, 1, 6);
        answers.settle(Mark::Session, 1, 8);
        answers
    }

    #[test]
    fn what_was_answered_before_the_cut_is_known_and_what_was_asked_after_it_is_not() {
        let known = |cut| answers().as_of(cut);
        assert_eq!((known(1).epoch, known(2).epoch), (None, Some(77)));
        assert_eq!((known(3).open, known(4).open, known(5).open), (vec![1], vec![1, 2], vec![2]));
        assert_eq!(known(5).saved.len(), 1);
        assert_eq!([5, 6, 7, 8].map(|cut| known(cut).mark(Mark::Session)), [(0, 0), (0, 1), (0, 1), (1, 1)]);
    }

    #[test]
    fn what_is_known_after_a_cut_is_known_from_the_start_of_the_next_run() {
        let known = answers().as_of(7);
        assert_eq!(Answers::after(&known).as_of(0), known);
    }
}
