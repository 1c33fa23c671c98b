//! How dead letters are repaired, decided without IO: what boxes are asked to
//! do, and what becomes of each letter. What a box parked, its box decides
//! anew; what the centre parked is applied with the box's own effect.

mod action;
mod plan;

pub(crate) use action::Action;
pub(crate) use plan::Plan;

use tidemark_ledger::DeadLetterRow;
use tidemark_model::{ParkReason, Position};

/// A letter with the bytes of its movement.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) row: DeadLetterRow,
    pub(crate) bytes: Vec<u8>,
}

impl Letter {
    /// Where it stands.
    fn position(&self) -> Position {
        Position { epoch: self.row.epoch, seq: self.row.seq }
    }

    /// Who parked it, and as what.
    fn parked(&self) -> Parked {
        match ParkReason::from_word(&self.row.reason) {
            Some(ParkReason::Forked) => Parked::Twice,
            Some(ParkReason::Undecodable | ParkReason::DatabaseRefused | ParkReason::Poison) => Parked::Here,
            Some(ParkReason::IdReused | ParkReason::PartialLine) => Parked::Whole,
            Some(_) | None => Parked::Line,
        }
    }
}

/// Who parked a movement, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parked {
    /// Its box, because it could not be understood.
    Line,
    /// Its box, with its whole document.
    Whole,
    /// The centre; the box counts it.
    Here,
    /// Its position came twice: its box closes it.
    Twice,
}
