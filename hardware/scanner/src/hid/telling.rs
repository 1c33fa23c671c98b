//! What a HID scanner can be told, by its own description: reports with the
//! usages for beeps and for reading no more.

use super::PAGE;
use super::descriptor::{Descriptor, Field, Way};
use crate::signal::{Signal, Signals};
use crate::voice::{Command, Voice};

const PREVENT_READ: u32 = PAGE + 0x5f;
const INITIATE_READ: u32 = PAGE + 0x60;
const GOOD_READ_LED: u32 = PAGE + 0x7d;
const ERROR_BEEP: u32 = PAGE + 0x85;
const GOOD_READ_BEEP: u32 = PAGE + 0x86;
const NOT_ON_FILE_BEEP: u32 = PAGE + 0x87;

/// Usages that do something once, when 1 is written, and nothing at 0. A
/// report with any other may hold settings, which zeros would change.
const HARMLESS: [u32; 7] =
    [0, PREVENT_READ, INITIATE_READ, GOOD_READ_LED, ERROR_BEEP, GOOD_READ_BEEP, NOT_ON_FILE_BEEP];

/// The voice that a device describes.
pub(crate) fn described(configured: &Signals, descriptor: &Descriptor) -> Voice {
    let voice = Voice::made(configured, |signal| {
        let usage = match signal {
            Signal::Good => GOOD_READ_BEEP,
            Signal::NotOnFile => NOT_ON_FILE_BEEP,
            Signal::Error => ERROR_BEEP,
            Signal::Tick | Signal::Looked | Signal::TwoDown | Signal::End | Signal::NotSaved => return None,
        };
        write(descriptor, usage, true)
    });
    match (write(descriptor, PREVENT_READ, true), write(descriptor, PREVENT_READ, false)) {
        (Some(off), Some(on)) => voice.with_switch(off, on),
        _ => voice,
    }
}

/// A report with one usage set and nothing else.
fn write(descriptor: &Descriptor, usage: u32, set: bool) -> Option<Command> {
    let field = [Way::Output, Way::Feature].into_iter().find_map(|way| descriptor.field(way, usage))?;
    let is_of_report = |other: &&Field| (other.way, other.report) == (field.way, field.report);
    let mut others = descriptor.fields.iter().filter(is_of_report);
    if !others.all(|other| HARMLESS.contains(&other.usage)) {
        return None;
    }
    let bytes = descriptor.report_bytes(field.way, field.report)?;
    let mut report = vec![0; bytes];
    if descriptor.numbered {
        *report.first_mut()? = field.report;
    }
    if set {
        *report.get_mut(usize::try_from(field.bit / 8).ok()?)? |= 1 << (field.bit % 8);
    }
    // The system wants a number in front; 0 where reports have none.
    if !descriptor.numbered {
        report.insert(0, 0);
    }
    Some(if field.way == Way::Output { Command::Bytes(report) } else { Command::Feature(report) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hid::descriptor::tests::SCANNER;
    use crate::voice::Reading;

    fn voice(bytes: &[u8]) -> Voice {
        described(&Signals::default(), &Descriptor::parse(bytes).unwrap())
    }

    #[test]
    fn beeps_and_the_switch_are_bits_of_the_described_report() {
        let voice = voice(SCANNER);
        assert_eq!(voice.signal(Signal::Good), Some(&Command::Bytes(vec![4, 0b100])));
        assert_eq!(voice.signal(Signal::NotOnFile), Some(&Command::Bytes(vec![4, 0b1000])));
        assert_eq!(voice.signal(Signal::Error), Some(&Command::Bytes(vec![4, 0b10])));
        assert_eq!(voice.signal(Signal::NotSaved), voice.signal(Signal::Error));
        assert_eq!(voice.signal(Signal::Looked), None);
        assert_eq!(voice.switch(Reading::Off), Some(&Command::Bytes(vec![4, 1])));
        assert_eq!(voice.switch(Reading::On), Some(&Command::Bytes(vec![4, 0])));
    }

    #[test]
    fn a_report_without_a_number_is_sent_with_a_zero_in_front() {
        let bytes = [0x05, 0x8c, 0x09, 0x02, 0xa1, 1, 0x75, 1, 0x95, 1, 0x09, 0x86, 0xb1, 2, 0x95, 7, 0xb1, 3, 0xc0];
        assert_eq!(voice(&bytes).signal(Signal::Good), Some(&Command::Feature(vec![0, 1])));
    }

    #[test]
    fn a_report_that_may_hold_settings_is_never_written() {
        // Good read beep beside the volume of its tone.
        let bytes = [0x05, 0x8c, 0x09, 0x02, 0xa1, 1, 0x75, 8, 0x95, 2, 0x09, 0x86, 0x09, 0x80, 0xb1, 2, 0xc0];
        assert_eq!(voice(&bytes), Voice::default());
    }

    #[test]
    fn a_device_that_describes_no_beep_has_no_voice() {
        let bytes = [0x05, 0x8c, 0x09, 0x02, 0xa1, 1, 0x75, 8, 0x95, 8, 0x09, 0xfe, 0x81, 2, 0xc0];
        assert_eq!(voice(&bytes), Voice::default());
    }
}
