//! Who signs in to the console, and who is.

/// A user of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The name.
    pub name: String,
    /// viewer, operator or admin.
    pub role: String,
    /// The password's hash as argon2 writes it; none until it was set.
    pub password: Option<String>,
    /// Whether it may not sign in.
    pub disabled: bool,
}

/// Whoever a session is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The name.
    pub name: String,
    /// viewer, operator or admin, as it is now.
    pub role: String,
}

/// A session that goes on, as whoever may end it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// The name.
    pub name: String,
    /// viewer, operator or admin, as it is now.
    pub role: String,
    /// When it began, in milliseconds since 1970.
    pub began_at: i64,
    /// When it ends by itself, likewise.
    pub ends_at: i64,
}

/// A session or a link, as it is kept: by a hash, for so long.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// The hash of what is shown.
    pub hash: [u8; 32],
    /// How long it lives, in milliseconds.
    pub lives_ms: i64,
}
