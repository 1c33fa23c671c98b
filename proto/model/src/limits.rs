//! Every bound of the documents and formats, in one place, with how they
//! relate.

/// Lines one document may have.
pub const LINES_PER_DOCUMENT: usize = 20_000;
/// Movements one document may have: every line a kit of many parts.
pub const MOVEMENTS_PER_DOCUMENT: u32 = 1 << 20;
/// Bytes one document may have as given.
pub const DOCUMENT_BYTES: usize = 4 * 1024 * 1024;
/// Bytes one request body may have.
pub const BODY_BYTES: usize = 16 * 1024 * 1024;
/// Documents one request may hold.
pub const DOCUMENTS_PER_REQUEST: usize = 1_000;
/// What is kept of a document or line that could not be understood.
pub const RAW_BYTES: usize = 32 * 1024;
/// What is said of why it could not be understood.
pub const DETAIL_BYTES: usize = 1024;

/// Bytes of a document's source.
pub const SOURCE_BYTES: usize = 128;
/// Bytes of a document's id.
pub const ID_BYTES: usize = 128;
/// Bytes of a reference: purchase order, ASN, SSCC, transfer, count.
pub const REFERENCE_BYTES: usize = 64;
/// Bytes of a SKU or code.
pub const ITEM_BYTES: usize = 48;
/// Bytes of a note.
pub const NOTE_BYTES: usize = 512;
/// Bytes of any other label.
pub const LABEL_BYTES: usize = 64;
/// Bytes of a store's id.
pub const STORE_BYTES: usize = 32;

/// Decimals a quantity may have.
pub const QUANTITY_DECIMALS: usize = 3;
/// The largest |quantity| of a line, in units.
pub const QUANTITY_UNITS: i64 = 1_000_000;

/// Consecutive seqs in one block.
pub const BLOCK_SEQS: u64 = 1_024;
/// Movements one batch may hold.
pub const BATCH_MOVEMENTS: usize = 1_000;
/// Payload bytes one batch may hold.
pub const BATCH_BYTES: usize = 256 * 1024;
/// Bytes one encoded movement may have.
pub const RECORD_BYTES: usize = 48 * 1024;

/// Gaps in a till's numbering that are kept by name.
pub const SEQUENCE_GAPS: usize = 64;
/// Contents kept under one document identity; later ones are parked without
/// being remembered by content.
pub const CONTENTS_PER_IDENTITY: usize = 64;
/// How long a voidable document's line effects stay, in milliseconds of
/// running.
pub const VOID_MILLIS: u64 = 60 * 24 * 3_600_000;
/// How long a closed count of several zones takes latecomers, in
/// milliseconds of running.
pub const COUNT_REOPEN_MILLIS: u64 = 14 * 24 * 3_600_000;

/// The texts of a movement with all its labels: its document's and another's
/// identity, day, till, operator, counterpart, zone, counter, reason, lot,
/// expiry, serial, note, references, SKU and code.
const MOVEMENT_TEXTS: usize =
    2 * (SOURCE_BYTES + ID_BYTES) + 10 * LABEL_BYTES + NOTE_BYTES + 2 * REFERENCE_BYTES + 2 * ITEM_BYTES;
/// Its numbers, and what the encoding takes around fields.
const MOVEMENT_NUMBERS: usize = 512;

const _: () = {
    assert!(
        RAW_BYTES + DETAIL_BYTES + MOVEMENT_TEXTS + MOVEMENT_NUMBERS < RECORD_BYTES,
        "a parked movement with all its labels fits into a record"
    );
    assert!(RECORD_BYTES < BATCH_BYTES, "a batch holds at least one record");
    assert!(DOCUMENT_BYTES <= BODY_BYTES, "a document fits into a body");
    assert!(BATCH_MOVEMENTS as u64 <= BLOCK_SEQS, "a batch touches at most two blocks");
};
