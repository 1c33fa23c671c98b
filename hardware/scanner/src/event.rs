//! What the owner is told.

use std::fmt;
use std::sync::Arc;

use crate::found::UsbIds;
use crate::kind::Kind;
use crate::profile::{Class, Mode, Model};
use crate::wedge::layout::Layout;

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
        /// What is plugged in there.
        present: Box<Present>,
    },
    /// A scan.
    Frame(Frame),
    /// The device does something that a person should look at.
    Noticed {
        /// Which device.
        device: DeviceId,
        /// When.
        at: u64,
        /// What.
        notice: Notice,
    },
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
            Self::Opened { device, .. }
            | Self::Noticed { device, .. }
            | Self::Closed { device, .. }
            | Self::Unavailable { device, .. } => device,
            Self::Frame(frame) => &frame.device,
        }
    }
}

/// What is plugged in at a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// How it hands its scans over.
    pub kind: Kind,
    /// Whether its beep says anything.
    pub class: Class,
    /// What it says of itself, if it hangs on USB.
    pub usb: Option<UsbIds>,
    /// Another one was there before: replaced, and it goes on.
    pub replaced: bool,
}

impl Present {
    /// What the table of devices says of it.
    #[must_use]
    pub fn model(&self) -> Option<&'static Model> {
        self.usb.as_ref().and_then(UsbIds::model)
    }

    /// What to do so that it can be told what to signal; nothing if it can.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match (self.class, self.kind, self.model()) {
            (Class::A, ..) => None,
            (Class::B, Kind::Keyboard, _) => Mode::Keyboard.advice(),
            (Class::B, _, Some(model)) => model.mode.advice(),
            (Class::B, _, None) => None,
        }
    }
}

/// What a device does that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// What it types makes sense by another layout.
    #[error(
        "what it types makes sense by the keyboard layout `{likely}`, not by `{configured}`: set `layout` of this \
         scanner, or scan its code for the other layout"
    )]
    WrongLayout {
        /// As configured.
        configured: Layout,
        /// As it seems to be set.
        likely: Layout,
    },
    /// A key of it is held for a second and more; scanners hold none.
    #[error("its key {code} does not come up: plug it in again, and see that nothing lies on the keyboard")]
    StuckKey {
        /// The number of the key.
        code: u16,
    },
    /// It sent what it had kept while nobody listened; nothing was counted.
    #[error("what it sent while its port was opened was not counted, for nobody heard a signal: scan it again")]
    Forgotten,
    /// Its scans are recorded no more.
    #[error("its scans are recorded no more: {why}")]
    RecordingEnded {
        /// In the system's words.
        why: String,
    },
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
