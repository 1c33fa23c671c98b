//! Scanners on pseudo-terminals: plugged, pulled, plugged again, noisy, busy.
//! (A pseudo-terminal knows no line speed and no parity: those need a port.)

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serialport::{SerialPort, TTYPort};
use tidemark_scanner::{
    Closed, Config, DeviceEvent, Events, FeedbackError, Frame, Profile, Scanner, Scanners, Signal, StartError,
    Unavailable,
};

const PATIENCE: Duration = Duration::from_secs(10);

fn clock() -> tidemark_scanner::Clock {
    #[expect(clippy::disallowed_methods, reason = "the tests are where time comes from")]
    let start = Instant::now();
    Arc::new(move || u64::try_from(start.elapsed().as_millis()).unwrap())
}

/// A path at which scanners are plugged in, as udev links one.
struct Socket {
    folder: PathBuf,
    link: PathBuf,
}

impl Socket {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("tidemark-scanner-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { link: folder.join("port"), folder }
    }

    fn path(&self) -> String {
        self.link.to_str().unwrap().to_owned()
    }

    fn config(&self, profile: Profile) -> Config {
        Config { profile, ..Config::new(self.path(), "lane-1") }
    }

    /// The scanner itself: what it writes is scanned, what it reads is feedback.
    fn plug(&self) -> TTYPort {
        let (scanner, port) = TTYPort::pair().unwrap();
        let _none_before = std::fs::remove_file(&self.link);
        std::os::unix::fs::symlink(Path::new(&port.name().unwrap()), &self.link).unwrap();
        scanner
    }

    /// Pulls the cable: the link goes first, for the system gives the number
    /// of the port to the next one at once.
    fn pull(&self, device: TTYPort) {
        std::fs::remove_file(&self.link).unwrap();
        drop(device);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _left_behind = std::fs::remove_dir_all(&self.folder);
    }
}

/// Scanners with their events, read with patience but not for ever.
struct Listening {
    scanners: Scanners,
    events: Events,
    runtime: tokio::runtime::Runtime,
}

impl Listening {
    fn at(configs: Vec<Config>) -> Self {
        let (scanners, events) = Scanners::start(configs, clock()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { scanners, events, runtime }
    }

    fn next(&mut self) -> DeviceEvent {
        let Self { runtime, events, .. } = self;
        runtime.block_on(async { tokio::time::timeout(PATIENCE, events.recv()).await }).unwrap().unwrap()
    }

    fn frame(&mut self) -> String {
        let event = self.next();
        let DeviceEvent::Frame(Frame { bytes, .. }) = event else { unreachable!("{event:?} instead of a frame") };
        String::from_utf8(bytes).unwrap()
    }

    fn expect_opened(&mut self) {
        let event = self.next();
        assert!(matches!(event, DeviceEvent::Opened { .. }), "{event:?}");
    }

    fn scanner(&self) -> Scanner {
        self.scanners.all().first().unwrap().clone()
    }
}

#[test]
fn scans_arrive_and_the_answer_comes_out_at_the_device() {
    let socket = Socket::new();
    let mut device = socket.plug();
    let mut listening = Listening::at(vec![socket.config(Profile::Honeywell)]);
    listening.expect_opened();
    let scanner = listening.scanner();
    device.set_timeout(PATIENCE).unwrap();
    for n in 0..20 {
        write!(device, "]E04006381{n:06}\r").unwrap();
        assert_eq!(listening.frame(), format!("]E04006381{n:06}"));
        scanner.feedback(Signal::Good).unwrap();
        let mut answer = [0; 3];
        device.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"\x16\x07\x0d");
    }
    // Nothing was sent that was not asked for.
    assert_eq!(device.bytes_to_read().unwrap(), 0);
    assert_eq!(scanner.feedback(Signal::Error), Err(FeedbackError::Unsupported));
    assert!(scanner.health().open && scanner.health().last_frame_at.is_some());
    drop(listening);
    let health = scanner.health();
    assert_eq!((health.open_count, health.frame_count, health.feedback_count), (1, 20, 20));
    assert_eq!((health.byte_count, health.open), (20 * 17, false));
}

#[test]
fn a_scanner_that_is_pulled_and_plugged_again_goes_on() {
    let socket = Socket::new();
    let mut device = socket.plug();
    let mut listening = Listening::at(vec![socket.config(Profile::Bell)]);
    listening.expect_opened();
    let scanner = listening.scanner();
    for n in 1..=3 {
        device.write_all(b"4006381333931\r\n").unwrap();
        assert_eq!(listening.frame(), "4006381333931");
        // Pulled in the middle of a scan: the piece is no scan.
        device.write_all(b"40063813").unwrap();
        socket.pull(device);
        let event = listening.next();
        assert!(matches!(&event, DeviceEvent::Closed { why: Closed::Unplugged(_), .. }), "{event:?}");
        let event = listening.next();
        assert!(matches!(&event, DeviceEvent::Unavailable { why: Unavailable::Missing, .. }), "{event:?}");
        assert_eq!(scanner.feedback(Signal::Good), Err(FeedbackError::Closed));
        device = socket.plug();
        listening.expect_opened();
        assert_eq!(scanner.health().close_count, n);
    }
    device.write_all(b"96385074\r").unwrap();
    assert_eq!(listening.frame(), "96385074");
    assert_eq!(scanner.health().communication_error_count, 3);
}

#[test]
fn a_scanner_that_is_plugged_in_later_is_waited_for() {
    let socket = Socket::new();
    let mut listening = Listening::at(vec![socket.config(Profile::Generic)]);
    let event = listening.next();
    assert!(matches!(&event, DeviceEvent::Unavailable { why: Unavailable::Missing, .. }), "{event:?}");
    let mut device = socket.plug();
    listening.expect_opened();
    // Without a suffix the gap ends it.
    device.write_all(b"4006381333931").unwrap();
    assert_eq!(listening.frame(), "4006381333931");
}

