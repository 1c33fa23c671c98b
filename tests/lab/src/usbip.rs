//! The protocol between the kernel's virtual ports and a device (USB/IP, as
//! the kernel's documentation has it in `usb/usbip_protocol`): a header of 48
//! bytes, numbers with the highest byte first, then data.

use std::io::{Error, ErrorKind, Read, Result};

const HEADER: usize = 48;
const SUBMIT: u32 = 1;
const UNLINK: u32 = 2;
const RETURN_SUBMIT: u32 = 3;
const RETURN_UNLINK: u32 = 4;
/// More than any driver of scanners asks for at once.
const LARGEST: usize = 64 * 1024;

/// The device does not know the request: -EPIPE.
pub const STALL: i32 = -32;
/// A transfer was taken back before it was done: -ECONNRESET.
pub const TAKEN_BACK: i32 = -104;

/// The eight bytes that begin a control transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Direction, type and recipient.
    pub kind: u8,
    /// The request.
    pub request: u8,
    /// Its value.
    pub value: u16,
    /// Its index.
    pub index: u16,
    /// Bytes of data, at most.
    pub length: u16,
}

impl Setup {
    fn parse(bytes: [u8; 8]) -> Self {
        let [kind, request, value_low, value_high, index_low, index_high, length_low, length_high] = bytes;
        let number = |low, high| u16::from_le_bytes([low, high]);
        Self {
            kind,
            request,
            value: number(value_low, value_high),
            index: number(index_low, index_high),
            length: number(length_low, length_high),
        }
    }
}

/// A transfer that the host asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// By which it is answered.
    pub number: u32,
    /// The endpoint, without its direction.
    pub endpoint: u8,
    /// From the device.
    pub is_in: bool,
    /// Bytes the host has room for.
    pub room: usize,
    /// Of a control transfer.
    pub setup: Setup,
    /// What the host sends.
    pub data: Vec<u8>,
}

/// What the host asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A transfer.
    Submit(Transfer),
    /// A transfer is not wanted any more.
    Unlink {
        /// By which it is answered.
        number: u32,
        /// The transfer.
        of: u32,
    },
}

/// Reads the next request; an error at the end of the line, which is a pulled
/// cable.
pub fn read(from: &mut impl Read) -> Result<Request> {
    let mut header = [0; HEADER];
    from.read_exact(&mut header)?;
    let word = |at: usize| header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    let number = word(4);
    match word(0) {
        UNLINK => Ok(Request::Unlink { number, of: word(20) }),
        SUBMIT => {
            let room = usize::try_from(word(24)).unwrap_or(usize::MAX);
            if room > LARGEST {
                return Err(Error::new(ErrorKind::InvalidData, format!("a transfer of {room} bytes")));
            }
            let is_in = word(12) == 1;
            let mut data = vec![0; if is_in { 0 } else { room }];
            from.read_exact(&mut data)?;
            let setup = header.get(40..).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
            let endpoint = u8::try_from(word(16)).unwrap_or(u8::MAX);
            Ok(Request::Submit(Transfer { number, endpoint, is_in, room, setup: Setup::parse(setup), data }))
        }
        other => Err(Error::new(ErrorKind::InvalidData, format!("a request {other}"))),
    }
}

/// The answer to a transfer: its data, or how it failed.
#[must_use]
pub fn answer(transfer: &Transfer, outcome: std::result::Result<&[u8], i32>) -> Vec<u8> {
    let (status, data) = match outcome {
        Ok(data) => (0, data.get(..transfer.room).unwrap_or(data)),
        Err(status) => (status, &[][..]),
    };
    let moved = match (transfer.is_in, status) {
        (true, _) => data.len(),
        (false, 0) => transfer.data.len(),
        (false, _) => 0,
    };
    let mut bytes = header(RETURN_SUBMIT, transfer.number, status);
    bytes.extend(u32::try_from(moved).unwrap_or_default().to_be_bytes());
    bytes.resize(HEADER, 0);
    if transfer.is_in {
        bytes.extend(data);
    }
    bytes
}

