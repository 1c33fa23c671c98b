//! What runs outside the guest: its files, its machine, and the table.

pub mod archive;
pub mod command;
pub(crate) mod image;
pub(crate) mod machine;
pub(crate) mod modules;
pub(crate) mod page;
pub(crate) mod seed;
pub(crate) mod users;
