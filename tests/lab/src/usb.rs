//! What every USB device answers, by what it says of itself.

use crate::usbip::Setup;

/// Requests of the standard (USB 2.0, table 9-4).
const GET_STATUS: u8 = 0;
const CLEAR_FEATURE: u8 = 1;
const SET_FEATURE: u8 = 3;
const GET_DESCRIPTOR: u8 = 6;
const GET_CONFIGURATION: u8 = 8;
const SET_CONFIGURATION: u8 = 9;
const SET_INTERFACE: u8 = 11;
/// Kinds of descriptors (table 9-5; HID 1.11, section 7.1).
const DEVICE: u8 = 1;
const CONFIGURATION: u8 = 2;
const STRING: u8 = 3;
const REPORT: u8 = 0x22;
/// Bits of the first byte of a request that are not zero for the standard's.
const NOT_STANDARD: u8 = 0x60;
/// English, United States.
const LANGUAGE: [u8; 4] = [4, STRING, 0x09, 0x04];

/// Who a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Vendor and product.
    pub ids: (u16, u16),
    /// Release of the device; some drivers tell chips by it.
    pub release: u16,
    /// What it calls itself.
    pub product: &'static str,
    /// Its number; two devices may have the same.
    pub serial: String,
}

/// All that a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// Who it is.
    pub identity: Identity,
    /// Class, subclass and protocol of the device.
    pub class: [u8; 3],
    /// Interfaces, with all that belongs to them.
    pub interfaces: Vec<u8>,
    /// How many interfaces those are.
    pub interface_count: u8,
    /// Of a HID device.
    pub report: &'static [u8],
}

impl Descriptors {
    /// Answers a request of the standard; `Some(None)` is a stall, `None` if
    /// the request is a class's or a vendor's.
    #[must_use]
    pub fn answer(&self, setup: &Setup) -> Option<Option<Vec<u8>>> {
        if setup.kind & NOT_STANDARD != 0 {
            return None;
        }
        Some(match setup.request {
            GET_DESCRIPTOR => self.descriptor(setup.value).map(|mut bytes| {
                bytes.truncate(setup.length.into());
                bytes
            }),
            GET_STATUS => Some(vec![0, 0]),
            GET_CONFIGURATION => Some(vec![1]),
            CLEAR_FEATURE | SET_FEATURE | SET_CONFIGURATION | SET_INTERFACE => Some(Vec::new()),
            _ => None,
        })
    }

    fn descriptor(&self, value: u16) -> Option<Vec<u8>> {
        let [kind, index] = value.to_be_bytes();
        match kind {
            DEVICE => Some(self.device()),
            CONFIGURATION => Some(self.configuration()),
            STRING => self.string(index),
            REPORT => Some(self.report.to_vec()).filter(|report| !report.is_empty()),
            _ => None,
        }
    }

    fn device(&self) -> Vec<u8> {
        let Identity { ids: (vendor, product), release, .. } = self.identity;
        let mut bytes = vec![18, DEVICE, 0x00, 0x02];
        bytes.extend(self.class);
        bytes.push(64);
        for number in [vendor, product, release] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend([1, 2, 3, 1]);
        bytes
    }

    /// Fed by the bus, 100 mA.
    fn configuration(&self) -> Vec<u8> {
        let length = u16::try_from(9 + self.interfaces.len()).unwrap_or(u16::MAX).to_le_bytes();
        let mut bytes = vec![9, CONFIGURATION, length[0], length[1], self.interface_count, 1, 0, 0x80, 50];
        bytes.extend(&self.interfaces);
        bytes
    }

    fn string(&self, index: u8) -> Option<Vec<u8>> {
        let text = match index {
            0 => return Some(LANGUAGE.to_vec()),
            1 => "Tidemark laboratory",
            2 => self.identity.product,
            3 => &self.identity.serial,
            _ => return None,
        };
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut bytes = vec![u8::try_from(units.len() + 2).ok()?, STRING];
        bytes.extend(units);
        Some(bytes)
    }
}

/// An interface with nothing behind it yet.
#[must_use]
pub fn interface(number: u8, endpoints: u8, class: [u8; 3]) -> Vec<u8> {
    let [class, subclass, protocol] = class;
    vec![9, 4, number, 0, endpoints, class, subclass, protocol, 0]
}

/// An endpoint for packets of 64 bytes; the highest bit of its address is set
/// if it is the device that sends.
#[must_use]
pub fn endpoint(address: u8, way: Way) -> Vec<u8> {
    let (attributes, interval) = match way {
        Way::Bulk => (2, 0),
        Way::Interrupt(interval) => (3, interval),
    };
    vec![7, 5, address, attributes, 64, 0, interval]
}

/// How an endpoint is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Whenever there is time.
    Bulk,
    /// Every so many milliseconds.
    Interrupt(u8),
}