/// The answer to an [`Request::Unlink`]; 0 if the transfer was done before.
#[must_use]
pub fn unlinked(number: u32, status: i32) -> Vec<u8> {
    let mut bytes = header(RETURN_UNLINK, number, status);
    bytes.resize(HEADER, 0);
    bytes
}

fn header(command: u32, number: u32, status: i32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    for word in [command, number, 0, 0, 0] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(status.to_be_bytes());
    bytes
}

/// The host's end, for tests: what the kernel would send.
#[cfg(test)]
pub(crate) mod host {
    use super::*;

    /// A transfer as it goes over the line.
    pub(crate) fn submit(transfer: &Transfer) -> Vec<u8> {
        let mut bytes = Vec::new();
        let room = u32::try_from(transfer.room).unwrap();
        let direction = u32::from(transfer.is_in);
        for word in [SUBMIT, transfer.number, 0, direction, transfer.endpoint.into(), 0, room, 0, 0, 0] {
            bytes.extend(word.to_be_bytes());
        }
        let Setup { kind, request, value, index, length } = transfer.setup;
        bytes.extend([kind, request]);
        for number in [value, index, length] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(&transfer.data);
        bytes
    }

    pub(crate) fn unlink(number: u32, of: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [UNLINK, number, 0, 0, 0, of, 0, 0, 0, 0, 0, 0] {
            bytes.extend(word.to_be_bytes());
        }
        bytes
    }

    /// An answer: its number, its status, the bytes that were moved, its data.
    pub(crate) fn read_answer(from: &mut impl Read) -> (u32, i32, u32, Vec<u8>) {
        let mut header = [0; HEADER];
        from.read_exact(&mut header).unwrap();
        let word = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
        let status = i32::from_be_bytes(header[20..24].try_into().unwrap());
        let moved = if word(0) == RETURN_SUBMIT { word(24) } else { 0 };
        let mut data = vec![0; usize::try_from(moved).unwrap()];
        if word(0) == RETURN_SUBMIT && !data.is_empty() {
            from.read_exact(&mut data).unwrap();
        }
        (word(4), status, moved, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(is_in: bool, data: &[u8]) -> Transfer {
        let setup = Setup { kind: 0x80, request: 6, value: 0x0100, index: 0, length: 18 };
        let room = if is_in { 18 } else { data.len() };
        Transfer { number: 7, endpoint: 0, is_in, room, setup, data: data.to_vec() }
    }

    #[test]
    fn what_the_kernel_sends_is_read_as_it_was_meant() {
        for transfer in [transfer(true, b""), transfer(false, b"hello")] {
            let bytes = host::submit(&transfer);
            assert_eq!(read(&mut bytes.as_slice()).unwrap(), Request::Submit(transfer));
        }
        assert_eq!(read(&mut host::unlink(9, 7).as_slice()).unwrap(), Request::Unlink { number: 9, of: 7 });
    }

    #[test]
    fn an_answer_says_how_much_was_moved_and_never_more_than_there_is_room_for() {
        let asked = transfer(true, b"");
        let long = answer(&asked, Ok(&[1; 40]));
        assert_eq!(host::read_answer(&mut long.as_slice()), (7, 0, 18, vec![1; 18]));
        let stalled = answer(&asked, Err(STALL));
        assert_eq!(host::read_answer(&mut stalled.as_slice()), (7, STALL, 0, Vec::new()));
        let written = answer(&transfer(false, b"hello"), Ok(b""));
        assert_eq!((written.len(), written.get(24..28)), (HEADER, Some(&[0, 0, 0, 5][..])));
        assert_eq!(unlinked(9, TAKEN_BACK).len(), HEADER);
    }

    #[test]
    fn what_is_no_request_or_cut_short_is_an_error() {
        assert!(read(&mut [0_u8; HEADER].as_slice()).is_err());
        assert!(read(&mut host::submit(&transfer(false, b"hello")).split_at(50).0).is_err());
        let huge = Transfer { room: LARGEST + 1, ..transfer(true, b"") };
        assert!(read(&mut host::submit(&huge).as_slice()).is_err());
    }
}
