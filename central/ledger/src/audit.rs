//! The audit: who changed what, when and why. A change is noted in its own
//! transaction: a [`crate::Ledger`] that was asked to write [`crate::Ledger::by`]
//! somebody notes it with whatever it changes.

/// Bytes of what is noted; what is longer is cut.
const NAME_BYTES: usize = 256;
const REASON_BYTES: usize = 2 * 1024;
const DETAIL_BYTES: usize = 16 * 1024;

/// A change, as it is to be noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who: a token, a user, or the command line of the centre's machine.
    pub who: String,
    /// By which role; empty if nobody had one.
    pub role: String,
    /// What was done, such as `stores.import`.
    pub action: String,
    /// The shop it is about; empty if it is about none.
    pub store: String,
    /// What it is about, such as a letter or a token.
    pub subject: String,
    /// Why, in the person's words.
    pub reason: String,
    /// What exactly, as JSON; may be empty.
    pub detail: String,
}

impl AuditEntry {
    /// Somebody did something.
    #[must_use]
    pub fn of(who: &str, role: &str, action: &str) -> Self {
        Self { who: who.to_owned(), role: role.to_owned(), action: action.to_owned(), ..Self::default() }
    }

    /// About a shop.
    #[must_use]
    pub fn at(mut self, store: &str) -> Self {
        store.clone_into(&mut self.store);
        self
    }

    /// About a thing.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// For a reason.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        reason.clone_into(&mut self.reason);
        self
    }

    /// With what exactly was done.
    #[must_use]
    pub fn with(mut self, detail: impl std::fmt::Display) -> Self {
        self.detail = detail.to_string();
        self
    }

    /// As it is kept: what is longer than a row may hold is cut.
    pub(crate) fn bounded(&self) -> Self {
        let cut = |text: &str, most: usize| text.get(..text.floor_char_boundary(most)).unwrap_or_default().to_owned();
        Self {
            who: cut(&self.who, NAME_BYTES),
            role: cut(&self.role, NAME_BYTES),
            action: cut(&self.action, NAME_BYTES),
            store: cut(&self.store, NAME_BYTES),
            subject: cut(&self.subject, NAME_BYTES),
            reason: cut(&self.reason, REASON_BYTES),
            detail: cut(&self.detail, DETAIL_BYTES),
        }
    }
}

/// A change that was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, by which lists are paged.
    pub number: i64,
    /// When, in milliseconds since 1970 by the database's clock.
    pub at: i64,
    /// What was noted.
    pub entry: AuditEntry,
}

/// Which changes are asked for; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By whom.
    pub who: Option<String>,
    /// What; `stores` is also `stores.import`.
    pub action: Option<String>,
    /// About which shop.
    pub store: Option<String>,
    /// About which thing.
    pub subject: Option<String>,
    /// From this moment on, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this moment.
    pub until: Option<i64>,
    /// Below this number: the next page.
    pub below: Option<i64>,
}
