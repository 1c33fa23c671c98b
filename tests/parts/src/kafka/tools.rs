//! What the broker's own tools do: topics made and deleted, and read whole.

use std::process::Command;

use super::Kafka;
use crate::program::{PartError, finish};

/// How long the reader waits for one more record, in milliseconds.
const NO_MORE_MS: &str = "4000";
/// Between key and value of a record that is printed: in no key and no JSON.
const BETWEEN: &str = "\u{1f}";

impl Kafka {
    /// Makes a topic.
    pub fn create_topic(&self, name: &str, partitions: u32) -> Result<(), PartError> {
        let partitions = partitions.to_string();
        let asked = ["--create", "--topic", name, "--partitions", &partitions, "--replication-factor", "1"];
        self.topics(&asked).map(drop)
    }

    /// Deletes a topic with all it holds; one that nobody made again since it
    /// was deleted last is gone already.
    pub fn delete_topic(&self, name: &str) -> Result<(), PartError> {
        self.topics(&["--delete", "--if-exists", "--topic", name]).map(drop)
    }

    /// All committed records of a topic, key and value as text, each
    /// partition's in order.
    pub fn records(&self, topic: &str) -> Result<Vec<(String, String)>, PartError> {
        let mut reader = self.tool("org.apache.kafka.tools.consumer.ConsoleConsumer");
        reader.args(["--topic", topic, "--from-beginning", "--isolation-level", "read_committed"]);
        reader.args(["--timeout-ms", NO_MORE_MS, "--formatter-property", "print.key=true"]);
        reader.args(["--formatter-property", &format!("key.separator={BETWEEN}")]);
        let printed = finish("Kafka's reader", &mut reader)?;
        let pair = |line: &str| line.split_once(BETWEEN).map(|(key, value)| (key.to_owned(), value.to_owned()));
        Ok(printed.lines().filter_map(pair).collect())
    }

    fn topics(&self, asked: &[&str]) -> Result<String, PartError> {
        finish("Kafka's topic tool", self.tool("org.apache.kafka.tools.TopicCommand").args(asked))
    }

    fn tool(&self, class: &str) -> Command {
        let mut tool = Command::new("java");
        tool.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]);
        tool.args(["-cp", &self.libs().join("*").display().to_string(), class]);
        tool.args(["--bootstrap-server", &self.brokers()]);
        tool
    }
}
