//! The chip in most cables between USB and RS-232 (FTDI FT232R), and behind
//! it a scanner that beeps at BEL. Requests are those that the kernel's
//! `ftdi_sio` sends.

use super::{Packets, Signal};
use crate::usb::{Descriptors, Identity, Way, endpoint, interface};
use crate::usbip::Setup;

/// The release by which the driver knows the chip.
pub(super) const FT232R: u16 = 0x0600;

/// Requests to read something.
const GET_MODEM_STATUS: u8 = 0x05;
const GET_LATENCY: u8 = 0x0a;
const READ_EEPROM: u8 = 0x90;
/// All the others set something.
const IS_READ: u8 = 0x80;

const IN: u8 = 1;
const OUT: u8 = 2;
/// Each packet begins with the state of the modem and of the line.
const STATE: [u8; 2] = [0x01, 0x60];
/// Bytes of a code in one packet.
const CHUNK: usize = 6;

pub(super) fn descriptors(identity: Identity) -> Descriptors {
    let mut interfaces = interface(0, 2, [0xff, 0xff, 0xff]);
    interfaces.extend(endpoint(0x80 | IN, Way::Bulk));
    interfaces.extend(endpoint(OUT, Way::Bulk));
    Descriptors { identity, class: [0, 0, 0], interfaces, interface_count: 1, report: &[] }
}

pub(super) fn answer(setup: &Setup) -> Option<Vec<u8>> {
    match (setup.kind & IS_READ != 0, setup.request) {
        (true, GET_MODEM_STATUS | READ_EEPROM) => Some(STATE.to_vec()),
        // As it comes: 16 ms.
        (true, GET_LATENCY) => Some(vec![16]),
        (true, _) => None,
        (false, _) => Some(Vec::new()),
    }
}

pub(super) fn packets(code: &str) -> Packets {
    let line = format!("{code}\r");
    let packets = line.as_bytes().chunks(CHUNK).map(|chunk| [&STATE[..], chunk].concat());
    Packets { endpoint: IN, packets: packets.collect() }
}

pub(super) fn signal(bytes: &[u8]) -> Option<Signal> {
    match bytes {
        [7] => Some(Signal::Good),
        [7, 7] => Some(Signal::Error),
        _ => None,
    }
}
