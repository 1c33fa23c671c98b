//! What is looked at before a journal counts as whole, and what a storage's
//! error means.

use tidemark_model::{Position, Seq};

use super::{Damage, OpenError};
use crate::config::Config;
use crate::layout::progress::chained;
use crate::layout::salvage::{KeptEpoch, forked_key};
use crate::layout::{Family, outbox};
use crate::limits::PROVEN_AT_OPEN;
use crate::side::Mark;
use crate::state::State;
use crate::store::{ReadError, Store};

/// The tail's movement is there and none beyond it.
pub(super) fn check_tail(store: &Store, state: &State) -> Result<Result<(), String>, ReadError> {
    let (epoch, tail) = (state.identity.epoch, state.progress.tail);
    let has = |seq| Ok::<bool, ReadError>(store.get(Family::Outbox, &outbox::key(Position { epoch, seq }))?.is_some());
    if tail >= state.trimmed_below && !has(tail)? {
        return Ok(Err(format!("movement {tail}, the last committed, is not there")));
    }
    if has(tail.saturating_add(1))? {
        return Ok(Err(format!("a movement stands after {tail}, the last committed")));
    }
    Ok(Ok(()))
}

/// The database reaches what the side file knows, by the same chain.
pub(super) fn check_mark(config: &Config, store: &Store, state: &State, mark: Mark) -> Result<(), OpenError> {
    let (epoch, tail) = (state.identity.epoch, state.progress.tail);
    if mark.epoch != epoch && is_left(store, mark) {
        return Ok(());
    }
    if mark.epoch != epoch {
        let cause = format!("the side file speaks of epoch {}, the database is of epoch {epoch}", mark.epoch);
        return Err(damaged(config, cause, Some(mark), None));
    }
    if mark.tail > tail {
        let cause = format!("it ends at movement {tail}, but the side file knows movement {}", mark.tail);
        return Err(damaged(config, cause, Some(mark), Some(tail)));
    }
    if tail - mark.tail > PROVEN_AT_OPEN || mark.tail.saturating_add(1) < state.trimmed_below {
        return Ok(());
    }
    let mut chain = mark.chain;
    for seq in mark.tail + 1..=tail {
        let position = Position { epoch, seq };
        let value = store.get(Family::Outbox, &outbox::key(position));
        let value = value.map_err(|error| damaged(config, error.to_string(), Some(mark), None))?;
        let kept = value.as_deref().map(|value| outbox::read_value(position, value));
        let Some(Ok(kept)) = kept else {
            return Err(damaged(config, format!("movement {seq} can't be read"), Some(mark), None));
        };
        chain = chained(chain, kept.digest);
    }
    if chain == state.progress.chain {
        return Ok(());
    }
    let cause = format!("its movements up to {} are not those that the side file knows", mark.tail);
    Err(damaged(config, cause, Some(mark), None))
}

/// Whether a mark is of an epoch that was left for another one: the file is
/// written after that.
fn is_left(store: &Store, mark: Mark) -> bool {
    let kept = store.value::<KeptEpoch>(Family::Meta, &forked_key(mark.epoch));
    matches!(kept, Ok(Some(kept)) if mark.tail <= kept.tail)
}

/// `readable` is how far it reaches, if that is known.
pub(super) fn damaged(config: &Config, cause: String, mark: Option<Mark>, readable: Option<Seq>) -> OpenError {
    let short = mark.zip(readable).map(|(mark, readable)| readable.saturating_add(1)..=mark.tail);
    let missing = short.filter(|seqs| !seqs.is_empty());
    OpenError::Damaged(Box::new(Damage { dir: config.dir.clone(), cause, epoch: mark.map(|mark| mark.epoch), missing }))
}

/// Whether the storage calls it damage, or only can't work at present.
pub(super) fn storage_error(config: &Config, error: rocksdb::Error, mark: Option<Mark>) -> OpenError {
    let kind = error.kind();
    let cause = error.into_string();
    let passing = [
        "No space left",
        "Disk quota",
        "File too large",
        "Permission denied",
        "Read-only file system",
        "Too many open files",
        "Cannot allocate memory",
    ];
    let for_now = passing.iter().any(|words| cause.contains(words));
    match kind {
        // A family that a newer release made.
        rocksdb::ErrorKind::InvalidArgument if cause.contains("Column families not opened") => {
            OpenError::Storage { dir: config.dir.clone(), cause }
        }
        rocksdb::ErrorKind::IOError if for_now => OpenError::Storage { dir: config.dir.clone(), cause },
        rocksdb::ErrorKind::Busy
        | rocksdb::ErrorKind::TimedOut
        | rocksdb::ErrorKind::TryAgain
        | rocksdb::ErrorKind::Aborted
        | rocksdb::ErrorKind::ShutdownInProgress => OpenError::Storage { dir: config.dir.clone(), cause },
        rocksdb::ErrorKind::NotFound
        | rocksdb::ErrorKind::Corruption
        | rocksdb::ErrorKind::NotSupported
        | rocksdb::ErrorKind::InvalidArgument
        | rocksdb::ErrorKind::IOError
        | rocksdb::ErrorKind::MergeInProgress
        | rocksdb::ErrorKind::Incomplete
        | rocksdb::ErrorKind::Expired
        | rocksdb::ErrorKind::CompactionTooLarge
        | rocksdb::ErrorKind::ColumnFamilyDropped
        | rocksdb::ErrorKind::Unknown => damaged(config, cause, mark, None),
    }
}
