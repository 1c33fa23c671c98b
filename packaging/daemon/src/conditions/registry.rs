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
    /// Conditions that explain this one: while one of them holds, look there
    /// first.
    pub depends_on: &'static [Code],
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
/// A box is not heard in its opening hours.
pub const BOX_OFFLINE: Code = Code(1009);
/// An import was refused.
pub const IMPORT_REFUSED: Code = Code(1010);
/// Movements are named lost and nobody has signed yet.
pub const MOVEMENTS_LOST: Code = Code(1011);
/// The digests of box and centre differ.
pub const DIGEST_DIFFERS: Code = Code(1012);
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
/// The disk of this box may be a restored one or a copy.
pub const DISK_SUSPECT: Code = Code(2007);
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
/// The wall clock of the box differs from that of the centre.
pub const CLOCK_OFF: Code = Code(4005);
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
/// The control totals of a till differ from what came.
pub const TOTALS_DIFFER: Code = Code(5008);
/// A certificate is missing, expired or of another store.
pub const CERTIFICATE: Code = Code(6001);
/// A till came with a wrong token.
pub const TOKEN_REFUSED: Code = Code(6002);
/// A certificate ends within 30 days.
pub const CERTIFICATE_ENDS: Code = Code(6003);

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
        depends_on: &[TOPIC_SETTINGS],
    },
    Condition {
        code: DATABASE_UNREACHABLE,
        title: "The database can't be reached",
        severity: Severity::Critical,
        cause: "The database does not answer or refuses connections.",
        effect: "Movements stay in the stream and in the shops; levels stand still and are marked stale.",
        remedy: "Look at the database; applying goes on where it stopped.",
        visible_after_s: 10,
        depends_on: &[],
    },
    Condition {
        code: DATABASE_NOT_DURABLE,
        title: "The database does not sync",
        severity: Severity::Critical,
        cause: "fsync or synchronous_commit is off.",
        effect: "The centre refuses to start, because a handled movement could be lost at a power cut.",
        remedy: "Set fsync = on and synchronous_commit = on and start again.",
        visible_after_s: 0,
        depends_on: &[],
    },
    Condition {
        code: DATABASE_NEWER,
        title: "The database belongs to a newer release",
        severity: Severity::Critical,
        cause: "Its schema version is higher than this release knows.",
        effect: "The centre refuses to start; nothing is changed.",
        remedy: "Start the newer release, or restore a backup from before the update.",
        visible_after_s: 0,
        depends_on: &[],
    },
    Condition {
        code: TOPIC_SETTINGS,
        title: "A topic has other settings than stated",
        severity: Severity::Critical,
        cause: "The topic exists with another number of partitions, retention or clean-up.",
        effect: "The centre refuses to start; keys could land in other partitions.",
        remedy: "Put the topic's settings right, or create it under another prefix.",
        visible_after_s: 0,
        depends_on: &[],
    },
    Condition {
        code: CACHE_UNREACHABLE,
        title: "The cache can't be reached",
        severity: Severity::Warning,
        cause: "Redis does not answer.",
        effect: "Reads are answered from the database: slower, and as true as before.",
        remedy: "Look at Redis; it fills itself again.",
        visible_after_s: 10,
        depends_on: &[],
    },
    Condition {
        code: DEAD_LETTERS,
        title: "Movements wait in the dead letters",
        severity: Severity::Warning,
        cause: "Lines that nobody could understand were kept aside.",
        effect: "They have no effect on stock until somebody repairs or discards them.",
        remedy: "List them by reason with `tidemark-central dead-letters`.",
        visible_after_s: 60,
        depends_on: &[ID_REUSED],
    },
    Condition {
        code: PLAINTEXT_REFUSED,
        title: "Plaintext off loopback was refused",
        severity: Severity::Critical,
        cause: "An address that is not loopback was given without a certificate.",
        effect: "The daemon refuses to start.",
        remedy: "Give tls.certificate and tls.key, or listen on 127.0.0.1.",
        visible_after_s: 0,
        depends_on: &[],
    },
    Condition {
        code: BOX_OFFLINE,
        title: "A box is not heard",
        severity: Severity::Warning,
        cause: "Its line is down, or the box is off, in the opening hours of its shop.",
        effect: "Its levels are shown as they were, marked stale; the shop sells on and keeps all.",
        remedy: "Call the shop if it lasts: power, router and line of the box.",
        visible_after_s: 90,
        depends_on: &[STREAM_UNREACHABLE],
    },
    Condition {
        code: IMPORT_REFUSED,
        title: "An import was refused",
        severity: Severity::Warning,
        cause: "The catalogue, stock or store list has faults, or a SKU equals another item's code.",
        effect: "Nothing of it was taken; the one before holds.",
        remedy: "Put the lines right that the answer names, and import it again as a whole.",
        visible_after_s: 0,
        depends_on: &[],
    },
    Condition {
        code: MOVEMENTS_LOST,
        title: "Movements of a shop are lost",
        severity: Severity::Critical,
        cause: "A box died with movements that had not come up, or its disk gave back unreadable ones.",
        effect: "The positions are named; the shop's on-hand may be wrong for what they held.",
        remedy: "Compare with the tills of those hours, count the items named, then sign the loss.",
        visible_after_s: 10,
        depends_on: &[JOURNAL_DAMAGED],
    },
    Condition {
        code: DIGEST_DIFFERS,
        title: "Head office and a shop hold different movements",
        severity: Severity::Critical,
        cause: "A restored disk or database, or a fault of ours: the sums over the same positions differ.",
        effect: "The shop's levels can't be relied on until it is cleared up; nothing is deleted.",
        remedy: "Look whether disk or database were restored; keep both and call support.",
        visible_after_s: 30,
        depends_on: &[FORKED, DISK_SUSPECT],
    },
    Condition {
        code: CENTRE_UNREACHABLE,
        title: "Head office can't be reached",
        severity: Severity::Warning,
        cause: "The line is down, the centre does not answer, or a proxy or firewall stands between.",
        effect: "The shop sells on; everything is kept and sent when the line is back.",
        remedy: "Look at the router and the line; nothing has to be done at the box.",
        visible_after_s: 30,
        depends_on: &[CERTIFICATE],
    },
    Condition {
        code: CENTRE_REFUSES,
        title: "Head office refuses this box",
        severity: Severity::Critical,
        cause: "The store is not known there, the certificate names another store, or the protocol is too old.",
        effect: "The shop sells on; nothing reaches head office until it is put right.",
        remedy: "Read the reason here; import the store, or install the right certificate or release.",
        visible_after_s: 5,
        depends_on: &[CERTIFICATE],
    },
    Condition {
        code: BACKLOG_WAITS,
        title: "The backlog waits for its turn",
        severity: Severity::Info,
        cause: "The centre has not granted credit, because it is busy or its database is away.",
        effect: "New sales go through; older ones wait in the shop, where they are safe.",
        remedy: "Nothing at the shop; head office sees the cause at the centre.",
        visible_after_s: 120,
        depends_on: &[CENTRE_UNREACHABLE, CENTRE_REFUSES, DATABASE_UNREACHABLE],
    },
    Condition {
        code: EPOCH_CLOSED,
        title: "Another box took this shop over",
        severity: Severity::Critical,
        cause: "The centre knows a newer box of this store.",
        effect: "Sales of this box are taken as late ones; on-hand is kept by the other box.",
        remedy: "Take one of the two boxes out of use.",
        visible_after_s: 5,
        depends_on: &[],
    },
    Condition {
        code: TWO_BOXES,
        title: "Two boxes speak for one shop",
        severity: Severity::Critical,
        cause: "A second box said Hello while the first was heard in the last 90 seconds.",
        effect: "Both sell; the newcomer waits until a person decides.",
        remedy: "Switch one of them off.",
        visible_after_s: 5,
        depends_on: &[],
    },
    Condition {
        code: FORKED,
        title: "This box holds other movements than head office under the same numbers",
        severity: Severity::Critical,
        cause: "The disk was restored from an image or copied.",
        effect: "The box stops sending under these numbers so that nothing is mixed.",
        remedy: "Keep the box running and call support; no movement is deleted.",
        visible_after_s: 5,
        depends_on: &[DISK_SUSPECT],
    },
    Condition {
        code: DISK_SUSPECT,
        title: "The disk of this box may be a restored one or a copy",
        severity: Severity::Warning,
        cause: "The session number did not grow since the centre last heard it.",
        effect: "Box and centre compare what they hold before anything is mixed; the shop sells on.",
        remedy: "If the disk was restored or copied on purpose, nothing; else look for a second box.",
        visible_after_s: 5,
        depends_on: &[],
    },
    Condition {
        code: NOT_SAVED,
        title: "NOT SAVED: the disk does not take what is submitted",
        severity: Severity::Critical,
        cause: "Writing or syncing failed: the disk is full, broken or mounted read-only.",
        effect: "Nothing is answered that is not on disk; tills repeat, scanners signal an error.",
        remedy: "Free space or change the disk; keep receipts until the page says saved.",
        visible_after_s: 0,
        depends_on: &[DISK_99],
    },
    Condition {
        code: DISK_90,
        title: "The disk is 90 % full",
        severity: Severity::Warning,
        cause: "Other data or a long time offline fills the disk.",
        effect: "Nothing yet; telemetry gives way first.",
        remedy: "Free space, or bring the line back so that movements can be trimmed.",
        visible_after_s: 60,
        depends_on: &[],
    },
    Condition {
        code: DISK_95,
        title: "The disk is 95 % full",
        severity: Severity::Warning,
        cause: "Other data or a long time offline fills the disk.",
        effect: "Old catalogues give way; sales go on.",
        remedy: "Free space soon.",
        visible_after_s: 60,
        depends_on: &[],
    },
    Condition {
        code: DISK_99,
        title: "The disk is 99 % full",
        severity: Severity::Critical,
        cause: "Other data or a long time offline fills the disk.",
        effect: "The grace of handled movements gives way; sales go on as long as there is room.",
        remedy: "Free space now.",
        visible_after_s: 10,
        depends_on: &[],
    },
    Condition {
        code: JOURNAL_DAMAGED,
        title: "The journal is damaged",
        severity: Severity::Critical,
        cause: "Records that were saved can't be read: a failing disk or a change from outside.",
        effect: "The box refuses to start rather than to forget silently.",
        remedy: "Keep the data folder as it is and call support; tills keep their receipts meanwhile.",
        visible_after_s: 0,
        depends_on: &[],
    },
    Condition {
        code: JOURNAL_LOCKED,
        title: "The journal is in use by another process",
        severity: Severity::Critical,
        cause: "A second agent runs on the same data folder.",
        effect: "This one refuses to start.",
        remedy: "Stop the other agent.",
        visible_after_s: 0,
        depends_on: &[],
    },
    Condition {
        code: JOURNAL_NEWER,
        title: "The journal belongs to a newer release",
        severity: Severity::Critical,
        cause: "Its format version is higher than this release knows.",
        effect: "The box refuses to start; nothing is changed.",
        remedy: "Install the newer release again.",
        visible_after_s: 0,
        depends_on: &[],
    },
    Condition {
        code: SCANNER_GONE,
        title: "A scanner is not there",
        severity: Severity::Warning,
        cause: "It was unplugged, or its port has another name.",
        effect: "Its scans do not arrive.",
        remedy: "Plug it in; look at the port in the configuration.",
        visible_after_s: 5,
        depends_on: &[],
    },
    Condition {
        code: SCANNER_BUSY,
        title: "A scanner's port is in use by another program",
        severity: Severity::Warning,
        cause: "Another process holds the port.",
        effect: "Its scans go to that program.",
        remedy: "Stop that program (often ModemManager or a till's own driver).",
        visible_after_s: 5,
        depends_on: &[],
    },
    Condition {
        code: SCANNER_CLASS_B,
        title: "A scanner beeps by itself",
        severity: Severity::Info,
        cause: "It signals good on reading, before anything is saved.",
        effect: "Its own beep says nothing about saving.",
        remedy: "Switch its beep off if it can, and watch the box's page.",
        visible_after_s: 60,
        depends_on: &[],
    },
    Condition {
        code: LANE_MEMORY,
        title: "A lane's memory can't be read",
        severity: Severity::Warning,
        cause: "It was written by a newer release, or damaged.",
        effect: "The lane starts at home, in look.",
        remedy: "Scan the mode's command again.",
        visible_after_s: 0,
        depends_on: &[],
    },
    Condition {
        code: CLOCK_OFF,
        title: "The clock of the box is off",
        severity: Severity::Info,
        cause: "Its time differs from head office's by more than two minutes.",
        effect: "Labels show a wrong time; order, stock and once-only don't use it.",
        remedy: "Switch on time synchronisation, or change the battery of the box's board.",
        visible_after_s: 60,
        depends_on: &[],
    },
    Condition {
        code: UNKNOWN_CODES,
        title: "Codes are sold that nobody knows",
        severity: Severity::Warning,
        cause: "The catalogue lacks them.",
        effect: "They have no effect on stock until the catalogue learns them; then they take effect by themselves.",
        remedy: "Add the codes to the catalogue.",
        visible_after_s: 300,
        depends_on: &[CATALOGUE_STALE],
    },
    Condition {
        code: ID_REUSED,
        title: "A till uses ids again with other content",
        severity: Severity::Warning,
        cause: "It was re-installed and starts at number 1, or its id recipe lacks a part.",
        effect: "The later documents are kept aside without effect.",
        remedy: "Give the till a new life in its ids; say for each letter whether it counts.",
        visible_after_s: 60,
        depends_on: &[],
    },
    Condition {
        code: NUMBERS_MISSING,
        title: "Numbers of a till have not come",
        severity: Severity::Warning,
        cause: "Receipts were lost on the way to the box, or wait at the till.",
        effect: "The store's day is not complete.",
        remedy: "Let the till send the numbers named here again.",
        visible_after_s: 300,
        depends_on: &[NUMBERS_RESTARTED],
    },
    Condition {
        code: NUMBERS_RESTARTED,
        title: "A till's numbers started again",
        severity: Severity::Warning,
        cause: "It was re-installed.",
        effect: "Gaps before the restart can't be told.",
        remedy: "Give the till a new life in its ids.",
        visible_after_s: 60,
        depends_on: &[],
    },
    Condition {
        code: LINES_PARKED,
        title: "Lines of this shop were kept aside",
        severity: Severity::Warning,
        cause: "They could not be understood.",
        effect: "They have no effect on stock until head office repairs them.",
        remedy: "Head office finds them in the dead letters.",
        visible_after_s: 60,
        depends_on: &[ID_REUSED],
    },
    Condition {
        code: INSTRUCTION_REFUSED,
        title: "An instruction of head office could not be carried out",
        severity: Severity::Warning,
        cause: "It asks for something this release does not know, or that can't be done here.",
        effect: "It stays open at head office.",
        remedy: "Update the box, or change the instruction.",
        visible_after_s: 60,
        depends_on: &[],
    },
    Condition {
        code: CATALOGUE_STALE,
        title: "The catalogue could not be fetched",
        severity: Severity::Info,
        cause: "The line broke on the way, or a page could not be read.",
        effect: "The box goes on with the catalogue it has.",
        remedy: "Nothing; it is fetched again.",
        visible_after_s: 600,
        depends_on: &[CENTRE_UNREACHABLE],
    },
    Condition {
        code: TOTALS_DIFFER,
        title: "A till's totals of the day differ from what came",
        severity: Severity::Warning,
        cause: "Documents of the till are missing, or it counted otherwise.",
        effect: "The store's day is not complete.",
        remedy: "Let the till send the numbers named here again; then close its day anew.",
        visible_after_s: 300,
        depends_on: &[NUMBERS_MISSING],
    },
    Condition {
        code: CERTIFICATE,
        title: "A certificate is missing, expired or of another store",
        severity: Severity::Critical,
        cause: "The file is absent, its time is over, or it names another store.",
        effect: "The box can't reach head office; it sells on.",
        remedy: "Install the right certificate.",
        visible_after_s: 30,
        depends_on: &[],
    },
    Condition {
        code: TOKEN_REFUSED,
        title: "A till came with a wrong token",
        severity: Severity::Warning,
        cause: "It has none, or one that was removed.",
        effect: "Its documents are not taken; it repeats them.",
        remedy: "Give it its token with `tidemark-edge till add`.",
        visible_after_s: 10,
        depends_on: &[],
    },
    Condition {
        code: CERTIFICATE_ENDS,
        title: "A certificate ends soon",
        severity: Severity::Warning,
        cause: "Less than 30 days are left of its time.",
        effect: "None yet; after its end nobody who checks it connects.",
        remedy: "Install its successor and start the daemon again.",
        visible_after_s: 60,
        depends_on: &[],
    },
];
