//! The topic: made with stated settings, or checked against them.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client_log::ClientLog;
use super::settings::KafkaConfig;
use crate::StreamError;

/// How long one question to the brokers may take.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// How often a new topic is looked for until all partitions are led.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

const DAY_MS: u64 = 86_400_000;
/// A topic that is compacted keeps what is newest.
const FOR_EVER: &str = "-1";

const POLICY: &str = "cleanup.policy";

/// How a topic's old records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// By age.
    Delete,
    /// The newest record of each key stays.
    Compact,
}

impl Policy {
    const fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Compact => "compact",
        }
    }
}

/// Makes a topic, or checks the one that is there.
pub(super) async fn ensure(config: &KafkaConfig, topic: &str, policy: Policy) -> Result<(), StreamError> {
    let admin: AdminClient<ClientLog> =
        config.client()?.create_with_context(ClientLog).map_err(StreamError::broker("make a client"))?;
    // Looked for as a reader: a producer's question would make the topic.
    let mut found = partitions(config, topic).await?;
    if found == 0 {
        create(&admin, config, topic, policy).await?;
        for _look in 0..LOOKS {
            found = partitions(config, topic).await?;
            if found > 0 {
                break;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
    if found != config.partitions {
        return Err(StreamError::Topic {
            topic: topic.to_owned(),
            name: "partitions",
            found: found.to_string(),
            expected: config.partitions.to_string(),
            remedy: "state the number the topic has; it can't change, because it decides where a store's records are",
        });
    }
    check(&admin, config, topic, policy).await
}

/// How many partitions the topic has; 0 if it is not there or not all of
/// them are led yet.
pub(super) async fn partitions(config: &KafkaConfig, topic: &str) -> Result<u32, StreamError> {
    let (client, topic) = (config.consumer()?, topic.to_owned());
    blocking(move || {
        let reader: BaseConsumer<ClientLog> =
            client.create_with_context(ClientLog).map_err(StreamError::broker("make a client"))?;
        let metadata =
            reader.fetch_metadata(Some(&topic), ANSWER).map_err(StreamError::broker("describe the topic"))?;
        let Some(topic) = metadata.topics().first() else { return Ok(0) };
        let led = topic.partitions().iter().all(|partition| partition.leader() >= 0);
        let count = if led && topic.error().is_none() { topic.partitions().len() } else { 0 };
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    })
    .await
}

async fn create(
    admin: &AdminClient<ClientLog>,
    config: &KafkaConfig,
    name: &str,
    policy: Policy,
) -> Result<(), StreamError> {
    let partitions = i32::try_from(config.partitions).unwrap_or(i32::MAX);
    let retention = u64::from(config.retention_days).saturating_mul(DAY_MS).to_string();
    let in_sync = config.min_insync_replicas.to_string();
    let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(i32::from(config.replicas)))
        .set("cleanup.policy", policy.word())
        .set("retention.ms", if policy == Policy::Delete { &retention } else { FOR_EVER })
        .set("min.insync.replicas", &in_sync)
        .set("unclean.leader.election.enable", "false");
    let results = admin.create_topics([&topic], &options()).await.map_err(StreamError::broker("create the topic"))?;
    for result in results {
        match result {
            Ok(_) => tracing::info!(topic = name, partitions, "topic created"),
            // Another process was first; what it made is checked.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(StreamError::broker("create the topic")(KafkaError::AdminOp(code))),
        }
    }
    Ok(())
}

/// Checks what records rest on; other settings are for who runs the brokers.
async fn check(
    admin: &AdminClient<ClientLog>,
    config: &KafkaConfig,
    name: &str,
    policy: Policy,
) -> Result<(), StreamError> {
    let settings = settings_of(admin, name).await?;
    let value = |name: &str| value_of(&settings, name).unwrap_or_default();
    let found = value(POLICY);
    if found != policy.word() {
        return Err(StreamError::Topic {
            topic: name.to_owned(),
            name: POLICY,
            found,
            expected: policy.word().to_owned(),
            remedy: "set it on the topic; compaction would drop movements, its lack old levels",
        });
    }
    let in_sync = value("min.insync.replicas");
    if in_sync.parse::<u16>().is_ok_and(|found| found < config.min_insync_replicas) {
        return Err(StreamError::Topic {
            topic: name.to_owned(),
            name: "min.insync.replicas",
            found: in_sync,
            expected: config.min_insync_replicas.to_string(),
            remedy: "raise it on the topic, or state the lower number and with it the risk",
        });
    }
    let retention = value("retention.ms");
    let stated = u64::from(config.retention_days).saturating_mul(DAY_MS);
    if policy == Policy::Delete && retention.parse::<u64>().is_ok_and(|found| found < stated) {
        tracing::warn!(topic = name, retention, stated, "the topic keeps records for less than is stated");
    }
    Ok(())
}

/// The topic's settings. Of several brokers one may be asked that has not
/// heard of a new topic yet: it knows none, or answers without values.
async fn settings_of(admin: &AdminClient<ClientLog>, name: &str) -> Result<ConfigResource, StreamError> {
    let refused = StreamError::broker("describe the topic's settings");
    let topic = ResourceSpecifier::Topic(name);
    let mut unheard = RDKafkaErrorCode::UnknownTopicOrPartition;
    for _look in 0..LOOKS {
        let answers = admin.describe_configs([&topic], &options()).await;
        let answers = answers.map_err(StreamError::broker("describe the topic's settings"))?;
        match answers.into_iter().next() {
            Some(Ok(settings)) if value_of(&settings, POLICY).is_some_and(|policy| !policy.is_empty()) => {
                return Ok(settings);
            }
            Some(Ok(_)) | None => {}
            Some(Err(code)) => unheard = code,
        }
        if unheard != RDKafkaErrorCode::UnknownTopicOrPartition {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(refused(KafkaError::AdminOp(unheard)))
}

fn value_of(settings: &ConfigResource, name: &str) -> Option<String> {
    settings.get(name).and_then(|entry| entry.value.clone())
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(ANSWER)).request_timeout(Some(ANSWER))
}

/// Runs what blocks where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StreamError> + Send + 'static,
) -> Result<T, StreamError> {
    tokio::task::spawn_blocking(work).await.map_err(|_stopped| StreamError::Closed)?
}
