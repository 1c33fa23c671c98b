//! How the database is set: small, paranoid, one log, no log recycling, and
//! old line effects and item effects leave by compaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rocksdb::compaction_filter::Decision;
use rocksdb::{
    BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, LogLevel, Options, WriteBufferManager,
    statistics::Ticker,
};
use tidemark_model::Odometer;

use crate::layout::{Family, documents, effects};

const MIB: usize = 1024 * 1024;
/// Blocks, indexes and filters in memory.
const CACHE_BYTES: usize = 16 * MIB;
/// Write buffers of all families together.
const WRITE_BUFFERS_BYTES: usize = 16 * MIB;
/// One write buffer; two a family at most.
const WRITE_BUFFER_BYTES: usize = 4 * MIB;
/// The logs together; beyond it the oldest buffers are flushed.
const LOGS_BYTES: u64 = 32 * 1024 * 1024;
const OPEN_FILES: i32 = 256;

/// What is too old to be kept, by the odometer: moved on by the writer, read
/// by compactions. Both only let go of what no decision reads any more.
#[derive(Debug, Default)]
pub(crate) struct Expiry {
    effects_before: AtomicU64,
    lines_before: AtomicU64,
}

impl Expiry {
    pub(crate) fn set(&self, effects_before: Odometer, lines_before: Odometer) {
        self.effects_before.store(effects_before.0, Ordering::Relaxed);
        self.lines_before.store(lines_before.0, Ordering::Relaxed);
    }

    /// Whether the effect under a key of `item_effects` is too old.
    pub(crate) fn effect_goes(&self, key: &[u8]) -> bool {
        let before = self.effects_before.load(Ordering::Relaxed);
        effects::happened(key).is_some_and(|happened| happened.0 < before)
    }

    fn lines_go(&self, key: &[u8], value: &[u8]) -> bool {
        let before = self.lines_before.load(Ordering::Relaxed);
        documents::is_lines_key(key) && documents::lines_committed(value).is_some_and(|committed| committed.0 < before)
    }
}

/// How the database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It is made if there is none.
    Birth,
    /// A log that is not whole is refused, but for a torn last record.
    Whole,
    /// As far as the log can be read; what lies behind is dropped.
    Readable,
    /// Every record of the log that can be read, also behind damaged ones:
    /// for salvage alone, which checks each record for itself.
    Remains,
}

/// What all openings of one journal share.
#[derive(Clone)]
pub(crate) struct Tuning {
    cache: Cache,
    buffers: WriteBufferManager,
    expiry: Arc<Expiry>,
    /// Options with counting switched on, which the counts are read from.
    counting: Option<Arc<Counting>>,
    /// A mutant that only says that it synced.
    #[cfg(feature = "mutants")]
    without_syncs: bool,
}

/// Options are shared with the database for their counters alone.
struct Counting(Options);

impl Tuning {
    pub(crate) fn new(expiry: Arc<Expiry>, count_syncs: bool) -> Self {
        let cache = Cache::new_lru_cache(CACHE_BYTES);
        let buffers = WriteBufferManager::new_write_buffer_manager(WRITE_BUFFERS_BYTES, false);
        let counting = count_syncs.then(|| {
            let mut options = Options::default();
            options.enable_statistics();
            Arc::new(Counting(options))
        });
        Self {
            cache,
            buffers,
            expiry,
            counting,
            #[cfg(feature = "mutants")]
            without_syncs: false,
        }
    }

    #[cfg(feature = "mutants")]
    pub(crate) fn without_syncs(self, without_syncs: bool) -> Self {
        Self { without_syncs, ..self }
    }

    /// Whether a synced write is.
    #[cfg_attr(not(feature = "mutants"), expect(clippy::unused_self, reason = "a mutant says which it is"))]
    pub(super) const fn syncs(&self) -> bool {
        #[cfg(feature = "mutants")]
        return !self.without_syncs;
        #[cfg(not(feature = "mutants"))]
        true
    }

    pub(crate) fn log_syncs(&self) -> Option<u64> {
        self.counting.as_ref().map(|counting| counting.0.get_ticker_count(Ticker::WalFileSynced))
    }

    pub(super) fn database_options(&self, opening: Opening) -> Options {
        let mut options = self.counting.as_ref().map_or_else(Options::default, |counting| counting.0.clone());
        options.create_if_missing(opening == Opening::Birth);
        options.create_missing_column_families(opening == Opening::Birth);
        options.set_paranoid_checks(true);
        options.set_wal_recovery_mode(match opening {
            Opening::Birth | Opening::Whole => DBRecoveryMode::TolerateCorruptedTailRecords,
            Opening::Readable => DBRecoveryMode::PointInTime,
            Opening::Remains => DBRecoveryMode::SkipAnyCorruptedRecord,
        });
        options.set_recycle_log_file_num(0);
        options.set_enable_pipelined_write(false);
        options.set_manual_wal_flush(false);
        options.set_max_total_wal_size(LOGS_BYTES);
        options.set_write_buffer_manager(&self.buffers);
        options.set_max_open_files(OPEN_FILES);
        options.set_max_background_jobs(2);
        options.set_bytes_per_sync(1024 * 1024);
        options.set_max_manifest_file_size(4 * MIB);
        options.set_keep_log_file_num(4);
        options.set_max_log_file_size(MIB);
        options.set_log_level(LogLevel::Warn);
        options.set_stats_dump_period_sec(0);
        options.set_stats_persist_period_sec(0);
        options
    }

    pub(super) fn family_options(&self, family: Family) -> Options {
        let mut options = Options::default();
        options.set_write_buffer_size(WRITE_BUFFER_BYTES);
        options.set_max_write_buffer_number(2);
        options.set_arena_block_size(64 * 1024);
        options.set_target_file_size_base(8 * 1024 * 1024);
        options.set_level_compaction_dynamic_level_bytes(true);
        options.set_compression_type(DBCompressionType::Lz4);
        options.set_bottommost_compression_type(DBCompressionType::Zstd);
        options.set_block_based_table_factory(&self.table(family));
        match family {
            Family::ItemEffects => {
                let expiry = Arc::clone(&self.expiry);
                options.set_compaction_filter("old item effects", move |_level, key, _value| {
                    if expiry.effect_goes(key) { Decision::Remove } else { Decision::Keep }
                });
            }
            Family::Documents => {
                let expiry = Arc::clone(&self.expiry);
                options.set_compaction_filter("old line effects", move |_level, key, value| {
                    if expiry.lines_go(key, value) { Decision::Remove } else { Decision::Keep }
                });
            }
            Family::Outbox
            | Family::Stock
            | Family::Suspense
            | Family::Counts
            | Family::Lanes
            | Family::Catalogue
            | Family::Opening
            | Family::Meta => {}
        }
        options
    }

    fn table(&self, family: Family) -> BlockBasedOptions {
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(&self.cache);
        table.set_cache_index_and_filter_blocks(true);
        table.set_pin_l0_filter_and_index_blocks_in_cache(true);
        table.set_format_version(6);
        match family {
            Family::Stock | Family::Suspense | Family::Documents | Family::Catalogue | Family::Meta => {
                table.set_bloom_filter(10.0, false);
                table.set_whole_key_filtering(true);
            }
            // Read by range, or a handful of keys.
            Family::Outbox | Family::ItemEffects | Family::Counts | Family::Lanes | Family::Opening => {}
        }
        // Movements are read in long runs and pack better in larger blocks.
        table.set_block_size(if family == Family::Outbox { 16 * 1024 } else { 4 * 1024 });
        table
    }
}
