//! What is read when somebody asks for the metrics: how the box is, and what
//! its parts have counted for themselves.

use tidemark_daemon::metrics::{Counter, Counters, Gauge, Gauges, Metrics, catch_up};
use tidemark_journal::Counts;
use tidemark_scanner::Health;

use crate::status::Status;

/// Metrics that are read when somebody asks.
#[derive(Clone, Debug)]
pub(crate) struct Readings {
    saving: Gauge,
    tail: Gauge,
    pending: Gauge,
    centre_reached: Gauge,
    waiting: Gauge,
    in_flight: Gauge,
    conditions: Gauges,
    journal: Counters,
    scanner_open: Gauges,
    frames: Counters,
    frames_dropped: Counters,
    signals: Counters,
    signals_dropped: Counters,
    communication_errors: Counters,
    unplugged: Counters,
    odometer: Counter,
}

impl Readings {
    pub(super) fn declare(metrics: &mut Metrics) -> Self {
        Self {
            saving: metrics.gauge("saving", "1 while what is submitted gets to disk, 0 is NOT SAVED"),
            tail: metrics.gauge("tail", "The last committed seq"),
            pending: metrics.gauge("pending", "Movements that the centre has not handled"),
            centre_reached: metrics.gauge("centre_reached", "1 while the stream to the centre is open"),
            waiting: metrics.gauge("uplink_waiting", "Movements that wait to be sent"),
            in_flight: metrics.gauge("uplink_in_flight_bytes", "Payload bytes sent and not yet received"),
            conditions: metrics.gauges("conditions", "Conditions that hold, by code", "code"),
            journal: metrics.counters("journal", "What the journal's writer has done", "what"),
            scanner_open: metrics.gauges("scanner_open", "1 while the scanner's port is open", "port"),
            frames: metrics.counters("scanner_frames", "Frames a scanner gave", "port"),
            frames_dropped: metrics.counters("scanner_frames_dropped", "Frames dropped at a scanner's port", "port"),
            signals: metrics.counters("scanner_signals", "Signals written to a scanner", "port"),
            signals_dropped: metrics.counters("scanner_signals_dropped", "Signals a scanner did not get", "port"),
            communication_errors: metrics.counters("scanner_errors", "Reads and writes that failed", "port"),
            unplugged: metrics.counters("scanner_closed", "Times a scanner's port was lost or closed", "port"),
            odometer: metrics.counter("run_seconds", "How long the box has run in its epoch, over all its boots"),
        }
    }

    /// How the box is.
    pub(crate) fn read_status(&self, status: &Status) {
        self.saving.set(i64::from(status.saving));
        self.tail.set(signed(status.tail));
        self.pending.set(signed(status.pending));
        self.centre_reached.set(i64::from(status.centre.reached));
        catch_up(&self.odometer, status.odometer_ms / 1_000);
        self.conditions.clear();
        for trouble in &status.conditions {
            self.conditions.of(&trouble.code).inc();
        }
    }

    /// What the uplink has to send.
    pub(crate) fn read_uplink(&self, waiting: u64, in_flight_bytes: u64) {
        self.waiting.set(signed(waiting));
        self.in_flight.set(signed(in_flight_bytes));
    }

    /// What the journal has counted.
    pub(crate) fn read_journal(&self, counts: &Counts) {
        for (what, counted) in [
            ("syncs", counts.syncs),
            ("batches", counts.batches),
            ("documents", counts.documents),
            ("movements", counts.movements),
            ("bytes", counts.bytes),
            ("failed_writes", counts.failed_writes),
            ("reopened", counts.reopened),
            ("side_file_failures", counts.side_file_failures),
            ("torn_logs", counts.torn_logs),
            ("trimmed", counts.trimmed),
        ] {
            catch_up(&self.journal.of(what), counted);
        }
    }

    /// What a scanner has counted.
    pub(crate) fn read_scanner(&self, port: &str, health: &Health) {
        self.scanner_open.of(port).set(i64::from(health.open));
        let dropped = health.queue_full_count + health.oversize_count + health.noise_count + health.incomplete_count;
        for (counters, counted) in [
            (&self.frames, health.frame_count),
            (&self.frames_dropped, dropped),
            (&self.signals, health.feedback_count),
            (&self.signals_dropped, health.feedback_dropped_count),
            (&self.communication_errors, health.communication_error_count),
            (&self.unplugged, health.close_count),
        ] {
            catch_up(&counters.of_configured(port), counted);
        }
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
