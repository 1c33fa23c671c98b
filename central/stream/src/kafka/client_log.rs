//! What the library has to say goes where our own lines go.

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientLog;

impl ClientContext for ClientLog {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!(facility, message, "Kafka's client");
            }
            RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => tracing::info!(facility, message, "Kafka's client"),
            RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => tracing::debug!(facility, message, "Kafka's client"),
        }
    }

    // The client goes on by itself; what fails because of it says so.
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::info!(%error, reason, "Kafka's client is in trouble");
    }
}

impl ConsumerContext for ClientLog {}
