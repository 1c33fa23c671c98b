//! What is left of a damaged journal: the database as far as it can be
//! opened, and its logs.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::logs::{self, Log};
use super::tables;
use crate::aside::Aside;
use crate::layout::{Family, Value, decode};
use crate::store::{Opening, ReadError, Scan, Store, Tuning};

/// What is left of a damaged journal.
#[derive(Debug)]
pub(crate) struct Remains {
    /// None if it can't be opened at all.
    store: Option<Store>,
    /// What the logs say beyond it, where the database did not take them in.
    beyond: BTreeMap<(&'static str, Vec<u8>), Option<Vec<u8>>>,
    /// The copy that is read, if it had to be one.
    copy: Option<PathBuf>,
}

impl Drop for Remains {
    fn drop(&mut self) {
        // The database is closed before its copy goes.
        drop(self.store.take());
        if let Some(copy) = &self.copy {
            // What stays is removed before the next copy is made.
            drop(fs::remove_dir_all(copy));
        }
    }
}

impl Remains {
    /// What can be read as it lies. Should the database not open, it is made
    /// anew in a copy, if its tables are not larger than `most`.
    pub(crate) fn of(aside: &Aside, tuning: &Tuning, most: u64) -> Self {
        let path = aside.database();
        let as_it_lies = [Opening::Remains, Opening::Readable];
        let opened = as_it_lies.into_iter().find_map(|opening| Store::look_at_remains(&path, tuning, opening).ok());
        match opened {
            Some(store) => Self { store: Some(store), beyond: BTreeMap::new(), copy: None },
            None => Self::repaired(aside, tuning, most),
        }
    }

    /// What can be read after its tables were put together anew.
    pub(crate) fn repaired(aside: &Aside, tuning: &Tuning, most: u64) -> Self {
        let mut remains = Self { store: None, beyond: BTreeMap::new(), copy: None };
        for (family, key, value) in read_logs(aside).into_iter().flat_map(|log| log.entries) {
            // Movements are taken from the logs by themselves.
            if family != Family::Outbox {
                remains.beyond.insert((family.name(), key), value);
            }
        }
        if bytes_of_tables(&aside.database()) > most {
            return remains;
        }
        let copy = aside.copy();
        // What an earlier attempt left.
        drop(fs::remove_dir_all(&copy));
        remains.copy = Some(copy.clone());
        if copy_database(&aside.database(), &copy).is_ok() && Store::repair(&copy, tuning).is_ok() {
            remains.store = Store::look_at_remains(&copy, tuning, Opening::Readable).ok();
        }
        remains
    }

    /// The database, if it opens.
    pub(crate) const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// A value; none if it is not there or can't be read.
    pub(crate) fn value<V: Value>(&self, family: Family, key: &[u8]) -> Option<V> {
        let bytes = match self.beyond.get(&(family.name(), key.to_vec())) {
            Some(beyond) => beyond.clone(),
            None => self.store.as_ref().and_then(|store| store.get(family, key).ok().flatten()),
        };
        decode(&bytes?).ok()
    }

    /// Entries whose key begins with `prefix`, as far as they can be read.
    pub(crate) fn entries(&self, family: Family, prefix: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let mut found = BTreeMap::new();
        if let Some(store) = &self.store {
            // What could be read before it failed is good.
            let _read = store.scan_prefix(family, prefix, |key, value| {
                found.insert(key.to_vec(), value.to_vec());
                Ok::<_, ReadError>(Scan::On)
            });
        }
        let of_family = self.beyond.iter().filter(|((name, key), _)| *name == family.name() && key.starts_with(prefix));
        for ((_, key), value) in of_family {
            match value {
                Some(value) => drop(found.insert(key.clone(), value.clone())),
                None => drop(found.remove(key)),
            }
        }
        found
    }
}

/// The logs of a damaged database, oldest first.
pub(crate) fn read_logs(aside: &Aside) -> Vec<Log> {
    let mut paths = files(&aside.database(), "log");
    paths.sort();
    paths.iter().filter_map(|path| fs::read(path).ok()).map(|bytes| logs::read(&bytes)).collect()
}

/// What may be movements in each table of a damaged database.
pub(crate) fn read_tables(aside: &Aside) -> impl Iterator<Item = Vec<(Vec<u8>, Vec<u8>)>> {
    let paths = files(&aside.database(), "sst").into_iter();
    paths.filter_map(|path| fs::read(path).ok()).map(|bytes| tables::read(&bytes))
}

fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
}

fn bytes_of_tables(dir: &Path) -> u64 {
    files(dir, "sst").iter().filter_map(|path| fs::metadata(path).ok()).map(|found| found.len()).sum()
}

/// Tables never change, so they are shared; all else is copied.
fn copy_database(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)?.flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if !entry.file_type()?.is_file() || entry.file_name() == "LOCK" {
            continue;
        }
        let is_table = path.extension().is_some_and(|ending| ending == "sst");
        if !is_table || fs::hard_link(&path, &target).is_err() {
            // A file that can't be read is one that is not there.
            let _copied = fs::copy(&path, &target);
        }
    }
    Ok(())
}
