//! What a centre can be told, with defaults and units.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use tidemark_daemon::config::{Key, Secret, Settings, Span};
use tidemark_daemon::logging::Form;

/// The configuration of a centre.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CentreSettings {
    /// Where the embedded parts keep their files.
    pub(crate) data: PathBuf,
    /// What this process does.
    pub(crate) roles: BTreeSet<Role>,
    /// Where boxes and callers reach the centre.
    pub(crate) http: HttpSettings,
    /// The centre's certificate.
    #[serde(default)]
    pub(crate) tls: TlsSettings,
    /// The ledger.
    #[serde(default)]
    pub(crate) ledger: LedgerSettings,
    /// The stream.
    pub(crate) stream: StreamSettings,
    /// The cache.
    pub(crate) cache: CacheSettings,
    /// The shops' boxes.
    pub(crate) fleet: FleetSettings,
    /// The company's directory of people.
    pub(crate) oidc: OidcKeys,
    /// Logging.
    pub(crate) log: LogSettings,
}

/// The company's directory of people: none unless an issuer is named.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OidcKeys {
    issuer: Option<String>,
    client_id: Option<String>,
    secret: Option<Secret>,
    url: Option<String>,
    role_claim: String,
    role_prefix: String,
    authorities: Option<PathBuf>,
}

/// A directory that speaks OpenID Connect.
#[derive(Clone, Debug)]
pub(crate) struct OidcSettings {
    /// Its address.
    pub(crate) issuer: String,
    /// Who we are to it.
    pub(crate) client_id: String,
    /// Our secret.
    pub(crate) secret: Secret,
    /// The console's own address, where browsers come back to.
    pub(crate) url: String,
    /// The claim that names roles.
    pub(crate) role_claim: String,
    /// What a role of ours begins with in it.
    pub(crate) role_prefix: String,
    /// The authority that is trusted instead of the usual ones, as PEM.
    pub(crate) authorities: Option<PathBuf>,
}

impl OidcKeys {
    /// The directory, if one is named; all or none of what it needs.
    pub(crate) fn settings(self) -> Result<Option<OidcSettings>, &'static str> {
        let Self { issuer, client_id, secret, url, role_claim, role_prefix, authorities } = self;
        match (issuer, client_id, secret, url) {
            (None, None, None, None) => Ok(None),
            (Some(issuer), Some(client_id), Some(secret), Some(url)) => {
                Ok(Some(OidcSettings { issuer, client_id, secret, url, role_claim, role_prefix, authorities }))
            }
            _some => Err("`oidc.issuer`, `oidc.client_id`, `oidc.secret` and `oidc.url` belong together"),
        }
    }
}

/// The shops' boxes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FleetSettings {
    /// How long a box is not heard until it is offline.
    pub(crate) offline_after: Span,
}

/// What a process of the centre does; a process may do several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Takes what boxes say into the stream.
    Ingest,
    /// Applies the stream to the ledger.
    Apply,
    /// Answers callers and shows the fleet.
    Api,
    /// Fills the cache of a region with the levels that are published.
    Cache,
}

/// The ledger: a file in the data folder unless a database is named.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LedgerSettings {
    /// A PostgreSQL database.
    pub(crate) url: Option<Secret>,
    /// Whether it is a standby, from which is only read.
    #[serde(default)]
    pub(crate) replica: bool,
}

/// Where boxes and callers reach the centre.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpSettings {
    /// The address.
    pub(crate) address: SocketAddr,
    /// An address for boxes alone.
    pub(crate) boxes: Option<SocketAddr>,
    /// Requests a second that one token may send; 0 for any number.
    pub(crate) requests_per_second: u32,
    /// Origins whose pages may read the answers.
    pub(crate) cors_origins: Vec<String>,
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

