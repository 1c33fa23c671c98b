//! Barcode scanners on serial ports: real UARTs, USB bridges, CDC-ACM.
//!
//! ```text
//!  port ─ bytes ─► Framer ─ Frame ─► Events (bounded) ─► the owner
//!    ▲                                                      │ decodes, commits
//!    └──── bytes of the device's profile ◄── Scanner::feedback(Signal) ◄┘
//! ```
//!
//! - **One blocking thread a port** owns the port, its [`Framer`] and its
//!   counters; [`Scanners::start`] starts them, dropping it (or
//!   [`Scanners::stop`]) ends and joins them. A read waits 50 ms at most, so
//!   the end comes quickly; for a second after a frame it waits 2 ms at most,
//!   because then an answer is due.
//! - **A device is its port path** ([`DeviceId`]): a broken scanner is
//!   replaced at the same port, and goes on.
//! - **A port that goes away is opened again for ever**, 50 ms to 2 s apart.
//!   Each change is told once: [`DeviceEvent::Opened`], `Closed`,
//!   `Unavailable` (missing, busy, no permission).
//! - **What was scanned while nobody listened is no scan**: the input is
//!   cleared at opening, a frame cut off by an unplug is dropped, and so is a
//!   frame that finds the owner's queue full. Each is counted in [`Health`],
//!   and none of them ever gets a good signal.
//! - **A signal is sent only when asked for**, after the owner's commit; it
//!   is dropped rather than sent a second late, for it would belong to
//!   another scan.
//!
//! Nothing is ever written to a port whose profile does not say so: scanners
//! take letters for commands.

mod config;
mod event;
mod framer;
mod health;
mod limits;
mod listener;
mod outlet;
mod port;
mod reopen;
mod scanners;
mod signal;

pub use config::Config;
pub use event::{Closed, DeviceEvent, DeviceId, Frame, Unavailable};
pub use framer::{Dropped, Framer};
pub use health::Health;
pub use scanners::{Clock, Events, FeedbackError, Scanner, Scanners, StartError, check};
pub use signal::{Profile, Signal, SignalBytes, SignalBytesError, Signals};
