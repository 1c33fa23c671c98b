//! Scanners that a program makes up: what is told to devices, and recordings.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidemark_scanner::{
    Class, Config, DeviceEvent, Events, Kind, Profile, Scanner, Scanners, Signal, Simulated, Unavailable, scans_of,
};

const PATIENCE: Duration = Duration::from_secs(10);

fn clock() -> tidemark_scanner::Clock {
    #[expect(clippy::disallowed_methods, reason = "the tests are where time comes from")]
    let start = Instant::now();
    Arc::new(move || u64::try_from(start.elapsed().as_millis()).unwrap())
}

/// One simulated scanner, plugged in, and whoever listens to it.
struct Shop {
    device: Simulated,
    scanners: Scanners,
    events: Events,
    runtime: tokio::runtime::Runtime,
}

impl Shop {
    fn with(config: Config) -> Self {
        let device = Simulated::new();
        device.plug();
        let simulated = vec![(config.path.clone(), device.clone())];
        let (scanners, events) = Scanners::start_with(vec![config], simulated, clock()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { device, scanners, events, runtime }
    }

    fn of(profile: Profile) -> Self {
        Self::with(Config { profile, ..Config::new("sim", "lane-1") })
    }

    fn next(&mut self) -> DeviceEvent {
        let Self { runtime, events, .. } = self;
        runtime.block_on(async { tokio::time::timeout(PATIENCE, events.recv()).await }).unwrap().unwrap()
    }

    fn frame(&mut self) -> Vec<u8> {
        let event = self.next();
        let DeviceEvent::Frame(frame) = event else { unreachable!("{event:?} instead of a frame") };
        frame.bytes
    }

    fn opened_class(&mut self) -> Class {
        let event = self.next();
        let DeviceEvent::Opened { present, .. } = event else { unreachable!("{event:?} instead of an opening") };
        assert_eq!(present.kind, Kind::Simulated);
        present.class
    }

    fn scanner(&self) -> Scanner {
        self.scanners.all().first().unwrap().clone()
    }
}

#[test]
fn while_the_disk_fails_a_scanner_that_can_be_is_switched_off_and_on_again() {
    let mut shop = Shop::of(Profile::Datalogic);
    assert_eq!(shop.opened_class(), Class::A);
    let scanner = shop.scanner();
    assert!(scanner.can_switch_off());
    // Whoever was killed while it was off may have left it so.
    assert_eq!(shop.device.told(1, PATIENCE), [b"E"]);
    scanner.switch_off();
    assert_eq!(shop.device.told(2, PATIENCE).last().unwrap(), b"D");
    // Not on file makes it read again: it is switched off behind it.
    scanner.feedback(Signal::NotSaved).unwrap();
    let told = shop.device.told(4, PATIENCE);
    assert_eq!(told.get(2..).unwrap(), [b"FFE".to_vec(), b"D".to_vec()]);
    // Another one is plugged in meanwhile.
    shop.device.pull();
    assert!(matches!(shop.next(), DeviceEvent::Closed { .. }));
    assert!(matches!(shop.next(), DeviceEvent::Unavailable { why: Unavailable::Missing, .. }));
    shop.device.plug();
    assert_eq!(shop.opened_class(), Class::A);
    assert_eq!(shop.device.told(5, PATIENCE).last().unwrap(), b"D");
    scanner.switch_on();
    assert_eq!(shop.device.told(6, PATIENCE).last().unwrap(), b"E");
}

#[test]
fn whoever_stops_leaves_a_scanner_reading() {
    let mut shop = Shop::of(Profile::Datalogic);
    assert_eq!(shop.opened_class(), Class::A);
    shop.scanner().switch_off();
    assert_eq!(shop.device.told(2, PATIENCE).last().unwrap(), b"D");
    let Shop { device, scanners, .. } = shop;
    scanners.stop();
    assert_eq!(device.told(3, PATIENCE).last().unwrap(), b"E");
}

#[test]
fn a_zebra_that_sends_packets_is_answered_and_signals_by_packets() {
    let mut shop = Shop::of(Profile::ZebraSsi);
    assert_eq!(shop.opened_class(), Class::A);
    // SCAN_ENABLE at the beginning.
    assert_eq!(shop.device.told(1, PATIENCE), [[0x04, 0xe9, 0x04, 0x00, 0xff, 0x0f]]);
    // DECODE_DATA with 96385074.
    shop.device.send(b"\x0d\xf3\x00\x00\x0a96385074\xfd\x4c");
    assert_eq!(shop.frame(), b"96385074");
    assert_eq!(shop.device.told(2, PATIENCE).last().unwrap(), &[0x04, 0xd0, 0x04, 0x00, 0xff, 0x28]);
    shop.scanner().feedback(Signal::Good).unwrap();
    assert_eq!(shop.device.told(3, PATIENCE).last().unwrap(), &[0x05, 0xe6, 0x04, 0x00, 0x00, 0xff, 0x11]);
    // Its answer to that is no scan.
    shop.device.send(b"\x04\xd0\x00\x00\xff\x2c4006381333931\r");
    assert_eq!(shop.frame(), b"4006381333931");
}

#[test]
fn a_device_that_is_not_known_is_told_nothing_and_its_beep_says_nothing() {
    let mut shop = Shop::of(Profile::Auto);
    assert_eq!(shop.opened_class(), Class::B);
    let scanner = shop.scanner();
    assert_eq!((scanner.class(), scanner.can_switch_off()), (Class::B, false));
    scanner.switch_off();
    shop.device.send(b"4006381333931\r");
    assert_eq!(shop.frame(), b"4006381333931");
    scanner.feedback(Signal::Good).unwrap_err();
    shop.device.send(b"96385074\r");
    assert_eq!(shop.frame(), b"96385074");
    assert!(shop.device.told(0, PATIENCE).is_empty());
}

#[test]
fn what_is_recorded_in_a_shop_is_played_again_elsewhere_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.capture");
    let mut shop = Shop::with(Config { record: Some(file.clone()), ..Config::new("sim", "lane-1") });
    shop.opened_class();
    shop.device.send(b"]E04006381333931\r");
    assert_eq!(shop.frame(), b"]E04006381333931");
    shop.device.send(b"BADGE-77123\r");
    assert_eq!(shop.frame(), b"BADGE-77123");
    drop(shop);
    let text = std::fs::read_to_string(&file).unwrap();
    let scans: Vec<Vec<u8>> = scans_of(&text).unwrap().into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(scans, [b"]E04006381333931".to_vec(), b"AAAAA-00000".to_vec()]);
    let config = Config { kind: Some(Kind::Replay), ..Config::new(file.to_str().unwrap(), "lane-1") };
    let (_scanners, mut events) = Scanners::start(vec![config], clock()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut next = || runtime.block_on(async { tokio::time::timeout(PATIENCE, events.recv()).await }).unwrap().unwrap();
    assert!(matches!(next(), DeviceEvent::Opened { .. }));
    for scan in scans {
        let event = next();
        let DeviceEvent::Frame(frame) = event else { unreachable!("{event:?}") };
        assert_eq!(frame.bytes, scan);
    }
    assert!(matches!(next(), DeviceEvent::Closed { .. }));
    let event = next();
    assert!(matches!(&event, DeviceEvent::Unavailable { why: Unavailable::Failed(why), .. } if why.contains("over")));
}

#[test]
fn a_recording_that_cannot_be_written_is_told_and_scans_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let record = Some(folder.path().join("no/such/folder/shop.capture"));
    let mut shop = Shop::with(Config { record, ..Config::new("sim", "lane-1") });
    shop.opened_class();
    let event = shop.next();
    assert!(matches!(&event, DeviceEvent::Noticed { notice, .. } if notice.to_string().contains("recorded no more")));
    shop.device.send(b"96385074\r");
    assert_eq!(shop.frame(), b"96385074");
}
