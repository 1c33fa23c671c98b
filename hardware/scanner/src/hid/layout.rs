//! Where a scan lies in the reports of a device.

use std::ops::Range;

use super::PAGE;
use super::descriptor::{Descriptor, Field, Way};

/// Usages of the page of scanners (HID Usage Tables 1.5, page 0x8C).
const SYMBOLOGY_1: u32 = PAGE + 0xfb;
const SYMBOLOGY_2: u32 = PAGE + 0xfc;
const SYMBOLOGY_3: u32 = PAGE + 0xfd;
const DECODED_DATA: u32 = PAGE + 0xfe;
const CONTINUED: u32 = PAGE + 0xff;
/// Byte Count of the page Generic Desktop.
const BYTE_COUNT: u32 = 0x1_003b;

/// The places in a report, in bytes from its first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The number of the report, if reports have one.
    report: Option<u8>,
    /// How many bytes of the data count.
    length: Option<usize>,
    /// The three bytes of the symbology identifier.
    symbology: Option<[usize; 3]>,
    pub(crate) data: Range<usize>,
    /// The byte, and the bit in it, that says that the scan goes on.
    continued: Option<(usize, u32)>,
    /// Taken for want of a descriptor: makers differ by a byte.
    guessed: bool,
}

/// What one report has of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    /// `]`, a letter, a character: as it was sent.
    pub(crate) aim: Option<[u8; 3]>,
    pub(crate) data: &'a [u8],
    /// More comes in the next report.
    pub(crate) continued: bool,
}

impl Layout {
    /// As a device describes itself, else as nearly all makers do it: number
    /// 2, length, three bytes of AIM identifier, 56 of data, two of the
    /// maker's own, and a last byte whose lowest bit says that it goes on
    /// (Access-IS LSR118 manual, appendix B.1).
    pub(crate) fn of(descriptor: Option<&Descriptor>) -> Self {
        descriptor.and_then(Self::described).unwrap_or(Self {
            report: None,
            length: Some(1),
            symbology: Some([2, 3, 4]),
            data: 5..61,
            continued: Some((63, 0)),
            guessed: true,
        })
    }

    fn described(descriptor: &Descriptor) -> Option<Self> {
        let data = descriptor.field(Way::Input, DECODED_DATA).filter(|field| field.size == 8)?;
        let of_report = |usage| {
            let fields = descriptor.fields.iter().filter(|field| field.way == Way::Input && field.usage == usage);
            fields.filter(|field| field.report == data.report).copied().next()
        };
        let byte = |usage| whole_byte(&of_report(usage)?);
        let start = whole_byte(data)?;
        let symbology = [byte(SYMBOLOGY_1), byte(SYMBOLOGY_2), byte(SYMBOLOGY_3)];
        Some(Self {
            report: descriptor.numbered.then_some(data.report),
            length: byte(BYTE_COUNT),
            symbology: if let [Some(a), Some(b), Some(c)] = symbology { Some([a, b, c]) } else { None },
            data: start..start.checked_add(usize::try_from(data.count).ok()?)?,
            continued: of_report(CONTINUED).and_then(|f| Some((usize::try_from(f.bit / 8).ok()?, f.bit % 8))),
            guessed: false,
        })
    }

    /// What a report has of a scan; `None` if it is about something else.
    pub(crate) fn part<'a>(&self, report: &'a [u8]) -> Option<Part<'a>> {
        if self.report.is_some_and(|number| report.first() != Some(&number)) {
            return None;
        }
        let habit = if self.guessed { Habit::of(report) } else { Habit::Usual };
        let shift = usize::from(habit == Habit::OneFurther);
        let places = self.symbology.filter(|_| habit != Habit::Bare);
        let aim = places.and_then(|places| aim(report, places.map(|place| place + shift)));
        let start = if habit == Habit::Bare { BARE_DATA } else { self.data.start + shift };
        let data = report.get(start..)?;
        let data = data.get(..self.data.len()).unwrap_or(data);
        let length = self.length.and_then(|place| report.get(place + shift)).map(|length| usize::from(*length));
        let mut data = length.and_then(|length| data.get(..length)).unwrap_or(data);
        // What is not used of the field is zero; who counts the identifier
        // with the code says a length that is too great.
        if length.is_none() || self.guessed {
            data = data.get(..data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)).unwrap_or(data);
        }
        let continued = self.continued.is_some_and(|(byte, bit)| report.get(byte).is_some_and(|b| b >> bit & 1 == 1));
        Some(Part { aim, data, continued })
    }
}

/// How makers differ, as a report itself shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    Usual,
    /// The identifier begins one byte later.
    OneFurther,
    /// The code follows the length, without an identifier of its own (Newland
    /// FM420 integration guide, Unitech MS842N manual).
    Bare,
}

