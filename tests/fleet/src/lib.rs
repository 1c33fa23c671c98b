//! Simulated shops, and a link that can be slowed and cut.

pub mod chance;
pub mod process;
pub mod range;
pub mod receipts;
pub mod relay;
pub mod shop_journal;
