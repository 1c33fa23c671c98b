//! What boxes answer to instructions: the movements that they commit for them.

use tidemark_model::movement::REFUSED;
use tidemark_model::{Kind, Marks, Movement, Position, StoreId};

use super::Deciding;

/// Bytes of an answer that are kept.
const WORDS_BYTES: usize = 1_024;

/// What a box answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// It could not be done, or a part of it could not.
    pub failed: bool,
    /// In words.
    pub words: String,
    /// Where it stands.
    pub position: Position,
}

impl Answer {
    /// What a movement that was committed for an instruction says.
    fn of(position: Position, movement: &Movement) -> Self {
        let refused = movement.reason.as_ref().is_some_and(|reason| reason.as_str() == REFUSED);
        let failed = movement.parked.is_some() || (movement.kind == Kind::InstructionResult && refused);
        let mut words = words(position, movement);
        words.truncate(words.floor_char_boundary(WORDS_BYTES));
        Self { failed, words, position }
    }
}

fn words(position: Position, movement: &Movement) -> String {
    if let Some(parked) = &movement.parked {
        return format!("{}: {}", parked.reason, parked.detail);
    }
    if movement.kind == Kind::InstructionResult {
        let note = movement.labels.note.as_ref().map(|note| note.as_str());
        return note.unwrap_or("it is done").to_owned();
    }
    let Movement { kind, sku, code, effect, on_hand_after, document, .. } = movement;
    if document.count > 1 {
        let first = position.seq.saturating_sub(u64::from(document.ordinal.saturating_sub(1)));
        return format!("{} movements from seq {first} on", document.count);
    }
    let seen = if movement.marks.has(Marks::EXPLAINED) { "; a count has seen it already" } else { "" };
    match (sku, code, on_hand_after) {
        (Some(sku), _, Some(after)) => format!("{kind} of {sku}: {effect}, on hand {after}{seen}"),
        (Some(sku), _, None) => format!("{kind} of {sku}: {effect}{seen}"),
        (None, Some(code), _) => format!("{kind} under {code}, which is not on file yet"),
        (None, None, _) => format!("{kind}, without effect"),
    }
}

impl Deciding<'_> {
    /// An instruction is answered; of what one document says, a failure stands.
    pub(super) fn answers(&mut self, store: &StoreId, position: Position, movement: &Movement) {
        let answer = Answer::of(position, movement);
        let key = (store.clone(), movement.document.id.to_string());
        let told = self.plan.answered.entry(key).or_insert_with(|| answer.clone());
        if answer.failed && !told.failed {
            *told = answer;
        }
    }
}
