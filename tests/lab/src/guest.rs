//! What runs in the guest: the box as its own user, and the trials.

pub(crate) mod books;
pub mod command;
pub(crate) mod edge;
pub(crate) mod holder;
pub(crate) mod laboratory;
pub(crate) mod permissions;
pub(crate) mod trials;

/// Where things are in the guest.
pub mod places {
    /// The box.
    pub const EDGE: &str = "/usr/bin/tidemark-edge";
    /// This program.
    pub const GUEST: &str = "/usr/bin/tidemark-lab-guest";
    /// The box's configuration.
    pub const CONFIGURATION: &str = "/etc/tidemark/edge.toml";
    /// The box's data, with the catalogue in its journal.
    pub const DATA: &str = "/var/lib/tidemark-edge";
    /// What the box logs.
    pub const LOG: &str = "/var/log/edge.log";
    /// What the guest's own program is told, a word a line.
    pub const ARGUMENTS: &str = "/etc/lab/arguments";
    /// The box's user.
    pub const USER: &str = "tidemark-edge";
}

/// The shop of the laboratory.
pub const STORE: &str = "S0001";
/// How many articles it has: each is scanned once.
pub const ARTICLES: u64 = 400;
