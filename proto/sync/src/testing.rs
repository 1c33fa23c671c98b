//! Both ends on a virtual clock and a virtual line, with models of a journal,
//! a stream, an applier and a ledger. Deterministic: the same seed and the
//! same calls give the same trace.

mod fixtures;
mod line;
mod model_box;
mod model_centre;
mod model_ledger;
mod pair;

pub use fixtures::{hello, welcome};
pub use line::{Line, Way, bytes_down, bytes_up};
pub use model_box::ModelBox;
pub use model_centre::{Door, ModelCentre};
pub use model_ledger::{ModelLedger, ModelStream};
pub use pair::{Options, Pair};

#[cfg(test)]
mod tests;
