//! The open database and the three ways to it: get, scan, write. Nothing
//! above this file knows RocksDB but for the batch being built.

mod logs;
mod options;
mod shelf;

use std::path::Path;

use rocksdb::{ColumnFamily, ColumnFamilyDescriptor, DB, ReadOptions, WriteBatch, WriteOptions};

use crate::layout::{Family, LayoutError, Value, decode, encode};

pub(crate) use options::{Expiry, Opening, Tuning};
pub(crate) use shelf::Shelf;

/// Why the journal could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The storage below failed; the text is its own. It may pass.
    #[error("the journal's storage can't be read: {0}")]
    Storage(String),
    /// The storage below found bytes that are not what it wrote.
    #[error("the journal's storage is damaged: {0}")]
    Corrupt(String),
    /// Bytes on disk are not what the journal wrote.
    #[error("the journal's storage holds something unexpected: {0}")]
    Layout(String),
    /// The journal is closed, or being opened again after a failed write.
    #[error("the journal is closed at present; it opens again by itself when the disk can be written")]
    Closed,
}

impl From<rocksdb::Error> for ReadError {
    fn from(error: rocksdb::Error) -> Self {
        if error.kind() == rocksdb::ErrorKind::Corruption {
            Self::Corrupt(error.into_string())
        } else {
            Self::Storage(error.into_string())
        }
    }
}

impl From<LayoutError> for ReadError {
    fn from(error: LayoutError) -> Self {
        Self::Layout(error.to_string())
    }
}

/// Whether a write must be on disk before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// On disk before the call returns.
    Synced,
    /// With the next synced write; lost with power until then, never out of
    /// order.
    Later,
}

/// What a scan does after an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    On,
    Enough,
}

/// The open database.
pub(crate) struct Store {
    db: DB,
    tuning: Tuning,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.db.path()).finish_non_exhaustive()
    }
}

/// See [`logs`]. On a disk that takes no writes nothing is opened either: the
/// storage has to lock the database first, and says so.
fn mend_logs(path: &Path) {
    let _left_to_the_storage = logs::mend(path);
}

impl Store {
    pub(crate) fn open(path: &Path, tuning: &Tuning, opening: Opening) -> Result<Self, rocksdb::Error> {
        mend_logs(path);
        let db = DB::open_cf_descriptors(&tuning.database_options(opening), path, families(tuning))?;
        Ok(Self { db, tuning: tuning.clone() })
    }

    /// The database as far as its log can be read, and nothing is changed.
    pub(crate) fn look(path: &Path, tuning: &Tuning) -> Result<Self, rocksdb::Error> {
        mend_logs(path);
        Self::look_at(path, tuning, Opening::Readable, families(tuning))
    }

    /// A damaged database, or what is left of it: with the families it still
    /// has, and nothing is changed.
    pub(crate) fn look_at_remains(path: &Path, tuning: &Tuning, opening: Opening) -> Result<Self, rocksdb::Error> {
        mend_logs(path);
        let there = DB::list_cf(&tuning.database_options(opening), path)?;
        let families = families(tuning).filter(|family| there.iter().any(|name| name == family.name()));
        Self::look_at(path, tuning, opening, families)
    }

    fn look_at(
        path: &Path,
        tuning: &Tuning,
        opening: Opening,
        families: impl Iterator<Item = ColumnFamilyDescriptor>,
    ) -> Result<Self, rocksdb::Error> {
        let db = DB::open_cf_descriptors_read_only(&tuning.database_options(opening), path, families, false)?;
        Ok(Self { db, tuning: tuning.clone() })
    }

    /// Makes a database anew of the tables and logs in a folder; what can't
    /// be read is moved aside within it.
    pub(crate) fn repair(path: &Path, tuning: &Tuning) -> Result<(), rocksdb::Error> {
        mend_logs(path);
        DB::repair(&tuning.database_options(Opening::Readable), path)
    }

