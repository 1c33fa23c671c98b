//! What a centre can be told, with defaults and units.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use tidemark_daemon::config::{Key, Settings};
use tidemark_daemon::logging::Form;

/// The configuration of a centre.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CentreSettings {
    /// Where the embedded parts keep their files.
    pub(crate) data: PathBuf,
    /// Where boxes and callers reach the centre.
    pub(crate) http: HttpSettings,
    /// The centre's certificate.
    #[serde(default)]
    pub(crate) tls: TlsSettings,
    /// The embedded stream.
    pub(crate) stream: StreamSettings,
    /// The cache.
    pub(crate) cache: CacheSettings,
    /// Logging.
    pub(crate) log: LogSettings,
}

/// Where boxes and callers reach the centre.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpSettings {
    /// The address.
    pub(crate) address: SocketAddr,
    /// An address for boxes alone.
    pub(crate) boxes: Option<SocketAddr>,
}

/// Certificates.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsSettings {
    /// The chain, as PEM.
    pub(crate) certificate: Option<PathBuf>,
    /// Its key, as PEM.
    pub(crate) key: Option<PathBuf>,
    /// The authority of the boxes' certificates, as PEM.
    pub(crate) boxes: Option<PathBuf>,
}

/// The embedded stream.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamSettings {
    /// Its partitions.
    pub(crate) partitions: u32,
}

/// The cache.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CacheSettings {
    /// Levels held in this process.
    pub(crate) levels: u64,
}

/// Logging.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogSettings {
    /// How much.
    pub(crate) level: String,
    /// In which form.
    pub(crate) form: Form,
}

const fn key(name: &'static str, default: &'static str, help: &'static str) -> Key {
    Key { name, default, help }
}

impl Settings for CentreSettings {
    const KEYS: &'static [Key] = &[
        key("data", "\"/var/lib/tidemark-central\"", "folder of the embedded ledger and stream"),
        key("http.address", "\"127.0.0.1:8400\"", "where boxes and callers reach the centre"),
        key("http.boxes", "", "an address for boxes alone, such as \"0.0.0.0:443\""),
        key("tls.certificate", "", "PEM file of the centre's certificate; needed off loopback"),
        key("tls.key", "", "PEM file of its key"),
        key("tls.boxes", "", "PEM file of the authority of the boxes' certificates; needed off loopback"),
        key("stream.partitions", "4", "partitions of the embedded stream, fixed when it is made"),
        key("cache.levels", "200000", "levels held in this process"),
        key("log.level", "\"info\"", "error, warn, info, debug or trace"),
        key("log.form", "\"text\"", "text or json"),
    ];
}
