//! Where a record stands at the centre: stream, partition, offset; and which
//! history of the ledger is meant.

use std::fmt;

/// The identity of one life of a partition's log, drawn at its birth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub [u8; 16]);

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamId({self})")
    }
}

/// One record's place in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamPlace {
    /// Which life of the log.
    pub stream: StreamId,
    /// Which partition of the topic.
    pub partition: u32,
    /// Which record in it, from 0.
    pub offset: u64,
}

/// Which history of the ledger: grows at restore, failover, or when a box
/// knows more than the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

/// The ordinal the centre gives an epoch of a store, from 1 in the order of
/// their control records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochOrdinal(pub u32);

/// The change number every changed row carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeStamp {
    /// Of which history.
    pub generation: Generation,
    /// By which partition's applier.
    pub partition: u32,
    /// In which of its steps.
    pub step: u64,
}
