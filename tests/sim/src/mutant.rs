//! Worlds with one mistake built in, to test the simulator itself.

use crate::check::Promise;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The box answers when a batch is written, before it is synced.
    AckBeforeSync,
    /// When the disk fails the box answers from memory.
    MemoryWhenDiskFails,
    /// The box forgets what the stream has received.
    TrimOnReceived,
    /// The box forgets what is handled at once, without the grace.
    TrimWithoutGrace,
    /// The applier does not look whether it holds a position already.
    NoDedup,
    /// The centre looks unknown codes up by itself.
    CentreResolves,
    /// What was counted counts as counted when it arrives.
    CountAtArrival,
    /// The box forgets document keys that are old by the wall clock.
    ExpireByClock,
    /// An applier commits without comparing the stream's position.
    CommitWithoutCas,
    /// The applier's position is an offset alone, whatever life of the stream.
    OffsetWithoutStream,
    /// What the centre says adds to what the box knew handled instead of
    /// replacing it.
    UnionHandled,
    /// The cache takes levels in the order in which they come.
    OlderLevelWins,
    /// Backlog goes out without credit.
    NoCredit,
    /// A void that comes before its document is forgotten.
    ForgetWaitingVoid,
    /// A bad line makes the applier wait for a person.
    StopAtBadLine,
    /// A swapped or restored box goes on in the epoch there was.
    ReuseEpoch,
    /// A swapped box begins with nothing instead of the centre's opening.
    OpenAtZero,
    /// A box whose session number grew is taken for the only one of its disk,
    /// whatever the centre holds.
    TrustSession,
    /// A box takes all that it sold before it had its opening for later than all
    /// that is in it.
    TrustTurn,
}

impl Mutant {
    /// All of them, with the words of the command line.
    pub const ALL: [(Self, &'static str); 19] = [
        (Self::AckBeforeSync, "ack_before_sync"),
        (Self::MemoryWhenDiskFails, "memory_when_disk_fails"),
        (Self::TrimOnReceived, "trim_on_received"),
        (Self::TrimWithoutGrace, "trim_without_grace"),
        (Self::NoDedup, "no_dedup"),
        (Self::CentreResolves, "centre_resolves"),
        (Self::CountAtArrival, "count_at_arrival"),
        (Self::ExpireByClock, "expire_by_clock"),
        (Self::CommitWithoutCas, "commit_without_cas"),
        (Self::OffsetWithoutStream, "offset_without_stream"),
        (Self::UnionHandled, "union_handled"),
        (Self::OlderLevelWins, "older_level_wins"),
        (Self::NoCredit, "no_credit"),
        (Self::ForgetWaitingVoid, "forget_waiting_void"),
        (Self::StopAtBadLine, "stop_at_bad_line"),
        (Self::ReuseEpoch, "reuse_epoch"),
        (Self::OpenAtZero, "open_at_zero"),
        (Self::TrustSession, "trust_session"),
        (Self::TrustTurn, "trust_turn"),
    ];

    /// The promise by which it is caught.
    #[must_use]
    pub const fn breaks(self) -> Promise {
        match self {
            Self::AckBeforeSync | Self::MemoryWhenDiskFails => Promise::P1,
            Self::NoDedup
            | Self::CountAtArrival
            | Self::CommitWithoutCas
            | Self::ForgetWaitingVoid
            | Self::OpenAtZero
            | Self::TrustSession
            | Self::TrustTurn => Promise::P2,
            Self::OffsetWithoutStream | Self::UnionHandled | Self::OlderLevelWins | Self::ReuseEpoch => Promise::P4,
            Self::StopAtBadLine => Promise::P5,
            Self::NoCredit => Promise::P6,
            Self::TrimOnReceived | Self::TrimWithoutGrace => Promise::P7,
            Self::ExpireByClock => Promise::P8,
            Self::CentreResolves => Promise::P10,
        }
    }

    /// By its word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, of)| *of == word).map(|(mutant, _)| *mutant)
    }

    /// Its word on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(mutant, _)| *mutant == self).map_or("", |(_, word)| word)
    }
}
