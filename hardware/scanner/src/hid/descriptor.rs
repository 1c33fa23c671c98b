//! The report descriptor of a HID device (Device Class Definition for HID
//! 1.11, section 6.2.2): which field lies where in which report.

use std::collections::BTreeMap;

/// Bytes of a descriptor; the kernel has none that is longer.
const DESCRIPTOR_BYTES: usize = 4_096;
/// Fields of all reports together; those of a scanner are some dozens.
const FIELDS: usize = 1_024;
/// Bits of one report.
const REPORT_BITS: u32 = 8 * 4_096;
/// Collections inside each other, and states put aside.
const DEPTH: usize = 32;
/// Usages named for one item.
const USAGES: usize = 512;

/// In which direction a report goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Input,
    Output,
    Feature,
}

/// Neighbouring elements of one usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) way: Way,
    /// The report's number; 0 if reports have none.
    pub(crate) report: u8,
    /// Page in the upper half, usage in the lower; 0 for padding.
    pub(crate) usage: u32,
    /// Where it begins, from the first bit of the report, its number included.
    pub(crate) bit: u32,
    /// Bits of one element.
    pub(crate) size: u32,
    /// How many of them.
    pub(crate) count: u32,
}

/// What a descriptor says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) fields: Vec<Field>,
    /// The usages of the outermost collections.
    pub(crate) applications: Vec<u32>,
    /// Whether reports begin with their number.
    pub(crate) numbered: bool,
    /// Bits of each report, its number included.
    bits: BTreeMap<(Way, u8), u32>,
}

/// Why bytes are no descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DescriptorError {
    #[error("an item ends behind the descriptor")]
    CutOff,
    #[error("more of it than a device has")]
    TooLarge,
    #[error("a collection or a state that is not there is ended")]
    Unbalanced,
}

/// What holds for items up to the next change.
#[derive(Clone, Copy, Debug, Default)]
struct Global {
    page: u32,
    report: u8,
    size: u32,
    count: u32,
}

/// What holds for the next main item alone.
#[derive(Debug, Default)]
struct Local {
    usages: Vec<u32>,
    minimum: Option<u32>,
}

#[derive(Default)]
struct Parser {
    made: Descriptor,
    global: Global,
    put_aside: Vec<Global>,
    local: Local,
    depth: usize,
}

/// One item: its tag and type as one byte, its data as a number.
struct Item {
    tag: u8,
    data: u32,
    /// Bytes of the data.
    width: usize,
}

impl Descriptor {
    /// Reads a descriptor.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, DescriptorError> {
        if bytes.len() > DESCRIPTOR_BYTES {
            return Err(DescriptorError::TooLarge);
        }
        let mut parser = Parser::default();
        let mut rest = bytes;
        while let Some((item, behind)) = next_item(rest)? {
            parser.take(&item)?;
            rest = behind;
        }
        Ok(parser.made)
    }

    /// Bytes of a report, its number included.
    pub(crate) fn report_bytes(&self, way: Way, report: u8) -> Option<usize> {
        let bits = self.bits.get(&(way, report))?;
        usize::try_from(bits.div_ceil(8)).ok()
    }

    /// The first field of a usage.
    pub(crate) fn field(&self, way: Way, usage: u32) -> Option<&Field> {
        self.fields.iter().find(|field| field.way == way && field.usage == usage)
    }
}

/// The first item of these bytes, and what is behind it.
fn next_item(bytes: &[u8]) -> Result<Option<(Item, &[u8])>, DescriptorError> {
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    if first == 0xfe {
        // A long item: none is defined, and so it is passed over.
        let (&length, _) = rest.split_first().ok_or(DescriptorError::CutOff)?;
        let behind = rest.get(2 + usize::from(length)..).ok_or(DescriptorError::CutOff)?;
        return Ok(Some((Item { tag: first, data: 0, width: 0 }, behind)));
    }
    let width = match first & 3 {
        3 => 4,
        width => usize::from(width),
    };
    let (data, behind) = rest.split_at_checked(width).ok_or(DescriptorError::CutOff)?;
    let number = data.iter().rev().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    Ok(Some((Item { tag: first & 0xfc, data: number, width }, behind)))
}

impl Parser {
    fn take(&mut self, item: &Item) -> Result<(), DescriptorError> {
        match item.tag {
            0x80 => self.field(Way::Input),
            0x90 => self.field(Way::Output),
            0xb0 => self.field(Way::Feature),
            0xa0 => self.begin(),
            0xc0 => {
                self.depth = self.depth.checked_sub(1).ok_or(DescriptorError::Unbalanced)?;
                self.local = Local::default();
                Ok(())
            }
            0x04 | 0x74 | 0x84 | 0x94 | 0xa4 | 0xb4 => self.global(item),
            0x08 => self.usage(self.of_page(item)),
            0x18 => {
                self.local.minimum = Some(self.of_page(item));
                Ok(())
            }
            0x28 => self.range(self.of_page(item)),
            // Limits, units, names and what is not defined.
            _ => Ok(()),
        }
    }

