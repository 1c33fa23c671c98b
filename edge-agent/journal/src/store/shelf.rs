//! Where the open database stands for all its readers.

use std::sync::{PoisonError, RwLock};

use super::{ReadError, Store};

/// Holds the database, or nothing while it is closed.
///
/// The lock is here because a database with a failed write must be closed
/// before it is opened again, and it can be closed only when no reader is
/// inside: readers hold it shared for one read, the writer thread takes it
/// whole at such a reopening and at the end, at no other time.
#[derive(Debug)]
pub(crate) struct Shelf(RwLock<Option<Store>>);

impl Shelf {
    pub(crate) fn new(store: Store) -> Self {
        Self(RwLock::new(Some(store)))
    }

    /// Reads the database; not for long.
    pub(crate) fn read<T, E: From<ReadError>>(&self, read: impl FnOnce(&Store) -> Result<T, E>) -> Result<T, E> {
        let store = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match store.as_ref() {
            Some(store) => read(store),
            None => Err(E::from(ReadError::Closed)),
        }
    }

    /// Closes the database once its readers have left.
    pub(crate) fn close(&self) {
        let closed = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(closed);
    }

    /// Puts the newly opened database in its place.
    pub(crate) fn put(&self, store: Store) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(store);
    }
}
