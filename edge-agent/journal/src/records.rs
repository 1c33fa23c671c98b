//! Movements read back: by position for the uplink, newest first for people,
//! and summed under a bitmap for the proof of what is handled.

use std::collections::BTreeSet;

use bytes::Bytes;
use tidemark_model::digest::stock_digest;
use tidemark_model::limits::BLOCK_SEQS;
use tidemark_model::{Bitmap, Block, BlockIndex, Epoch, Movement, Placed, Position, Seq, SeqSet, StoreId};
use tidemark_sync::message::Record;
use tidemark_wire::decode_movement;

use crate::layout::salvage::{self, KeptEpoch};
use crate::layout::{Family, outbox};
use crate::state::{own_block, read_trimmed_below};
use crate::store::{ReadError, Scan, Store};

/// What is read of positions that were asked for. A position that is trimmed
/// or not yet committed is in neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Movements, ascending by seq.
    pub records: Vec<Record>,
    /// Committed, still to be held, and not readable any more.
    pub unreadable: SeqSet,
    /// Wrapping sum of the movement digests of those, as far as the sums of
    /// their blocks tell it.
    pub unreadable_digest: Option<u64>,
    /// What the storage failed to read just now; it may pass, so these are
    /// asked for again.
    pub not_now: SeqSet,
}

/// Which seqs of an epoch the journal has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: Seq,
    last: Seq,
}

impl Span {
    /// Of the journal's own epoch up to the tail, or of an earlier one that is
    /// taken over; none of any other.
    fn of(store: &Store, (own, tail): (Epoch, Seq), epoch: Epoch) -> Result<Self, ReadError> {
        if epoch == own {
            return Ok(Self { first: read_trimmed_below(store)?, last: tail });
        }
        let kept = store.value::<KeptEpoch>(Family::Meta, &salvage::epoch_key(epoch))?;
        Ok(kept.map_or(Self { first: 1, last: 0 }, |kept| Self { first: kept.first, last: kept.tail }))
    }
}

/// Reads movements of an epoch until `max_bytes` are reached, at least one.
pub(crate) fn read(
    store: &Store,
    own: (Epoch, Seq),
    epoch: Epoch,
    seqs: &SeqSet,
    max_bytes: u64,
) -> Result<Records, ReadError> {
    let mut reading = Reading { epoch, max_bytes, bytes: 0, found: Records::default() };
    let span = Span::of(store, own, epoch)?;
    for range in seqs.ranges() {
        let (first, last) = ((*range.start()).max(span.first), (*range.end()).min(span.last));
        if first > last || reading.is_full() {
            continue;
        }
        reading.range(store, first, last)?;
    }
    if !reading.found.unreadable.is_empty() {
        // What was trimmed or settled while it was read is not unreadable.
        let span = Span::of(store, own, epoch)?;
        reading.found.unreadable.remove(0..=span.first.saturating_sub(1));
        reading.found.unreadable.remove(span.last.saturating_add(1)..=Seq::MAX);
        reading.found.unreadable_digest = digest_of_lost(store, epoch, &reading.found.unreadable)?;
    }
    Ok(reading.found)
}

impl Records {
    /// What a second look says of the seqs that the first could not read: only
    /// what neither could read is lost.
    pub(crate) fn looked_at_again(mut self, again: Self) -> Self {
        self.records.extend(again.records);
        self.records.sort_unstable_by_key(|record| record.seq);
        self.unreadable = again.unreadable;
        self.unreadable_digest = again.unreadable_digest;
        self.not_now.insert_all(&again.not_now);
        self
    }
}

struct Reading {
    epoch: Epoch,
    max_bytes: u64,
    bytes: u64,
    found: Records,
}

impl Reading {
    fn is_full(&self) -> bool {
        self.bytes >= self.max_bytes
    }

    /// Runs through a range; what the run can't pass is read one by one.
    fn range(&mut self, store: &Store, first: Seq, last: Seq) -> Result<(), ReadError> {
        let key = |seq| outbox::key(Position { epoch: self.epoch, seq });
        let (from, below) = (key(first), key(last.saturating_add(1)));
        let mut next = first;
        let run = store.scan(Family::Outbox, &from, Some(&below), |key, value| {
            let position = outbox::read_key(key)?;
            if next < position.seq {
                self.found.unreadable.insert(next..=position.seq - 1);
            }
            next = position.seq.saturating_add(1);
            Ok(self.take(position, value))
        });
        match run {
            Ok(()) if self.is_full() => Ok(()),
            Ok(()) if next > last => Ok(()),
            Ok(()) => {
                self.found.unreadable.insert(next..=last);
                Ok(())
            }
            Err(ReadError::Closed) => Err(ReadError::Closed),
            Err(_) => self.one_by_one(store, next, last),
        }
    }