    /// A usage of four bytes has its page with it.
    fn of_page(&self, item: &Item) -> u32 {
        if item.width == 4 { item.data } else { self.global.page << 16 | item.data }
    }

    fn usage(&mut self, usage: u32) -> Result<(), DescriptorError> {
        if self.local.usages.len() >= USAGES {
            return Err(DescriptorError::TooLarge);
        }
        self.local.usages.push(usage);
        Ok(())
    }

    fn range(&mut self, last: u32) -> Result<(), DescriptorError> {
        let Some(first) = self.local.minimum.take() else { return Ok(()) };
        for usage in first..=last {
            self.usage(usage)?;
        }
        Ok(())
    }

    fn global(&mut self, item: &Item) -> Result<(), DescriptorError> {
        match item.tag {
            0x04 => self.global.page = item.data & 0xffff,
            0x74 => self.global.size = item.data,
            0x84 => {
                self.global.report = item.data.to_le_bytes()[0];
                self.made.numbered = true;
            }
            0x94 => self.global.count = item.data,
            0xa4 => {
                if self.put_aside.len() >= DEPTH {
                    return Err(DescriptorError::TooLarge);
                }
                self.put_aside.push(self.global);
            }
            0xb4 => self.global = self.put_aside.pop().ok_or(DescriptorError::Unbalanced)?,
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), DescriptorError> {
        if self.depth >= DEPTH {
            return Err(DescriptorError::TooLarge);
        }
        if self.depth == 0 {
            self.made.applications.push(self.local.usages.first().copied().unwrap_or_default());
        }
        self.depth += 1;
        self.local = Local::default();
        Ok(())
    }

    /// Elements of a report: each has the usage named for it, the rest the
    /// last one.
    fn field(&mut self, way: Way) -> Result<(), DescriptorError> {
        let Global { report, size, count, .. } = self.global;
        let usages = std::mem::take(&mut self.local).usages;
        let before = if self.made.numbered { 8 } else { 0 };
        let start = self.made.bits.get(&(way, report)).copied().unwrap_or(before);
        let end = size.checked_mul(count).and_then(|bits| bits.checked_add(start));
        let end = end.filter(|end| *end <= REPORT_BITS).ok_or(DescriptorError::TooLarge)?;
        self.made.bits.insert((way, report), end);
        let named = u32::try_from(usages.len().max(1)).unwrap_or(u32::MAX).min(count);
        for at in 0..named {
            let usage = usize::try_from(at).ok().and_then(|at| usages.get(at)).copied().unwrap_or_default();
            let elements = if at + 1 == named { count - at } else { 1 };
            let field = Field { way, report, usage, bit: start + at * size, size, count: elements };
            if self.made.fields.len() >= FIELDS {
                return Err(DescriptorError::TooLarge);
            }
            self.made.fields.push(field);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A scanner as makers describe theirs: scanned data in report 2 with a
    /// byte count, a trigger report 4 with beeps and a switch.
    pub(crate) const SCANNER: &[u8] = &[
        0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, // page 0x8c, scanner, application
        0x09, 0x12, 0xa1, 0x02, 0x85, 0x02, // scanned data, logical, report 2
        0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x01, // 0 to 255, 8 bits, one
        0x05, 0x01, 0x09, 0x3b, 0x81, 0x02, // page 1, byte count, input
        0x05, 0x8c, 0x95, 0x03, 0x09, 0xfb, 0x09, 0xfc, 0x09, 0xfd, 0x81, 0x02, // three symbology bytes
        0x95, 0x38, 0x09, 0xfe, 0x82, 0x02, 0x01, // 56 bytes of data, buffered
        0x95, 0x02, 0x06, 0x66, 0xff, 0x09, 0x04, 0x81, 0x02, // two bytes of the maker's own
        0x05, 0x8c, 0x25, 0x01, 0x75, 0x01, 0x95, 0x01, 0x09, 0xff, 0x81, 0x02, // it goes on
        0x95, 0x07, 0x81, 0x03, 0xc0, // padding
        0x09, 0x14, 0xa1, 0x02, 0x85, 0x04, // trigger, logical, report 4
        0x75, 0x01, 0x95, 0x04, 0x09, 0x5f, 0x09, 0x85, 0x09, 0x86, 0x09, 0x87, 0x91, 0x02, // switch and beeps
        0x95, 0x04, 0x91, 0x03, 0xc0, 0xc0, // padding
    ];

    #[test]
    fn every_field_of_a_scanner_is_where_it_lies() {
        let descriptor = Descriptor::parse(SCANNER).unwrap();
        assert_eq!(descriptor.applications, [0x8c_0002]);
        assert!(descriptor.numbered);
        let at = |way, usage| descriptor.field(way, usage).map(|f| (f.report, f.bit, f.size, f.count));
        assert_eq!(at(Way::Input, 0x1_003b), Some((2, 8, 8, 1)));
        assert_eq!(at(Way::Input, 0x8c_00fb), Some((2, 16, 8, 1)));
        assert_eq!(at(Way::Input, 0x8c_00fd), Some((2, 32, 8, 1)));
        assert_eq!(at(Way::Input, 0x8c_00fe), Some((2, 40, 8, 56)));
        assert_eq!(at(Way::Input, 0x8c_00ff), Some((2, 504, 1, 1)));
        assert_eq!(at(Way::Output, 0x8c_0086), Some((4, 10, 1, 1)));
        assert_eq!(at(Way::Feature, 0x8c_0086), None);
        assert_eq!(descriptor.report_bytes(Way::Input, 2), Some(64));
        assert_eq!(descriptor.report_bytes(Way::Output, 4), Some(2));
        assert_eq!(descriptor.report_bytes(Way::Output, 2), None);
    }

    #[test]
    fn states_put_aside_and_ranges_are_understood() {
        let bytes = [
            0x05, 0x8c, 0xa4, 0x05, 0x07, 0xb4, 0x75, 0x08, 0x95, 0x03, 0x19, 0xfb, 0x29, 0xfd, 0x81, 0x02, 0x95, 0x01,
            0x0b, 0x3b, 0x00, 0x01, 0x00, 0x81, 0x02,
        ];
        let descriptor = Descriptor::parse(&bytes).unwrap();
        let fields: Vec<_> = descriptor.fields.iter().map(|f| (f.usage, f.bit)).collect();
        assert_eq!(fields, [(0x8c_00fb, 0), (0x8c_00fc, 8), (0x8c_00fd, 16), (0x1_003b, 24)]);
        assert!(!descriptor.numbered);
    }

    #[test]
    fn what_is_no_descriptor_is_refused() {
        assert_eq!(Descriptor::parse(&[0x06, 0x8c]), Err(DescriptorError::CutOff));
        assert_eq!(Descriptor::parse(&[0xfe, 0x10, 0x00]), Err(DescriptorError::CutOff));
        assert_eq!(Descriptor::parse(&[0xc0]), Err(DescriptorError::Unbalanced));
        assert_eq!(Descriptor::parse(&[0xb4]), Err(DescriptorError::Unbalanced));
        assert_eq!(Descriptor::parse(&[0xa1, 0x01].repeat(33)), Err(DescriptorError::TooLarge));
        assert_eq!(Descriptor::parse(&[0xa4].repeat(33)), Err(DescriptorError::TooLarge));
        let giant = [0x77, 0xff, 0xff, 0xff, 0xff, 0x97, 0xff, 0xff, 0xff, 0xff, 0x81, 0x02];
        assert_eq!(Descriptor::parse(&giant), Err(DescriptorError::TooLarge));
        let endless = [0x1b, 0, 0, 0, 0, 0x2b, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Descriptor::parse(&endless), Err(DescriptorError::TooLarge));
        assert_eq!(Descriptor::parse(&[0; 5_000]), Err(DescriptorError::TooLarge));
        assert_eq!(Descriptor::parse(&[]), Ok(Descriptor::default()));
    }

    proptest! {
        #[test]
        fn any_bytes_give_fields_within_the_limits_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(descriptor) = Descriptor::parse(&bytes) {
                prop_assert!(descriptor.fields.len() <= FIELDS);
                for field in &descriptor.fields {
                    prop_assert!(field.bit + field.size * field.count <= REPORT_BITS);
                    let bytes = descriptor.report_bytes(field.way, field.report).unwrap();
                    prop_assert!(u32::try_from(bytes).unwrap() * 8 >= field.bit + field.size * field.count);
                }
            }
        }

        #[test]
        fn a_scanners_descriptor_with_broken_bytes_is_read_or_refused(at in 0..SCANNER.len(), byte in any::<u8>(), cut in 0..SCANNER.len()) {
            let mut bytes = SCANNER.to_vec();
            bytes[at] = byte;
            bytes.truncate(cut);
            if let Ok(descriptor) = Descriptor::parse(&bytes) {
                prop_assert!(descriptor.fields.len() <= FIELDS);
            }
        }
    }
}
