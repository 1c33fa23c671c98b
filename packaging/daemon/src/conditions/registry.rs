//! The table of all conditions. 1xxx centre, 2xxx sync, 3xxx storage, 4xxx
//! devices, 5xxx documents, 6xxx identity. Codes are never used again.

use std::fmt;

use super::Code;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Needs a look today.
    Warning,
    /// Needs a person now.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        })
    }
}

/// A named state of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its number.
    pub code: Code,
    /// What it is called.
    pub title: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where it comes from.
    pub cause: &'static str,
    /// What it does.
    pub effect: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Seconds until it shows.
    pub visible_after_s: u32,
}

/// The stream can't be written.
pub const STREAM_UNREACHABLE: Code = Code(1001);
/// The database can't be reached.
pub const DATABASE_UNREACHABLE: Code = Code(1002);
/// The database does not sync.
pub const DATABASE_NOT_DURABLE: Code = Code(1003);
/// The database belongs to a newer release.
pub const DATABASE_NEWER: Code = Code(1004);
/// A topic has other settings than stated.
pub const TOPIC_SETTINGS: Code = Code(1005);
/// The cache can't be reached.
pub const CACHE_UNREACHABLE: Code = Code(1006);
/// Movements wait in the dead letters.
pub const DEAD_LETTERS: Code = Code(1007);
/// Plaintext off loopback was refused.
pub const PLAINTEXT_REFUSED: Code = Code(1008);
/// Head office can't be reached.
pub const CENTRE_UNREACHABLE: Code = Code(2001);
/// Head office refuses this box.
pub const CENTRE_REFUSES: Code = Code(2002);
/// The backlog waits for its turn.
pub const BACKLOG_WAITS: Code = Code(2003);
/// Another box took this shop over.
pub const EPOCH_CLOSED: Code = Code(2004);
/// Two boxes speak for one shop.
pub const TWO_BOXES: Code = Code(2005);
/// This box holds other movements than head office under the same numbers.
pub const FORKED: Code = Code(2006);
/// NOT SAVED: the disk does not take what is submitted.
pub const NOT_SAVED: Code = Code(3001);
/// The disk is 90 % full.
pub const DISK_90: Code = Code(3002);
/// The disk is 95 % full.
pub const DISK_95: Code = Code(3003);
/// The disk is 99 % full.
pub const DISK_99: Code = Code(3004);
/// The journal is damaged.
pub const JOURNAL_DAMAGED: Code = Code(3005);
/// The journal is in use by another process.
pub const JOURNAL_LOCKED: Code = Code(3006);
/// The journal belongs to a newer release.
pub const JOURNAL_NEWER: Code = Code(3007);
/// A scanner is not there.
pub const SCANNER_GONE: Code = Code(4001);
/// A scanner's port is in use by another program.
pub const SCANNER_BUSY: Code = Code(4002);
/// A scanner beeps by itself.
pub const SCANNER_CLASS_B: Code = Code(4003);
/// A lane's memory can't be read.
pub const LANE_MEMORY: Code = Code(4004);
/// Codes are sold that nobody knows.
pub const UNKNOWN_CODES: Code = Code(5001);
/// A till uses ids again with other content.
pub const ID_REUSED: Code = Code(5002);
/// Numbers of a till have not come.
pub const NUMBERS_MISSING: Code = Code(5003);
/// A till's numbers started again.
pub const NUMBERS_RESTARTED: Code = Code(5004);
/// Lines of this shop were kept aside.
pub const LINES_PARKED: Code = Code(5005);
/// An instruction of head office could not be carried out.
pub const INSTRUCTION_REFUSED: Code = Code(5006);
/// The catalogue could not be fetched.
pub const CATALOGUE_STALE: Code = Code(5007);
/// A certificate is missing, expired or of another store.
pub const CERTIFICATE: Code = Code(6001);
/// A till came with a wrong token.
pub const TOKEN_REFUSED: Code = Code(6002);

