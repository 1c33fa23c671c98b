//! Damaged journals, set aside whole: `aside/<number>/` holds the database
//! and the side file as they were found, and in `why` what was wrong.
//!
//! Setting aside is a few renames. Cut off in the middle it is finished at the
//! next open. The last [`limits::ASIDES`] are kept, and an older one as long as
//! it may still hold what was not taken over, up to a bound.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::limits;
use crate::open::Damage;

/// A journal that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aside {
    pub(crate) number: u32,
    dir: PathBuf,
}

impl Aside {
    fn of(config: &Config, number: u32) -> Self {
        Self { number, dir: config.asides().join(format!("{number:06}")) }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.join("db")
    }

    pub(crate) fn side_file(&self) -> PathBuf {
        self.dir.join("tail")
    }

    /// A copy to be worked on; whoever makes it removes it.
    pub(crate) fn copy(&self) -> PathBuf {
        self.dir.join("copy")
    }

    fn why_file(&self) -> PathBuf {
        self.dir.join("why")
    }

    /// What was wrong with it.
    pub(crate) fn why(&self) -> String {
        fs::read_to_string(self.why_file()).unwrap_or_else(|_lost| "the note of the cause is lost".to_owned())
    }

    pub(crate) fn remove(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.dir)
    }
}

/// What is set aside, oldest first.
pub(crate) fn all(config: &Config) -> Vec<Aside> {
    let Ok(entries) = fs::read_dir(config.asides()) else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| Aside::of(config, number)).collect()
}

/// Moves the journal out of the way, with what is wrong with it.
pub(crate) fn set_aside(config: &Config, damage: &Damage) -> io::Result<Aside> {
    let number = all(config).last().map_or(1, |newest| newest.number.saturating_add(1));
    let aside = Aside::of(config, number);
    fs::create_dir_all(&aside.dir)?;
    let mut why = fs::File::create(aside.why_file())?;
    why.write_all(damage.to_string().as_bytes())?;
    why.sync_all()?;
    move_there(config, &aside)?;
    Ok(aside)
}

/// Finishes what was cut off: a database that has gone there without the rest.
pub(crate) fn finish(config: &Config) -> io::Result<()> {
    let Some(newest) = all(config).pop() else { return Ok(()) };
    let cut_off = newest.database().exists() && !newest.side_file().exists() && !config.database().exists();
    if cut_off { move_there(config, &newest) } else { Ok(()) }
}

/// The database first: from then on it is known where the rest belongs. The
/// verdict goes last, for while it stands all of it is to go.
fn move_there(config: &Config, aside: &Aside) -> io::Result<()> {
    move_if_there(&config.database(), &aside.database())?;
    move_if_there(&config.side_file(), &aside.side_file())?;
    sync_entries(&aside.dir)?;
    sync_entries(&config.asides())?;
    sync_entries(&config.dir)?;
    match fs::remove_file(config.verdict_file()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => sync_entries(&config.dir),
    }
}

fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Notes that the journal is to be set aside at the next open.
pub(crate) fn condemn(config: &Config, cause: &str) -> io::Result<()> {
    let mut file = fs::File::create(config.verdict_file())?;
    file.write_all(cause.as_bytes())?;
    file.sync_all()?;
    sync_entries(&config.dir)
}

/// Why the journal is to be set aside, if it is.
pub(crate) fn verdict(config: &Config) -> Option<String> {
    fs::read_to_string(config.verdict_file()).ok()
}

/// Lets go of the oldest: those beyond the last few of which everything was
/// taken over, and whatever is beyond the bound.
pub(crate) fn prune(config: &Config, is_done: impl Fn(u32) -> bool) -> Vec<u32> {
    let all = all(config);
    let (count, mut gone) = (all.len(), Vec::new());
    for (place, aside) in all.into_iter().enumerate() {
        let younger = count - place - 1;
        let goes = younger >= limits::ASIDES_AT_MOST || (younger >= limits::ASIDES && is_done(aside.number));
        // One that can't be removed is tried again with the next.
        if goes && aside.remove().is_ok() {
            gone.push(aside.number);
        }
    }
    gone
}

/// Lets go of all of which everything was taken over.
pub(crate) fn remove_all(config: &Config, is_done: impl Fn(u32) -> bool) {
    for aside in all(config).into_iter().filter(|aside| is_done(aside.number)) {
        // One that can't be removed is tried again at the next look.
        let _removed = aside.remove();
    }
}

/// A new folder and what is in it are on disk only when the folders are.
#[cfg(unix)]
pub(crate) fn sync_entries(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

/// Folders can't be synced by themselves here; the file system does it.
#[cfg(not(unix))]
pub(crate) fn sync_entries(_dir: &Path) -> io::Result<()> {
    Ok(())
}
