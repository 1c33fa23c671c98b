//! Who calls: known from the credential that was shown, told to the audit.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::AuditEntry;

use super::Role;

/// Whoever calls from the centre's own machine without a credential.
const LOCAL: &str = "local";

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// A token's or a user's name.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
}

impl Caller {
    /// Somebody on the centre's own machine.
    pub(crate) fn local() -> Self {
        Self { name: LOCAL.to_owned(), role: Role::Admin }
    }

    /// A change by this caller, as it is noted.
    pub(crate) fn does(&self, action: &str) -> AuditEntry {
        AuditEntry::of(&self.name, self.role.word(), action)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let known = parts.extensions.get::<Self>().cloned();
        // Every guarded route is behind the entry, which knows who comes in.
        known.ok_or_else(|| Problem::of(&problem::UNAUTHORIZED, "nobody said who asks"))
    }
}
