//! Dead letters as head office repairs them: found by filter and group,
//! claimed by one job at a time, settled by what their box answers.

use tidemark_model::StoreId;

use crate::instructions::InstructionRow;

/// How a letter is settled that is itself an answer of a box.
pub(crate) const ANSWERED: &str = "answer";

/// Which letters are asked for; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterFilter {
    /// Of which shop.
    pub store: Option<StoreId>,
    /// For which reason.
    pub reason: Option<String>,
    /// Naming which code.
    pub code: Option<String>,
    /// In which state.
    pub state: Option<LetterState>,
    /// Parked from this moment on, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Parked before this moment.
    pub until: Option<i64>,
    /// Below this number: the next page.
    pub below: Option<i64>,
}

/// How a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterState {
    /// Nobody has repaired it.
    Open,
    /// A job has it.
    Waiting,
    /// It is settled.
    Closed,
}

impl LetterState {
    /// The one of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "open" => Some(Self::Open),
            "waiting" => Some(Self::Waiting),
            "closed" => Some(Self::Closed),
            _ => None,
        }
    }

    /// What holds of such a letter.
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::Open => " AND d.closed_at IS NULL AND d.job IS NULL",
            Self::Waiting => " AND d.closed_at IS NULL AND d.job IS NOT NULL",
            Self::Closed => " AND d.closed_at IS NOT NULL",
        }
    }
}

/// Letters that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterGroup {
    /// Why.
    pub reason: String,
    /// What they name; none if only reasons were asked for.
    pub code: Option<String>,
    /// How many.
    pub count: u64,
    /// Of these, how many a job has.
    pub waiting: u64,
    /// Some of the shops.
    pub stores: Vec<String>,
    /// How many shops.
    pub shops: u64,
    /// When the first was parked.
    pub since: i64,
    /// When the last was.
    pub until: i64,
}

/// What is to be done to letters, all or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Its identity, given by whoever asks.
    pub id: String,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// What exactly, as JSON: the same id with something else is refused.
    pub what: String,
    /// What becomes of each letter.
    pub claims: Vec<Claim>,
    /// What boxes are to do.
    pub instructions: Vec<InstructionRow>,
}

/// What becomes of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The letter's number.
    pub letter: i64,
    /// How.
    pub how: ClaimHow,
}

/// How a letter is repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimHow {
    /// By what its box answers to this instruction.
    Instructed(String),
    /// It is settled with nothing done.
    Discarded,
    /// The centre applies what it parked itself.
    Applied,
}

/// What came of a repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repaired {
    /// It is begun under this number.
    Begun(i64),
    /// It was begun before, under this number.
    Again(i64),
    /// Something else was begun under the same id.
    OtherContent,
    /// Nothing is done: somebody has this letter already, or had it.
    Taken(i64),
}

/// A job, with how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its number.
    pub number: i64,
    /// Its identity, given by whoever asked.
    pub id: String,
    /// What kind it is.
    pub kind: String,
    /// When it began, in milliseconds since 1970.
    pub created_at: i64,
    /// Who began it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// What exactly, as JSON.
    pub what: String,
    /// Things to be done.
    pub total: u64,
    /// Of these, those that are done.
    pub done: u64,
    /// Those that could not be done.
    pub failed: u64,
}

/// What came of applying a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reapplied {
    /// It is in the ledger; the levels that changed.
    Applied(Vec<crate::LevelRow>),
    /// It can't be, for this reason: it stays parked.
    Still(String),
    /// Somebody else did it.
    Gone,
}

/// A letter that a repair changed, which the topic has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The number of the news.
    pub number: i64,
    /// The partition it belongs to.
    pub partition: u32,
    /// The letter.
    pub letter: crate::DeadLetterRow,
}