    fn one_by_one(&mut self, store: &Store, first: Seq, last: Seq) -> Result<(), ReadError> {
        for seq in first..=last {
            let position = Position { epoch: self.epoch, seq };
            let step = match held(store, position)? {
                Held::There(value) => self.take(position, &value),
                Held::Gone => {
                    self.found.unreadable.insert(seq..=seq);
                    Scan::On
                }
                Held::NotNow => {
                    self.found.not_now.insert(seq..=seq);
                    Scan::On
                }
            };
            if step == Scan::Enough {
                break;
            }
        }
        Ok(())
    }

    fn take(&mut self, position: Position, value: &[u8]) -> Scan {
        let Ok(kept) = outbox::read_value(position, value) else {
            self.found.unreadable.insert(position.seq..=position.seq);
            return Scan::On;
        };
        let bytes = Bytes::copy_from_slice(kept.bytes);
        let record = Record { seq: position.seq, digest: Some(kept.digest), bytes };
        if !self.found.records.is_empty() && self.bytes.saturating_add(record.payload()) > self.max_bytes {
            self.bytes = self.max_bytes;
            return Scan::Enough;
        }
        self.bytes = self.bytes.saturating_add(record.payload());
        self.found.records.push(record);
        if self.is_full() { Scan::Enough } else { Scan::On }
    }
}

/// What the sums of the blocks leave for records that can't be read; none if
/// other records of those blocks can't be read either.
fn digest_of_lost(store: &Store, epoch: Epoch, lost: &SeqSet) -> Result<Option<u64>, ReadError> {
    let blocks: BTreeSet<u64> = lost.iter().map(|seq| BlockIndex::of(seq).0).collect();
    let mut digest = 0_u64;
    for block in blocks.into_iter().map(BlockIndex) {
        let Some(own) = own_block(store, epoch, block)? else { return Ok(None) };
        digest = digest.wrapping_add(own.digest);
        let counted = block.first()..block.first().saturating_add(own.count.into());
        if lost.iter().filter(|seq| BlockIndex::of(*seq) == block).any(|seq| !counted.contains(&seq)) {
            // The sums are older than what is lost.
            return Ok(None);
        }
        for seq in counted.filter(|seq| !lost.has(*seq)) {
            let position = Position { epoch, seq };
            let value = held(store, position)?.there();
            let Some(Ok(kept)) = value.as_deref().map(|value| outbox::read_value(position, value)) else {
                return Ok(None);
            };
            digest = digest.wrapping_sub(kept.digest);
        }
    }
    Ok(Some(digest))
}

/// Hands the movements of an epoch from `from` downward to `each`. Where the
/// run meets what can't be read it goes on one by one, for a block at most.
pub(crate) fn newest(
    store: &Store,
    (shop, epoch): (&StoreId, Epoch),
    from: Seq,
    mut each: impl FnMut(Placed) -> Scan,
) -> Result<(), ReadError> {
    let key = |seq| outbox::key(Position { epoch, seq });
    let lowest = read_trimmed_below(store)?.max(1);
    let mut placed = |position, movement| each(Placed { store: shop.clone(), position, movement });
    let (mut next, mut alone) = (from, 0);
    while next >= lowest {
        let run = store.scan_back(Family::Outbox, &key(next), &key(lowest), |key, value| {
            let position = outbox::read_key(key)?;
            next = position.seq.saturating_sub(1);
            Ok(movement_of(position, value).map_or(Scan::On, |movement| placed(position, movement)))
        });
        match run {
            Err(ReadError::Storage(_) | ReadError::Corrupt(_)) if alone < BLOCK_SEQS => alone += 1,
            Ok(()) | Err(ReadError::Storage(_) | ReadError::Corrupt(_)) => return Ok(()),
            Err(other @ (ReadError::Layout(_) | ReadError::Closed)) => return Err(other),
        }
        let position = Position { epoch, seq: next };
        if movement(store, position)?.is_some_and(|movement| placed(position, movement) == Scan::Enough) {
            return Ok(());
        }
        next = next.saturating_sub(1);
    }
    Ok(())
}

/// A movement; none if it is not there or can't be read.
pub(crate) fn movement(store: &Store, position: Position) -> Result<Option<Movement>, ReadError> {
    Ok(held(store, position)?.there().and_then(|value| movement_of(position, &value)))
}

