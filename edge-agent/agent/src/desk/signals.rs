//! What a lane signals, and how a scanner says it.

use tidemark_journal::Committed;
use tidemark_model::{ParkReason, Status, Warning};

use crate::lane::Signal;

/// Whether another document of the lane stands under this one's number.
pub(super) fn was_given_before(committed: &Committed) -> bool {
    let reused = |warning: &Warning| matches!(warning, Warning::Parked { reason: ParkReason::IdReused, .. });
    committed.status == Status::Duplicate || committed.warnings.iter().any(reused)
}

/// The signal of a saved document: good, unless it has no effect or the item
/// is not on file.
pub(super) fn earned(committed: &Committed, signal: Signal) -> Signal {
    let has = |wanted: fn(&Warning) -> bool| committed.warnings.iter().any(wanted);
    if has(|warning| matches!(warning, Warning::Parked { .. })) {
        Signal::KeptAside
    } else if has(|warning| matches!(warning, Warning::UnknownItem { .. })) {
        Signal::NotOnFile
    } else {
        signal
    }
}

pub(super) const fn as_scanner_signal(signal: Signal) -> tidemark_scanner::Signal {
    match signal {
        Signal::Good | Signal::Closed => tidemark_scanner::Signal::Good,
        Signal::NotOnFile => tidemark_scanner::Signal::NotOnFile,
        Signal::Tick | Signal::Reminder | Signal::Repeated => tidemark_scanner::Signal::Tick,
        Signal::Looked => tidemark_scanner::Signal::Looked,
        Signal::Undone => tidemark_scanner::Signal::TwoDown,
        Signal::End => tidemark_scanner::Signal::End,
        Signal::Error | Signal::NotFound | Signal::KeptAside | Signal::CountOver => tidemark_scanner::Signal::Error,
        Signal::NotSaved => tidemark_scanner::Signal::NotSaved,
    }
}
