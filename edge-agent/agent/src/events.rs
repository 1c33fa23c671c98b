//! What the box counts; each metric is moved in one place.

use tidemark_daemon::metrics::{Counter, Gauge, Metrics, MetricsPage};

/// The box's metrics.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    /// Documents answered `accepted`.
    pub(crate) accepted: Counter,
    /// Documents answered `duplicate`.
    pub(crate) duplicates: Counter,
    /// Documents answered `rejected`.
    pub(crate) rejected: Counter,
    /// Documents answered `ignored`.
    pub(crate) ignored: Counter,
    /// Requests refused as a whole.
    pub(crate) refused_requests: Counter,
    /// Documents or scans that were not saved.
    pub(crate) not_saved: Counter,
    /// Lines that were parked.
    pub(crate) parked: Counter,
    /// Codes nobody knew.
    pub(crate) unknown_codes: Counter,
    /// Scans taken.
    pub(crate) scans: Counter,
    /// Scans that were neither item nor command.
    pub(crate) strange_scans: Counter,
    /// Reads of the same code right after the first.
    pub(crate) double_reads: Counter,
    /// The last committed seq.
    pub(crate) tail: Gauge,
    /// Movements on their way.
    pub(crate) pending: Gauge,
    /// Whether the centre is reached.
    pub(crate) centre_reached: Gauge,
}

impl Events {
    /// The metrics and the page they are read from.
    pub(crate) fn declare() -> (Self, MetricsPage) {
        let mut metrics = Metrics::new("tidemark_edge");
        let events = Self {
            accepted: metrics.counter("documents_accepted", "Documents taken and on disk"),
            duplicates: metrics.counter("documents_duplicate", "Documents that were held already"),
            rejected: metrics.counter("documents_rejected", "Documents that can't be held at all"),
            ignored: metrics.counter("documents_ignored", "Training documents, not kept"),
            refused_requests: metrics.counter("requests_refused", "Requests refused as a whole"),
            not_saved: metrics.counter("not_saved", "Documents or scans answered NOT SAVED"),
            parked: metrics.counter("lines_parked", "Lines kept aside without effect"),
            unknown_codes: metrics.counter("unknown_codes", "Lines under a code that nobody knew"),
            scans: metrics.counter("scans", "Scans taken from scanners"),
            strange_scans: metrics.counter("scans_not_understood", "Scans that were neither item nor command"),
            double_reads: metrics.counter("scans_double_read", "Reads of the same code within 400 ms"),
            tail: metrics.gauge("tail", "The last committed seq"),
            pending: metrics.gauge("pending", "Movements that the centre has not handled"),
            centre_reached: metrics.gauge("centre_reached", "1 while the stream to the centre is open"),
        };
        (events, metrics.page())
    }
}