#[test]
fn noise_and_nine_kib_without_an_end_are_dropped_and_the_next_scan_is_read() {
    let socket = Socket::new();
    let mut device = socket.plug();
    let mut listening = Listening::at(vec![socket.config(Profile::Generic)]);
    listening.expect_opened();
    device.write_all(b"\xff\xfe\x81\r\0\0\x06").unwrap();
    for _ in 0..9 {
        device.write_all(&[b'8'; 1024]).unwrap();
    }
    device.write_all(b"\r4006381333931\r").unwrap();
    assert_eq!(listening.frame(), "4006381333931");
    let health = listening.scanner().health();
    assert_eq!((health.noise_count, health.oversize_count, health.frame_count), (1, 1, 1));
}

#[test]
fn a_busy_port_is_named_and_taken_when_it_is_free() {
    let socket = Socket::new();
    let mut device = socket.plug();
    let other_program = serialport::new(socket.path(), 9_600).open().unwrap();
    let mut listening = Listening::at(vec![socket.config(Profile::Generic)]);
    let event = listening.next();
    assert!(matches!(&event, DeviceEvent::Unavailable { why: Unavailable::Busy(_), .. }), "{event:?}");
    drop(other_program);
    listening.expect_opened();
    device.write_all(b"4006381333931\r").unwrap();
    assert_eq!(listening.frame(), "4006381333931");
}

#[test]
fn what_is_no_serial_port_is_named() {
    let socket = Socket::new();
    std::fs::write(&socket.link, "").unwrap();
    let mut listening = Listening::at(vec![socket.config(Profile::Generic)]);
    let event = listening.next();
    assert!(matches!(&event, DeviceEvent::Unavailable { why: Unavailable::Failed(_), .. }), "{event:?}");
}

#[test]
fn what_was_scanned_while_nobody_listened_is_no_scan() {
    let socket = Socket::new();
    let mut device = socket.plug();
    // Somebody has the port open, so that what is sent stays in it.
    let holder = serialport::new(socket.path(), 9_600).open().unwrap();
    device.write_all(b"1111\r").unwrap();
    let mut listening = Listening::at(vec![socket.config(Profile::Generic)]);
    assert!(matches!(listening.next(), DeviceEvent::Unavailable { .. }));
    drop(holder);
    listening.expect_opened();
    device.write_all(b"96385074\r").unwrap();
    assert_eq!(listening.frame(), "96385074");
}

#[test]
fn each_of_two_scanners_is_known_by_its_port() {
    let (left, right) = (Socket::new(), Socket::new());
    let (mut a, mut b) = (left.plug(), right.plug());
    let mut listening = Listening::at(vec![left.config(Profile::Generic), right.config(Profile::Generic)]);
    listening.expect_opened();
    listening.expect_opened();
    for (device, socket) in [(&mut a, &left), (&mut b, &right)] {
        device.write_all(b"96385074\r").unwrap();
        let event = listening.next();
        assert_eq!(event.device().as_str(), socket.path());
        assert_eq!(listening.scanners.get(event.device()).unwrap().config().path, socket.path());
    }
}

#[test]
fn stopping_ends_the_threads_and_tells_the_end() {
    let socket = Socket::new();
    let _device = socket.plug();
    let missing = Socket::new();
    let mut listening = Listening::at(vec![socket.config(Profile::Bell), missing.config(Profile::Bell)]);
    let told = [listening.next(), listening.next()];
    assert!(told.iter().any(|event| matches!(event, DeviceEvent::Opened { .. })));
    let scanner = listening.scanner();
    let Listening { scanners, mut events, .. } = listening;
    scanners.stop();
    let event = events.blocking_recv();
    assert!(matches!(event, Some(DeviceEvent::Closed { why: Closed::Stopped, .. })), "{event:?}");
    assert_eq!(events.blocking_recv(), None);
    assert_eq!(scanner.feedback(Signal::Good), Err(FeedbackError::Closed));
}

#[test]
fn a_faulty_configuration_is_refused_before_anything_is_opened() {
    let start = |configs| Scanners::start(configs, clock()).map(|_| ()).unwrap_err();
    assert!(matches!(start(vec![Config::new("", "l")]), StartError::NoPath { .. }));
    assert!(matches!(start(vec![Config::new("p", "l"), Config::new("p", "m")]), StartError::SamePath { .. }));
    assert!(matches!(start(vec![Config { baud: 0, ..Config::new("p", "l") }]), StartError::NoBaud { .. }));
}

#[test]
fn twenty_scans_a_second_from_two_devices_all_arrive() {
    let (left, right) = (Socket::new(), Socket::new());
    let (mut a, mut b) = (left.plug(), right.plug());
    let mut listening = Listening::at(vec![left.config(Profile::Generic), right.config(Profile::Generic)]);
    listening.expect_opened();
    listening.expect_opened();
    let mut seen = [Vec::new(), Vec::new()];
    for n in 0..500 {
        write!(a, "{n:013}\r\n").unwrap();
        write!(b, "{n:013}\r\n").unwrap();
        for _ in 0..2 {
            let DeviceEvent::Frame(frame) = listening.next() else { unreachable!() };
            seen[usize::from(frame.device.as_str() == right.path())].push(frame.bytes);
        }
    }
    let sent: Vec<Vec<u8>> = (0..500).map(|n| format!("{n:013}").into_bytes()).collect();
    assert_eq!(seen, [sent.clone(), sent]);
}
