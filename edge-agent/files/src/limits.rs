//! How much of a file is taken at once.

/// Bytes of one record: a line of CSV, a transaction of POSLog.
pub const RECORD_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of one line of CSV.
pub const LINE_BYTES: usize = 64 * 1024;
/// Lines of one document: as many as a document may have.
pub const LINES: usize = 20_000;
/// How deep elements may stand in each other.
pub const DEPTH: usize = 64;
/// Elements and attributes of one transaction.
pub const NODES: usize = 500_000;
/// Bytes of a mapping.
pub const MAPPING_BYTES: usize = 64 * 1024;

const _: () = assert!(LINE_BYTES < RECORD_BYTES, "a line is less than a record");
