//! What the owner is told.

use std::fmt;
use std::sync::Arc;

/// A device: the path of the port it is plugged into.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(Arc<str>);

impl DeviceId {
    pub(crate) fn of(path: &str) -> Self {
        Self(Arc::from(path))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// One scan as the device sent it, without its suffix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// From where.
    pub device: DeviceId,
    /// What: 1 to 8,192 bytes.
    pub bytes: Vec<u8>,
    /// When its last byte was read, in the milliseconds of the clock given.
    pub at: u64,
}

/// Something that happened at a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceEvent {
    /// The port is open; scans are heard from now on.
    Opened {
        /// Which device.
        device: DeviceId,
        /// When.
        at: u64,
    },
    /// A scan.
    Frame(Frame),
    /// The port was open and is no more; it is opened again as soon as it can be.
    Closed {
        /// Which device.
        device: DeviceId,
        /// When.
        at: u64,
        /// Why.
        why: Closed,
    },
    /// The port cannot be opened; told once for each reason, tried for ever.
    Unavailable {
        /// Which device.
        device: DeviceId,
        /// When.
        at: u64,
        /// Why not.
        why: Unavailable,
    },
}

impl DeviceEvent {
    /// Which device it is about.
    #[must_use]
    pub const fn device(&self) -> &DeviceId {
        match self {
            Self::Opened { device, .. } | Self::Closed { device, .. } | Self::Unavailable { device, .. } => device,
            Self::Frame(frame) => &frame.device,
        }
    }
}

/// Why a port is open no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The device is gone, in whatever words the system has for it.
    #[error("unplugged ({0}); plug it into the same port again")]
    Unplugged(String),
    /// The agent ends.
    #[error("the agent has stopped")]
    Stopped,
}

/// Why a port cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// There is no such port.
    #[error("no such port; is the scanner plugged in, and the path right?")]
    Missing,
    /// Another program has it.
    #[error("the port is in use by another program ({0}); end that program or keep it from this port")]
    Busy(String),
    /// The user of this process may not open it.
    #[error("no permission to open the port; add this user to the group that owns it (often `dialout`)")]
    Denied,
    /// Anything else, in the system's words.
    #[error("the port cannot be opened: {0}")]
    Failed(String),
}
