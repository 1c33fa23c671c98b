//! The parts a centre stands on: ledger, stream and cache, embedded or real,
//! as the configuration says.

use std::net::{IpAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use tidemark_cache::{Cache, CacheError};
use tidemark_daemon::config::Secret;
use tidemark_ledger::{Ledger, LedgerError};
use tidemark_stream::kafka::{KafkaConfig, Password, Security, Tls};
use tidemark_stream::{Stream, StreamError};

use crate::applier::history;
use crate::settings::{CentreSettings, Role, SecurityWord, StreamSettings};

/// Partitions of the embedded stream, and of a topic that we make.
const PARTITIONS: u32 = 4;
const TOPIC_PARTITIONS: u32 = 48;

/// Why the parts are not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartsError {
    /// The data folder can't be made.
    #[error("the data folder {path} can't be used: {source}", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The ledger can't be opened.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// The stream can't be opened.
    #[error("stream: {0}")]
    Stream(#[from] StreamError),
    /// The cache's address is none.
    #[error("cache: {0}")]
    Cache(#[from] CacheError),
    /// The configuration contradicts itself, or is not safe.
    #[error("{0}")]
    Settings(&'static str),
}

impl PartsError {
    /// Whether the configuration is at fault.
    pub(crate) const fn is_configuration(&self) -> bool {
        match self {
            Self::Settings(_) | Self::Cache(CacheError::Address(_)) | Self::Stream(StreamError::NoTls) => true,
            Self::Folder { .. } | Self::Ledger(_) | Self::Stream(_) | Self::Cache(_) => false,
        }
    }
}

/// What a centre stands on; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) ledger: Ledger,
    pub(crate) stream: Stream,
    pub(crate) cache: Cache,
}

impl Parts {
    /// Opens all parts.
    pub(crate) async fn open(settings: &CentreSettings) -> Result<Self, PartsError> {
        let all = ALL_ROLES.iter().all(|role| settings.roles.contains(role));
        if settings.roles.is_empty() {
            return Err(PartsError::Settings("`roles` is empty: this process would do nothing"));
        }
        let needs_kafka = settings.roles.iter().any(|role| TAKING.contains(role) || *role == Role::Cache);
        let has_parts = settings.ledger.url.is_some() && (settings.stream.kafka.is_some() || !needs_kafka);
        if !all && !has_parts {
            return Err(PartsError::Settings(
                "only a process with all roles can work on files of its own: give `ledger.url` and `stream.kafka`, or \
                 leave `roles` out",
            ));
        }
        check_region(settings)?;
        let ledger = open_ledger(settings).await?;
        let stream = match &settings.stream.kafka {
            // Whoever only reads goes on although the brokers are far away.
            _ if !settings.roles.iter().any(|role| TAKING.contains(role)) => Stream::absent(),
            None => {
                make_folder(settings)?;
                let partitions = settings.stream.partitions.unwrap_or(PARTITIONS);
                Stream::embedded(&settings.data.join("stream.db"), partitions).await?
            }
            Some(brokers) => {
                let config = kafka(&settings.stream, brokers)?;
                let known = ledger.positions().await?;
                Stream::kafka(&config, &known.iter().map(|row| (row.partition, row.stream)).collect()).await?
            }
        };
        if settings.roles.contains(&Role::Apply) {
            history::look(&ledger, &stream).await?;
        }
        let cache = match &settings.cache.redis_url {
            Some(url) => {
                if !settings.cache.plaintext && url.expose().starts_with("redis:") && !is_local(url) {
                    return Err(PartsError::Settings(
                        "`cache.redis_url` is off loopback and has no TLS: use rediss://, or state cache.plaintext = true",
                    ));
                }
                Cache::redis(url.expose())?
            }
            // Another process may change what this one holds.
            None if ledger.is_shared() => Cache::none(),
            None => Cache::in_process(settings.cache.levels),
        };
        Ok(Self { ledger, stream, cache })
    }

    /// Asks ledger and stream whether they are there; why one is not.
    pub(crate) async fn ask(&self, within: Duration) -> [Result<(), String>; 2] {
        let ledger = async { self.ledger.catalogue_version().await.map(drop).map_err(|error| error.to_string()) };
        let stream = async { self.stream.end(0).await.map(drop).map_err(|error| error.to_string()) };
        let late = |_elapsed| format!("no answer within {within:?}");
        let (ledger, stream) = tokio::join!(tokio::time::timeout(within, ledger), tokio::time::timeout(within, stream));
        [ledger.map_err(late).flatten(), stream.map_err(late).flatten()]
    }
}

const ALL_ROLES: [Role; 3] = [Role::Ingest, Role::Apply, Role::Api];
/// Roles that need the stream.
const TAKING: [Role; 2] = [Role::Ingest, Role::Apply];

/// What a process of a region can't be.
fn check_region(settings: &CentreSettings) -> Result<(), PartsError> {
    let plays = |role| settings.roles.contains(&role);
    if settings.ledger.replica && (plays(Role::Ingest) || plays(Role::Apply)) {
        return Err(PartsError::Settings("a standby (`ledger.replica`) serves the roles api and cache alone"));
    }
    if settings.ledger.replica && settings.ledger.url.is_none() {
        return Err(PartsError::Settings("`ledger.replica` needs the standby's address in `ledger.url`"));
    }
    if plays(Role::Cache) && (settings.cache.redis_url.is_none() || settings.stream.kafka.is_none()) {
        return Err(PartsError::Settings("the role cache needs `cache.redis_url` and `stream.kafka`"));
    }
    Ok(())
}

/// Makes the folder of whatever part is a file.
fn make_folder(settings: &CentreSettings) -> Result<(), PartsError> {
    let folder = |source| PartsError::Folder { path: settings.data.clone(), source };
    std::fs::create_dir_all(&settings.data).map_err(folder)
}

/// Opens the ledger of a configuration.
pub(crate) async fn open_ledger(settings: &CentreSettings) -> Result<Ledger, PartsError> {
    let Some(url) = &settings.ledger.url else {
        make_folder(settings)?;
        return Ok(Ledger::sqlite(&settings.data.join("ledger.db")).await?);
    };
    if !url.expose().contains("sslmode=") && !is_local(url) {
        return Err(PartsError::Settings(
            "`ledger.url` is off loopback: state its sslmode, best ?sslmode=verify-full with sslrootcert=…",
        ));
    }
    if settings.ledger.replica {
        return Ok(Ledger::postgres_replica(url.expose()).await?);
    }
    Ok(Ledger::postgres(url.expose()).await?)
}

pub(crate) fn kafka(settings: &StreamSettings, brokers: &[String]) -> Result<KafkaConfig, PartsError> {
    let tls = || {
        let identity = settings.certificate.clone().zip(settings.key.clone());
        Tls { authorities: settings.authorities.clone(), identity }
    };
    let security = match settings.security {
        None if brokers.iter().all(|broker| is_loopback(broker)) => Security::Plaintext,
        None => {
            return Err(PartsError::Settings(
                "`stream.kafka` is off loopback: state stream.security as tls, scram or plaintext",
            ));
        }
        Some(SecurityWord::Plaintext) => Security::Plaintext,
        Some(SecurityWord::Tls) => Security::Tls(tls()),
        Some(SecurityWord::Scram) => match (&settings.user, &settings.password) {
            (Some(user), Some(password)) => {
                let password = Password(password.expose().to_owned());
                Security::Scram { user: user.clone(), password, tls: tls() }
            }
            _ => return Err(PartsError::Settings("scram needs `stream.user` and `stream.password`")),
        },
    };
    Ok(KafkaConfig {
        partitions: settings.partitions.unwrap_or(TOPIC_PARTITIONS),
        replicas: settings.replicas,
        min_insync_replicas: settings.min_insync_replicas,
        retention_days: settings.retention_days,
        security,
        ..KafkaConfig::new(brokers.to_vec())
    })
}

/// Whether an address such as `postgres://user@host:port/…` names this
/// machine.
fn is_local(url: &Secret) -> bool {
    let rest = url.expose().split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    is_loopback(authority.rsplit_once('@').map_or(authority, |(_, host)| host))
}

/// Whether `host` or `host:port` is this machine; an empty one is, by a
/// socket of its own.
fn is_loopback(host: &str) -> bool {
    let bare = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(bare, _)| bare);
    let bare = bare.trim_matches(['[', ']']);
    let named = || (bare, 0).to_socket_addrs().is_ok_and(|mut all| all.all(|address| address.ip().is_loopback()));
    bare.is_empty() || bare.parse::<IpAddr>().map_or_else(|_name| bare == "localhost" && named(), |ip| ip.is_loopback())
}

/// Whether an address holds a password.
pub(crate) fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) || rest.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        for here in ["127.0.0.1:9092", "localhost:5432", "[::1]:6379", "127.0.0.2", ""] {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in ["db:5432", "10.0.0.1", "kafka1.example:9093", "[2001:db8::1]:1"] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_password_is_found_in_an_address() {
        for with in ["postgres://a:b@db/x", "redis://:b@cache", "postgres://db/x?user=a&password=b"] {
            assert!(has_password(with), "{with}");
        }
        for without in ["postgres://a@db:5432/x", "redis://cache:6379/", "nonsense"] {
            assert!(!has_password(without), "{without}");
        }
    }
}
