//! What a box can be told, with defaults and units.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use tidemark_daemon::config::{Key, Settings, Span};
use tidemark_daemon::logging::Form;
use tidemark_scanner::Layout;

use crate::lane::Mode;
use crate::words::Language;

/// The configuration of a box.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoxSettings {
    /// The shop.
    pub(crate) store: String,
    /// Where the journal lies.
    pub(crate) data: PathBuf,
    /// The shop's time zone.
    pub(crate) time_zone: String,
    /// The language of the box's page and sheet.
    pub(crate) language: Language,
    /// Whether the line is paid by volume.
    pub(crate) metered: bool,
    /// The centre.
    #[serde(default)]
    pub(crate) centre: CentreSettings,
    /// Where tills and people reach the box.
    pub(crate) http: HttpSettings,
    /// Files of tills.
    pub(crate) files: FilesSettings,
    /// The line port.
    #[serde(default)]
    pub(crate) lines: LinesSettings,
    /// The box's own certificate.
    #[serde(default)]
    pub(crate) tls: TlsSettings,
    /// Logging.
    pub(crate) log: LogSettings,
    /// Scanners.
    #[serde(default)]
    pub(crate) scanner: Vec<tidemark_scanner::Config>,
    /// Lanes.
    #[serde(default)]
    pub(crate) lane: Vec<LaneSettings>,
    /// Counts.
    pub(crate) count: CountSettings,
    /// The company's own numbers.
    #[serde(default)]
    pub(crate) in_store: Vec<InStoreSettings>,
}

/// Counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountSettings {
    /// Zones from which goods are sold.
    pub(crate) selling: Vec<String>,
    /// Other zones on the printed sheet.
    pub(crate) zones: Vec<String>,
}

impl CountSettings {
    /// Zones that every printed sheet has.
    pub(crate) fn on_sheet<Z: FromIterator<String>>(&self) -> Z {
        self.selling.iter().chain(&self.zones).cloned().collect()
    }
}

/// A kind of number that the company gives by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InStoreSettings {
    /// What such a number begins with.
    pub(crate) prefix: String,
    /// What each digit is.
    pub(crate) pattern: String,
}

/// The centre.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CentreSettings {
    /// Its address; none for a box that works alone.
    pub(crate) address: Option<String>,
    /// The authority of its certificate, as PEM.
    pub(crate) ca: Option<PathBuf>,
    /// The box's certificate towards it, as PEM.
    pub(crate) certificate: Option<PathBuf>,
    /// The key of that certificate, as PEM.
    pub(crate) key: Option<PathBuf>,
}

/// Where tills and people reach the box.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpSettings {
    /// The address.
    pub(crate) address: SocketAddr,
}

/// Files of tills.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilesSettings {
    /// Whether files are read at all.
    pub(crate) read: bool,
    /// The folder with one folder a till; `inbox` in the data folder unless
    /// said.
    pub(crate) inbox: Option<PathBuf>,
    /// How long what was taken is kept.
    pub(crate) keep: Span,
}

/// The line port, for tills that can only open a socket.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinesSettings {
    /// The address; none, and there is no such port.
    pub(crate) address: Option<SocketAddr>,
}

/// A certificate.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsSettings {
    /// The chain, as PEM.
    pub(crate) certificate: Option<PathBuf>,
    /// Its key, as PEM.
    pub(crate) key: Option<PathBuf>,
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

/// One lane.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaneSettings {
    /// Its name.
    pub(crate) name: String,
    /// What it is for.
    #[serde(default)]
    pub(crate) role: Role,
    /// The mode of a session that begins.
    #[serde(default)]
    pub(crate) mode: ModeWord,
    /// The till in front of it; any if none is named.
    pub(crate) till: Option<String>,
    /// The till in front is a program of this machine that only knows a
    /// keyboard, with this layout.
    #[serde(default)]
    pub(crate) types: Option<Layout>,
}

impl LaneSettings {
    /// A lane of which only the name is known.
    pub(crate) fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), role: Role::Work, mode: ModeWord::Look, till: None, types: None }
    }
}

/// What a lane is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// A scan is a command or an item.
    #[default]
    Work,
    /// A scan is handed to the till in front.
    Till,
    /// A scan is counted.
    Off,
}

/// A mode as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ModeWord {
    /// Look.
    #[default]
    Look,
    /// Sell.
    Sell,
    /// Return.
    Return,
    /// Receive.
    Receive,
}

impl From<ModeWord> for Mode {
    fn from(word: ModeWord) -> Self {
        match word {
            ModeWord::Look => Self::Look,
            ModeWord::Sell => Self::Sell,
            ModeWord::Return => Self::Return,
            ModeWord::Receive => Self::Receive,
        }
    }
}

