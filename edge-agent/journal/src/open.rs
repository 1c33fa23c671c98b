//! Opening a journal: birth, or reading what is there; what is not whole is
//! set aside.

mod birth;
mod checks;
mod heritage;

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use tidemark_model::{Epoch, Seq, StoreId};

use crate::aside;
use crate::config::Config;
use crate::layout::{FORMAT, Family};
use crate::lock::{DirLock, LockError};
use crate::side::{Mark, SideFile};
use crate::state::State;
use crate::store::{Opening, ReadError, Scan, Store, Tuning};
use birth::bear;
pub(crate) use birth::new_epoch;
use checks::{check_mark, check_tail, damaged, storage_error};
pub(crate) use heritage::{epochs_of, is_of};

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
    /// Something that was written is gone or changed.
    #[error(transparent)]
    Damaged(Box<Damage>),
}

/// What is wrong with a damaged journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the journal in {dir} is damaged: {cause}{}",
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
    /// The side file had no word of a journal that has movements.
    pub(crate) side_lost: bool,
    /// What was wrong with the journal before this one, if it was set aside
    /// just now.
    pub(crate) damage: Option<Damage>,
}

/// A journal that is open again, in the same process.
#[derive(Debug)]
pub(crate) struct Reopened {
    pub(crate) store: Store,
    pub(crate) state: State,
    pub(crate) torn: bool,
}

/// Opens the journal in the folder, or makes it if there is none. One that is
/// damaged is set aside whole, and the box goes on at once in a new one.
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
    aside::finish(config).map_err(folder(&config.asides()))?;
    let (found, damage) = match open_present(config, tuning) {
        Err(OpenError::Damaged(damage)) => {
            aside::set_aside(config, &damage).map_err(folder(&config.asides()))?;
            (open_present(config, tuning)?, Some(*damage))
        }
        other => (other?, None),
    };
    let Present { store, state, side, torn } = found;
    if state.progress.tail == 0 {
        let above = config.dir.parent().filter(|above| !above.as_os_str().is_empty());
        let entries = [Some(config.dir.as_path()), above];
        entries.into_iter().flatten().try_for_each(aside::sync_entries).map_err(folder(&config.dir))?;
    }
    let side_lost = side.written().is_none() && state.progress.tail > 0;
    Ok(Opened { store, state, side, lock, torn, side_lost, damage })
}

/// The journal that lies in the folder, or a new one if none does.
struct Present {
    store: Store,
    state: State,
    side: SideFile,
    torn: bool,
}

fn open_present(config: &Config, tuning: &Tuning) -> Result<Present, OpenError> {
    let side = SideFile::open(&config.side_file());
    let mark = side.written();
    if let Some(verdict) = aside::verdict(config) {
        return Err(damaged(config, verdict, mark, None));
    }
    let (store, torn) = open_database(config, tuning, mark)?;
    let state = read_state(config, tuning, &store, mark)?;
    Ok(Present { store, state, side, torn })
}

/// Opens the database again after a failed write, without a birth.
pub(crate) fn reopen(config: &Config, tuning: &Tuning, mark: Option<Mark>) -> Result<Reopened, OpenError> {
    let (store, torn) = open_in_steps(config, tuning, (mark, Opening::Whole))?;
    let state = read_state(config, tuning, &store, mark)?;
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

fn read_state(config: &Config, tuning: &Tuning, store: &Store, mark: Option<Mark>) -> Result<State, OpenError> {
    let unreadable = |error: ReadError| damaged(config, error.to_string(), mark, None);
    let state = match State::read(store).map_err(unreadable)? {
        Some(Ok(state)) => state,
        Some(Err(newer)) => return Err(OpenError::NewerFormat { dir: config.dir.clone(), found: newer.0 }),
        None => {
            refuse_lost_identity(config, store, mark)?;
            bear(config, tuning, store)?
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