/// The stream: a file in the data folder unless brokers are named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamSettings {
    /// Brokers of Kafka, as `host:port`.
    pub(crate) kafka: Option<Vec<String>>,
    /// Its partitions.
    pub(crate) partitions: Option<u32>,
    /// Copies of each record in Kafka.
    pub(crate) replicas: u16,
    /// Copies that must be written before a record counts as received.
    pub(crate) min_insync_replicas: u16,
    /// How long Kafka keeps records.
    pub(crate) retention_days: u32,
    /// How the line to the brokers is protected.
    pub(crate) security: Option<SecurityWord>,
    /// Who we are to the brokers.
    pub(crate) user: Option<String>,
    /// The user's password.
    pub(crate) password: Option<Secret>,
    /// The authorities that are trusted, as PEM.
    pub(crate) authorities: Option<PathBuf>,
    /// Our certificate, as PEM.
    pub(crate) certificate: Option<PathBuf>,
    /// Its key, as PEM.
    pub(crate) key: Option<PathBuf>,
}

/// How the line to the brokers is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecurityWord {
    /// Not at all.
    Plaintext,
    /// TLS.
    Tls,
    /// A user and a password over TLS.
    Scram,
}

/// The cache.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CacheSettings {
    /// Levels held in this process, if it is the only one.
    pub(crate) levels: u64,
    /// A Redis server.
    pub(crate) redis_url: Option<Secret>,
    /// Whether it may be reached without TLS off loopback.
    pub(crate) plaintext: bool,
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
        key(
            "roles",
            "[\"ingest\", \"apply\", \"api\"]",
            "what this process does; fewer need PostgreSQL and Kafka; `cache` fills a region's Redis",
        ),
        key("http.address", "\"127.0.0.1:8400\"", "where boxes and callers reach the centre"),
        key("http.boxes", "", "an address for boxes alone, such as \"0.0.0.0:443\""),
        key("http.requests_per_second", "200", "requests a second of one token, ten seconds' worth at once; 0 for any"),
        key(
            "http.cors_origins",
            "[]",
            "origins whose pages may read, such as [\"https://shop.example\"]; none unless named",
        ),
        key("tls.certificate", "", "PEM file of the centre's certificate; needed off loopback"),
        key("tls.key", "", "PEM file of its key"),
        key("tls.boxes", "", "PEM file of the authority of the boxes' certificates; needed off loopback"),
        key(
            "ledger.url",
            "",
            "PostgreSQL instead of a file, such as \"postgres://tidemark@db/tidemark?sslmode=verify-full\"",
        ),
        key(
            "ledger.replica",
            "false",
            "true if ledger.url is a standby in a region of its own, for the roles api and cache",
        ),
        key("stream.kafka", "", "brokers instead of a file, such as [\"kafka1:9093\", \"kafka2:9093\"]"),
        key("stream.partitions", "", "partitions, fixed when the stream is made; without it 4 in a file, 48 in Kafka"),
        key("stream.replicas", "3", "copies of each record when we make the topic"),
        key("stream.min_insync_replicas", "2", "copies that are written before a record counts as received"),
        key("stream.retention_days", "90", "how long Kafka keeps records when we make the topic, in days"),
        key("stream.security", "", "plaintext, tls or scram; must be given off loopback"),
        key("stream.user", "", "our name for scram"),
        key("stream.password", "", "its password, best as { file = \"…\" }"),
        key("stream.authorities", "", "PEM file of the authorities that are trusted; without it those of the system"),
        key("stream.certificate", "", "PEM file of our certificate for the brokers"),
        key("stream.key", "", "PEM file of its key"),
        key("cache.levels", "200000", "levels held in this process, if no other one changes them"),
        key("cache.redis_url", "", "Redis instead, such as \"rediss://cache:6379/\""),
        key("cache.plaintext", "false", "true allows redis:// off loopback"),
        key("fleet.offline_after", "\"90s\"", "a box that is not heard for so long is offline"),
        key("oidc.issuer", "", "the company's directory for signing in, such as \"https://login.example\""),
        key("oidc.client_id", "", "our name there"),
        key("oidc.secret", "", "our secret there, best as { file = \"…\" }"),
        key("oidc.url", "", "the console's own address, such as \"https://hq.example:8400\""),
        key("oidc.role_claim", "\"roles\"", "the claim of the id token that names roles; a.b is b inside a"),
        key("oidc.role_prefix", "\"tidemark-\"", "what a role begins with there: tidemark-viewer, -operator, -admin"),
        key("oidc.authorities", "", "PEM file of the one authority of the directory's certificate"),
        key("log.level", "\"info\"", "error, warn, info, debug or trace"),
        key("log.form", "\"text\"", "text or json"),
    ];
}
