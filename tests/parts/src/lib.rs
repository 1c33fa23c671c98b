//! Servers that a test starts for itself, in a folder and on a port of its
//! own, and that end with it.
//!
//! A server is watched by a small shell that reads from a pipe: when the pipe
//! closes, because the part was dropped or because the test's process died,
//! the shell stops the server and removes its folder. So a part may also live
//! in a `static`, which is never dropped.

mod disk;
mod kafka;
mod ports;
mod postgres;
mod program;
mod real;
mod redis;
mod watched;

pub use disk::Disk;
pub use kafka::Kafka;
pub use ports::free_port;
pub use postgres::Postgres;
pub use program::PartError;
pub use real::Real;
pub use redis::Redis;
