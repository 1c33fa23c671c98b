//! The box as a program: its door and its command line.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod command_line;
mod commands;
mod damaged;
mod door;
mod files;
mod full_disk;
mod running;
mod tills;
