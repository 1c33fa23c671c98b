//! Opening a journal: birth, or reading what is there and refusing what is
//! not whole.

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use tidemark_model::{BoxId, Epoch, Position, Seq, StoreId};

use crate::config::Config;
use crate::layout::identity::{Identity, KeptIdentity};
use crate::layout::progress::chained;
use crate::layout::{FORMAT, Family, meta, outbox};
use crate::limits::PROVEN_AT_OPEN;
use crate::lock::{DirLock, LockError};
use crate::side::{Mark, SideFile};
use crate::state::State;
use crate::store::{Durability, Opening, ReadError, Scan, Store, Tuning};

/// Why a journal was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the journal in {dir} is in use by {}; stop that one first", holder(*.by))]
    InUse {
        /// Where it lies.
        dir: PathBuf,
        /// The other process, if it could be told.
        by: Option<u32>,
    },
    /// The folder or a file in it can't be used.
    #[error("{path} can't be used: {cause}; check that the disk is mounted and belongs to the agent's user")]
    Folder {
        /// Which.
        path: PathBuf,
        /// The system's word.
        #[source]
        cause: io::Error,
    },
    /// It belongs to another shop.
    #[error("the journal in {dir} belongs to store {found}, not to {wanted}; use the right data folder or store id")]
    OtherStore {
        /// Where it lies.
        dir: PathBuf,
        /// Whose it is.
        found: StoreId,
        /// Whose was asked for.
        wanted: StoreId,
    },
    /// It was written by a newer release.
    #[error("the journal in {dir} has format {found}, this release knows up to {FORMAT}; install the newer release")]
    NewerFormat {
        /// Where it lies.
        dir: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The system gave no random bits for the epoch.
    #[error("the system gave no random bits, which a new journal needs: {0}")]
    NoRandomness(String),
    /// The storage below can't be opened for want of room, rights or files.
    #[error("the journal in {dir} can't be opened at present: {cause}")]
    Storage {
        /// Where it lies.
        dir: PathBuf,
        /// The storage's word.
        cause: String,
    },
    /// Something that was written is gone or changed. Nothing was touched.
    #[error(transparent)]
    Damaged(Box<Damage>),
}

/// What is wrong with a damaged journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the journal in {dir} is damaged: {cause}{}. Nothing was changed; set the folder aside, keep it for repair, \
     and start with an empty one: the box goes on in a new epoch",
    missing_words(.missing.as_ref())
)]
pub struct Damage {
    /// Where it lies.
    pub dir: PathBuf,
    /// What was found.
    pub cause: String,
    /// Its epoch, if that could be read.
    pub epoch: Option<Epoch>,
    /// The seqs that were committed and are gone, where that is known.
    pub missing: Option<RangeInclusive<Seq>>,
}

fn holder(by: Option<u32>) -> String {
    by.map_or_else(|| "another process".to_owned(), |by| format!("process {by}"))
}

fn missing_words(missing: Option<&RangeInclusive<Seq>>) -> String {
    missing.map_or_else(String::new, |seqs| format!("; movements {} to {} are missing", seqs.start(), seqs.end()))
}

/// A journal that is open, before its threads.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) state: State,
    pub(crate) side: SideFile,
    pub(crate) lock: DirLock,
    /// The end of the log was torn, behind all that is known.
    pub(crate) torn: bool,
}

/// A journal that is open again, in the same process.
#[derive(Debug)]
pub(crate) struct Reopened {
    pub(crate) store: Store,
    pub(crate) state: State,
    pub(crate) torn: bool,
}

/// Opens the journal in the folder, or makes it if there is none.
pub(crate) fn open(config: &Config, tuning: &Tuning) -> Result<Opened, OpenError> {
    let folder = |path: &Path| {
        let path = path.to_owned();
        move |cause| OpenError::Folder { path, cause }
    };
    if !config.dir.is_dir() {
        std::fs::create_dir(&config.dir).map_err(folder(&config.dir))?;
    }
    let lock = DirLock::take(&config.lock_file()).map_err(|error| match error {
        LockError::Held { by } => OpenError::InUse { dir: config.dir.clone(), by },
        LockError::Io(cause) => OpenError::Folder { path: config.lock_file(), cause },
    })?;
    let (side, mark) = SideFile::open(&config.side_file()).map_err(folder(&config.side_file()))?;
    let (store, torn) = open_database(config, tuning, mark)?;
    let state = read_state(config, &store, mark)?;
    if state.progress.tail == 0 {
        sync_entries(&config.dir).map_err(folder(&config.dir))?;
    }
    Ok(Opened { store, state, side, lock, torn })
}