const fn key(name: &'static str, default: &'static str, help: &'static str) -> Key {
    Key { name, default, help }
}

impl Settings for BoxSettings {
    const KEYS: &'static [Key] = &[
        key("store", "", "the shop's id, such as \"S0001\""),
        key("data", "\"/var/lib/tidemark-edge\"", "folder of the journal"),
        key("time_zone", "\"UTC\"", "the shop's IANA time zone; the business day changes at 04:00 of it"),
        key("language", "\"en\"", "the language of the box's page and sheet: en, de, fr, es, pl or pt"),
        key("metered", "false", "true on a line paid by volume: heartbeats every 60 s instead of 10 s"),
        key("centre.address", "", "the centre, such as \"https://centre.example:443\"; without it the box works alone"),
        key("centre.ca", "", "PEM file of the authority of the centre's certificate"),
        key("centre.certificate", "", "PEM file of the box's certificate towards the centre"),
        key("centre.key", "", "PEM file of that certificate's key"),
        key("http.address", "\"127.0.0.1:8380\"", "where tills and people reach the box"),
        key("files.read", "true", "false to read no files of tills"),
        key("files.inbox", "", "folder with a folder for each till's files; `inbox` in the data folder unless said"),
        key("files.keep", "\"14d\"", "how long a file that was taken stays in `done`"),
        key(
            "lines.address",
            "",
            "port for tills that can only open a socket, such as \"127.0.0.1:8381\"; none unless said",
        ),
        key("tls.certificate", "", "PEM file of the box's own certificate; needed off loopback"),
        key("tls.key", "", "PEM file of its key"),
        key("log.level", "\"info\"", "error, warn, info, debug or trace"),
        key("log.form", "\"text\"", "text or json"),
        key("scanner[].path", "", "the USB port it is plugged into, or its file, such as \"/dev/ttyACM0\""),
        key("scanner[].kind", "", "serial, hid_pos or keyboard, else what is found there; replay plays a recording"),
        key("scanner[].baud", "9600", "bits a second of a serial port"),
        key("scanner[].lane", "", "the lane it belongs to"),
        key("scanner[].profile", "\"auto\"", "auto, generic, bell, datalogic, honeywell, cipherlab or zebra_ssi"),
        key("scanner[].feedback", "", "bytes of signals, such as { good = \"06\", error = \"15\" }"),
        key("scanner[].layout", "\"us\"", "of one that types, what it is set to: us, de, fr, es, it or uk"),
        key("scanner[].record", "", "a file to record in what it sends; of cards only the shape"),
        key("lane[].name", "", "the lane's name"),
        key("lane[].role", "\"work\"", "work, till or off"),
        key(
            "lane[].till",
            "",
            "the till in front of a lane of role till, such as \"till:3\"; any till if none is named",
        ),
        key(
            "lane[].types",
            "",
            "of role till: type its scans on a keyboard of this machine with this layout: us, de, fr, es, it or uk",
        ),
        key("lane[].mode", "\"look\"", "the mode of a session that begins: look, sell, return or receive"),
        key("count.selling", "[\"floor\"]", "zones of a count from which goods are sold"),
        key("count.zones", "[\"back\"]", "other zones of a count, for the printed sheet"),
        key("in_store[].prefix", "", "what a number of the company's own begins with, such as \"2[0-9]\""),
        key("in_store[].pattern", "", "what its digits are, such as \"PPIIIIIVWWWWWC\"; see docs/barcodes.md"),
    ];
}

/// A configuration that says too little or something that can't be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The store's id is none.
    #[error("`store`: {0}; give the shop's id with --store or in the configuration")]
    Store(#[from] tidemark_model::TextError),
    /// The time zone is none.
    #[error("`time_zone`: {0:?} is no IANA time zone such as \"Europe/Berlin\"")]
    TimeZone(String),
    /// One of a pair of files is missing.
    #[error("`{given}` is given without `{missing}`; a certificate and its key belong together")]
    Pair {
        /// What is there.
        given: &'static str,
        /// What is not.
        missing: &'static str,
    },
    /// A zone that can't be.
    #[error("`count.selling`: {0}")]
    Zone(String),
    /// A pattern that can't be.
    #[error("`in_store`: {0}")]
    InStore(#[from] tidemark_barcode::PatternError),
    /// A lane that can't be.
    #[error("`lane`: {0}")]
    Lane(String),
}

/// Both files of a certificate, or neither.
pub(crate) fn pair(
    names: (&'static str, &'static str),
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
) -> Result<Option<(PathBuf, PathBuf)>, SettingsError> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some((certificate.clone(), key.clone()))),
        (Some(_), None) => Err(SettingsError::Pair { given: names.0, missing: names.1 }),
        (None, Some(_)) => Err(SettingsError::Pair { given: names.1, missing: names.0 }),
    }
}
