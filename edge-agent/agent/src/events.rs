//! What the box counts; each metric is moved in one place.

use tidemark_daemon::listen::Traffic;
use tidemark_daemon::metrics::{Counter, Counters, Metrics, MetricsPage, Timings};

mod readings;

pub(crate) use readings::Readings;

/// The box's metrics that are moved when something happens.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    /// Documents answered `accepted`.
    pub(crate) accepted: Counter,
    /// Documents answered `duplicate`.
    pub(crate) duplicates: Counter,
    /// Documents answered `rejected`, by code.
    pub(crate) rejected: Counters,
    /// Documents answered `ignored`.
    pub(crate) ignored: Counter,
    /// Requests refused as a whole, by code.
    pub(crate) refused_requests: Counters,
    /// Documents or scans that were not saved.
    pub(crate) not_saved: Counter,
    /// Lines that were parked, by reason.
    pub(crate) parked: Counters,
    /// Warnings in answers, by code.
    pub(crate) warnings: Counters,
    /// From a request for documents to its answer.
    pub(crate) answered: Timings,
    /// Scans taken.
    pub(crate) scans: Counter,
    /// Scans of which nothing was kept, by why.
    pub(crate) scans_not_kept: Counters,
    /// The same by symbology and length.
    pub(crate) scan_shapes: Counters,
    /// Reads of the same code right after the first.
    pub(crate) double_reads: Counter,
    /// Scans handed to tills, by what became of them.
    pub(crate) handed: Counters,
    /// Files of tills, by what became of them.
    pub(crate) files: Counters,
    /// Connections.
    pub(crate) traffic: Traffic,
    /// What is read when somebody asks.
    pub(crate) readings: Readings,
}

impl Events {
    /// The metrics and the page they are read from.
    pub(crate) fn declare() -> (Self, MetricsPage) {
        let mut metrics = Metrics::new("tidemark_edge");
        let events = Self {
            accepted: metrics.counter("documents_accepted", "Documents taken and on disk"),
            duplicates: metrics.counter("documents_duplicate", "Documents that were held already"),
            rejected: metrics.counters("documents_rejected", "Documents that can't be held at all, by code", "code"),
            ignored: metrics.counter("documents_ignored", "Training documents, not kept"),
            refused_requests: metrics.counters("requests_refused", "Requests refused as a whole, by code", "code"),
            not_saved: metrics.counter("not_saved", "Documents or scans answered NOT SAVED"),
            parked: metrics.counters("lines_parked", "Lines kept aside without effect, by reason", "reason"),
            warnings: metrics.counters("warnings", "Warnings in answers to documents, by code", "code"),
            answered: metrics.timings("answer", "From a request for documents to its answer"),
            scans: metrics.counter("scans", "Scans taken from scanners"),
            scans_not_kept: metrics.counters("scans_not_kept", "Scans of which nothing was kept, by why", "why"),
            scan_shapes: metrics.counters("scan_shapes_not_kept", "The same by symbology and length", "shape"),
            double_reads: metrics.counter("scans_double_read", "Reads of the same code within 400 ms"),
            handed: metrics.counters(
                "scans_handed",
                "Scans handed to the till in front, by what became of them",
                "outcome",
            ),
            files: metrics.counters("files", "Files of tills: taken, or the code of the first fault", "outcome"),
            traffic: Traffic::declare(&mut metrics),
            readings: Readings::declare(&mut metrics),
        };
        (events, metrics.page())
    }
}
