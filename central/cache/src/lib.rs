//! The cache of levels, filled after the commit and on a miss, set only if
//! newer. Never a source of truth: what is not in it is asked of the ledger.
//!
//! Backends: in this process; Redis, which several processes share.

mod in_process;
mod redis;

pub use redis::CacheError;

use tidemark_ledger::LevelRow;
use tidemark_model::{Sku, StoreId};

use in_process::InProcess;
use redis::Redis;

/// A level's key.
pub type Key = (StoreId, Sku);

/// The cache; cheap to clone.
#[derive(Clone, Debug)]
pub struct Cache(Backend);

#[derive(Clone, Debug)]
enum Backend {
    None,
    InProcess(InProcess),
    Redis(Redis),
}

impl Cache {
    /// No cache: where several processes change the levels and share none.
    #[must_use]
    pub const fn none() -> Self {
        Self(Backend::None)
    }

    /// A cache of so many levels in this process.
    #[must_use]
    pub fn in_process(levels: u64) -> Self {
        Self(Backend::InProcess(InProcess::of(levels)))
    }

    /// The cache in Redis at `redis://host:port/` or `rediss://…` for TLS.
    /// Connects when it is first asked, and again whenever it must.
    pub fn redis(url: &str) -> Result<Self, CacheError> {
        Ok(Self(Backend::Redis(Redis::at(url)?)))
    }

    /// Levels in the order of the keys, where they are here; a cache that
    /// does not answer has none.
    pub async fn get(&self, keys: &[Key]) -> Vec<Option<LevelRow>> {
        match &self.0 {
            Backend::None => vec![None; keys.len()],
            Backend::InProcess(cache) => cache.get(keys).await,
            Backend::Redis(cache) => cache.get(keys).await,
        }
    }

    /// Takes levels, each only if it is newer than what is here. After an
    /// error, give them again: the cache may hold what they replace.
    pub async fn put(&self, levels: &[LevelRow]) -> Result<(), CacheError> {
        match &self.0 {
            Backend::None => Ok(()),
            Backend::InProcess(cache) => {
                cache.put(levels).await;
                Ok(())
            }
            Backend::Redis(cache) => cache.put(levels).await,
        }
    }
}
