//! A batch's records as they travel: by column, what can be guessed from the
//! movements before left out, and unpacked to the very bytes that were
//! committed.
//!
//! The seqs of a batch travel beside the payload. The payload is one byte for
//! its form and then
//! - *rows* (few movements): the values of one movement after the other;
//! - *columns*: the length of the bits, the bits, and the columns, which zstd
//!   makes smaller. The bits are what no one can make smaller: random numbers
//!   such as digests, and of other numbers all but their length.
//!
//! A record that this release would not write so (a newer one wrote it)
//! travels as it stands. The sender unpacks every payload and compares before
//! it sends it; if one byte differed, all records would travel as they stand.
//! A receiver makes at most [`UNPACKED_BYTES`] of a payload, whatever it says.

mod flow;
mod row;
mod shape;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use bytes::Bytes;
use tidemark_model::limits::{BATCH_MOVEMENTS, RECORD_BYTES};
use tidemark_model::{Seq, SeqSet};
use tidemark_sync::message::Record;

use crate::limits::{COMPRESS_ABOVE, ROWS_BELOW, UNPACKED_BYTES, ZSTD_LEVEL};
use crate::protobuf::{put_varint, take, take_varint};
use flow::{Broken, Flow, Reader, Writer};
use row::Row;
use walk::Walk;

/// Why records can't travel as one batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// None, or too many.
    #[error("a batch has 1 to {BATCH_MOVEMENTS} records, not {0}")]
    Count(usize),
    /// A seq is 0 or not above the one before.
    #[error("seq {0} is 0 or not above the one before")]
    Disorder(Seq),
    /// A record is empty or too long.
    #[error("the record at seq {seq} has {found} bytes, 1 to {RECORD_BYTES} are allowed")]
    Record {
        /// Its seq.
        seq: Seq,
        /// Its bytes.
        found: usize,
    },
    /// All records together are too long.
    #[error("the records have {0} bytes together, at most {UNPACKED_BYTES} are allowed")]
    TooLong(usize),
    /// They did not come out as they went in.
    #[error("the batch from seq {0} does not unpack to its own records: a fault of this program")]
    Unsound(Seq),
}

/// Why a payload is not a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// No seqs, or too many.
    #[error("a batch has 1 to {BATCH_MOVEMENTS} seqs, not {0}")]
    Count(u64),
    /// A form of a newer release.
    #[error("the payload has the form {0}, which this release does not know")]
    Form(u8),
    /// The payload does not hold what its form says.
    #[error("the payload does not hold the batch's records")]
    Broken,
    /// It would unpack to more than may be.
    #[error("the payload unpacks to a record above {RECORD_BYTES} bytes, or to more than {UNPACKED_BYTES} bytes")]
    TooLong,
}

impl From<Broken> for UnpackError {
    fn from(_broken: Broken) -> Self {
        Self::Broken
    }
}

/// How a payload is laid out; the numbers stand in its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Rows = 0,
    Columns = 1,
    RowsCompressed = 2,
    ColumnsCompressed = 3,
}

impl Form {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Rows),
            1 => Some(Self::Columns),
            2 => Some(Self::RowsCompressed),
            3 => Some(Self::ColumnsCompressed),
            _newer => None,
        }
    }

    const fn compressed(self) -> Self {
        match self {
            Self::Rows | Self::RowsCompressed => Self::RowsCompressed,
            Self::Columns | Self::ColumnsCompressed => Self::ColumnsCompressed,
        }
    }
}

/// The payload of these records, ascending by seq.
pub fn pack(records: &[Record]) -> Result<Vec<u8>, PackError> {
    check(records)?;
    let seqs: SeqSet = records.iter().map(|record| record.seq).collect();
    let lines = lines_of(records);
    let payload = write(&lines);
    if unpacks_to(&payload, &seqs, records) {
        return Ok(payload);
    }
    let whole: Vec<Line<'_>> = lines.into_iter().map(|line| Line { fields: None, ..line }).collect();
    let payload = write(&whole);
    if unpacks_to(&payload, &seqs, records) { Ok(payload) } else { Err(PackError::Unsound(seqs.first().unwrap_or(0))) }
}

/// The records of a payload, at these seqs.
pub fn unpack(payload: &[u8], seqs: &SeqSet) -> Result<Vec<Record>, UnpackError> {
    let mut ends = Vec::new();
    let all = Bytes::from(unpack_all(payload, seqs, &mut ends)?);
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let ranges = starts.zip(ends.iter().copied());
    Ok(seqs
        .iter()
        .zip(ranges)
        .map(|(seq, (start, end))| Record { seq, digest: None, bytes: all.slice(start..end) })
        .collect())
}

fn check(records: &[Record]) -> Result<(), PackError> {
    if records.is_empty() || records.len() > BATCH_MOVEMENTS {
        return Err(PackError::Count(records.len()));
    }
    let (mut before, mut total) = (0, 0);
    for record in records {
        if record.seq <= before {
            return Err(PackError::Disorder(record.seq));
        }
        if record.bytes.is_empty() || record.bytes.len() > RECORD_BYTES {
            return Err(PackError::Record { seq: record.seq, found: record.bytes.len() });
        }
        before = record.seq;
        total += record.bytes.len();
    }
    if total > UNPACKED_BYTES { Err(PackError::TooLong(total)) } else { Ok(()) }
}

