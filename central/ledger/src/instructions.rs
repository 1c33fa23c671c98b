//! What head office wants boxes to do, and how far it is.

use bytes::Bytes;
use tidemark_model::{Position, StoreId};

/// Bytes up to which an instruction's body travels on the stream.
pub(crate) fn on_stream() -> i64 {
    i64::try_from(tidemark_sync::limits::INSTRUCTION_BYTES).unwrap_or(i64::MAX)
}

/// What head office wants a box to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionRow {
    /// Its number, by which lists are paged; 0 before it is kept.
    pub number: i64,
    /// Its identity.
    pub id: String,
    /// The shop.
    pub store: StoreId,
    /// What it is.
    pub kind: String,
    /// Lines of it.
    pub lines: u32,
    /// Bytes of its body.
    pub size: u64,
    /// Its body as the wire encodes it; in a list only if it travels on the
    /// stream.
    pub body: Bytes,
    /// waiting, done or failed.
    pub state: String,
    /// Who wants it; empty if nobody in particular.
    pub author: String,
    /// Why.
    pub reason: String,
    /// The job it is part of.
    pub job: Option<i64>,
    /// When it was asked for, handed to the box and answered, in milliseconds
    /// since 1970.
    pub times: InstructionTimes,
    /// What the box answered, in words.
    pub answer: String,
    /// Where its answer stands.
    pub position: Option<Position>,
}

/// When an instruction went on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstructionTimes {
    /// When it was asked for.
    pub created: i64,
    /// When it was handed to the box, if it was since the box came last.
    pub taken: Option<i64>,
    /// When its answer was applied.
    pub done: Option<i64>,
}

impl InstructionRow {
    /// An instruction that waits.
    #[must_use]
    pub fn new(id: impl Into<String>, store: StoreId, kind: &str, lines: usize, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self {
            number: 0,
            id: id.into(),
            store,
            kind: kind.to_owned(),
            lines: u32::try_from(lines).unwrap_or(u32::MAX),
            size: u64::try_from(body.len()).unwrap_or(u64::MAX),
            body,
            state: "waiting".to_owned(),
            author: String::new(),
            reason: String::new(),
            job: None,
            times: InstructionTimes::default(),
            answer: String::new(),
            position: None,
        }
    }

    /// By somebody, for a reason.
    #[must_use]
    pub fn by(mut self, author: &str, reason: &str) -> Self {
        author.clone_into(&mut self.author);
        reason.clone_into(&mut self.reason);
        self
    }
}

/// Which instructions are asked for; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstructionFilter {
    /// Of which shop.
    pub store: Option<StoreId>,
    /// waiting, taken, done or failed.
    pub state: Option<String>,
    /// Of which kind.
    pub kind: Option<String>,
    /// Of which job.
    pub job: Option<i64>,
    /// By whom.
    pub author: Option<String>,
    /// Below this number: the next page.
    pub below: Option<i64>,
}

/// What came of asking for instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructed {
    /// They wait for their boxes now.
    Kept,
    /// The very same were asked for before.
    Again,
    /// Another one was asked for under one of these ids; nothing is kept.
    OtherContent,
}
