//! The kinds of scanners: what each says of itself, how it sends a code and
//! how it hears the box.

mod cdc_acm;
mod ftdi;
mod hid_pos;
mod keyboard;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::usb::{Descriptors, Identity};
use crate::usbip::Setup;

/// One kind of scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// By the class of its own, page 0x8C.
    HidPos,
    /// A serial port over USB.
    CdcAcm,
    /// Behind a cable between USB and RS-232.
    Ftdi,
    /// It types.
    Keyboard,
}

/// What the box tells a scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Saved.
    Good,
    /// Saved, and not on file.
    NotOnFile,
    /// Nothing was kept.
    Error,
}

/// What a scanner sends for one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packets {
    /// The endpoint they come from.
    pub endpoint: u8,
    /// In their order.
    pub packets: Vec<Vec<u8>>,
}

impl Model {
    /// All of them, as the table has them.
    pub const ALL: [Self; 4] = [Self::HidPos, Self::CdcAcm, Self::Ftdi, Self::Keyboard];

    /// What a device of this kind says of itself.
    #[must_use]
    pub fn descriptors(self, serial: &str) -> Descriptors {
        let identity = |ids, release, product| Identity { ids, release, product, serial: serial.to_owned() };
        match self {
            // Numbers that the table of devices knows, as in a shop.
            Self::HidPos => hid_pos::descriptors(identity((0x1eab, 0x1d10), 0x0100, "HID POS Barcode Scanner")),
            Self::CdcAcm => cdc_acm::descriptors(identity((0x05f9, 0x4204), 0x0100, "Handheld Barcode Scanner")),
            Self::Ftdi => ftdi::descriptors(identity((0x0403, 0x6001), ftdi::FT232R, "FT232R USB UART")),
            Self::Keyboard => keyboard::descriptors(identity((0x05e0, 0x1200), 0x0100, "Bar Code Scanner")),
        }
    }

    /// Answers a request of its class or its vendor; `None` is a stall.
    #[must_use]
    pub fn answer(self, setup: &Setup) -> Option<Vec<u8>> {
        match self {
            Self::HidPos | Self::Keyboard => hid_pos::answer(setup),
            Self::CdcAcm => cdc_acm::answer(setup),
            Self::Ftdi => ftdi::answer(setup),
        }
    }

    /// What it sends for a code with its AIM identifier.
    #[must_use]
    pub fn packets(self, code: &str) -> Packets {
        match self {
            Self::HidPos => hid_pos::packets(code),
            Self::CdcAcm => cdc_acm::packets(code),
            Self::Ftdi => ftdi::packets(code),
            Self::Keyboard => keyboard::packets(code),
        }
    }

    /// What the box meant by bytes that it wrote; some are switches.
    #[must_use]
    pub fn signal(self, bytes: &[u8]) -> Option<Signal> {
        match self {
            Self::HidPos => hid_pos::signal(bytes),
            Self::CdcAcm => cdc_acm::signal(bytes),
            Self::Ftdi => ftdi::signal(bytes),
            Self::Keyboard => None,
        }
    }

    /// Whether the box can tell it anything.
    #[must_use]
    pub fn hears(self) -> bool {
        self != Self::Keyboard
    }

    /// What the configuration of the box has to say beside port and lane.
    #[must_use]
    pub const fn profile(self) -> &'static str {
        match self {
            // A cable says nothing about the scanner behind it.
            Self::Ftdi => "bell",
            Self::HidPos | Self::CdcAcm | Self::Keyboard => "auto",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::HidPos => "HID POS",
            Self::CdcAcm => "CDC-ACM",
            Self::Ftdi => "FTDI",
            Self::Keyboard => "keyboard",
        })
    }
}

/// The AIM identifier of EAN-13 in front of a code.
#[must_use]
pub fn ean(code: &str) -> String {
    format!("]E0{code}")
}
