//! The tables. Numbers of vendors and modes: the hardware database that comes
//! with systemd (`20-usb-vendor-model.hwdb`); bytes: the manuals named at the
//! profiles. `docs/scanners.md` tells the same in words, with the sources.

use super::{Dialect, Mode, Model, Products, Profile};
use crate::kind::Kind;

const NOTHING: &[u8] = &[];

pub(super) static DIALECTS: &[Dialect] = &[
    Dialect {
        profile: Profile::Bell,
        kind: Kind::Serial,
        good: b"\x07",
        not_on_file: NOTHING,
        error: b"\x07\x07",
        off: NOTHING,
        on: NOTHING,
        hello: NOTHING,
    },
    Dialect {
        profile: Profile::Datalogic,
        kind: Kind::Serial,
        good: b"\x01",
        // F also stops some of them from reading (Magellan 800i, PowerScan):
        // E lets them go on, and does nothing to the others.
        not_on_file: b"FE",
        error: b"FFE",
        off: b"D",
        on: b"E",
        hello: NOTHING,
    },
    Dialect {
        profile: Profile::Honeywell,
        kind: Kind::Serial,
        good: b"\x16\x07\x0d",
        not_on_file: NOTHING,
        error: NOTHING,
        off: NOTHING,
        on: NOTHING,
        hello: NOTHING,
    },
    Dialect {
        profile: Profile::Honeywell,
        kind: Kind::HidPos,
        good: b"\xfd\x03\x16\x07\x0d",
        not_on_file: NOTHING,
        error: NOTHING,
        off: NOTHING,
        on: NOTHING,
        hello: b"\xfe\x01",
    },
    Dialect {
        profile: Profile::Cipherlab,
        kind: Kind::Serial,
        good: b"#@////\r",
        not_on_file: NOTHING,
        error: NOTHING,
        off: b"D",
        on: b"E",
        hello: NOTHING,
    },
    Dialect {
        profile: Profile::ZebraSsi,
        kind: Kind::Serial,
        // BEEP with one high, one low, two low beeps.
        good: &[0x05, 0xe6, 0x04, 0x00, 0x00, 0xff, 0x11],
        not_on_file: &[0x05, 0xe6, 0x04, 0x00, 0x05, 0xff, 0x0c],
        error: &[0x05, 0xe6, 0x04, 0x00, 0x06, 0xff, 0x0b],
        // SCAN_DISABLE, SCAN_ENABLE.
        off: &[0x04, 0xea, 0x04, 0x00, 0xff, 0x0e],
        on: &[0x04, 0xe9, 0x04, 0x00, 0xff, 0x0f],
        hello: NOTHING,
    },
];

const fn one(vendor_id: u16, product: u16, vendor: &'static str, family: &'static str, mode: Mode) -> Model {
    Model { vendor_id, products: Products::One(product), vendor, family, mode, profile: Profile::Generic }
}

const fn any(vendor_id: u16, vendor: &'static str, family: &'static str, mode: Mode) -> Model {
    Model { vendor_id, products: Products::All, vendor, family, mode, profile: Profile::Generic }
}

const fn low_byte(vendor_id: u16, low: u16, vendor: &'static str, family: &'static str, mode: Mode) -> Model {
    Model { vendor_id, products: Products::LowByte(low), vendor, family, mode, profile: Profile::Generic }
}

const fn speaks(profile: Profile, model: Model) -> Model {
    Model { profile, ..model }
}

/// The special rows of a vendor before the one for all of it.
pub(super) static MODELS: &[Model] = &[
    one(0x0c2e, 0x0204, "Honeywell", "Metrologic", Mode::Keyboard),
    one(0x0c2e, 0x0700, "Honeywell", "Metrologic", Mode::SerialOneWay),
    // Metrologic's own line of devices knows other commands.
    one(0x0c2e, 0x0720, "Honeywell", "Metrologic", Mode::Serial),
    one(0x0c2e, 0x0007, "Honeywell", "Metrologic", Mode::Oem),
    speaks(Profile::Honeywell, any(0x0c2e, "Honeywell", "Voyager, Xenon, Granit and others", Mode::Unknown)),
    speaks(Profile::Honeywell, any(0x0536, "Honeywell", "Hand Held Products", Mode::Unknown)),
    speaks(Profile::Honeywell, any(0x23d0, "Honeywell", "Youjie", Mode::Unknown)),
    one(0x05e0, 0x1200, "Zebra", "Symbol", Mode::Keyboard),
    one(0x05e0, 0x1701, "Zebra", "Symbol", Mode::Serial),
    one(0x05e0, 0x1900, "Zebra", "Symbol", Mode::Snapi),
    any(0x05e0, "Zebra", "Symbol", Mode::Unknown),
    one(0x05f9, 0x2206, "Datalogic", "Gryphon, Magellan and others", Mode::Keyboard),
    speaks(Profile::Datalogic, one(0x05f9, 0x4204, "Datalogic", "Gryphon, Magellan and others", Mode::Serial)),
    one(0x05f9, 0x1206, "Datalogic", "Gryphon, Magellan and others", Mode::Oem),
    speaks(Profile::Datalogic, any(0x05f9, "Datalogic", "PSC and later", Mode::Unknown)),
    speaks(Profile::Datalogic, any(0x080c, "Datalogic", "Datalogic S.p.A.", Mode::Unknown)),
    one(0x067e, 0x0801, "Intermec", "SR and others", Mode::Keyboard),
    one(0x067e, 0x0803, "Intermec", "SR and others", Mode::Serial),
    any(0x067e, "Intermec", "SR and others", Mode::Unknown),
    low_byte(0x1eab, 0x03, "Newland", "HR, FR and others", Mode::Keyboard),
    low_byte(0x1eab, 0x06, "Newland", "HR, FR and others", Mode::Serial),
    low_byte(0x1eab, 0x10, "Newland", "HR, FR and others", Mode::HidPos),
    any(0x1eab, "Newland", "HR, FR and others", Mode::Unknown),
    speaks(Profile::Cipherlab, any(0x0745, "CipherLab", "1000 and later", Mode::Unknown)),
    any(0x0403, "FTDI", "USB to RS-232", Mode::Bridge),
    any(0x10c4, "Silicon Labs", "USB to RS-232", Mode::Bridge),
    any(0x067b, "Prolific", "USB to RS-232", Mode::Bridge),
    any(0x1a86, "WCH", "USB to RS-232", Mode::Bridge),
];
