//! A serial port over USB (USB CDC 1.2, ACM), with the commands of Datalogic.

use super::{Packets, Signal};
use crate::usb::{Descriptors, Identity, Way, endpoint, interface};
use crate::usbip::Setup;

/// Requests of the class (CDC PSTN 1.2, section 6.3).
const SET_LINE_CODING: u8 = 0x20;
const GET_LINE_CODING: u8 = 0x21;
const SET_CONTROL_LINE_STATE: u8 = 0x22;
const SEND_BREAK: u8 = 0x23;

const NOTICES: u8 = 1;
const DATA: u8 = 2;
/// Bytes of one packet: not a full one, for that would not end a transfer.
const CHUNK: usize = 8;

pub(super) fn descriptors(identity: Identity) -> Descriptors {
    let mut interfaces = interface(0, 1, [2, 2, 1]);
    // Header, call management, abstract control, union of the two interfaces.
    interfaces.extend([5, 0x24, 0x00, 0x10, 0x01, 5, 0x24, 0x01, 0x00, 1, 4, 0x24, 0x02, 0x02, 5, 0x24, 0x06, 0, 1]);
    interfaces.extend(endpoint(0x80 | NOTICES, Way::Interrupt(16)));
    interfaces.extend(interface(1, 2, [10, 0, 0]));
    interfaces.extend(endpoint(0x80 | DATA, Way::Bulk));
    interfaces.extend(endpoint(DATA, Way::Bulk));
    Descriptors { identity, class: [2, 0, 0], interfaces, interface_count: 2, report: &[] }
}

pub(super) fn answer(setup: &Setup) -> Option<Vec<u8>> {
    match setup.request {
        // 9600 8N1.
        GET_LINE_CODING => Some(vec![0x80, 0x25, 0, 0, 0, 0, 8]),
        SET_LINE_CODING | SET_CONTROL_LINE_STATE | SEND_BREAK => Some(Vec::new()),
        _ => None,
    }
}

pub(super) fn packets(code: &str) -> Packets {
    let line = format!("{code}\r");
    Packets { endpoint: DATA, packets: line.as_bytes().chunks(CHUNK).map(<[u8]>::to_vec).collect() }
}

/// Datalogic: 01 good, F not on file; E lets it read again.
pub(super) fn signal(bytes: &[u8]) -> Option<Signal> {
    match bytes {
        b"\x01" => Some(Signal::Good),
        b"FE" => Some(Signal::NotOnFile),
        b"FFE" => Some(Signal::Error),
        _ => None,
    }
}
