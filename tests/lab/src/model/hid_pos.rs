//! A scanner of the class of scanners (HID Usage Tables, page 0x8C): reports
//! of 64 bytes, and one to beep.

use super::{Packets, Signal};
use crate::usb::{Descriptors, Identity, Way, endpoint, interface};
use crate::usbip::Setup;

/// Requests of the class HID (HID 1.11, section 7.2).
const GET_REPORT: u8 = 1;
const GET_IDLE: u8 = 2;
const GET_PROTOCOL: u8 = 3;
const SET_REPORT: u8 = 9;
const SET_IDLE: u8 = 10;
const SET_PROTOCOL: u8 = 11;

const IN: u8 = 1;
const OUT: u8 = 2;
/// Bytes of a code in one report.
const DATA: usize = 56;

const REPORT: &[u8] = &[
    0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, // page 0x8c, scanner, application
    0x09, 0x12, 0xa1, 0x02, 0x85, 0x02, // scanned data, logical, report 2
    0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x01, // 0 to 255, 8 bits, one
    0x05, 0x01, 0x09, 0x3b, 0x81, 0x02, // page 1, byte count, input
    0x05, 0x8c, 0x95, 0x03, 0x09, 0xfb, 0x09, 0xfc, 0x09, 0xfd, 0x81, 0x02, // three symbology bytes
    0x95, 0x38, 0x09, 0xfe, 0x82, 0x02, 0x01, // 56 bytes of data, buffered
    0x95, 0x02, 0x06, 0x66, 0xff, 0x09, 0x04, 0x81, 0x02, // two bytes of the maker's own
    0x05, 0x8c, 0x25, 0x01, 0x75, 0x01, 0x95, 0x01, 0x09, 0xff, 0x81, 0x02, // it goes on
    0x95, 0x07, 0x81, 0x03, 0xc0, // padding
    0x09, 0x14, 0xa1, 0x02, 0x85, 0x04, // trigger, logical, report 4
    0x75, 0x01, 0x95, 0x04, 0x09, 0x5f, 0x09, 0x85, 0x09, 0x86, 0x09, 0x87, 0x91, 0x02, // switch and beeps
    0x95, 0x04, 0x91, 0x03, 0xc0, 0xc0, // padding
];

pub(super) fn descriptors(identity: Identity) -> Descriptors {
    let mut interfaces = hid_interface(2, [3, 0, 0], REPORT);
    interfaces.extend(endpoint(0x80 | IN, Way::Interrupt(4)));
    interfaces.extend(endpoint(OUT, Way::Interrupt(4)));
    Descriptors { identity, class: [0, 0, 0], interfaces, interface_count: 1, report: REPORT }
}

/// The one interface of a HID device, without its endpoints.
pub(super) fn hid_interface(endpoints: u8, class: [u8; 3], report: &[u8]) -> Vec<u8> {
    let length = u16::try_from(report.len()).unwrap_or(u16::MAX).to_le_bytes();
    let mut bytes = interface(0, endpoints, class);
    bytes.extend([9, 0x21, 0x11, 0x01, 0, 1, 0x22, length[0], length[1]]);
    bytes
}

/// What every HID device answers.
pub(super) fn answer(setup: &Setup) -> Option<Vec<u8>> {
    match setup.request {
        GET_REPORT => Some(vec![0; setup.length.into()]),
        GET_IDLE | GET_PROTOCOL => Some(vec![0]),
        SET_REPORT | SET_IDLE | SET_PROTOCOL => Some(Vec::new()),
        _ => None,
    }
}

/// In two reports, as long codes come, so that a cable can be pulled between.
pub(super) fn packets(code: &str) -> Packets {
    let (aim, data) = code.as_bytes().split_at_checked(3).unwrap_or((b"\0\0\0", code.as_bytes()));
    let half = data.len().div_ceil(2).clamp(1, DATA);
    let chunks: Vec<&[u8]> = data.chunks(half).collect();
    let last = chunks.len().saturating_sub(1);
    let packets = chunks.into_iter().enumerate().map(|(at, chunk)| report(aim, chunk, at < last));
    Packets { endpoint: IN, packets: packets.collect() }
}

fn report(aim: &[u8], data: &[u8], goes_on: bool) -> Vec<u8> {
    let mut report = vec![2, u8::try_from(data.len()).unwrap_or_default()];
    report.extend(aim);
    report.extend(data);
    report.resize(63, 0);
    report.push(u8::from(goes_on));
    report
}

/// Bits of report 4, as it is described.
pub(super) fn signal(bytes: &[u8]) -> Option<Signal> {
    match bytes {
        [4, 0b0010] => Some(Signal::Error),
        [4, 0b0100] => Some(Signal::Good),
        [4, 0b1000] => Some(Signal::NotOnFile),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_in_two_reports_of_which_the_first_says_that_it_goes_on() {
        let sent = packets("]E04006381333931").packets;
        assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [64, 64]);
        assert_eq!(sent[0][..13], *b"\x02\x07]E04006381\0");
        assert_eq!(sent[1][..12], *b"\x02\x06]E0333931\0");
        assert_eq!((sent[0][63], sent[1][63]), (1, 0));
    }

    #[test]
    fn beeps_are_told_from_the_switch() {
        assert_eq!(signal(&[4, 4]), Some(Signal::Good));
        assert_eq!(signal(&[4, 0]), None);
        assert_eq!(signal(&[4, 1]), None);
    }
}
