//! How the brokers are reached and what the topic must be like.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rdkafka::ClientConfig;

use crate::StreamError;

/// The topic of all movements.
pub const TOPIC: &str = "inventory-events";

/// How the brokers are reached, what the topic is like, what may wait.
#[derive(Clone, Debug)]
pub struct KafkaConfig {
    /// `host:port` of some brokers; they tell the others.
    pub brokers: Vec<String>,
    /// The topic's name.
    pub topic: String,
    /// Partitions of the topic; fixed at its creation.
    pub partitions: u32,
    /// Copies of each record when the topic is created.
    pub replicas: u16,
    /// Copies that must have a record before it counts as received.
    pub min_insync_replicas: u16,
    /// How long records are kept when the topic is created.
    pub retention_days: u32,
    /// Records that may wait to be sent.
    pub queue_records: u32,
    /// What they may weigh together.
    pub queue_mib: u32,
    /// How long an append is tried before it is answered with an error.
    pub append_timeout: Duration,
    /// Who we are to the brokers, and how the line is protected.
    pub security: Security,
}

impl KafkaConfig {
    /// The settings for production on these brokers.
    #[must_use]
    pub fn new(brokers: Vec<String>) -> Self {
        Self {
            brokers,
            topic: TOPIC.to_owned(),
            partitions: 48,
            replicas: 3,
            min_insync_replicas: 2,
            retention_days: 90,
            queue_records: 100_000,
            queue_mib: 64,
            append_timeout: Duration::from_secs(30),
            security: Security::Plaintext,
        }
    }

    /// For a client that appends.
    pub(crate) fn producer(&self) -> Result<ClientConfig, StreamError> {
        let mut client = self.client()?;
        client
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // A topic that was deleted would come back with what settings the
            // brokers have; we make it, at the start.
            .set("allow.auto.create.topics", "false")
            .set("linger.ms", "1")
            .set("compression.type", "lz4")
            .set("batch.size", "1000000")
            .set("queue.buffering.max.messages", self.queue_records.max(1).to_string())
            .set("queue.buffering.max.kbytes", self.queue_mib.max(1).saturating_mul(1024).to_string())
            .set("message.timeout.ms", self.append_timeout.as_millis().max(1).to_string());
        Ok(client)
    }

    /// For a client that reads. It belongs to no group: where reading begins
    /// is known from the ledger alone.
    pub(crate) fn consumer(&self) -> Result<ClientConfig, StreamError> {
        let mut client = self.client()?;
        client
            // Asked for by the library; never joined, nothing is committed.
            .set("group.id", format!("{}-by-position", self.topic))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("allow.auto.create.topics", "false")
            .set("enable.partition.eof", "true")
            // Never a silent jump: an offset that is not in the log is an
            // error, which becomes a gap that names where the log starts.
            .set("auto.offset.reset", "error")
            // A partition that is added waits for the fetch under way.
            .set("fetch.wait.max.ms", "50")
            .set("fetch.error.backoff.ms", "50")
            .set("fetch.queue.backoff.ms", "10")
            // What is read ahead, per partition.
            .set("queued.max.messages.kbytes", "2048")
            .set("fetch.message.max.bytes", "1048576");
        Ok(client)
    }

    /// What all clients share.
    pub(crate) fn client(&self) -> Result<ClientConfig, StreamError> {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", self.brokers.join(","))
            .set("client.id", "tidemark-central")
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.max.ms", "2000")
            .set("topic.metadata.refresh.fast.interval.ms", "100");
        self.security.set(&mut client)?;
        Ok(client)
    }
}

/// Who we are to the brokers, and how the line is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Security {
    /// Neither: for brokers on this machine or in a network of their own.
    Plaintext,
    /// TLS; with a certificate of our own if the brokers ask for one.
    Tls(Tls),
    /// A user and a password (SCRAM-SHA-512), over TLS.
    Scram {
        /// The user.
        user: String,
        /// The password.
        password: Password,
        /// The line.
        tls: Tls,
    },
}

/// Files of TLS, in PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The authorities that are trusted; none: those of the system.
    pub authorities: Option<PathBuf>,
    /// Our certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// A password; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl Security {
    fn set(&self, client: &mut ClientConfig) -> Result<(), StreamError> {
        if *self != Self::Plaintext && !cfg!(feature = "kafka-tls") {
            return Err(StreamError::NoTls);
        }
        match self {
            Self::Plaintext => {
                client.set("security.protocol", "plaintext");
            }
            Self::Tls(tls) => {
                client.set("security.protocol", "ssl");
                tls.set(client);
            }
            Self::Scram { user, password, tls } => {
                client
                    .set("security.protocol", "sasl_ssl")
                    .set("sasl.mechanism", "SCRAM-SHA-512")
                    .set("sasl.username", user)
                    .set("sasl.password", &password.0);
                tls.set(client);
            }
        }
        Ok(())
    }
}

impl Tls {
    fn set(&self, client: &mut ClientConfig) {
        if let Some(authorities) = &self.authorities {
            client.set("ssl.ca.location", authorities.to_string_lossy());
        }
        if let Some((certificate, key)) = &self.identity {
            client
                .set("ssl.certificate.location", certificate.to_string_lossy())
                .set("ssl.key.location", key.to_string_lossy());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(format!("{:?}", Password("secret".to_owned())), "Password(..)");
    }

    #[cfg(not(feature = "kafka-tls"))]
    #[test]
    fn tls_is_refused_by_a_build_without_it() {
        let mut config = KafkaConfig::new(vec!["127.0.0.1:9092".to_owned()]);
        config.security = Security::Tls(Tls::default());
        let refused = config.producer().unwrap_err();
        assert!(refused.to_string().contains("kafka-tls"), "{refused}");
    }
}
