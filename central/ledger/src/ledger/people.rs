//! Users of the console and their sessions, on either database.

use super::Ledger;
use crate::error::LedgerError;
use crate::people::{Kept, OpenSession, SessionRow, UserRow};

impl Ledger {
    /// Makes a user without a password; [`LedgerError::Exists`] if it is
    /// there.
    pub async fn add_user(&self, name: &str, role: &str) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.add_user(name, role).await)
    }

    /// All users, by name.
    pub async fn users(&self) -> Result<Vec<UserRow>, LedgerError> {
        on!(self, ledger => ledger.users().await)
    }

    /// One user.
    pub async fn user(&self, name: &str) -> Result<Option<UserRow>, LedgerError> {
        on!(self, ledger => ledger.user(name).await)
    }

    /// Gives a user another role; true if it is there.
    pub async fn set_role(&self, name: &str, role: &str) -> Result<bool, LedgerError> {
        on!(self, ledger => ledger.set_role(name, role).await)
    }

    /// Sets a password by its hash; links and sessions of before end. True if
    /// the user is there.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<bool, LedgerError> {
        on!(self, ledger => ledger.set_password(name, password).await)
    }

    /// Lets a user in no more, or again; links and sessions end. True if the
    /// user is there.
    pub async fn disable_user(&self, name: &str, disabled: bool) -> Result<bool, LedgerError> {
        on!(self, ledger => ledger.disable_user(name, disabled).await)
    }

    /// Keeps a link by which a user sets the password; true if the user is
    /// there.
    pub async fn add_link(&self, name: &str, kept: Kept) -> Result<bool, LedgerError> {
        on!(self, ledger => ledger.add_link(name, kept).await)
    }

    /// Whose link it is, if it is still good.
    pub async fn link(&self, hash: [u8; 32]) -> Result<Option<String>, LedgerError> {
        on!(self, ledger => ledger.link(hash).await)
    }

    /// Uses up a link and sets the password by its hash; whose it is, none if
    /// the link is not good any more.
    pub async fn use_link(&self, hash: [u8; 32], password: &str) -> Result<Option<String>, LedgerError> {
        on!(self, ledger => ledger.use_link(hash, password).await)
    }

    /// Begins a session; with a role if the user is of another directory.
    pub async fn begin_session(&self, name: &str, role: Option<&str>, kept: Kept) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.begin_session(name, role, kept).await)
    }

    /// Whose session it is, if it goes on.
    pub async fn session(&self, hash: [u8; 32]) -> Result<Option<SessionRow>, LedgerError> {
        on!(self, ledger => ledger.session(hash).await)
    }

    /// Ends a session.
    pub async fn end_session(&self, hash: [u8; 32]) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.end_session(hash).await)
    }

    /// The sessions that go on, newest first.
    pub async fn sessions(&self) -> Result<Vec<OpenSession>, LedgerError> {
        on!(self, ledger => ledger.sessions().await)
    }

    /// Ends all sessions of a name, also of a person of the directory; how
    /// many there were.
    pub async fn end_sessions_of(&self, name: &str) -> Result<u64, LedgerError> {
        on!(self, ledger => ledger.end_sessions_of(name).await)
    }

    /// What cookies are signed with: this, if there is nothing yet.
    pub async fn console_key(&self, fresh: [u8; 32]) -> Result<[u8; 32], LedgerError> {
        on!(self, ledger => ledger.console_key(fresh).await)
    }
}
