//! What a batch reaches, so that a shell knows what to read before it is
//! decided.

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::{BlockIndex, Epoch, StoreId};
use tidemark_wire::{Control, PositionsLost, decode_control};

use super::{ApplyRecord, BlockKey, Content, EpochState};

/// The blocks a batch touches.
#[must_use]
pub fn touched(records: &[ApplyRecord]) -> BTreeSet<BlockKey> {
    let mut touched = BTreeSet::new();
    for record in records {
        match &record.content {
            Content::Movement(position, _) | Content::Unread(position, _) => {
                touched.insert((record.store.clone(), position.epoch, BlockIndex::of(position.seq)));
            }
            Content::Control(bytes) => {
                if let Ok(Control::PositionsLost(PositionsLost { epoch, seqs, .. })) = decode_control(bytes) {
                    touched.extend(seqs.iter().map(|seq| (record.store.clone(), epoch, BlockIndex::of(seq))));
                }
            }
        }
    }
    touched
}

/// The epochs a batch closes: the open ones of each store of which it brings
/// an epoch that was never seen.
#[must_use]
pub fn closes(records: &[ApplyRecord], epochs: &BTreeMap<(StoreId, Epoch), EpochState>) -> BTreeSet<(StoreId, Epoch)> {
    let brought = |record: &ApplyRecord| match &record.content {
        Content::Movement(position, _) | Content::Unread(position, _) => Some(position.epoch),
        Content::Control(bytes) => match decode_control(bytes) {
            Ok(Control::EpochOpened(opened)) => Some(opened.epoch),
            Ok(Control::PositionsLost(lost)) => Some(lost.epoch),
            Ok(Control::OpeningTaken(took)) => Some(took.epoch),
            Ok(Control::StreamBorn(_)) | Err(_) => None,
        },
    };
    let is_new = |record: &&ApplyRecord| {
        brought(record).is_some_and(|epoch| !epochs.contains_key(&(record.store.clone(), epoch)))
    };
    let renewed: BTreeSet<&StoreId> = records.iter().filter(is_new).map(|record| &record.store).collect();
    let open = epochs.iter().filter(|((store, _), state)| !state.closed && renewed.contains(store));
    open.map(|(key, _)| key.clone()).collect()
}