/// Opens the database again after a failed write, without a birth.
pub(crate) fn reopen(config: &Config, tuning: &Tuning, mark: Option<Mark>) -> Result<Reopened, OpenError> {
    let (store, torn) = open_in_steps(config, tuning, (mark, Opening::Whole))?;
    let state = read_state(config, &store, mark)?;
    Ok(Reopened { store, state, torn })
}

fn open_database(config: &Config, tuning: &Tuning, mark: Option<Mark>) -> Result<(Store, bool), OpenError> {
    let path = config.database();
    let birth = !path.join("CURRENT").exists();
    if birth {
        refuse_birth_over_remains(config, &path, mark)?;
    }
    let opening = if birth || is_unborn(&path) { Opening::Birth } else { Opening::Whole };
    open_in_steps(config, tuning, (mark, opening))
}

/// A log that goes on behind something torn is refused at first: it may have
/// lost what was saved. Power that goes can tear what was not yet synced so;
/// if all that is known to have been saved can be read, it is opened up to
/// there. True if so.
fn open_in_steps(
    config: &Config,
    tuning: &Tuning,
    (mark, opening): (Option<Mark>, Opening),
) -> Result<(Store, bool), OpenError> {
    let path = config.database();
    let refused = match Store::open(&path, tuning, opening) {
        Ok(store) => return Ok((store, false)),
        Err(error) => storage_error(config, error, mark),
    };
    let (Some(mark), OpenError::Damaged(_)) = (mark, &refused) else { return Err(refused) };
    // Looked at first: nothing is changed before it is known to be healthy.
    let Ok(look) = Store::look(&path, tuning) else { return Err(refused) };
    let Ok(Some(Ok(state))) = State::read(&look) else { return Err(refused) };
    let reaches = check_tail(&look, &state);
    reaches.ok().and_then(Result::ok).ok_or(refused)?;
    check_mark(config, &look, &state, mark)?;
    drop(look);
    let store = Store::open(&path, tuning, Opening::Readable);
    Ok((store.map_err(|error| storage_error(config, error, Some(mark)))?, true))
}

/// A new folder and what is in it are on disk only when the folders are.
#[cfg(unix)]
fn sync_entries(dir: &Path) -> io::Result<()> {
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty());
    [Some(dir), above].into_iter().flatten().try_for_each(|folder| std::fs::File::open(folder)?.sync_all())
}

/// Folders can't be synced by themselves here; the file system does it.
#[cfg(not(unix))]
fn sync_entries(_dir: &Path) -> io::Result<()> {
    Ok(())
}

/// A database whose making was cut off holds no table file yet.
fn is_unborn(path: &Path) -> bool {
    files_with(path, &["sst"]).is_empty()
}

/// A folder without a database is a birth only if nothing speaks of an
/// earlier life.
fn refuse_birth_over_remains(config: &Config, path: &Path, mark: Option<Mark>) -> Result<(), OpenError> {
    let remains = files_with(path, &["sst", "log"]);
    if !remains.is_empty() {
        let cause = format!("the file CURRENT is gone, but {} remain", remains.join(", "));
        return Err(damaged(config, cause, mark, None));
    }
    match mark {
        Some(mark) if mark.tail > 0 => {
            Err(damaged(config, "the database is gone, but the side file speaks of it".to_owned(), Some(mark), Some(0)))
        }
        Some(_) | None => Ok(()),
    }
}

fn files_with(path: &Path, endings: &[&str]) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let names = entries.flatten().map(|entry| PathBuf::from(entry.file_name()));
    let wanted = |name: &PathBuf| name.extension().is_some_and(|found| endings.iter().any(|ending| found == *ending));
    names.filter(wanted).map(|name| name.display().to_string()).collect()
}

