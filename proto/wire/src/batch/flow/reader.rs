//! Values out of columns, whoever wrote them.

use super::bits::BitReader;
use super::{Broken, Column, Flow};
use crate::protobuf::{WireError, take, take_array, take_varint};

/// Where a row's values come from; see the writer's layout.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one a batch, and mostly the large one")]
enum Layout<'a> {
    Columns { columns: [&'a [u8]; Column::COUNT], bits: BitReader<'a>, seen: Vec<u64> },
    Rows(&'a [u8]),
}

/// Takes values.
#[derive(Debug)]
pub(in crate::batch) struct Reader<'a> {
    layout: Layout<'a>,
    misses: u64,
}

impl From<WireError> for Broken {
    fn from(_error: WireError) -> Self {
        Self
    }
}

impl<'a> Reader<'a> {
    /// Over what a writer of columns finished.
    pub(in crate::batch) fn columns(mut all: &'a [u8], bits: &'a [u8]) -> Result<Self, Broken> {
        let mut lengths = [0; Column::COUNT];
        for length in &mut lengths {
            *length = take_varint(&mut all)?;
        }
        let mut columns = [&[][..]; Column::COUNT];
        for (column, length) in columns.iter_mut().zip(lengths) {
            *column = take(&mut all, length)?;
        }
        let layout = Layout::Columns { columns, bits: BitReader::of(bits), seen: Vec::new() };
        if all.is_empty() { Ok(Self { layout, misses: 0 }) } else { Err(Broken) }
    }

    /// Over what a writer of rows finished.
    pub(in crate::batch) const fn rows(all: &'a [u8]) -> Self {
        Self { layout: Layout::Rows(all), misses: 0 }
    }

    /// Begins a row.
    pub(in crate::batch) fn begin_row(&mut self) -> Result<(), Broken> {
        self.misses = match &mut self.layout {
            Layout::Rows(all) => take_varint(all)?,
            Layout::Columns { columns, seen, .. } => {
                let column = column_of(columns, Column::Misses);
                match take_varint(column)? {
                    0 => {
                        seen.push(take_varint(column)?);
                        seen.last().copied().ok_or(Broken)?
                    }
                    known => {
                        let at = usize::try_from(known - 1).map_err(|_beyond| Broken)?;
                        seen.get(at).copied().ok_or(Broken)?
                    }
                }
            }
        };
        Ok(())
    }

    /// Whether everything was taken.
    pub(in crate::batch) fn is_done(&self) -> bool {
        match &self.layout {
            Layout::Rows(all) => all.is_empty(),
            Layout::Columns { columns, .. } => columns.iter().all(|column| column.is_empty()),
        }
    }
}

#[expect(clippy::indexing_slicing, reason = "a column's index is below the number of columns by its type")]
fn column_of<'c, 'a>(columns: &'c mut [&'a [u8]; Column::COUNT], column: Column) -> &'c mut &'a [u8] {
    &mut columns[column.index()]
}

impl<'a> Flow<'a> for Reader<'a> {
    #[inline]
    fn miss(&mut self, miss: &mut bool) -> Result<(), Broken> {
        *miss = self.misses & 1 != 0;
        self.misses >>= 1;
        Ok(())
    }

    #[inline]
    fn number(&mut self, column: Column, value: &mut u64) -> Result<(), Broken> {
        *value = match &mut self.layout {
            Layout::Rows(all) => take_varint(all)?,
            Layout::Columns { columns, bits, .. } => {
                let [length] = *take_array::<1>(column_of(columns, column))?;
                match u32::from(length) {
                    0 => 0,
                    length @ 1..=64 => bits.take(length - 1)? | 1 << (length - 1),
                    _too_long => return Err(Broken),
                }
            }
        };
        Ok(())
    }

    #[inline]
    fn random(&mut self, value: &mut u64) -> Result<(), Broken> {
        *value = match &mut self.layout {
            Layout::Rows(all) => u64::from_le_bytes(*take_array(all)?),
            Layout::Columns { bits, .. } => bits.take(64)?,
        };
        Ok(())
    }

    #[inline]
    fn text(&mut self, text: &mut &'a [u8]) -> Result<(), Broken> {
        let bytes = match &mut self.layout {
            Layout::Rows(all) => all,
            Layout::Columns { columns, .. } => column_of(columns, Column::Text),
        };
        let length = take_varint(bytes)?;
        *text = take(bytes, length)?;
        Ok(())
    }
}
