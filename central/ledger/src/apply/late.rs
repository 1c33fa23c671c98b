//! Movements that come when their epoch is closed: they change no balance
//! there, and are offered to the box that has the store now.

use std::collections::BTreeMap;

use tidemark_model::opening::is_of_opening;
use tidemark_model::{Epoch, EpochOrdinal, Movement, StoreId};
use tidemark_sync::message::{InstructionBody, LateMovements};
use tidemark_wire::encode_instruction_body;

use super::{EpochState, Plan, Row};
use crate::rows::InstructionRow;

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
    Some(InstructionRow {
        // A position comes once, so no other instruction has this identity.
        id: format!("late-{}-{}", position.epoch, position.seq),
        store: store.clone(),
        kind: "late_movements".to_owned(),
        lines: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        size: u64::try_from(body.len()).unwrap_or(u64::MAX),
        body: body.into(),
        state: "waiting".to_owned(),
    })
}
