//! What changed, as others are told of it.

use serde_json::json;
use tidemark_ledger::{DeadLetterRow, LevelRow};
use tidemark_model::Basis;
use tidemark_stream::{Announcement, Subject};

use crate::api::{letter_json, number, time_text};

/// A level as `inventory-levels` tells it.
pub(super) fn announced_level(level: &LevelRow) -> Announcement {
    let told = json!({
        "store": level.store.as_str(),
        "sku": level.sku.as_str(),
        "on_hand": (level.basis == Basis::Counted).then(|| number(level.on_hand)),
        "available": level.available().map(number),
        "reserved": number(level.reserved),
        "safety_stock": number(level.safety),
        "effect_sum": number(level.effect_sum),
        "basis": level.basis.word(),
        "stale": level.older,
        "as_of": time_text(level.changed_at),
        "version": [level.version.0.0, level.version.1],
    });
    let key = format!("{}/{}", level.store, level.sku);
    Announcement { subject: Subject::Level, key, json: told.to_string().into_bytes() }
}

/// What was parked, as `inventory-dead-letters` tells it.
pub(super) fn announced_letter(letter: &DeadLetterRow) -> Announcement {
    let key = format!("{}/{}/{}", letter.store, letter.epoch, letter.seq);
    Announcement { subject: Subject::DeadLetter, key, json: letter_json(letter).to_string().into_bytes() }
}
