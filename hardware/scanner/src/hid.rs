//! HID Point of Sale: scanners that send reports of usage page 0x8C (HID
//! Point of Sale Usage Tables 1.02; the same page in HID Usage Tables 1.5).
//!
//! A report has the symbology identifier, the code, and a bit that says that
//! it goes on in the next one. Where they lie is in the report descriptor
//! ([`descriptor`], [`layout`]); of a device that has none to be made sense
//! of, the layout that nearly all makers use is taken. [`assembler`] makes
//! scans of reports; [`raw`] is the only place that touches the devices.

pub(crate) mod assembler;
pub(crate) mod descriptor;
pub(crate) mod layout;
#[cfg(any(target_os = "linux", windows))]
pub(crate) mod raw;
pub(crate) mod telling;

/// The usage page of scanners.
const PAGE: u32 = 0x8c << 16;
/// Usages of whole devices: badge reader, scanner, dumb scanner, cordless
/// base, cradle.
const DEVICES: std::ops::RangeInclusive<u32> = PAGE + 1..=PAGE + 5;

/// Whether a report descriptor is that of a scanner.
pub(crate) fn is_pos_scanner(bytes: &[u8]) -> bool {
    descriptor::Descriptor::parse(bytes).is_ok_and(|descriptor| {
        let devices = descriptor.applications.iter();
        devices.into_iter().any(|usage| DEVICES.contains(usage))
    })
}
