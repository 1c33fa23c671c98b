//! The table of all conditions. 1xxx centre, 2xxx sync, 3xxx storage, 4xxx
//! devices, 5xxx documents, 6xxx identity. Codes are never used again.

mod table;

pub use table::CONDITIONS;

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
/// The stream holds records that this release does not know.
pub const RECORD_UNKNOWN: Code = Code(1013);
/// Positions came twice with other bytes and wait for their box.
pub const POSITIONS_FORKED: Code = Code(1014);
/// The brokers lost the newest records of a log.
pub const LOG_CUT_BACK: Code = Code(1015);
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
/// What the box before this one left waits to be taken over.
pub const OPENING_WAITS: Code = Code(2008);
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
/// A damaged journal was set aside.
pub const JOURNAL_SET_ASIDE: Code = Code(3008);
/// What a damaged journal holds is being taken over.
pub const SALVAGE_RUNS: Code = Code(3009);
/// Movements that were saved can't be read any more.
pub const MOVEMENTS_UNREADABLE: Code = Code(3010);
/// The side file of the journal was lost.
pub const SIDE_FILE_LOST: Code = Code(3011);
/// The disk can only be read.
pub const DISK_READ_ONLY: Code = Code(3012);
/// The ballast of the disk was given up.
pub const BALLAST_GONE: Code = Code(3013);
/// The books can't be read for a decision.
pub const BOOKS_UNREADABLE: Code = Code(3014);
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
/// A scanner types by another layout, or a key of it is stuck.
pub const SCANNER_ODD: Code = Code(4010);
/// A port that the box's user may not open.
pub const SCANNER_DENIED: Code = Code(4011);
/// No till takes a lane's scans.
pub const TILL_DEAF: Code = Code(4021);
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
/// A till sends what can't be held at all.
pub const DOCUMENTS_REFUSED: Code = Code(5009);
/// A till's file was not taken, or not whole.
pub const FILE_REFUSED: Code = Code(5010);
/// A folder of tills' files can't be used.
pub const FILE_FOLDER: Code = Code(5011);
/// Nobody says what a till's files mean.
pub const FILE_MAPPING: Code = Code(5012);
/// A certificate is missing, expired or of another store.
pub const CERTIFICATE: Code = Code(6001);
/// A till came with a wrong token.
pub const TOKEN_REFUSED: Code = Code(6002);
/// A certificate ends within 30 days.
pub const CERTIFICATE_ENDS: Code = Code(6003);