/// A record as it is going to travel.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    seq: Seq,
    /// As it stands.
    bytes: &'a [u8],
    /// Field by field, with its SKU's text, if it can be put together again.
    fields: Option<(Row<'a>, &'a [u8])>,
}

/// Takes records apart, if they can be put together again.
fn lines_of(records: &[Record]) -> Vec<Line<'_>> {
    let (mut again, mut scratch) = (Vec::new(), Vec::new());
    records
        .iter()
        .map(|record| {
            let fields = Row::read(&record.bytes).filter(|(row, _sku)| {
                again.clear();
                row.write(&mut again, &mut scratch);
                again == record.bytes
            });
            Line { seq: record.seq, bytes: &record.bytes, fields }
        })
        .collect()
}

fn write(lines: &[Line<'_>]) -> Vec<u8> {
    let (form, mut writer) =
        if lines.len() < ROWS_BELOW { (Form::Rows, Writer::rows()) } else { (Form::Columns, Writer::columns()) };
    // A writer never finds its own values broken.
    if write_lines(&mut writer, lines).is_err() {
        return Vec::new();
    }
    let (values, bits) = writer.finish();
    let mut payload = Vec::with_capacity(values.len() + bits.len() + 8);
    let smaller = (values.len() > COMPRESS_ABOVE)
        .then(|| zstd::bulk::compress(&values, ZSTD_LEVEL).ok())
        .flatten()
        .filter(|smaller| smaller.len() < values.len());
    payload.push(if smaller.is_some() { form.compressed() } else { form } as u8);
    if form == Form::Columns {
        put_varint(&mut payload, u64::try_from(bits.len()).unwrap_or(u64::MAX));
        payload.extend_from_slice(&bits);
    }
    payload.extend_from_slice(smaller.as_ref().unwrap_or(&values));
    payload
}

fn write_lines<'a>(writer: &mut Writer, lines: &[Line<'a>]) -> Result<(), Broken> {
    let mut walk = Walk::default();
    let mut items: HashMap<&'a [u8], usize> = HashMap::new();
    for line in lines {
        writer.miss(&mut line.fields.is_none())?;
        match line.fields {
            None => writer.text(&mut { line.bytes })?,
            Some((mut row, sku)) => {
                let known = items.get(sku).copied();
                let place = walk.items();
                walk.step(writer, line.seq, &mut row, known)?;
                if walk.items() > place {
                    items.insert(sku, place);
                }
            }
        }
        writer.end_row();
    }
    Ok(())
}

/// Whether a payload unpacks to the records it was made of.
fn unpacks_to(payload: &[u8], seqs: &SeqSet, records: &[Record]) -> bool {
    let mut ends = Vec::new();
    let Ok(all) = unpack_all(payload, seqs, &mut ends) else { return false };
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let same = starts.zip(&ends).zip(records).all(|((start, end), record)| all.get(start..*end) == Some(&record.bytes));
    same && ends.len() == records.len()
}

/// All records' bytes in one, and where each ends.
fn unpack_all(payload: &[u8], seqs: &SeqSet, ends: &mut Vec<usize>) -> Result<Vec<u8>, UnpackError> {
    let count = seqs.count();
    let few = usize::try_from(count).ok().filter(|count| (1..=BATCH_MOVEMENTS).contains(count));
    ends.reserve(few.ok_or(UnpackError::Count(count))?);
    let (form, mut rest) = payload.split_first().ok_or(UnpackError::Broken)?;
    let form = Form::of(*form).ok_or(UnpackError::Form(*form))?;
    let bits = match form {
        Form::Rows | Form::RowsCompressed => &[][..],
        Form::Columns | Form::ColumnsCompressed => {
            let length = take_varint(&mut rest).map_err(Broken::from)?;
            take(&mut rest, length).map_err(Broken::from)?
        }
    };
    let expanded = match form {
        Form::Rows | Form::Columns => None,
        Form::RowsCompressed | Form::ColumnsCompressed => {
            Some(zstd::bulk::decompress(rest, UNPACKED_BYTES).map_err(|_reason| UnpackError::Broken)?)
        }
    };
    let values = expanded.as_deref().unwrap_or(rest);
    let reader = match form {
        Form::Rows | Form::RowsCompressed => Reader::rows(values),
        Form::Columns | Form::ColumnsCompressed => Reader::columns(values, bits)?,
    };
    read_lines(reader, seqs, ends)
}

fn read_lines(mut reader: Reader<'_>, seqs: &SeqSet, ends: &mut Vec<usize>) -> Result<Vec<u8>, UnpackError> {
    let mut walk = Walk::default();
    let (mut all, mut scratch) = (Vec::new(), Vec::new());
    for seq in seqs.iter() {
        let start = all.len();
        reader.begin_row()?;
        let mut whole = false;
        reader.miss(&mut whole)?;
        if whole {
            let mut bytes = &[][..];
            reader.text(&mut bytes)?;
            all.extend_from_slice(bytes);
        } else {
            let mut row = Row::default();
            walk.step(&mut reader, seq, &mut row, None)?;
            row.write(&mut all, &mut scratch);
        }
        if all.len() == start {
            return Err(UnpackError::Broken);
        }
        if all.len() - start > RECORD_BYTES || all.len() > UNPACKED_BYTES {
            return Err(UnpackError::TooLong);
        }
        ends.push(all.len());
    }
    if reader.is_done() { Ok(all) } else { Err(UnpackError::Broken) }
}