/// What stands at a position.
enum Held {
    There(Vec<u8>),
    /// Nothing, or what the storage itself calls damaged.
    Gone,
    /// The storage failed to read it; that may pass.
    NotNow,
}

impl Held {
    fn there(self) -> Option<Vec<u8>> {
        match self {
            Self::There(value) => Some(value),
            Self::Gone | Self::NotNow => None,
        }
    }
}

/// What stands at a position: one bad record holds nothing else up.
fn held(store: &Store, position: Position) -> Result<Held, ReadError> {
    match store.get(Family::Outbox, &outbox::key(position)) {
        Ok(found) => Ok(found.map_or(Held::Gone, Held::There)),
        Err(ReadError::Corrupt(_)) => Ok(Held::Gone),
        Err(ReadError::Storage(_)) => Ok(Held::NotNow),
        Err(other @ (ReadError::Layout(_) | ReadError::Closed)) => Err(other),
    }
}

fn movement_of(position: Position, value: &[u8]) -> Option<Movement> {
    let kept = outbox::read_value(position, value).ok()?;
    decode_movement(kept.bytes).ok()
}

/// The sums of a block's own records under a bitmap; none if that can't be
/// told, because records are trimmed, unreadable or not the box's.
pub(crate) fn sums_under(
    store: &Store,
    epoch: Epoch,
    block: BlockIndex,
    bitmap: &Bitmap,
) -> Result<Option<Block>, ReadError> {
    let own = own_block(store, epoch, block)?.unwrap_or_default();
    let committed = block.first()..block.first().saturating_add(own.count.into());
    let (inside, outside): (Vec<Seq>, Vec<Seq>) = committed.partition(|seq| bitmap.has(*seq));
    if usize::try_from(bitmap.count()) != Ok(inside.len()) {
        return Ok(None);
    }
    // Whichever is less to read: what is meant, or what is not.
    if inside.len() <= outside.len() {
        let sums = sum_of(store, epoch, &inside)?;
        return Ok(sums.map(|(digest, stock)| Block { bitmap: *bitmap, digest, stock }));
    }
    let sums = sum_of(store, epoch, &outside)?;
    Ok(sums.map(|(digest, stock)| Block {
        bitmap: *bitmap,
        digest: own.digest.wrapping_sub(digest),
        stock: own.stock.wrapping_sub(stock),
    }))
}

fn sum_of(store: &Store, epoch: Epoch, seqs: &[Seq]) -> Result<Option<(u64, u64)>, ReadError> {
    let (mut digests, mut stocks) = (0_u64, 0_u64);
    for seq in seqs {
        let position = Position { epoch, seq: *seq };
        let value = held(store, position)?.there();
        let kept = value.as_deref().and_then(|value| outbox::read_value(position, value).ok());
        let Some((kept, movement)) = kept.and_then(|kept| Some((kept, decode_movement(kept.bytes).ok()?))) else {
            return Ok(None);
        };
        let stock = movement.sku.as_ref().map_or(0, |sku| stock_digest(sku, movement.effect));
        digests = digests.wrapping_add(kept.digest);
        stocks = stocks.wrapping_add(stock);
    }
    Ok(Some((digests, stocks)))
}

/// The sums of those records under a bitmap that can be read, and whether
/// there are others.
pub(crate) fn sums_of_readable(
    store: &Store,
    epoch: Epoch,
    block: BlockIndex,
    bitmap: &Bitmap,
) -> Result<(Block, bool), ReadError> {
    let (mut sums, mut others) = (Block { bitmap: *bitmap, ..Block::default() }, false);
    for seq in bitmap.seqs(block) {
        match sum_of(store, epoch, &[seq])? {
            Some((digest, stock)) => {
                sums.digest = sums.digest.wrapping_add(digest);
                sums.stock = sums.stock.wrapping_add(stock);
            }
            None => others = true,
        }
    }
    Ok((sums, others))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(there: &[Seq], unreadable: &[Seq]) -> Records {
        let record = |seq: &Seq| Record { seq: *seq, digest: None, bytes: Bytes::new() };
        let unreadable = unreadable.iter().copied().collect();
        Records { records: there.iter().map(record).collect(), unreadable, ..Records::default() }
    }

    #[test]
    fn only_what_two_looks_could_not_read_is_named() {
        let both = found(&[1, 4], &[2, 3]).looked_at_again(found(&[2], &[3]));
        assert_eq!(both, found(&[1, 2, 4], &[3]));
        let no_second = found(&[1, 4], &[2, 3]).looked_at_again(Records::default());
        assert_eq!(no_second, found(&[1, 4], &[]), "a look that failed names nothing");
    }
}
