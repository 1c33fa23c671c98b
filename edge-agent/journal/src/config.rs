//! What a journal needs to be told.

use std::path::PathBuf;

use tidemark_model::StoreId;

use crate::limits;
use crate::odometer::Clock;

/// The database's folder in the journal's.
const DATABASE: &str = "db";

/// What a journal needs to be told.
#[derive(Clone)]
pub struct Config {
    /// The journal's own folder; made if its parent exists.
    pub dir: PathBuf,
    /// The shop it is the journal of.
    pub store: StoreId,
    /// The clocks.
    pub clock: Clock,
    /// How long handled movements stay.
    pub retention: Retention,
    /// Bytes of the file that is given up when the disk is full; 0 for none.
    pub ballast_bytes: u64,
    /// Let the storage count its own syncs, for proofs; costs a little.
    pub count_syncs: bool,
    /// Wrong on purpose, so that tests show that they find it.
    #[cfg(feature = "mutants")]
    pub mutant: Option<Mutant>,
}

/// What a journal does wrong on purpose.
#[cfg(feature = "mutants")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// It answers as if it had synced, and has not.
    AckBeforeSync,
}

/// How long handled movements stay, and in which steps they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Milliseconds of running after a movement was handled.
    pub grace_ms: u64,
    /// Movements that go at once, at least.
    pub step: u64,
    /// Milliseconds between two looks.
    pub look_ms: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { grace_ms: limits::GRACE_MS, step: limits::TRIM_STEP, look_ms: limits::HOUSEKEEPING_MS }
    }
}

impl Config {
    /// The usual settings.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, store: StoreId, clock: Clock) -> Self {
        Self {
            dir: dir.into(),
            store,
            clock,
            retention: Retention::default(),
            ballast_bytes: 0,
            count_syncs: false,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.join(DATABASE)
    }

    pub(crate) fn side_file(&self) -> PathBuf {
        self.dir.join("tail")
    }

    pub(crate) fn ballast_file(&self) -> PathBuf {
        self.dir.join("ballast")
    }

    /// Holds the damaged journals that were set aside.
    pub(crate) fn asides(&self) -> PathBuf {
        self.dir.join("aside")
    }

    /// There while the present journal is to be set aside at the next open;
    /// says why.
    pub(crate) fn verdict_file(&self) -> PathBuf {
        self.dir.join("damaged")
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        self.dir.join("lock")
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("dir", &self.dir).field("store", &self.store).finish_non_exhaustive()
    }
}