    /// The family's handle; every family is made at open.
    fn family(&self, family: Family) -> Result<&ColumnFamily, ReadError> {
        let missing = || ReadError::Layout(format!("the column family {} is missing", family.name()));
        self.db.cf_handle(family.name()).ok_or_else(missing)
    }

    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.db.get_cf(self.family(family)?, key)?)
    }

    pub(crate) fn value<V: Value>(&self, family: Family, key: &[u8]) -> Result<Option<V>, ReadError> {
        let found = self.db.get_pinned_cf(self.family(family)?, key)?;
        Ok(found.map(|bytes| decode(&bytes)).transpose()?)
    }

    /// Hands the entries of a range to `each`, ascending.
    pub(crate) fn scan(
        &self,
        family: Family,
        from: &[u8],
        below: Option<&[u8]>,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<Scan, ReadError>,
    ) -> Result<(), ReadError> {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(from);
        if let Some(below) = below {
            options.set_iterate_upper_bound(below);
        }
        let mut iterator = self.db.raw_iterator_cf_opt(self.family(family)?, options);
        iterator.seek(from);
        while let Some((key, value)) = iterator.item() {
            if each(key, value)? == Scan::Enough {
                return Ok(());
            }
            iterator.next();
        }
        Ok(iterator.status()?)
    }

    /// Hands the entries of a range to `each`, descending.
    pub(crate) fn scan_back(
        &self,
        family: Family,
        from: &[u8],
        down_to: &[u8],
        mut each: impl FnMut(&[u8], &[u8]) -> Result<Scan, ReadError>,
    ) -> Result<(), ReadError> {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(down_to);
        let mut iterator = self.db.raw_iterator_cf_opt(self.family(family)?, options);
        iterator.seek_for_prev(from);
        while let Some((key, value)) = iterator.item() {
            if each(key, value)? == Scan::Enough {
                return Ok(());
            }
            iterator.prev();
        }
        Ok(iterator.status()?)
    }

    /// Hands the entries whose key begins with `prefix` to `each`, ascending.
    pub(crate) fn scan_prefix(
        &self,
        family: Family,
        prefix: &[u8],
        each: impl FnMut(&[u8], &[u8]) -> Result<Scan, ReadError>,
    ) -> Result<(), ReadError> {
        let below = after_prefix(prefix);
        self.scan(family, prefix, below.as_deref(), each)
    }

    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch { store: self, writes: WriteBatch::default() }
    }

    /// Writes a batch: all of it or nothing.
    pub(crate) fn write(&self, writes: WriteBatch, durability: Durability) -> Result<(), ReadError> {
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Synced && self.tuning.syncs());
        Ok(self.db.write_opt(writes, &options)?)
    }

    /// Frees whole files of what a batch has deleted already, up to and with
    /// `last`: the storage takes a file that ends with that key too.
    pub(crate) fn free_range(&self, family: Family, from: &[u8], last: &[u8]) -> Result<(), ReadError> {
        Ok(self.db.delete_file_in_range_cf(self.family(family)?, from, last)?)
    }

    /// Syncs what was written to be synced later.
    pub(crate) fn sync(&self) -> Result<(), ReadError> {
        Ok(self.db.flush_wal(self.tuning.syncs())?)
    }

    /// Everything of a family in files, none of them of the newest kind.
    #[cfg(test)]
    pub(crate) fn settle(&self, family: Family) -> Result<(), ReadError> {
        let family = self.family(family)?;
        self.db.flush_cf(family)?;
        self.db.compact_range_cf(family, None::<&[u8]>, None::<&[u8]>);
        Ok(())
    }

    /// Syncs of the log that the storage itself has counted; none if it does
    /// not count.
    pub(crate) fn syncs_of_storage(&self) -> Option<u64> {
        self.tuning.log_syncs()
    }
}

fn families(tuning: &Tuning) -> impl Iterator<Item = ColumnFamilyDescriptor> {
    Family::ALL.into_iter().map(|family| ColumnFamilyDescriptor::new(family.name(), tuning.family_options(family)))
}

/// The first key after all that begin with `prefix`.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut after = prefix.to_vec();
    while let Some(last) = after.pop() {
        if last < u8::MAX {
            after.push(last + 1);
            return Some(after);
        }
    }
    None
}

/// A batch being built.
pub(crate) struct Batch<'a> {
    store: &'a Store,
    pub(crate) writes: WriteBatch,
}

impl Batch<'_> {
    pub(crate) fn put(&mut self, family: Family, key: &[u8], value: &[u8]) -> Result<(), ReadError> {
        self.writes.put_cf(self.store.family(family)?, key, value);
        Ok(())
    }

    pub(crate) fn put_value<V: Value>(&mut self, family: Family, key: &[u8], value: &V) -> Result<(), ReadError> {
        self.put(family, key, &encode(value))
    }

    pub(crate) fn delete(&mut self, family: Family, key: &[u8]) -> Result<(), ReadError> {
        self.writes.delete_cf(self.store.family(family)?, key);
        Ok(())
    }

    pub(crate) fn delete_range(&mut self, family: Family, from: &[u8], below: &[u8]) -> Result<(), ReadError> {
        self.writes.delete_range_cf(self.store.family(family)?, from, below);
        Ok(())
    }
}
