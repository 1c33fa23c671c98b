//! The cache of levels, filled after the commit and on a miss, set only if
//! newer. Never a source of truth: what is not in it is asked of the ledger.

use std::time::Duration;

use moka::future::Cache as Map;
use moka::ops::compute::Op;
use tidemark_ledger::LevelRow;
use tidemark_model::{Sku, StoreId};

/// How long a level lives at most.
const LIFE: Duration = Duration::from_secs(60);

type Key = (StoreId, Sku);

/// Levels in this process; cheap to clone.
#[derive(Clone, Debug)]
pub struct Cache(Map<Key, LevelRow>);

impl Cache {
    /// A cache of so many levels in this process.
    #[must_use]
    pub fn in_process(levels: u64) -> Self {
        Self(Map::builder().max_capacity(levels).time_to_live(LIFE).build())
    }

    /// A level, if it is here.
    pub async fn get(&self, store: &StoreId, sku: &Sku) -> Option<LevelRow> {
        self.0.get(&(store.clone(), sku.clone())).await
    }

    /// Takes levels, each only if it is newer than what is here.
    pub async fn put(&self, levels: Vec<LevelRow>) {
        for level in levels {
            let key = (level.store.clone(), level.sku.clone());
            self.0
                .entry(key)
                .and_compute_with(|held| {
                    let newer = held.is_none_or(|held| held.into_value().version < level.version);
                    std::future::ready(if newer { Op::Put(level) } else { Op::Nop })
                })
                .await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_model::{Basis, Generation, Quantity};

    fn level(generation: u64, counter: u64) -> LevelRow {
        LevelRow {
            store: StoreId::new("S1").unwrap(),
            sku: Sku::new("apple").unwrap(),
            effect_sum: Quantity::ZERO,
            on_hand: Quantity::ZERO,
            basis: Basis::None,
            version: (Generation(generation), counter),
            changed_at: 0,
        }
    }

    #[tokio::test]
    async fn an_older_level_never_replaces_a_newer_one() {
        let cache = Cache::in_process(10);
        for (put, expected) in [((1, 5), (1, 5)), ((1, 4), (1, 5)), ((2, 1), (2, 1)), ((1, 9), (2, 1))] {
            cache.put(vec![level(put.0, put.1)]).await;
            let held = cache.get(&level(0, 0).store, &level(0, 0).sku).await.unwrap();
            assert_eq!(held.version, (Generation(expected.0), expected.1));
        }
    }
}
