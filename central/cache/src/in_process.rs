//! Levels in this process.

use std::time::Duration;

use moka::future::Cache as Map;
use moka::ops::compute::Op;
use tidemark_ledger::LevelRow;

use crate::Key;

/// How long a level lives at most.
const LIFE: Duration = Duration::from_secs(60);

/// Levels in this process; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct InProcess(Map<Key, LevelRow>);

impl InProcess {
    /// A cache of so many levels.
    pub(crate) fn of(levels: u64) -> Self {
        Self(Map::builder().max_capacity(levels).time_to_live(LIFE).build())
    }

    pub(crate) async fn get(&self, keys: &[Key]) -> Vec<Option<LevelRow>> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(self.0.get(key).await);
        }
        found
    }

    pub(crate) async fn put(&self, levels: &[LevelRow]) {
        for level in levels {
            let key = (level.store.clone(), level.sku.clone());
            self.0
                .entry(key)
                .and_compute_with(|held| {
                    let newer = held.is_none_or(|held| held.into_value().version < level.version);
                    std::future::ready(if newer { Op::Put(level.clone()) } else { Op::Nop })
                })
                .await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_model::{Basis, Generation, Quantity, Sku, StoreId};

    fn level(generation: u64, counter: u64) -> LevelRow {
        LevelRow {
            store: StoreId::new("S1").unwrap(),
            sku: Sku::new("apple").unwrap(),
            effect_sum: Quantity::ZERO,
            on_hand: Quantity::ZERO,
            basis: Basis::None,
            older: false,
            reserved: Quantity::ZERO,
            safety: Quantity::ZERO,
            version: (Generation(generation), counter),
            changed_at: 0,
        }
    }

    #[tokio::test]
    async fn an_older_level_never_replaces_a_newer_one() {
        let cache = InProcess::of(10);
        for (put, expected) in [((1, 5), (1, 5)), ((1, 4), (1, 5)), ((2, 1), (2, 1)), ((1, 9), (2, 1))] {
            cache.put(&[level(put.0, put.1)]).await;
            let held = cache.get(&[(level(0, 0).store, level(0, 0).sku)]).await.remove(0).unwrap();
            assert_eq!(held.version, (Generation(expected.0), expected.1));
        }
    }
}
