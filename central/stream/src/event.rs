//! Records of the stream, and how the embedded log packs those of one append.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tidemark_model::{Epoch, Position, StoreId};

/// A record to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// The shop it is keyed by.
    pub store: StoreId,
    /// What it is.
    pub event: Event,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A movement's bytes at its position.
    Movement(Position, Bytes),
    /// A control record's bytes.
    Control(Bytes),
}

/// A record as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its offset.
    pub offset: u64,
    /// The record.
    pub record: EventRecord,
}

/// What others are told beside the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// What it is about.
    pub subject: Subject,
    /// By what it is told apart.
    pub key: String,
    /// What is told.
    pub json: Vec<u8>,
}

/// What an announcement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A level with its version, keyed by `store/sku`.
    Level,
    /// What was parked, keyed by `store/epoch/seq`.
    DeadLetter,
}

const MOVEMENT: u8 = 1;
const CONTROL: u8 = 2;

/// Packs the records of one append: kind, store (length, text), for a
/// movement epoch and seq, then length and bytes; numbers big-endian.
pub(crate) fn pack(records: &[EventRecord]) -> Bytes {
    let mut packed = BytesMut::with_capacity(records.len() * 160);
    for record in records {
        let store = record.store.as_str().as_bytes();
        let (kind, bytes) = match &record.event {
            Event::Movement(_, bytes) => (MOVEMENT, bytes),
            Event::Control(bytes) => (CONTROL, bytes),
        };
        packed.put_u8(kind);
        packed.put_u8(u8::try_from(store.len()).unwrap_or(u8::MAX));
        packed.put_slice(store);
        if let Event::Movement(position, _) = &record.event {
            packed.put_u64(position.epoch.0);
            packed.put_u64(position.seq);
        }
        packed.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        packed.put_slice(bytes);
    }
    packed.freeze()
}

/// Unpacks what [`pack`] made; none if it is something else.
pub(crate) fn unpack(mut packed: Bytes) -> Option<Vec<EventRecord>> {
    let mut records = Vec::new();
    while packed.has_remaining() {
        records.push(unpack_one(&mut packed)?);
    }
    Some(records)
}

fn unpack_one(packed: &mut Bytes) -> Option<EventRecord> {
    let kind = packed.try_get_u8().ok()?;
    let length = usize::from(packed.try_get_u8().ok()?);
    let store = take(packed, length)?;
    let store = StoreId::new(std::str::from_utf8(&store).ok()?).ok()?;
    let position = match kind {
        MOVEMENT => Some(Position { epoch: Epoch(packed.try_get_u64().ok()?), seq: packed.try_get_u64().ok()? }),
        CONTROL => None,
        _ => return None,
    };
    let length = usize::try_from(packed.try_get_u32().ok()?).ok()?;
    let bytes = take(packed, length)?;
    let event = position.map_or_else(|| Event::Control(bytes.clone()), |at| Event::Movement(at, bytes.clone()));
    Some(EventRecord { store, event })
}

fn take(packed: &mut Bytes, length: usize) -> Option<Bytes> {
    (packed.remaining() >= length).then(|| packed.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(records in prop::collection::vec(
            (any::<bool>(), any::<u64>(), any::<u64>(), prop::collection::vec(any::<u8>(), 0..50)), 0..20)) {
            let records: Vec<EventRecord> = records.into_iter().map(|(control, epoch, seq, bytes)| {
                let bytes = Bytes::from(bytes);
                let position = Position { epoch: Epoch(epoch), seq };
                let event = if control { Event::Control(bytes) } else { Event::Movement(position, bytes) };
                EventRecord { store: StoreId::new("S0001").unwrap(), event }
            }).collect();
            prop_assert_eq!(unpack(pack(&records)), Some(records));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(unpack(Bytes::from(bytes)));
        }
    }
}
