//! All three parts of a centre at once.

use crate::{Kafka, PartError, Postgres, Redis};

/// Partitions of the topic.
const PARTITIONS: u32 = 4;

/// The three servers, and the centre's flags to use them.
#[derive(Debug)]
pub struct Real {
    /// The broker.
    pub kafka: Kafka,
    /// The database's server.
    pub postgres: Postgres,
    /// The cache.
    pub redis: Redis,
    database: String,
}

impl Real {
    /// Starts all three.
    pub fn start() -> Result<Self, PartError> {
        let (kafka, postgres, redis) = (Kafka::start()?, Postgres::start()?, Redis::start()?);
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
        [
            ["--database-url", &self.database],
            ["--kafka", &kafka],
            ["--redis-url", &redis],
            ["--set", &partitions],
            ["--set", "stream.replicas=1"],
            ["--set", "stream.min_insync_replicas=1"],
        ]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect()
    }
}
