//! What the centre counts; each metric is moved in one place.

use tidemark_daemon::metrics::{Counter, Counters, Gauge, Metrics, MetricsPage, Timings};
use tidemark_ledger::Applied;

use crate::readings::Readings;

/// The centre's metrics.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    /// Movements received into the stream.
    pub(crate) received: Counter,
    /// Movements applied or parked.
    pub(crate) handled: Counter,
    /// Positions named lost.
    pub(crate) lost: Counter,
    /// Movements of closed epochs.
    pub(crate) late: Counter,
    /// Movements parked.
    pub(crate) parked: Counter,
    /// Forked letters that closed.
    pub(crate) forks_closed: Counter,
    /// Times an applier found another one before it.
    pub(crate) fenced: Counter,
    /// Times the ledger or stream could not do it.
    pub(crate) apply_failures: Counter,
    /// Streams of boxes that were opened.
    pub(crate) streams_opened: Counter,
    /// Streams of boxes that were refused, by code.
    pub(crate) streams_refused: Counters,
    /// Frames of boxes that could not be read.
    pub(crate) frames_unreadable: Counter,
    /// Records of the stream that were passed over.
    pub(crate) records_unknown: Counter,
    /// Positions that boxes named as unreadable.
    pub(crate) unreadable: Counter,
    /// Boxes connected.
    pub(crate) boxes: Gauge,
    /// Reads answered from the cache.
    pub(crate) cache_hits: Counter,
    /// Reads that went to the ledger.
    pub(crate) cache_misses: Counter,
    /// Questions for levels that went to the ledger.
    pub(crate) level_loads: Counter,
    /// Published levels put into the cache of a region.
    pub(crate) levels_cached: Counter,
    /// Published levels that could not be read.
    pub(crate) levels_unreadable: Counter,
    /// Requests of callers who asked too often.
    pub(crate) too_fast: Counter,
    /// Requests without a right.
    pub(crate) unauthorized: Counter,
    /// From a caller's request to the head of its answer.
    pub(crate) requests: Timings,
    /// Answers to callers, by the first digit of their status.
    pub(crate) responses: Counters,
    /// One batch of a partition in the ledger.
    pub(crate) apply: Timings,
    /// What is read when somebody asks.
    pub(crate) readings: Readings,
}

impl Events {
    /// A batch was applied.
    pub(crate) fn applied(&self, applied: &Applied) {
        self.handled.inc_by(applied.movements);
        self.lost.inc_by(applied.lost);
        self.late.inc_by(applied.late);
        self.parked.inc_by(applied.parked);
        self.forks_closed.inc_by(applied.closed);
    }

    /// The metrics and the page they are read from.
    pub(crate) fn declare() -> (Self, MetricsPage) {
        let mut metrics = Metrics::new("tidemark_central");
        let events = Self {
            received: metrics.counter("movements_received", "Movements the stream holds with all acknowledgements"),
            handled: metrics.counter("movements_handled", "Movements applied or parked, each once"),
            lost: metrics.counter("positions_lost", "Positions named lost, by their box or by the end of their epoch"),
            late: metrics.counter("movements_late", "Movements that came after their epoch was closed"),
            parked: metrics.counter("movements_parked", "Movements put into the dead letters"),
            forks_closed: metrics
                .counter("forks_closed", "Forked dead letters that closed, because their box replayed them"),
            fenced: metrics.counter("apply_fenced", "Batches given up because another applier was there before"),
            apply_failures: metrics.counter("apply_failures", "Times ledger or stream could not do it"),
            streams_opened: metrics.counter("box_streams_opened", "Streams of boxes that were opened"),
            streams_refused: metrics.counters("box_streams_refused", "Streams of boxes that were refused", "code"),
            frames_unreadable: metrics.counter("box_frames_unreadable", "Frames of boxes that could not be read"),
            records_unknown: metrics
                .counter("stream_records_unknown", "Control records of the stream that this release could not read"),
            unreadable: metrics
                .counter("positions_unreadable", "Positions that boxes named as unreadable on their disks"),
            boxes: metrics.gauge("boxes_connected", "Boxes with an open stream"),
            cache_hits: metrics.counter("level_cache_hits", "Levels answered from the cache"),
            cache_misses: metrics.counter("level_cache_misses", "Levels asked of the ledger"),
            level_loads: metrics.counter("level_loads", "Questions for levels that went to the ledger"),
            levels_cached: metrics.counter("levels_cached", "Published levels put into the cache of a region"),
            levels_unreadable: metrics.counter("levels_unreadable", "Published levels that could not be read"),
            too_fast: metrics.counter("requests_too_fast", "Requests of callers who asked more often than they may"),
            unauthorized: metrics.counter("requests_unauthorized", "Requests without a token that may do it"),
            requests: metrics.timings("request", "From a caller's request to the head of its answer"),
            responses: metrics.counters(
                "responses",
                "Answers to callers, by the first digit of their status",
                "status",
            ),
            apply: metrics.timings("apply", "One batch of a partition in the ledger"),
            readings: Readings::declare(&mut metrics),
        };
        (events, metrics.page())
    }
}
