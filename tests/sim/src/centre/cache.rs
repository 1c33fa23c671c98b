//! The cache of levels.

use std::collections::BTreeMap;

use tidemark_model::Sku;

use super::database::Level;

/// How long an entry lives.
const LIFE_MS: u64 = 60_000;

/// Levels by item, each with its time of death.
#[derive(Debug, Default)]
pub(crate) struct Cache(BTreeMap<Sku, (Level, u64)>);

impl Cache {
    /// Takes a level, unless it holds a newer one.
    pub(crate) fn set(&mut self, sku: Sku, level: Level, now: u64, if_newer: bool) {
        let held = self.get(&sku, now);
        if !if_newer || held.is_none_or(|held| held.version < level.version) {
            self.0.insert(sku, (level, now + LIFE_MS));
        }
    }

    pub(crate) fn get(&self, sku: &Sku, now: u64) -> Option<Level> {
        self.0.get(sku).filter(|(_, until)| *until > now).map(|(level, _)| *level)
    }
}
