//! Cuts the power under the journal, as often as one likes.
//!
//! A day in a shop runs on a disk that remembers: a file in a file system of
//! our own (FUSE), a loop device on it, ext4, xfs or btrfs on that, and the
//! real journal on top. Every write and every flush is recorded in its order,
//! and every answer of the journal is logged outside with how far the record
//! was. Then the power goes, at any event: all that a flush followed is on
//! the disk, of the rest nothing, all, a part, or a part torn by the sector.
//! Each such image is mounted and opened like a box after a power cut.
//!
//! What must hold of each image:
//! - it mounts and opens without a person, in the same epoch;
//! - all that was answered before the cut is there, where it was answered,
//!   and a repeated document is a duplicate;
//! - nothing else is there but what was submitted before the cut, each whole
//!   and once;
//! - sums of blocks, stock, and each item's chain are those of the movements;
//! - one goes on selling at the next seq.
//!
//! Files: [`recorder`] (FUSE) fills a [`record`]; [`cut`] makes disks of it;
//! [`workload`] runs the day of a [`shop`] and logs [`answers`]; [`check`]
//! looks at what is left; [`run`] and [`rounds`] put it together; [`place`]
//! cleans up, after killed runs too. A journal that answers before its sync
//! (feature `mutants`) must be found out.

#![cfg(target_os = "linux")]

pub mod answers;
pub mod check;
pub mod command;
pub mod cut;
pub mod disk;
pub mod draws;
pub mod filesystem;
pub mod place;
pub mod record;
pub mod recorder;
pub mod rounds;
pub mod run;
pub mod shop;
pub mod tools;
pub mod workload;
