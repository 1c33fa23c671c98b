//! The daemon of the centre.

#![expect(dead_code, unused_imports, reason = "the daemon around it is being built")]
mod import;
