//! What the broker's own tools do: topics made and deleted, and read whole.

use std::path::Path;
use std::process::Command;

use super::Kafka;
use crate::program::{PartError, finish, system};

/// How long the reader waits for one more record, in milliseconds; longer if
/// it found none, as on a busy machine it only gets going in that time.
const NO_MORE_MS: [&str; 2] = ["4000", "20000"];
/// Logs that hold fewer bytes are not cut back.
const CUT_FROM: u64 = 4 * 1024;
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
        let mut printed = String::new();
        for no_more in NO_MORE_MS {
            let mut reader = self.tool("org.apache.kafka.tools.consumer.ConsoleConsumer");
            reader.args(["--topic", topic, "--from-beginning", "--isolation-level", "read_committed"]);
            reader.args(["--timeout-ms", no_more, "--formatter-property", "print.key=true"]);
            reader.args(["--formatter-property", &format!("key.separator={BETWEEN}")]);
            printed = finish("Kafka's reader", &mut reader)?;
            if !printed.is_empty() {
                break;
            }
        }
        let pair = |line: &str| line.split_once(BETWEEN).map(|(key, value)| (key.to_owned(), value.to_owned()));
        Ok(printed.lines().filter_map(pair).collect())
    }

    /// Takes a third of what each partition of a topic holds off its end, as
    /// a power cut does of records that no broker synced. All must have been
    /// killed before.
    pub fn cut_back(&self, topic: &str) -> Result<(), PartError> {
        let failed = || system("cut a log back");
        for broker in &self.brokers {
            let folders = std::fs::read_dir(broker.folder().join("data")).map_err(failed())?.flatten();
            let of_topic = |name: &str| {
                let number = name.strip_prefix(topic).and_then(|rest| rest.strip_prefix('-'));
                number.is_some_and(|number| number.parse::<u32>().is_ok())
            };
            let folders = folders.filter(|folder| folder.file_name().to_str().is_some_and(of_topic));
            for file in folders.flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten().flatten()) {
                let path = file.path();
                match path.extension().and_then(|end| end.to_str()) {
                    Some("log") => cut(&path).map_err(failed())?,
                    // Made anew from the log.
                    Some("index" | "timeindex" | "snapshot") => std::fs::remove_file(&path).map_err(failed())?,
                    Some(_) | None => {}
                }
            }
        }
        Ok(())
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

/// Takes a third off the end of a log; one that holds its first record only
/// keeps it.
fn cut(path: &Path) -> std::io::Result<()> {
    let log = std::fs::File::options().write(true).open(path)?;
    let length = log.metadata()?.len();
    log.set_len(if length < CUT_FROM { length } else { length / 3 * 2 })
}