/// All conditions, by code.
pub const CONDITIONS: &[Condition] = &[
    Condition {
        code: STREAM_UNREACHABLE,
        title: "The stream can't be written",
        severity: Severity::Critical,
        cause: "Kafka (or the stream's file) does not take records.",
        effect: "Boxes are not told Received and keep what they have; nothing is lost.",
        remedy: "Look at the brokers; the centre goes on by itself when they answer.",
        visible_after_s: 10,
    },
    Condition {
        code: DATABASE_UNREACHABLE,
        title: "The database can't be reached",
        severity: Severity::Critical,
        cause: "The database does not answer or refuses connections.",
        effect: "Movements stay in the stream and in the shops; levels stand still and are marked stale.",
        remedy: "Look at the database; applying goes on where it stopped.",
        visible_after_s: 10,
    },
    Condition {
        code: DATABASE_NOT_DURABLE,
        title: "The database does not sync",
        severity: Severity::Critical,
        cause: "fsync or synchronous_commit is off.",
        effect: "The centre refuses to start, because a handled movement could be lost at a power cut.",
        remedy: "Set fsync = on and synchronous_commit = on and start again.",
        visible_after_s: 0,
    },
    Condition {
        code: DATABASE_NEWER,
        title: "The database belongs to a newer release",
        severity: Severity::Critical,
        cause: "Its schema version is higher than this release knows.",
        effect: "The centre refuses to start; nothing is changed.",
        remedy: "Start the newer release, or restore a backup from before the update.",
        visible_after_s: 0,
    },
    Condition {
        code: TOPIC_SETTINGS,
        title: "A topic has other settings than stated",
        severity: Severity::Critical,
        cause: "The topic exists with another number of partitions, retention or clean-up.",
        effect: "The centre refuses to start; keys could land in other partitions.",
        remedy: "Put the topic's settings right, or create it under another prefix.",
        visible_after_s: 0,
    },
    Condition {
        code: CACHE_UNREACHABLE,
        title: "The cache can't be reached",
        severity: Severity::Warning,
        cause: "Redis does not answer.",
        effect: "Reads are answered from the database: slower, and as true as before.",
        remedy: "Look at Redis; it fills itself again.",
        visible_after_s: 10,
    },
    Condition {
        code: DEAD_LETTERS,
        title: "Movements wait in the dead letters",
        severity: Severity::Warning,
        cause: "Lines that nobody could understand were kept aside.",
        effect: "They have no effect on stock until somebody repairs or discards them.",
        remedy: "List them by reason with `tidemark-central dead-letters`.",
        visible_after_s: 60,
    },
    Condition {
        code: PLAINTEXT_REFUSED,
        title: "Plaintext off loopback was refused",
        severity: Severity::Critical,
        cause: "An address that is not loopback was given without a certificate.",
        effect: "The daemon refuses to start.",
        remedy: "Give tls.certificate and tls.key, or listen on 127.0.0.1.",
        visible_after_s: 0,
    },
    Condition {
        code: CENTRE_UNREACHABLE,
        title: "Head office can't be reached",
        severity: Severity::Warning,
        cause: "The line is down, the centre does not answer, or a proxy or firewall stands between.",
        effect: "The shop sells on; everything is kept and sent when the line is back.",
        remedy: "Look at the router and the line; nothing has to be done at the box.",
        visible_after_s: 30,
    },
    Condition {
        code: CENTRE_REFUSES,
        title: "Head office refuses this box",
        severity: Severity::Critical,
        cause: "The store is not known there, the certificate names another store, or the protocol is too old.",
        effect: "The shop sells on; nothing reaches head office until it is put right.",
        remedy: "Read the reason here; import the store, or install the right certificate or release.",
        visible_after_s: 5,
    },
    Condition {
        code: BACKLOG_WAITS,
        title: "The backlog waits for its turn",
        severity: Severity::Info,
        cause: "The centre has not granted credit, because it is busy or its database is away.",
        effect: "New sales go through; older ones wait in the shop, where they are safe.",
        remedy: "Nothing at the shop; head office sees the cause at the centre.",
        visible_after_s: 120,
    },
    Condition {
        code: EPOCH_CLOSED,
        title: "Another box took this shop over",
        severity: Severity::Critical,
        cause: "The centre knows a newer box of this store.",
        effect: "Sales of this box are taken as late ones; on-hand is kept by the other box.",
        remedy: "Take one of the two boxes out of use.",
        visible_after_s: 5,
    },
    Condition {
        code: TWO_BOXES,
        title: "Two boxes speak for one shop",
        severity: Severity::Critical,
        cause: "A second box said Hello while the first was heard in the last 90 seconds.",
        effect: "Both sell; the newcomer waits until a person decides.",
        remedy: "Switch one of them off.",
        visible_after_s: 5,
    },
    Condition {
        code: FORKED,
        title: "This box holds other movements than head office under the same numbers",
        severity: Severity::Critical,
        cause: "The disk was restored from an image or copied.",
        effect: "The box stops sending under these numbers so that nothing is mixed.",
        remedy: "Keep the box running and call support; no movement is deleted.",
        visible_after_s: 5,
    },
    Condition {
        code: NOT_SAVED,
        title: "NOT SAVED: the disk does not take what is submitted",
        severity: Severity::Critical,
        cause: "Writing or syncing failed: the disk is full, broken or mounted read-only.",
        effect: "Nothing is answered that is not on disk; tills repeat, scanners signal an error.",
        remedy: "Free space or change the disk; keep receipts until the page says saved.",
        visible_after_s: 0,
    },
    Condition {
        code: DISK_90,
        title: "The disk is 90 % full",
        severity: Severity::Warning,
        cause: "Other data or a long time offline fills the disk.",
        effect: "Nothing yet; telemetry gives way first.",
        remedy: "Free space, or bring the line back so that movements can be trimmed.",
        visible_after_s: 60,
    },
    Condition {
        code: DISK_95,
        title: "The disk is 95 % full",
        severity: Severity::Warning,
        cause: "Other data or a long time offline fills the disk.",
        effect: "Old catalogues give way; sales go on.",
        remedy: "Free space soon.",
        visible_after_s: 60,
    },
    Condition {
        code: DISK_99,
        title: "The disk is 99 % full",
        severity: Severity::Critical,
        cause: "Other data or a long time offline fills the disk.",
        effect: "The grace of handled movements gives way; sales go on as long as there is room.",
        remedy: "Free space now.",
        visible_after_s: 10,
    },
    Condition {
        code: JOURNAL_DAMAGED,
        title: "The journal is damaged",
        severity: Severity::Critical,
        cause: "Records that were saved can't be read: a failing disk or a change from outside.",
        effect: "The box refuses to start rather than to forget silently.",
        remedy: "Keep the data folder as it is and call support; tills keep their receipts meanwhile.",
        visible_after_s: 0,
    },
    Condition {
        code: JOURNAL_LOCKED,
        title: "The journal is in use by another process",
        severity: Severity::Critical,
        cause: "A second agent runs on the same data folder.",
        effect: "This one refuses to start.",
        remedy: "Stop the other agent.",
        visible_after_s: 0,
    },
    Condition {
        code: JOURNAL_NEWER,
        title: "The journal belongs to a newer release",
        severity: Severity::Critical,
        cause: "Its format version is higher than this release knows.",
        effect: "The box refuses to start; nothing is changed.",
        remedy: "Install the newer release again.",
        visible_after_s: 0,
    },
    Condition {
        code: SCANNER_GONE,
        title: "A scanner is not there",
        severity: Severity::Warning,
        cause: "It was unplugged, or its port has another name.",
        effect: "Its scans do not arrive.",
        remedy: "Plug it in; look at the port in the configuration.",
        visible_after_s: 5,
    },
    Condition {
        code: SCANNER_BUSY,
        title: "A scanner's port is in use by another program",
        severity: Severity::Warning,
        cause: "Another process holds the port.",
        effect: "Its scans go to that program.",
        remedy: "Stop that program (often ModemManager or a till's own driver).",
        visible_after_s: 5,
    },
    Condition {
        code: SCANNER_CLASS_B,
        title: "A scanner beeps by itself",
        severity: Severity::Info,
        cause: "It signals good on reading, before anything is saved.",
        effect: "Its own beep says nothing about saving.",
        remedy: "Switch its beep off if it can, and watch the box's page.",
        visible_after_s: 60,
    },
    Condition {
        code: LANE_MEMORY,
        title: "A lane's memory can't be read",
        severity: Severity::Warning,
        cause: "It was written by a newer release, or damaged.",
        effect: "The lane starts at home, in look.",
        remedy: "Scan the mode's command again.",
        visible_after_s: 0,
    },
    Condition {
        code: UNKNOWN_CODES,
        title: "Codes are sold that nobody knows",
        severity: Severity::Warning,
        cause: "The catalogue lacks them.",
        effect: "They have no effect on stock until the catalogue learns them; then they take effect by themselves.",
        remedy: "Add the codes to the catalogue.",
        visible_after_s: 300,
    },
    Condition {
        code: ID_REUSED,
        title: "A till uses ids again with other content",
        severity: Severity::Warning,
        cause: "It was re-installed and starts at number 1, or its id recipe lacks a part.",
        effect: "The later documents are kept aside without effect.",
        remedy: "Give the till a new life in its ids; say for each letter whether it counts.",
        visible_after_s: 60,
    },
    Condition {
        code: NUMBERS_MISSING,
        title: "Numbers of a till have not come",
        severity: Severity::Warning,
        cause: "Receipts were lost on the way to the box, or wait at the till.",
        effect: "The store's day is not complete.",
        remedy: "Let the till send the numbers named here again.",
        visible_after_s: 300,
    },
    Condition {
        code: NUMBERS_RESTARTED,
        title: "A till's numbers started again",
        severity: Severity::Warning,
        cause: "It was re-installed.",
        effect: "Gaps before the restart can't be told.",
        remedy: "Give the till a new life in its ids.",
        visible_after_s: 60,
    },
    Condition {
        code: LINES_PARKED,
        title: "Lines of this shop were kept aside",
        severity: Severity::Warning,
        cause: "They could not be understood.",
        effect: "They have no effect on stock until head office repairs them.",
        remedy: "Head office finds them in the dead letters.",
        visible_after_s: 60,
    },
    Condition {
        code: INSTRUCTION_REFUSED,
        title: "An instruction of head office could not be carried out",
        severity: Severity::Warning,
        cause: "It asks for something this release does not know, or that can't be done here.",
        effect: "It stays open at head office.",
        remedy: "Update the box, or change the instruction.",
        visible_after_s: 60,
    },
    Condition {
        code: CATALOGUE_STALE,
        title: "The catalogue could not be fetched",
        severity: Severity::Info,
        cause: "The line broke on the way, or a page could not be read.",
        effect: "The box goes on with the catalogue it has.",
        remedy: "Nothing; it is fetched again.",
        visible_after_s: 600,
    },
    Condition {
        code: CERTIFICATE,
        title: "A certificate is missing, expired or of another store",
        severity: Severity::Critical,
        cause: "The file is absent, its time is over, or it names another store.",
        effect: "The box can't reach head office; it sells on.",
        remedy: "Install the right certificate.",
        visible_after_s: 30,
    },
    Condition {
        code: TOKEN_REFUSED,
        title: "A till came with a wrong token",
        severity: Severity::Warning,
        cause: "It has none, or one that was removed.",
        effect: "Its documents are not taken; it repeats them.",
        remedy: "Give it its token with `tidemark-edge till add`.",
        visible_after_s: 10,
    },
];