/// Where the code begins then.
const BARE_DATA: usize = 2;

impl Habit {
    fn of(report: &[u8]) -> Self {
        match (report.get(2), report.get(3)) {
            (Some(b']'), _) => Self::Usual,
            (_, Some(b']')) => Self::OneFurther,
            (Some(byte), _) if byte.is_ascii_graphic() => Self::Bare,
            _ => Self::Usual,
        }
    }
}

/// The byte in which a field of 8 bits lies, if it fills it.
fn whole_byte(field: &Field) -> Option<usize> {
    (field.size == 8 && field.bit.is_multiple_of(8)).then(|| usize::try_from(field.bit / 8).ok())?
}

/// An AIM identifier; some makers have numbers of their own in its place.
fn aim(report: &[u8], places: [usize; 3]) -> Option<[u8; 3]> {
    let [first, second, third] = places.map(|place| report.get(place).copied());
    let aim = [first?, second?, third?];
    let is_aim = aim[0] == b']' && aim[1].is_ascii_alphabetic() && aim[2].is_ascii_alphanumeric();
    is_aim.then_some(aim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hid::descriptor::tests::SCANNER;

    fn report(number: u8, aim: &[u8], data: &[u8], last: u8) -> Vec<u8> {
        let mut report = vec![number, u8::try_from(data.len()).unwrap()];
        report.extend(aim);
        report.extend(data);
        report.resize(61, 0);
        report.extend([b'd', 0, last]);
        report
    }

    #[test]
    fn a_described_layout_and_the_usual_one_read_the_same() {
        let described = Layout::of(Descriptor::parse(SCANNER).ok().as_ref());
        let usual = Layout::of(None);
        let bytes = report(2, b"]E0", b"4006381333931", 0);
        let part = Part { aim: Some(*b"]E0"), data: b"4006381333931", continued: false };
        assert_eq!(described.part(&bytes), Some(part));
        assert_eq!(usual.part(&bytes), Some(part));
        assert!(usual.part(&report(2, b"]Q1", b"https", 1)).unwrap().continued);
        assert_eq!(described.part(&report(4, b"]E0", b"4006381333931", 0)), None, "another report");
    }

    #[test]
    fn without_a_description_the_identifier_may_lie_one_byte_further() {
        let mut bytes = report(2, b"]E0", b"4006381333931", 0);
        bytes.insert(1, 0);
        bytes.truncate(64);
        let part = Layout::of(None).part(&bytes).unwrap();
        assert_eq!((part.aim, part.data), (Some(*b"]E0"), b"4006381333931".as_slice()));
    }

    #[test]
    fn without_a_description_the_code_may_follow_its_length() {
        let mut bytes = b"\x02\x0d4006381333931".to_vec();
        bytes.resize(64, 0);
        let part = Part { aim: None, data: b"4006381333931", continued: false };
        assert_eq!(Layout::of(None).part(&bytes), Some(part));
        // Told to send an identifier, such a maker counts it with the code.
        let mut bytes = b"\x02\x10]E04006381333931".to_vec();
        bytes.resize(64, 0);
        assert_eq!(Layout::of(None).part(&bytes), Some(Part { aim: Some(*b"]E0"), ..part }));
    }

    #[test]
    fn without_a_count_the_zeros_behind_the_code_do_not_belong_to_it() {
        let bytes = [0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0x75, 0x08, 0x95, 0x10, 0x09, 0xfe, 0x81, 0x02, 0xc0];
        let layout = Layout::of(Descriptor::parse(&bytes).ok().as_ref());
        let part = layout.part(b"96385074\0\0\0\0\0\0\0\0").unwrap();
        assert_eq!(part, Part { aim: None, data: b"96385074", continued: false });
    }

    #[test]
    fn a_count_beyond_the_field_and_a_short_report_take_what_is_there() {
        let mut bytes = report(2, b"]E0", b"4006381333931", 0);
        bytes[1] = 255;
        assert_eq!(Layout::of(None).part(&bytes).unwrap().data, b"4006381333931");
        let described = Layout::of(Descriptor::parse(SCANNER).ok().as_ref());
        assert_eq!(described.part(&bytes).unwrap().data.len(), 56);
        let part = Layout::of(None).part(b"\x02\x0d]E040063").unwrap();
        assert_eq!(part.data, b"40063");
        assert_eq!(Layout::of(None).part(b"\x02"), None);
    }

    #[test]
    fn a_makers_own_number_is_no_identifier() {
        let bytes = report(2, &[0, 0, 11], b"96385074", 0);
        let part = Layout::of(None).part(&bytes).unwrap();
        assert_eq!((part.aim, part.data), (None, b"96385074".as_slice()));
    }
}
