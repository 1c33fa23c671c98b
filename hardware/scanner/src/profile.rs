//! What a kind of scanner understands, and which kind a device is: data.

mod table;

use serde::Deserialize;

use crate::kind::Kind;
use crate::signal::Signal;

/// Which bytes a kind of scanner understands. A manual's words; what a
/// manual does not promise is not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// As the table of devices says for what is plugged in; for a device that
    /// it does not have, as [`Profile::Generic`].
    #[default]
    Auto,
    /// Unknown: nothing is sent that is not configured.
    Generic,
    /// Any scanner that beeps at BEL (0x07).
    Bell,
    /// Datalogic on RS-232 or USB-COM (Magellan 9300i reference, appendix E;
    /// Magellan 800i reference, appendix F).
    Datalogic,
    /// Honeywell: SYN BEL CR beeps on a serial port, and in an output report
    /// in HID POS.
    Honeywell,
    /// CipherLab (1663/1664 manual).
    Cipherlab,
    /// Zebra (Symbol) set to its Simple Serial Interface (programmer's guide
    /// 72E-40451).
    ZebraSsi,
}

/// What is sent to a scanner, one row a profile and way in. Nothing = it can't.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) profile: Profile,
    pub(crate) kind: Kind,
    /// On disk.
    pub(crate) good: &'static [u8],
    /// On disk, not in the catalogue.
    pub(crate) not_on_file: &'static [u8],
    /// Nothing was kept.
    pub(crate) error: &'static [u8],
    /// Reads no more, for the disk takes nothing.
    pub(crate) off: &'static [u8],
    /// Reads again.
    pub(crate) on: &'static [u8],
    /// A feature report that must come first.
    pub(crate) hello: &'static [u8],
}

impl Dialect {
    pub(crate) fn bytes(&self, signal: Signal) -> Option<&'static [u8]> {
        let bytes = match signal {
            Signal::Good => self.good,
            Signal::NotOnFile => self.not_on_file,
            Signal::Error => self.error,
            Signal::Tick | Signal::Looked | Signal::TwoDown | Signal::End | Signal::NotSaved => &[],
        };
        (!bytes.is_empty()).then_some(bytes)
    }
}

impl Profile {
    /// The row of this profile for a way in.
    pub(crate) fn dialect(self, kind: Kind) -> Option<&'static Dialect> {
        table::DIALECTS.iter().find(|row| row.profile == self && row.kind == kind)
    }

    /// The profile that is meant: of what is plugged in, unless configured.
    pub(crate) fn of(self, model: Option<&Model>) -> Self {
        match self {
            Self::Auto => model.map_or(Self::Generic, |model| model.profile),
            Self::Generic | Self::Bell | Self::Datalogic | Self::Honeywell | Self::Cipherlab | Self::ZebraSsi => self,
        }
    }
}

/// Whether the beep of a device says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// It beeps when the box tells it to; its own beep is to be off.
    A,
    /// It beeps on reading, before anything is saved, and can't be told.
    B,
}

/// How a device is set up to send, as its product id tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It types.
    Keyboard,
    /// A serial port over USB.
    Serial,
    /// A serial port that only sends.
    SerialOneWay,
    /// HID Point of Sale.
    HidPos,
    /// IBM or OEM hand-held: reports of the vendor's own.
    Oem,
    /// Zebra's own protocol.
    Snapi,
    /// A cable between USB and RS-232: it says nothing about the scanner.
    Bridge,
    /// The product id tells nothing.
    Unknown,
}

impl Mode {
    /// What to do about it, in words for whoever sets the scanner up.
    #[must_use]
    pub const fn advice(self) -> Option<&'static str> {
        match self {
            Self::Keyboard => Some(
                "it types like a keyboard and can't be told what to signal: scan the code `USB HID POS` or \
                 `USB serial (CDC, COM port)` of its manual",
            ),
            Self::SerialOneWay => {
                Some("it only sends: scan the code `bi-directional serial` or `USB HID POS` of its manual")
            }
            Self::Oem => Some("it is set up for an IBM till: scan the code `USB HID POS` of its manual"),
            Self::Snapi => Some(
                "it speaks its maker's own protocol: scan the code `USB HID POS` or `CDC COM port emulation` of its \
                 manual",
            ),
            Self::Bridge => Some("a cable for RS-232: give the scanner's `profile` if it can be told what to signal"),
            Self::Serial | Self::HidPos | Self::Unknown => None,
        }
    }
}

