//! Document identity: same id and same content is a retry, same id and other
//! content is parked once per content.

use crate::books::{Books, DocumentRecord, SequenceState};
use crate::content::content_digest;
use crate::document::Document;
use crate::draft::Draft;
use crate::key::DocumentKey;
use crate::limits::SEQUENCE_GAPS;
use crate::outcome::{Outcome, Status, Warning};

/// What the books hold under a document's identity.
pub(super) enum Held {
    /// This very content.
    Duplicate(Outcome),
    /// Nothing, but perhaps a void that waits for it.
    New(DocumentRecord),
    /// Other content.
    OtherContent(DocumentRecord),
}

pub(super) fn look_up<B: Books>(draft: &Draft<'_, B>, document: &Document) -> Result<Held, B::Error> {
    let key = DocumentKey::of(&document.source, &document.id);
    let record = draft.document(key)?.unwrap_or_default();
    let content = content_digest(document);
    if let Some(entry) = record.entries.iter().find(|entry| entry.content == content) {
        return Ok(Held::Duplicate(Outcome {
            status: Status::Duplicate,
            first: entry.first,
            lines: entry.count,
            warnings: Vec::new(),
            movements: Vec::new(),
        }));
    }
    Ok(if record.entries.is_empty() { Held::New(record) } else { Held::OtherContent(record) })
}

/// Notes a source's running number; tells what is missing.
pub(super) fn follow_sequence(state: &mut SequenceState, number: u64) -> Option<Warning> {
    let expected = state.highest.saturating_add(1);
    if state.highest == 0 || number == expected {
        state.highest = number;
        return None;
    }
    if number > expected {
        let gap = (expected, number - 1);
        state.highest = number;
        if state.gaps.len() < SEQUENCE_GAPS {
            state.gaps.push(gap);
        } else {
            state.gaps_dropped = state.gaps_dropped.saturating_add(1);
        }
        return Some(Warning::SequenceGap { first: gap.0, last: gap.1 });
    }
    if fill_gap(&mut state.gaps, number) || state.gaps_dropped > 0 {
        return None;
    }
    let highest = state.highest;
    state.highest = number;
    state.restarts = state.restarts.saturating_add(1);
    Some(Warning::SequenceRestarted { highest })
}

fn fill_gap(gaps: &mut Vec<(u64, u64)>, number: u64) -> bool {
    let Some(at) = gaps.iter().position(|(first, last)| (*first..=*last).contains(&number)) else {
        return false;
    };
    let (first, last) = gaps.remove(at);
    if number < last {
        gaps.insert(at, (number + 1, last));
    }
    if first < number {
        gaps.insert(at, (first, number - 1));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_named_and_closes_number_by_number() {
        let mut state = SequenceState::default();
        assert_eq!(follow_sequence(&mut state, 1040), None);
        assert_eq!(follow_sequence(&mut state, 1044), Some(Warning::SequenceGap { first: 1041, last: 1043 }));
        assert_eq!(follow_sequence(&mut state, 1042), None);
        assert_eq!(state.gaps, [(1041, 1041), (1043, 1043)]);
        assert_eq!(follow_sequence(&mut state, 1041), None);
        assert_eq!(follow_sequence(&mut state, 1043), None);
        assert!(state.gaps.is_empty());
        assert_eq!(state.highest, 1044);
    }

    #[test]
    fn numbers_that_start_again_are_told() {
        let mut state = SequenceState { highest: 50, ..SequenceState::default() };
        assert_eq!(follow_sequence(&mut state, 1), Some(Warning::SequenceRestarted { highest: 50 }));
        assert_eq!(follow_sequence(&mut state, 2), None);
        assert_eq!(state.restarts, 1);
    }
}
