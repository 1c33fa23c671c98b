//! All three parts of a centre at once.

use crate::{Kafka, PartError, Postgres, Redis};

/// Partitions of the topic.
const PARTITIONS: u32 = 4;

/// The three servers, and the centre's flags to use them.
#[derive(Debug)]
pub struct Real {
    /// The brokers.
    pub kafka: Kafka,
    /// The database's server.
    pub postgres: Postgres,
    /// The cache.
    pub redis: Redis,
    database: String,
}

impl Real {
    /// Starts all three, one broker among them.
    pub fn start() -> Result<Self, PartError> {
        Self::of(Kafka::start()?, Postgres::start()?)
    }

    /// The same with three brokers, of which two must hold a record.
    pub fn with_three_brokers() -> Result<Self, PartError> {
        Self::of(Kafka::start_three()?, Postgres::start()?)
    }

    /// These two and a cache.
    pub fn of(kafka: Kafka, postgres: Postgres) -> Result<Self, PartError> {
        let redis = Redis::start()?;
        let database = postgres.database("tidemark")?;
        Ok(Self { kafka, postgres, redis, database })
    }

    /// Partitions of the topic.
    #[must_use]
    pub const fn partitions(&self) -> u32 {
        PARTITIONS
    }

    /// The database's address.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The centre's flags.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let (kafka, redis) = (self.kafka.brokers(), self.redis.url());
        let partitions = format!("stream.partitions={PARTITIONS}");
        let (replicas, in_sync) = if self.kafka.count() < 3 { (1, 1) } else { (3, 2) };
        let replicas = format!("stream.replicas={replicas}");
        let in_sync = format!("stream.min_insync_replicas={in_sync}");
        [
            ["--database-url", &self.database],
            ["--kafka", &kafka],
            ["--redis-url", &redis],
            ["--set", &partitions],
            ["--set", &replicas],
            ["--set", &in_sync],
        ]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect()
    }
}
