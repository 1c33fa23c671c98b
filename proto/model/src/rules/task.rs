//! What is to be decided, and how it stands to what is held.

use crate::books::{DocumentEntry, DocumentRecord, LineEffect, Reversal};
use crate::content::content_digest;
use crate::document::{Body, Document};
use crate::key::ContentDigest;
use crate::kind::ParkReason;
use crate::outcome::Stamp;
use crate::position::Seq;

use super::{count, late};

/// A document to be decided.
#[derive(Clone, Copy)]
pub(crate) struct Task<'d> {
    pub(crate) document: &'d Document,
    pub(crate) content: ContentDigest,
    pub(crate) stamp: &'d Stamp,
    /// How it was committed, if it is decided again.
    pub(crate) committed: Option<&'d AsCommitted>,
}

/// How a document was committed that is decided again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AsCommitted {
    /// Where it stands, if it stays there.
    pub(crate) place: Option<Place>,
    /// Those that never came, by ordinal, ascending.
    pub(crate) absent: Vec<u32>,
    /// A void had come before it, whatever the books say now.
    pub(crate) voided: bool,
}

/// Where a committed document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// How many movements it has.
    pub(crate) count: u32,
    /// The seq of the last of them.
    pub(crate) last: Seq,
}

impl<'d> Task<'d> {
    /// A document that was just submitted.
    pub(super) fn submitted(document: &'d Document, stamp: &'d Stamp) -> Self {
        Self { document, content: content_digest(document), stamp, committed: None }
    }
}

/// How a document stands to what is held under its identity.
pub(super) struct Standing {
    /// Why all of it is parked, with effect 0, if it is.
    pub(super) parks: Option<ParkReason>,
    /// A void came before it: all effects 0.
    pub(super) voided: bool,
    /// What is held of it in part.
    pub(super) completes: Option<DocumentEntry>,
}

impl Standing {
    /// All of it is parked.
    pub(super) const fn parked(reason: ParkReason) -> Self {
        Self { parks: Some(reason), voided: false, completes: None }
    }

    /// It takes effect, or what is missing of it does.
    pub(super) fn effective(task: Task<'_>, record: &DocumentRecord, completes: Option<DocumentEntry>) -> Self {
        // A count can't be voided, so a void that waits for one does not bind
        // it; a scan of one that is open can.
        let voidable = match &task.document.body {
            Body::Trade { .. } => true,
            Body::Late(late) => late::is_trade(late),
            Body::Count(count) => count::is_scan(task.document, count),
            Body::Void { .. }
            | Body::DayClose { .. }
            | Body::Correction { .. }
            | Body::Resolve { .. }
            | Body::Restatement { .. }
            | Body::InstructionResult { .. }
            | Body::Unreadable(_) => false,
        };
        let was_voided = task.committed.is_some_and(|committed| committed.voided);
        let is_done = completes.as_ref().is_some_and(|entry| entry.reversal == Reversal::Done);
        Self { parks: None, voided: voidable && (record.waiting_void.is_some() || was_voided || is_done), completes }
    }
}

impl DocumentEntry {
    /// What was missing came, all but what is absent again.
    pub(super) fn complete(&mut self, absent: &[u32], reversal: Reversal) {
        let held = std::mem::take(&mut self.missing);
        let came = |place: usize| {
            let ordinal = u32::try_from(place + 1).unwrap_or(u32::MAX);
            held.contains(&ordinal) && !absent.contains(&ordinal)
        };
        if let (Reversal::Lines { committed, lines }, Reversal::Lines { committed: later, lines: new }) =
            (&mut self.reversal, reversal)
        {
            *committed = later;
            let fresh: Vec<LineEffect> = new;
            for (place, (line, new)) in lines.iter_mut().zip(fresh).enumerate() {
                if came(place) {
                    *line = new;
                }
            }
        }
        self.missing = held.iter().copied().filter(|ordinal| absent.contains(ordinal)).collect();
    }
}
