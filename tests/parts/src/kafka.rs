//! Kafka: a broker that is its own controller, or three of them.

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

/// How a broker is started; its folder is where it runs.
const BROKER: [&str; 6] = [
    "java",
    "-Xms256m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];
/// Its log says this when it serves.
const STARTED: &str = "Kafka Server started";

/// Running brokers of a test's own, open to this machine only: one, or a
/// cluster in which each is a controller too.
#[derive(Debug)]
pub struct Kafka {
    ports: Vec<u16>,
    libs: PathBuf,
    brokers: Vec<Watched>,
}

impl Kafka {
    /// Makes and starts a broker.
    pub fn start() -> Result<Self, PartError> {
        Self::start_with(&[])
    }

    /// Makes and starts a broker with settings.
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Self, PartError> {
        Self::start_some(1, settings)
    }

    /// Makes and starts three brokers that hold what each other holds.
    pub fn start_three() -> Result<Self, PartError> {
        Self::start_some(3, &[])
    }

    fn start_some(count: usize, settings: &[(&str, &str)]) -> Result<Self, PartError> {
        let jars = jars()?;
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_start(&jars, count, settings) {
                Err(PartError::Failed { said, .. }) if tries < PORTS && said.contains("Address already in use") => {}
                other => return other,
            }
        }
    }

    fn try_start(jars: &Path, count: usize, settings: &[(&str, &str)]) -> Result<Self, PartError> {
        let addresses: Vec<(u16, u16)> =
            (0..count).map(|_| Ok((free_port()?, free_port()?))).collect::<Result<_, PartError>>()?;
        let start = |number| start_broker(jars, number, &addresses, settings);
        // Each waits until most of them are there.
        let brokers = at_once((0..count).map(|number| move || start(number)))?;
        Ok(Self { ports: addresses.iter().map(|(port, _)| *port).collect(), libs: jars.to_owned(), brokers })
    }

    /// Where they listen.
    #[must_use]
    pub fn brokers(&self) -> String {
        let addresses: Vec<String> = self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        addresses.join(",")
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.brokers.len()
    }

    /// The port the first listens on, at 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.first().copied().unwrap_or_default()
    }

    /// The folder of the jars, which hold tools too.
    #[must_use]
    pub fn libs(&self) -> &Path {
        &self.libs
    }

    /// Kills all without a shutdown.
    pub fn kill(&self) -> Result<(), PartError> {
        self.brokers.iter().try_for_each(Watched::kill)
    }

    /// Starts all again with what they had, after they were killed.
    pub fn go_on(&self) -> Result<(), PartError> {
        at_once(self.brokers.iter().map(|broker| || broker.go_on())).map(drop)
    }

    /// Kills one of a cluster without a shutdown.
    pub fn kill_one(&self, number: usize) -> Result<(), PartError> {
        self.brokers.get(number).map_or(Ok(()), Watched::kill)
    }

    /// Halts all: connections stay open and nothing answers.
    pub fn pause(&self) -> Result<(), PartError> {
        self.brokers.iter().try_for_each(Watched::pause)
    }

    /// Lets all run on.
    pub fn resume(&self) -> Result<(), PartError> {
        self.brokers.iter().try_for_each(Watched::resume)
    }
}

/// Does all at the same time.
fn at_once<T: Send>(
    all: impl Iterator<Item = impl FnOnce() -> Result<T, PartError> + Send>,
) -> Result<Vec<T>, PartError> {
    std::thread::scope(|threads| {
        let running: Vec<_> = all.map(|one| threads.spawn(one)).collect();
        let ended = |failed| PartError::Failed { what: "starting brokers".to_owned(), said: format!("{failed:?}") };
        running.into_iter().map(|one| one.join().map_err(ended)?).collect()
    })
}

fn start_broker(
    jars: &Path,
    number: usize,
    addresses: &[(u16, u16)],
    settings: &[(&str, &str)],
) -> Result<Watched, PartError> {
    let folder = tempfile::Builder::new().prefix("tm-kafka").tempdir().map_err(system("make a folder"))?;
    let properties = folder.path().join("server.properties");
    let text = configuration(folder.path(), number, addresses, settings);
    std::fs::write(&properties, text).map_err(system("write server.properties"))?;
    let classes = jars.join("*").display().to_string();
    let mut format = Command::new("java");
    format.args(["-cp", &classes, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c"]);
    finish("kafka.tools.StorageTool", format.arg(&properties))?;
    let started = "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info";
    let command: Vec<String> = BROKER
        .into_iter()
        .chain([started, "-cp", &classes, "kafka.Kafka", "server.properties"])
        .map(str::to_owned)
        .collect();
    Watched::start("Kafka", folder, STARTED, &command)
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

fn configuration(folder: &Path, number: usize, addresses: &[(u16, u16)], settings: &[(&str, &str)]) -> String {
    let (port, controller) = addresses.get(number).copied().unwrap_or_default();
    let id = number.saturating_add(1);
    let voters: Vec<String> =
        (1..).zip(addresses).map(|(id, (_, controller))| format!("{id}@127.0.0.1:{controller}")).collect();
    // With three, all but one must hold a record.
    let (copies, in_sync) = if addresses.len() < 3 { (1, 1) } else { (3, 2) };
    let mut text = format!(
        "process.roles=broker,controller\n\
         node.id={id}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\n\
         controller.quorum.voters={}\n\
         log.dirs={}\n\
         offsets.topic.replication.factor={copies}\n\
         transaction.state.log.replication.factor={copies}\n\
         transaction.state.log.min.isr={in_sync}\n\
         share.coordinator.state.topic.replication.factor={copies}\n\
         share.coordinator.state.topic.min.isr={in_sync}\n\
         broker.session.timeout.ms=6000\n\
         group.initial.rebalance.delay.ms=0\n",
        voters.join(","),
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
        let folder = kafka.brokers[0].folder().to_owned();
        drop(kafka);
        assert!(!folder.exists());
    }
}