fn read_state(config: &Config, store: &Store, mark: Option<Mark>) -> Result<State, OpenError> {
    let unreadable = |error: ReadError| damaged(config, error.to_string(), mark, None);
    let state = match State::read(store).map_err(unreadable)? {
        Some(Ok(state)) => state,
        Some(Err(newer)) => return Err(OpenError::NewerFormat { dir: config.dir.clone(), found: newer.0 }),
        None => {
            refuse_lost_identity(config, store, mark)?;
            bear(config, store)?
        }
    };
    if state.identity.store != config.store {
        let (found, wanted) = (state.identity.store, config.store.clone());
        return Err(OpenError::OtherStore { dir: config.dir.clone(), found, wanted });
    }
    check_tail(store, &state).map_err(unreadable)?.map_err(|cause| damaged(config, cause, mark, None))?;
    if let Some(mark) = mark {
        check_mark(config, store, &state, mark)?;
    }
    Ok(state)
}

/// A database without identity is a birth that was cut off, or has lost it.
fn refuse_lost_identity(config: &Config, store: &Store, mark: Option<Mark>) -> Result<(), OpenError> {
    let mut empty = true;
    let first = store.scan(Family::Outbox, &[], None, |_key, _value| {
        empty = false;
        Ok(Scan::Enough)
    });
    first.map_err(|error| damaged(config, error.to_string(), mark, None))?;
    if empty && mark.is_none_or(|mark| mark.tail == 0) {
        return Ok(());
    }
    Err(damaged(config, "the database has lost its identity".to_owned(), mark, None))
}

/// Draws the identity of a new journal and syncs it.
fn bear(config: &Config, store: &Store) -> Result<State, OpenError> {
    let (mut epoch, mut box_id) = ([0; 8], [0; 16]);
    for bytes in [epoch.as_mut_slice(), box_id.as_mut_slice()] {
        getrandom::fill(bytes).map_err(|error| OpenError::NoRandomness(error.to_string()))?;
    }
    // A random UUID says so in two places (RFC 9562, section 5.4).
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut box_id;
    *version = *version & 0x0f | 0x40;
    *variant = *variant & 0x3f | 0x80;
    let epoch = Epoch(u64::from_be_bytes(epoch));
    let identity = Identity { store: config.store.clone(), box_id: BoxId(box_id), epoch };
    let storage = |error: ReadError| OpenError::Storage { dir: config.dir.clone(), cause: error.to_string() };
    let mut batch = store.batch();
    batch.put_value(Family::Meta, &meta::IDENTITY, &KeptIdentity::Known(identity)).map_err(storage)?;
    let writes = batch.writes;
    store.write(writes, Durability::Synced).map_err(storage)?;
    match State::read(store).map_err(storage)? {
        Some(Ok(state)) => Ok(state),
        Some(Err(_)) | None => {
            Err(OpenError::Storage { dir: config.dir.clone(), cause: "a new identity can't be read back".to_owned() })
        }
    }
}

/// The tail's movement is there and none beyond it.
fn check_tail(store: &Store, state: &State) -> Result<Result<(), String>, ReadError> {
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
fn check_mark(config: &Config, store: &Store, state: &State, mark: Mark) -> Result<(), OpenError> {
    let (epoch, tail) = (state.identity.epoch, state.progress.tail);
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

/// `readable` is how far it reaches, if that is known.
fn damaged(config: &Config, cause: String, mark: Option<Mark>, readable: Option<Seq>) -> OpenError {
    let short = mark.zip(readable).map(|(mark, readable)| readable.saturating_add(1)..=mark.tail);
    let missing = short.filter(|seqs| !seqs.is_empty());
    OpenError::Damaged(Box::new(Damage { dir: config.dir.clone(), cause, epoch: mark.map(|mark| mark.epoch), missing }))
}

/// Whether the storage calls it damage, or only can't work at present.
fn storage_error(config: &Config, error: rocksdb::Error, mark: Option<Mark>) -> OpenError {
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
