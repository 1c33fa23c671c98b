//! Why the ledger did not do what was asked.

use sqlx::Error as SqlError;

/// Why a question or a change failed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database does not answer or refused for a passing reason.
    #[error("the database can't do it now: {0}")]
    Unavailable(#[source] SqlError),
    /// The database refuses this data for good.
    #[error("the database refuses this data: {0}")]
    Data(#[source] SqlError),
    /// The database belongs to a newer release.
    #[error("the database has schema {found}, this release knows {known}; start the newer release")]
    Newer {
        /// What it has.
        found: i64,
        /// What we know.
        known: i64,
    },
    /// The database runs with a setting under which the ledger can't keep its
    /// promises.
    #[error("the database runs with {name} = {found}; the ledger needs {wanted}: set it and start again")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// As it is.
        found: String,
        /// As it has to be.
        wanted: &'static str,
    },
    /// Something that is kept can't be read back.
    #[error("what is kept can't be read: {0}")]
    Kept(String),
    /// A name that is taken.
    #[error("{0} is there already")]
    Exists(String),
    /// A catalogue that has an item or a code twice.
    #[error("the catalogue has {0} twice; give it once")]
    Twice(String),
    /// A store that is not known.
    #[error("there is no store {0}; import it first")]
    UnknownStore(String),
}

/// Why a batch was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another applier moved the position: forget all, read again, seek.
    #[error("another applier has moved the position of partition {0}")]
    Fenced(u32),
    /// Anything else.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<SqlError> for LedgerError {
    fn from(error: SqlError) -> Self {
        if is_data(&error) { Self::Data(error) } else { Self::Unavailable(error) }
    }
}

impl From<SqlError> for ApplyError {
    fn from(error: SqlError) -> Self {
        Self::Ledger(error.into())
    }
}

/// Whether the data is at fault: SQLSTATE classes 22 and 23 of PostgreSQL,
/// constraint, mismatch and size errors of SQLite.
fn is_data(error: &SqlError) -> bool {
    let Some(code) = error.as_database_error().and_then(|error| error.code()) else {
        return matches!(error, SqlError::Encode(_));
    };
    let sqlite = ["19", "20", "18"]
        .iter()
        .any(|primary| code.parse::<u32>().is_ok_and(|full| (full & 0xff).to_string() == **primary && code.len() <= 4));
    (code.len() == 5 && (code.starts_with("22") || code.starts_with("23"))) || sqlite
}
