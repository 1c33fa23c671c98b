//! Movements that come when their epoch is closed: they change no balance
//! there, and are offered to the box that has the store now.

use std::collections::BTreeMap;

use tidemark_model::digest::movement_digest;
use tidemark_model::opening::is_of_opening;
use tidemark_model::{Epoch, EpochOrdinal, Movement, StoreId};
use tidemark_sync::message::{InstructionBody, LateMovements};
use tidemark_wire::encode_instruction_body;

use super::{EpochState, Plan, Row};
use crate::instructions::InstructionRow;

/// Movements of one instruction, which a box commits in one batch.
const MOVEMENTS: usize = 500;
/// Bytes of them, far below what one instruction may have.
const BYTES: usize = 128 * 1024;

/// What a box did with its opening belongs to that opening: if the next epoch
/// began without all of it, it has found the same difference by itself.
pub(super) fn is_offered(state: EpochState, epoch: Epoch, movement: &Movement) -> bool {
    let restated_anew = is_of_opening(movement, epoch) && !state.taken.is_settled();
    state.closed && movement.parked.is_none() && !restated_anew
}

/// The instructions by which a plan offers what came late.
#[must_use]
pub fn offers(plan: &Plan) -> Vec<InstructionRow> {
    let mut by_epoch: BTreeMap<(&StoreId, EpochOrdinal), Vec<&Row>> = BTreeMap::new();
    for row in plan.rows.iter().filter(|row| row.offered) {
        by_epoch.entry((&row.store, row.ordinal)).or_default().push(row);
    }
    let mut instructions = Vec::new();
    for rows in by_epoch.values_mut() {
        rows.sort_by_key(|row| row.position.seq);
        let (mut some, mut bytes) = (Vec::new(), 0);
        for row in rows {
            if some.len() >= MOVEMENTS || bytes >= BYTES {
                instructions.extend(offer(&std::mem::take(&mut some)));
                bytes = 0;
            }
            bytes += row.bytes.len();
            some.push(*row);
        }
        instructions.extend(offer(&some));
    }
    instructions
}

fn offer(rows: &[&Row]) -> Option<InstructionRow> {
    let Row { store, ordinal, position, .. } = rows.first()?;
    let movements = rows.iter().map(|row| (row.position.seq, row.bytes.clone())).collect();
    let late = LateMovements { epoch: position.epoch, ordinal: *ordinal, movements };
    let body = encode_instruction_body(&InstructionBody::Late(late));
    let id = format!("late-{}-{}-{:016x}", position.epoch, position.seq, sum(rows));
    Some(InstructionRow::new(id, store.clone(), "late_movements", rows.len(), body))
}

/// Which movements are meant: after a database was set back a batch brings what
/// others brought before, with more or less of it at once, and what is said of
/// fewer answers nothing of more.
fn sum(rows: &[&Row]) -> u64 {
    rows.iter().fold(0, |sum, row| sum.wrapping_add(movement_digest(&row.store, row.position, &row.bytes)))
}

#[cfg(test)]
mod tests {
    use crate::apply::tests::{sold, store};
    use crate::apply::{Known, decide};
    use tidemark_model::{EpochOrdinal, Position};

    use super::*;

    #[test]
    fn instructions_over_other_movements_are_others_and_over_the_same_the_same() {
        let records = sold(&[(0, 1); 3], 1);
        let closed = EpochState { closed: true, ..EpochState::begun(EpochOrdinal(1)) };
        let known = Known { epochs: BTreeMap::from([((store(), Epoch(1)), closed)]), ..Known::default() };
        let ids = |which: &[usize]| -> Vec<String> {
            let some: Vec<_> = which.iter().map(|at| records[*at].clone()).collect();
            offers(&decide(&some, &known)).into_iter().map(|row| row.id).collect()
        };
        let (first, all) = (ids(&[0, 1]), ids(&[0, 1, 2]));
        assert!(first[0].starts_with("late-0000000000000001-1-") && all[0].starts_with("late-0000000000000001-1-"));
        assert_ne!(first, all, "told again in one batch with what came later, it is not what was answered");
        assert_eq!(first, ids(&[1, 0]));
        let long = Row {
            store: store(),
            ordinal: EpochOrdinal(1),
            position: Position { epoch: Epoch(u64::MAX), seq: u64::MAX },
            bytes: bytes::Bytes::new(),
            late: true,
            offered: true,
        };
        let id = offer(&[&long]).unwrap().id;
        assert!(tidemark_model::Label::new(&id).is_ok(), "{id}");
    }
}
