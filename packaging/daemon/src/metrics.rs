//! Metrics in the OpenMetrics text format, read by Prometheus.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter as Count;
use prometheus_client::metrics::gauge::Gauge as Level;
use prometheus_client::registry::Registry;

/// A number that only grows.
pub type Counter = Count<u64, AtomicU64>;
/// A number that goes up and down.
pub type Gauge = Level;

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

impl IntoResponse for MetricsPage {
    fn into_response(self) -> Response {
        let mut response = self.text().into_response();
        let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
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
}
