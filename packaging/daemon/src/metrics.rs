//! Metrics in the text formats of OpenMetrics and Prometheus.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter as Count;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge as Level;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// A number that only grows.
pub type Counter = Count<u64, AtomicU64>;
/// A number that goes up and down.
pub type Gauge = Level;

/// One label and its value.
type Labels = [(&'static str, String); 1];

/// Counters of one name, told apart by one label whose values are few and
/// ours: kinds, codes, reasons; never what came from outside.
#[derive(Clone, Debug)]
pub struct Counters {
    label: &'static str,
    family: Family<Labels, Counter>,
}

impl Counters {
    /// The counter of a value.
    #[must_use]
    pub fn of(&self, value: &'static str) -> Counter {
        self.family.get_or_create_owned(&[(self.label, value.to_owned())])
    }

    /// The counter of one of a configured few: a port, a lane.
    #[must_use]
    pub fn of_configured(&self, value: &str) -> Counter {
        self.family.get_or_create_owned(&[(self.label, value.to_owned())])
    }
}

/// Brings a counter to what somebody else has counted.
pub fn catch_up(counter: &Counter, counted: u64) {
    counter.inc_by(counted.saturating_sub(counter.get()));
}

/// Gauges of one name, told apart like [`Counters`].
#[derive(Clone, Debug)]
pub struct Gauges {
    label: &'static str,
    family: Family<Labels, Gauge>,
}

impl Gauges {
    /// The gauge of a value, which may be one of a configured few (a lane, a
    /// partition).
    #[must_use]
    pub fn of(&self, value: &str) -> Gauge {
        self.family.get_or_create_owned(&[(self.label, value.to_owned())])
    }

    /// Forgets all values: those that are set anew are shown.
    pub fn clear(&self) {
        self.family.clear();
    }
}

/// How long something took.
#[derive(Clone, Debug)]
pub struct Timings(Histogram);

impl Timings {
    /// Notes one.
    pub fn note(&self, took: Duration) {
        self.0.observe(took.as_secs_f64());
    }
}

/// The metrics of a daemon, while they are being declared.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// Metrics whose names begin with `prefix`.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { registry: Registry::with_prefix(prefix) }
    }

    /// Declares a counter; its name is without `_total`.
    pub fn counter(&mut self, name: &str, help: &str) -> Counter {
        let counter = Counter::default();
        self.registry.register(name, help, counter.clone());
        counter
    }

    /// Declares a gauge.
    pub fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        let gauge = Gauge::default();
        self.registry.register(name, help, gauge.clone());
        gauge
    }

    /// Declares counters told apart by a label.
    pub fn counters(&mut self, name: &str, help: &str, label: &'static str) -> Counters {
        let family = Family::default();
        self.registry.register(name, help, family.clone());
        Counters { label, family }
    }

    /// Declares gauges told apart by a label.
    pub fn gauges(&mut self, name: &str, help: &str, label: &'static str) -> Gauges {
        let family = Family::default();
        self.registry.register(name, help, family.clone());
        Gauges { label, family }
    }

    /// Declares timings from 0.25 ms up to 8 s; the name is without
    /// `_seconds`.
    pub fn timings(&mut self, name: &str, help: &str) -> Timings {
        let histogram = Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        self.registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        Timings(histogram)
    }

    /// The page from which they are read.
    #[must_use]
    pub fn page(self) -> MetricsPage {
        MetricsPage(Arc::new(self.registry))
    }
}

/// The page of all metrics.
#[derive(Clone, Debug)]
pub struct MetricsPage(Arc<Registry>);

impl MetricsPage {
    /// The page's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string can't fail.
        encode(&mut text, &self.0).unwrap_or(());
        text
    }
}

impl MetricsPage {
    /// The page in the format that the caller reads: OpenMetrics if it says
    /// so, else that of Prometheus before it.
    #[must_use]
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        let accepted = asked.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let is_open = accepted.into_iter().any(|value| value.contains("application/openmetrics-text"));
        let (kind, text) = if is_open {
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", self.text())
        } else {
            ("text/plain; version=0.0.4; charset=utf-8", self.plain_text())
        };
        let mut response = text.into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }

    /// The page's text in the format of Prometheus, in which a counter is
    /// declared by its whole name.
    #[must_use]
    pub fn plain_text(&self) -> String {
        let text = self.text();
        let (mut plain, mut help) = (String::with_capacity(text.len()), "");
        for line in text.lines() {
            if line.starts_with("# HELP ") {
                help = line;
            } else if let Some(named) = line.strip_prefix("# TYPE ") {
                let (name, kind) = named.split_once(' ').unwrap_or((named, ""));
                let end = if kind == "counter" { "_total" } else { "" };
                let words = help.splitn(4, ' ').nth(3).unwrap_or("");
                plain.push_str(&format!("# HELP {name}{end} {words}\n# TYPE {name}{end} {kind}\n"));
            } else if !line.starts_with('#') {
                plain.push_str(line);
                plain.push('\n');
            }
        }
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_has_a_help_text_and_its_prefix() {
        let mut metrics = Metrics::new("tidemark_edge");
        metrics.counter("documents", "Documents taken").inc_by(3);
        metrics.gauge("pending", "Movements on their way").set(7);
        let text = metrics.page().text();
        assert!(text.contains("# HELP tidemark_edge_documents Documents taken"), "{text}");
        assert!(text.contains("tidemark_edge_documents_total 3"));
        assert!(text.contains("tidemark_edge_pending 7"));
    }

    #[test]
    fn a_caller_reads_the_format_it_knows() {
        let mut metrics = Metrics::new("tidemark_edge");
        metrics.counter("documents", "Documents taken").inc_by(3);
        metrics.timings("accept", "From request to answer").note(Duration::from_millis(3));
        let page = metrics.page();
        let plain = page.plain_text();
        assert!(
            plain.contains("# TYPE tidemark_edge_documents_total counter\ntidemark_edge_documents_total 3\n"),
            "{plain}"
        );
        assert!(plain.contains("# HELP tidemark_edge_documents_total Documents taken"), "{plain}");
        assert!(!plain.contains("# EOF") && !plain.contains("# UNIT"), "{plain}");
        let kind = |accept: &str| {
            let mut asked = HeaderMap::new();
            asked.insert(header::ACCEPT, accept.parse().unwrap());
            page.answer(&asked).headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned()
        };
        assert!(kind("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").starts_with("application/openm"));
        assert!(kind("*/*").starts_with("text/plain; version=0.0.4"));
    }

    #[test]
    fn labels_tell_apart_and_timings_are_in_seconds() {
        let mut metrics = Metrics::new("tidemark_edge");
        let refused = metrics.counters("refused", "Documents refused", "code");
        refused.of("too_large").inc();
        catch_up(&refused.of_configured("too_large"), 2);
        catch_up(&refused.of("too_large"), 1);
        metrics.gauges("lane_open", "Sessions open", "lane").of("desk \"1\"").set(1);
        metrics.timings("accept", "From request to answer").note(Duration::from_millis(3));
        let text = metrics.page().text();
        assert!(text.contains("tidemark_edge_refused_total{code=\"too_large\"} 2"), "{text}");
        assert!(text.contains("tidemark_edge_lane_open{lane=\"desk \\\"1\\\"\"} 1"), "{text}");
        assert!(text.contains("tidemark_edge_accept_seconds_bucket{le=\"0.004\"} 1"), "{text}");
        assert!(text.contains("tidemark_edge_accept_seconds_bucket{le=\"0.002\"} 0"), "{text}");
    }
}
