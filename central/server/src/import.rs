//! Files that head office hands in: stores, the catalogue and opening stock.
//!
//! All or nothing: a file with a fault changes nothing, and every fault is
//! named by its line. Pure: bytes in, checked rows or faults out.

mod catalogue;
mod catalogue_json;
mod faults;
mod stock;
mod stores;
mod table;

pub(crate) use catalogue::{read_catalogue, read_catalogue_json};
pub(crate) use faults::Faults;
pub(crate) use stock::read_opening_stock;
pub(crate) use stores::read_stores;
