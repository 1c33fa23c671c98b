//! A scanner that types, with the report of a boot keyboard (HID 1.11,
//! appendix B.1) and the keys of the layout `us`.

use super::Packets;
use super::hid_pos::hid_interface;
use crate::usb::{Descriptors, Identity, Way, endpoint};

const IN: u8 = 1;
const SHIFT: u8 = 0x02;
const NO_KEY: [u8; 8] = [0; 8];

const REPORT: &[u8] = &[
    0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, // generic desktop, keyboard, application
    0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, // modifiers
    0x95, 0x01, 0x75, 0x08, 0x81, 0x03, // reserved
    0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, // lights
    0x95, 0x01, 0x75, 0x03, 0x91, 0x03, // padding
    0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xc0, // keys
];

pub(super) fn descriptors(identity: Identity) -> Descriptors {
    let mut interfaces = hid_interface(1, [3, 1, 1], REPORT);
    interfaces.extend(endpoint(0x80 | IN, Way::Interrupt(4)));
    Descriptors { identity, class: [0, 0, 0], interfaces, interface_count: 1, report: REPORT }
}

/// Each key goes down and up again, Enter at the end.
pub(super) fn packets(code: &str) -> Packets {
    let keys = code.bytes().chain([b'\r']).filter_map(key);
    let packets = keys.flat_map(|(shift, key)| [vec![shift, 0, key, 0, 0, 0, 0, 0], NO_KEY.to_vec()]);
    Packets { endpoint: IN, packets: packets.collect() }
}

/// Modifier and usage (HID Usage Tables, page 0x07) of what codes need.
fn key(byte: u8) -> Option<(u8, u8)> {
    Some(match byte {
        b'a'..=b'z' => (0, byte - b'a' + 0x04),
        b'A'..=b'Z' => (SHIFT, byte - b'A' + 0x04),
        b'1'..=b'9' => (0, byte - b'1' + 0x1e),
        b'0' => (0, 0x27),
        b'\r' => (0, 0x28),
        b']' => (0, 0x30),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_goes_down_and_up_and_enter_ends_the_code() {
        let typed = packets("]E07").packets;
        assert_eq!(typed.len(), 10);
        assert_eq!(typed[0], [0, 0, 0x30, 0, 0, 0, 0, 0]);
        assert_eq!(typed[2], [SHIFT, 0, 0x08, 0, 0, 0, 0, 0]);
        assert_eq!(typed[6], [0, 0, 0x24, 0, 0, 0, 0, 0]);
        assert_eq!(typed[8], [0, 0, 0x28, 0, 0, 0, 0, 0]);
        assert!(typed.iter().skip(1).step_by(2).all(|up| *up == NO_KEY));
    }
}
