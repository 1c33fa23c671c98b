//! A Kafka broker, which is its own controller.

mod tools;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{PartError, finish, free_port, system};
use crate::watched::Watched;

/// Where the broker's jars are, if not in the cache folder.
const LIBS: &str = "TIDEMARK_KAFKA_LIBS";
/// How often other ports are tried.
const PORTS: usize = 3;
/// 16 bytes in base64, as any cluster has.
const CLUSTER: &str = "dGlkZW1hcmstdGVzdHMtMQ";

/// A running broker of its own, open to this machine only.
#[derive(Debug)]
pub struct Kafka {
    port: u16,
    libs: PathBuf,
    broker: Watched,
}

impl Kafka {
    /// Makes and starts a broker.
    pub fn start() -> Result<Self, PartError> {
        Self::start_with(&[])
    }

    /// Makes and starts a broker with settings.
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Self, PartError> {
        let jars = jars()?;
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_start(&jars, settings) {
                Err(PartError::Failed { said, .. }) if tries < PORTS && said.contains("Address already in use") => {}
                other => return other,
            }
        }
    }

    fn try_start(jars: &Path, settings: &[(&str, &str)]) -> Result<Self, PartError> {
        let folder = tempfile::Builder::new().prefix("tm-kafka").tempdir().map_err(system("make a folder"))?;
        let (port, controller) = (free_port()?, free_port()?);
        let properties = folder.path().join("server.properties");
        let text = configuration(folder.path(), port, controller, settings);
        std::fs::write(&properties, text).map_err(system("write server.properties"))?;
        let classes = jars.join("*").display().to_string();
        let mut format = Command::new("java");
        format.args(["-cp", &classes, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c"]);
        finish("kafka.tools.StorageTool", format.arg(&properties))?;
        let command = [
            "java",
            "-Xms256m",
            "-Xmx384m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
            "-cp",
            &classes,
            "kafka.Kafka",
            "server.properties",
        ];
        let broker = Watched::start("Kafka", folder, "Kafka Server started", &command.map(str::to_owned))?;
        Ok(Self { port, libs: jars.to_owned(), broker })
    }

    /// Where it listens.
    #[must_use]
    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The folder of its jars, which hold tools too.
    #[must_use]
    pub fn libs(&self) -> &Path {
        &self.libs
    }

    /// Kills the broker without a shutdown.
    pub fn kill(&self) -> Result<(), PartError> {
        self.broker.kill()
    }

    /// Starts it again with what it had, after it was killed.
    pub fn go_on(&self) -> Result<(), PartError> {
        self.broker.go_on()
    }

    /// Halts it: connections stay open and nothing answers.
    pub fn pause(&self) -> Result<(), PartError> {
        self.broker.pause()
    }

    /// Lets it run on.
    pub fn resume(&self) -> Result<(), PartError> {
        self.broker.resume()
    }
}

fn jars() -> Result<PathBuf, PartError> {
    let cache = || {
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
        let cache = std::env::var_os("XDG_CACHE_HOME").filter(|named| !named.is_empty());
        cache.map(PathBuf::from).or_else(home).map(|cache| cache.join("tidemark/kafka/libs"))
    };
    let place = std::env::var_os(LIBS).map(PathBuf::from).or_else(cache).unwrap_or_default();
    let found = std::fs::read_dir(&place).into_iter().flatten().flatten();
    let is_broker = |name: &str| name.starts_with("kafka_2.13-");
    if found.map(|entry| entry.file_name()).any(|name| name.to_str().is_some_and(is_broker)) {
        return Ok(place);
    }
    let remedy = "put the jars of org.apache.kafka:kafka_2.13:4.3.1 and org.slf4j:slf4j-simple:1.7.36 with all they \
                  depend on there, or name their folder in TIDEMARK_KAFKA_LIBS";
    Err(PartError::Missing { what: "jars of Kafka", place, remedy })
}

fn configuration(folder: &Path, port: u16, controller: u16, settings: &[(&str, &str)]) -> String {
    let mut text = format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n",
        folder.join("data").display()
    );
    for (name, value) in settings {
        // Writing to a text does not fail.
        let _written = writeln!(text, "{name}={value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn a_broker_answers_is_killed_goes_on_and_leaves_nothing_behind() {
        let kafka = Kafka::start().unwrap();
        TcpStream::connect(kafka.brokers()).unwrap();
        kafka.kill().unwrap();
        assert!(TcpStream::connect(kafka.brokers()).is_err());
        kafka.go_on().unwrap();
        kafka.pause().unwrap();
        kafka.resume().unwrap();
        kafka.create_topic("shelf", 2).unwrap();
        assert!(kafka.records("shelf").unwrap().is_empty());
        kafka.delete_topic("shelf").unwrap();
        kafka.create_topic("shelf", 1).unwrap();
        TcpStream::connect(kafka.brokers()).unwrap();
        let folder = kafka.broker.folder().to_owned();
        drop(kafka);
        assert!(!folder.exists());
    }
}
