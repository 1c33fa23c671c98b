//! Both daemons as real processes: what the scenes of the tests share.

pub mod disks;
pub mod dying;
pub mod length;
pub mod network;
pub mod scene;
pub mod selling;
