//! A device that is plugged in: one thread reads what the kernel asks, one
//! owns the device and answers. What the scanner has to send waits until the
//! kernel asks for it, as in a real one.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;

use crate::model::{Model, Packets};
use crate::usb::Descriptors;
use crate::usbip::{self, Request, STALL, TAKEN_BACK, Transfer};

/// Requests and packets that wait for the device.
const INPUTS: usize = 256;
/// Events that wait for whoever holds the scanner.
const EVENTS: usize = 4_096;

/// What moves a device.
#[derive(Debug)]
pub(crate) enum Input {
    /// The kernel asks.
    Asked(Request),
    /// A code was read: packets to send.
    Send(Packets),
    /// The cable is out.
    Pulled,
}

/// What happens to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The kernel took a packet of a code.
    Taken,
    /// The box wrote something.
    Told(Vec<u8>),
}

/// The near end of a device.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) inputs: SyncSender<Input>,
    pub(crate) events: Receiver<Event>,
    socket: UnixStream,
}

impl Line {
    /// Pulls the cable: nothing is answered any more.
    pub(crate) fn cut(&self) {
        // It may be cut already by the other end.
        drop(self.socket.shutdown(Shutdown::Both));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Starts a device; the other socket is for the kernel.
pub(crate) fn start(model: Model, serial: &str) -> io::Result<(Line, UnixStream)> {
    let (near, far) = UnixStream::pair()?;
    let (inputs, asked) = sync_channel(INPUTS);
    let (tell, events) = sync_channel(EVENTS);
    let (mut reading, requests) = (near.try_clone()?, inputs.clone());
    Builder::new().name("device-line".to_owned()).spawn(move || {
        while let Ok(request) = usbip::read(&mut reading) {
            if requests.send(Input::Asked(request)).is_err() {
                return;
            }
        }
        // Whoever is gone need not be told.
        drop(requests.send(Input::Pulled));
    })?;
    let device = Device {
        model,
        descriptors: model.descriptors(serial),
        socket: near.try_clone()?,
        tell,
        asked: BTreeMap::new(),
        waiting: BTreeMap::new(),
    };
    Builder::new().name("device".to_owned()).spawn(move || device.run(&asked))?;
    Ok((Line { inputs, events, socket: near }, far))
}

struct Device {
    model: Model,
    descriptors: Descriptors,
    socket: UnixStream,
    tell: SyncSender<Event>,
    /// Transfers to this side that have nothing yet, by endpoint.
    asked: BTreeMap<u8, VecDeque<Transfer>>,
    /// Packets that nobody asked for yet, by endpoint.
    waiting: BTreeMap<u8, VecDeque<Vec<u8>>>,
}

impl Device {
    fn run(mut self, inputs: &Receiver<Input>) {
        while let Ok(input) = inputs.recv() {
            let done = match input {
                Input::Asked(Request::Submit(transfer)) => self.submitted(transfer),
                Input::Asked(Request::Unlink { number, of }) => self.unlink(number, of),
                Input::Send(Packets { endpoint, packets }) => {
                    self.waiting.entry(endpoint).or_default().extend(packets);
                    self.hand_over(endpoint)
                }
                Input::Pulled => return,
            };
            if done.is_err() {
                return;
            }
        }
    }

    fn submitted(&mut self, transfer: Transfer) -> io::Result<()> {
        if transfer.endpoint == 0 {
            return self.control(&transfer);
        }
        if transfer.is_in {
            let endpoint = transfer.endpoint;
            self.asked.entry(endpoint).or_default().push_back(transfer);
            return self.hand_over(endpoint);
        }
        self.tell(Event::Told(transfer.data.clone()));
        self.socket.write_all(&usbip::answer(&transfer, Ok(&[])))
    }

    fn control(&mut self, transfer: &Transfer) -> io::Result<()> {
        let setup = &transfer.setup;
        let answer = self.descriptors.answer(setup).unwrap_or_else(|| self.model.answer(setup));
        let outcome = answer.as_deref().ok_or(STALL);
        if outcome.is_ok() && !transfer.data.is_empty() {
            self.tell(Event::Told(transfer.data.clone()));
        }
        self.socket.write_all(&usbip::answer(transfer, outcome))
    }

    /// Gives what waits to who asked.
    fn hand_over(&mut self, endpoint: u8) -> io::Result<()> {
        let (Some(asked), Some(waiting)) = (self.asked.get_mut(&endpoint), self.waiting.get_mut(&endpoint)) else {
            return Ok(());
        };
        while let (Some(transfer), Some(packet)) = (asked.front(), waiting.front()) {
            self.socket.write_all(&usbip::answer(transfer, Ok(packet)))?;
            asked.pop_front();
            waiting.pop_front();
            // Nobody may be listening.
            drop(self.tell.try_send(Event::Taken));
        }
        Ok(())
    }

    fn unlink(&mut self, number: u32, of: u32) -> io::Result<()> {
        let mut status = 0;
        for asked in self.asked.values_mut() {
            if let Some(at) = asked.iter().position(|transfer| transfer.number == of) {
                asked.remove(at);
                status = TAKEN_BACK;
            }
        }
        self.socket.write_all(&usbip::unlinked(number, status))
    }

    fn tell(&self, event: Event) {
        drop(self.tell.try_send(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ean;
    use crate::usbip::{Setup, host};

    fn asked(number: u32, endpoint: u8, setup: Setup) -> Transfer {
        Transfer { number, endpoint, is_in: true, room: 255, setup, data: Vec::new() }
    }

    fn descriptor(value: u16) -> Setup {
        Setup { kind: 0x80, request: 6, value, index: 0, length: 255 }
    }

    const NOTHING: Setup = Setup { kind: 0, request: 0, value: 0, index: 0, length: 0 };

    #[test]
    fn every_kind_says_who_it_is_in_descriptors_that_add_up() {
        for model in Model::ALL {
            let (_line, mut kernel) = start(model, "0001").unwrap();
            let mut ask = |value| {
                kernel.write_all(&host::submit(&asked(1, 0, descriptor(value)))).unwrap();
                host::read_answer(&mut kernel)
            };
            let (_, status, _, device) = ask(0x0100);
            assert_eq!((status, device.len(), device[0]), (0, 18, 18), "{model}");
            let (_, _, _, whole) = ask(0x0200);
            assert_eq!(usize::from(u16::from_le_bytes([whole[2], whole[3]])), whole.len(), "{model}");
            // One descriptor follows the other up to the end.
            let mut at = 0;
            while at < whole.len() {
                at += usize::from(whole[at]);
            }
            assert_eq!(at, whole.len(), "{model}");
            let interfaces = whole.windows(2).filter(|two| *two == [9, 4]).count();
            assert_eq!(interfaces, usize::from(whole[4]), "{model}");
            let (_, _, _, serial) = ask(0x0303);
            assert_eq!(serial, *b"\x0a\x030\x000\x000\x001\x00", "{model}");
            assert_eq!(ask(0x0600).1, STALL, "{model}: there is no other speed");
        }
    }

    #[test]
    fn a_code_waits_until_it_is_asked_for_and_comes_in_its_order() {
        for model in Model::ALL {
            let (line, mut kernel) = start(model, "0001").unwrap();
            let sent = model.packets(&ean("4006381333931"));
            line.inputs.send(Input::Send(sent.clone())).unwrap();
            for (number, packet) in (1..).zip(&sent.packets) {
                kernel.write_all(&host::submit(&asked(number, sent.endpoint, NOTHING))).unwrap();
                assert_eq!(host::read_answer(&mut kernel).3, *packet, "{model}");
                assert_eq!(line.events.recv().unwrap(), Event::Taken);
            }
        }
    }

    #[test]
    fn a_transfer_that_is_taken_back_gets_nothing_and_the_next_one_the_packet() {
        let (line, mut kernel) = start(Model::CdcAcm, "0001").unwrap();
        kernel.write_all(&host::submit(&asked(1, 2, NOTHING))).unwrap();
        kernel.write_all(&host::unlink(2, 1)).unwrap();
        assert_eq!(host::read_answer(&mut kernel), (2, TAKEN_BACK, 0, Vec::new()));
        line.inputs.send(Input::Send(Packets { endpoint: 2, packets: vec![b"x".to_vec()] })).unwrap();
        kernel.write_all(&host::submit(&asked(3, 2, NOTHING))).unwrap();
        assert_eq!(host::read_answer(&mut kernel), (3, 0, 1, b"x".to_vec()));
        kernel.write_all(&host::unlink(4, 3)).unwrap();
        assert_eq!(host::read_answer(&mut kernel), (4, 0, 0, Vec::new()), "it was done before");
    }

    #[test]
    fn what_the_box_writes_is_heard_and_a_pulled_cable_ends_it() {
        let (line, mut kernel) = start(Model::CdcAcm, "0001").unwrap();
        let written = Transfer { is_in: false, room: 1, data: vec![1], ..asked(1, 2, NOTHING) };
        kernel.write_all(&host::submit(&written)).unwrap();
        assert_eq!(line.events.recv().unwrap(), Event::Told(vec![1]));
        line.cut();
        assert!(line.events.recv().is_err(), "the device is gone");
    }
}