/// A row of the table of devices.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    pub(crate) vendor_id: u16,
    pub(crate) products: Products,
    /// Who makes it.
    pub vendor: &'static str,
    /// Which of its devices.
    pub family: &'static str,
    /// How it is set up to send.
    pub mode: Mode,
    pub(crate) profile: Profile,
}

/// Which product ids of a vendor a row is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Products {
    One(u16),
    /// All whose low byte is this: the vendor's numbers tell the mode.
    LowByte(u16),
    All,
}

impl Model {
    /// What is known of a device, the most special row first.
    #[must_use]
    pub fn of(vendor_id: u16, product_id: u16) -> Option<&'static Self> {
        table::MODELS.iter().find(|row| row.vendor_id == vendor_id && row.products.has(product_id))
    }

    /// Whether the row is about scanners, not about cables.
    #[must_use]
    pub fn is_scanner(&self) -> bool {
        self.mode != Mode::Bridge
    }
}

impl Products {
    const fn has(&self, product_id: u16) -> bool {
        match self {
            Self::One(id) => *id == product_id,
            Self::LowByte(low) => *low == product_id & 0xff,
            Self::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_special_row_of_a_device_is_found() {
        let mode = |vendor, product| Model::of(vendor, product).map(|model| model.mode);
        assert_eq!(mode(0x05f9, 0x2206), Some(Mode::Keyboard));
        assert_eq!(mode(0x05f9, 0x4204), Some(Mode::Serial));
        assert_eq!(mode(0x05f9, 0xffff), Some(Mode::Unknown));
        assert_eq!(mode(0x1eab, 0x0a03), Some(Mode::Keyboard));
        assert_eq!(mode(0x1eab, 0x1d06), Some(Mode::Serial));
        assert_eq!(mode(0x1eab, 0x8310), Some(Mode::HidPos));
        assert_eq!(mode(0x0403, 0x6001), Some(Mode::Bridge));
        assert_eq!(mode(0x1234, 0x5678), None);
    }

    #[test]
    fn no_row_hides_a_later_one() {
        for (at, row) in table::MODELS.iter().enumerate() {
            let product = match row.products {
                Products::One(id) => id,
                Products::LowByte(low) => 0x7700 | low,
                Products::All => 0x7777,
            };
            let found = Model::of(row.vendor_id, product).map(std::ptr::from_ref);
            assert_eq!(found, Some(std::ptr::from_ref(row)), "row {at}: {row:?}");
        }
    }

    #[test]
    fn every_dialect_is_there_once_and_switches_on_what_it_switches_off() {
        for (at, row) in table::DIALECTS.iter().enumerate() {
            assert_eq!(row.profile.dialect(row.kind).map(std::ptr::from_ref), Some(std::ptr::from_ref(row)), "{at}");
            assert_eq!(row.off.is_empty(), row.on.is_empty(), "{row:?}");
            assert!(!row.good.is_empty(), "a row is about what a device can: {row:?}");
        }
    }

    #[test]
    fn a_device_that_is_not_in_the_table_is_generic() {
        assert_eq!(Profile::Auto.of(None), Profile::Generic);
        assert_eq!(Profile::Auto.of(Model::of(0x05f9, 0x4204)), Profile::Datalogic);
        assert_eq!(Profile::Bell.of(Model::of(0x05f9, 0x4204)), Profile::Bell, "what is configured holds");
        assert_eq!(Profile::Generic.dialect(Kind::Serial), None);
        assert_eq!(Profile::Auto.of(Model::of(0x0403, 0x6001)), Profile::Generic, "a cable says nothing");
    }

    /// Magellan 800i, appendix F: F switches reading off until E comes.
    #[test]
    fn not_on_file_does_not_leave_a_datalogic_switched_off() {
        let dialect = Profile::Datalogic.dialect(Kind::Serial).unwrap();
        for signal in [Signal::NotOnFile, Signal::Error] {
            assert!(dialect.bytes(signal).unwrap().ends_with(dialect.on), "{signal:?}");
        }
    }

    #[test]
    fn whoever_types_is_advised_to_be_set_up_otherwise() {
        for mode in [Mode::Keyboard, Mode::Oem, Mode::Snapi, Mode::SerialOneWay] {
            assert!(mode.advice().unwrap().contains("USB HID POS"), "{mode:?}");
        }
        assert_eq!(Mode::HidPos.advice(), None);
    }
}
