//! Values into columns.

use super::bits::BitWriter;
use super::{Broken, Column, Flow};
use crate::protobuf::{low_byte, put_varint};

/// Where a row's values go.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one a batch, and mostly the large one")]
enum Layout {
    /// Each column by itself; a number as its length in bits, the bits
    /// themselves, which no one can compress, apart.
    Columns { columns: [Vec<u8>; Column::COUNT], bits: BitWriter, seen: Vec<u64> },
    /// All values of a row together, behind its misses.
    Rows { done: Vec<u8>, row: Vec<u8> },
}

/// Puts values.
#[derive(Debug)]
pub(in crate::batch) struct Writer {
    layout: Layout,
    misses: u64,
    asked: u32,
}

impl Writer {
    pub(in crate::batch) fn columns() -> Self {
        let columns = std::array::from_fn(|_| Vec::new());
        Self::with(Layout::Columns { columns, bits: BitWriter::default(), seen: Vec::new() })
    }

    pub(in crate::batch) const fn rows() -> Self {
        Self::with(Layout::Rows { done: Vec::new(), row: Vec::new() })
    }

    const fn with(layout: Layout) -> Self {
        Self { layout, misses: 0, asked: 0 }
    }

    /// Ends a row.
    pub(in crate::batch) fn end_row(&mut self) {
        let misses = std::mem::take(&mut self.misses);
        self.asked = 0;
        match &mut self.layout {
            Layout::Columns { columns, seen, .. } => {
                // Rows of few kinds follow each other: each kind is told once.
                let column = column_of(columns, Column::Misses);
                let known = seen.iter().position(|known| *known == misses);
                put_varint(column, u64::try_from(known.map_or(0, |at| at + 1)).unwrap_or(0));
                if known.is_none() {
                    put_varint(column, misses);
                    seen.push(misses);
                }
            }
            Layout::Rows { done, row } => {
                put_varint(done, misses);
                done.append(row);
            }
        }
    }

    /// What may be worth compressing, and what is not.
    pub(in crate::batch) fn finish(self) -> (Vec<u8>, Vec<u8>) {
        match self.layout {
            Layout::Rows { done, .. } => (done, Vec::new()),
            Layout::Columns { columns, bits, .. } => {
                let mut all = Vec::with_capacity(columns.iter().map(|column| column.len() + 3).sum());
                for column in &columns {
                    put_varint(&mut all, u64::try_from(column.len()).unwrap_or(u64::MAX));
                }
                columns.iter().for_each(|column| all.extend_from_slice(column));
                (all, bits.finish())
            }
        }
    }
}

#[expect(clippy::indexing_slicing, reason = "a column's index is below the number of columns by its type")]
fn column_of(columns: &mut [Vec<u8>; Column::COUNT], column: Column) -> &mut Vec<u8> {
    &mut columns[column.index()]
}

impl<'a> Flow<'a> for Writer {
    #[inline]
    fn miss(&mut self, miss: &mut bool) -> Result<(), Broken> {
        self.misses |= u64::from(*miss) << (self.asked & 63);
        self.asked += 1;
        Ok(())
    }

    #[inline]
    fn number(&mut self, column: Column, value: &mut u64) -> Result<(), Broken> {
        match &mut self.layout {
            Layout::Rows { row, .. } => put_varint(row, *value),
            Layout::Columns { columns, bits, .. } => {
                let length = 64 - value.leading_zeros();
                column_of(columns, column).push(low_byte(u64::from(length)));
                // The highest bit of a number of that length is known.
                bits.put(*value, length.saturating_sub(1));
            }
        }
        Ok(())
    }

    #[inline]
    fn random(&mut self, value: &mut u64) -> Result<(), Broken> {
        match &mut self.layout {
            Layout::Rows { row, .. } => row.extend_from_slice(&value.to_le_bytes()),
            Layout::Columns { bits, .. } => bits.put(*value, 64),
        }
        Ok(())
    }

    #[inline]
    fn text(&mut self, text: &mut &'a [u8]) -> Result<(), Broken> {
        let bytes = match &mut self.layout {
            Layout::Rows { row, .. } => row,
            Layout::Columns { columns, .. } => column_of(columns, Column::Text),
        };
        put_varint(bytes, u64::try_from(text.len()).unwrap_or(u64::MAX));
        bytes.extend_from_slice(text);
        Ok(())
    }
}
