//! What both daemons share, and neither of their business.
//!
//! - [`config`]: layered configuration with the place of every value;
//! - [`logging`], [`clock`], [`retry`], [`shutdown`], [`service`];
//! - [`listen`]: HTTP and gRPC on one port, plaintext on loopback only;
//! - [`problem`], [`conditions`], [`explain`]: errors and troubles with cause
//!   and remedy;
//! - [`metrics`], [`openapi_page`], [`output`], [`token`], [`disk`],
//!   [`local_time`].

pub mod clock;
pub mod conditions;
pub mod config;
pub mod disk;
pub mod explain;
pub mod listen;
pub mod local_time;
pub mod logging;
pub mod metrics;
pub mod openapi_page;
pub mod output;
pub mod pace;
pub mod problem;
pub mod retry;
pub mod service;
pub mod shutdown;
pub mod token;
