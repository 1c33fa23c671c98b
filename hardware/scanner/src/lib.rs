//! Barcode scanners of every common kind: on serial ports (UARTs, USB
//! bridges, CDC-ACM), by HID Point of Sale, and those that type.
//!
//! ```text
//!  device ─ Link ─ bytes, reports, keys ─► Decoder ─ Frame ─► Events (bounded) ─► the owner
//!    ▲                                                                    │ decodes, commits
//!    └──── bytes of the device's profile ◄──── Scanner::feedback(Signal) ◄┘
//! ```
//!
//! - **One blocking thread a device** owns its `Link`, its
//!   decoder and its counters; [`Scanners::start`] starts them, dropping it (or
//!   [`Scanners::stop`]) ends and joins them. A read waits 50 ms at most, so
//!   the end comes quickly; for a second after a frame it waits 2 ms at most,
//!   because then an answer is due.
//! - **A device is where it is plugged in** ([`DeviceId`]): a broken scanner
//!   is replaced at the same port, and goes on. Serial numbers are hints alone;
//!   two devices may have the same.
//! - **One more thread watches** what is plugged in ([`Found`]), by messages
//!   of `libusb` and by looking. Nobody who scans waits for it.
//! - **A device that goes away is opened again for ever**, 50 ms to 2 s apart,
//!   and soon after something was plugged in. Each change is told once:
//!   [`DeviceEvent::Opened`], `Closed`, `Unavailable` (missing, busy, no
//!   permission).
//! - **What was scanned while nobody listened is no scan**: the input is
//!   cleared at opening, a frame cut off by an unplug is dropped, and so is a
//!   frame that finds the owner's queue full. Each is counted in [`Health`],
//!   and none of them ever gets a good signal.
//! - **A signal is sent only when asked for**, after the owner's commit; it
//!   is dropped rather than sent a second late, for it would belong to
//!   another scan.
//! - **What a device understands is data** ([`Profile`], [`Model`]): by its
//!   USB numbers, by its own description, or as configured. A device of class
//!   B beeps on reading, which says nothing about saving ([`Class`]).
//!
//! Nothing is ever written to a port whose profile does not say so: scanners
//! take letters for commands. `docs/scanners.md` tells all this to whoever
//! sets scanners up.

mod capture;
mod config;
mod decoder;
mod event;
mod found;
mod framer;
mod health;
mod hid;
mod holder;
mod kind;
mod limits;
mod link;
mod listener;
mod outlet;
mod plugged;
mod port;
mod profile;
mod reopen;
mod replay;
mod scanners;
mod session;
mod signal;
mod simulated;
mod ssi;
mod voice;
mod watcher;
mod wedge;

pub use capture::{CaptureError, scans_of};
pub use config::Config;
pub use event::{Closed, DeviceEvent, DeviceId, Frame, Notice, Present, Unavailable};
pub use found::{Found, Likeness, PortPath, UsbIds, find_all};
pub use framer::{Dropped, Framer};
pub use health::Health;
pub use holder::{Holder, holder_in, holder_of};
pub use kind::Kind;
pub use profile::{Class, Mode, Model, Profile};
pub use scanners::{Clock, Events, FeedbackError, Scanner, Scanners, StartError, check};
pub use signal::{Signal, SignalBytes, SignalBytesError, Signals};
pub use simulated::Simulated;
pub use wedge::layout::Layout;
pub use wedge::output::{KeyboardOutput, TypeError};
