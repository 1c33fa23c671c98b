//! Files that head office hands in: the catalogue and opening stock.
//!
//! All or nothing: a file with a fault changes nothing, and every fault is
//! named by its line. Pure: bytes in, checked rows or faults out.

mod catalogue;
mod faults;
mod stock;
mod table;

pub(crate) use catalogue::read_catalogue;
pub(crate) use faults::Faults;
pub(crate) use stock::read_opening_stock;
