//! The content digest: over all that decides an effect of a document, and
//! over nothing else, so that a till may repeat it with other labels or
//! another time.

use crate::document::{Body, CountReason, Document, Line, ParkedLine, SheetUse, SkuChange, TakenLine, Unit};
use crate::key::ContentDigest;
use crate::movement::About;

/// The digest of a document's content: the first 8 bytes of BLAKE3 over the
/// fields below, each text led by its length, each choice by its number.
#[must_use]
pub fn content_digest(document: &Document) -> ContentDigest {
    if let Body::Late(late) = &document.body {
        return late.content;
    }
    let mut canon = Canon(blake3::Hasher::new());
    let labels = &document.labels;
    let day = labels.business_day.as_ref().filter(|_| document.business_day_given);
    canon.text(day.map(|day| day.as_str()));
    canon.text(labels.counterpart.as_ref().map(|label| label.as_str()));
    canon.text(labels.reference.as_ref().map(|reference| reference.as_str()));
    if matches!(document.body, Body::Count(_)) {
        // They say which sheet of a count it is.
        canon.text(labels.zone.as_ref().map(|zone| zone.as_str()));
        canon.text(labels.counter.as_ref().map(|counter| counter.as_str()));
    }
    canon.body(&document.body);
    let mut digest = [0; 8];
    canon.0.finalize_xof().fill(&mut digest);
    ContentDigest(digest)
}

struct Canon(blake3::Hasher);

impl Canon {
    fn number(&mut self, value: i64) {
        self.0.update(&value.to_be_bytes());
    }

    fn choice(&mut self, value: u8) {
        self.0.update(&[value]);
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.choice(0),
            Some(text) => {
                self.choice(1);
                self.number(i64::try_from(text.len()).unwrap_or(i64::MAX));
                self.0.update(text.as_bytes());
            }
        }
    }

    fn body(&mut self, body: &Body) {
        match body {
            Body::Trade { kind, last, lines } => {
                self.choice(kind.kind().number());
                self.choice(u8::from(*last));
                self.lines(lines);
            }
            Body::Count(count) => {
                self.choice(crate::Kind::Count.number());
                self.choice(match count.reason {
                    CountReason::Count => 0,
                    CountReason::Opening => 1,
                });
                self.choice(u8::from(count.full));
                self.choice(u8::from(count.last));
                self.choice(u8::from(count.sells));
                self.lines(&count.lines);
                match count.sheet {
                    // As it was before sheets could add.
                    SheetUse::Whole => {}
                    SheetUse::Adds => self.choice(1),
                    SheetUse::Anew => self.choice(2),
                }
            }
            Body::Void { source, id } => {
                self.choice(crate::Kind::Void.number());
                self.text(Some(source.as_str()));
                self.text(Some(id.as_str()));
            }
            Body::DayClose { documents, units } => {
                self.choice(crate::Kind::DayClose.number());
                self.text(documents.map(|count| count.to_string()).as_deref());
                self.text(units.map(|units| units.to_string()).as_deref());
            }
            Body::Correction { about, lines } => {
                self.choice(crate::Kind::Correction.number());
                self.about(about);
                self.changes(lines);
            }
            Body::Resolve { code, sku, units_per_scan } => {
                self.choice(crate::Kind::Resolve.number());
                self.text(Some(code.as_str()));
                self.text(Some(sku.as_str()));
                self.number(units_per_scan.as_thousandths());
            }
            Body::Restatement { about, lines } => {
                self.choice(crate::Kind::Restatement.number());
                self.about(about);
                self.changes(lines);
            }
            Body::InstructionResult { instruction, refused } => {
                self.choice(crate::Kind::InstructionResult.number());
                self.text(Some(instruction.as_str()));
                if *refused {
                    self.choice(1);
                }
            }
            Body::Unreadable(parked) => {
                self.choice(crate::Kind::Unknown.number());
                self.parked(parked);
            }
            // It has the digest it was first committed with.
            Body::Late(_) => {}
        }
    }

    fn lines(&mut self, lines: &[Line]) {
        self.number(i64::try_from(lines.len()).unwrap_or(i64::MAX));
        for line in lines {
            match line {
                Line::Taken(taken) => {
                    self.choice(1);
                    self.taken(taken);
                }
                Line::Parked(parked) => {
                    self.choice(2);
                    self.parked(parked);
                }
            }
        }
    }

    fn taken(&mut self, line: &TakenLine) {
        self.text(Some(line.item.as_str()));
        self.number(line.quantity.as_thousandths());
        self.choice(line.kind.map_or(0, |kind| kind.kind().number()));
        match &line.unit {
            Unit::AsGiven => self.choice(0),
            Unit::Base => self.choice(1),
            Unit::Pack(code) => {
                self.choice(2);
                self.text(Some(code.as_str()));
            }
            Unit::Sku => self.choice(3),
        }
        self.text(line.reason.as_ref().map(|reason| reason.as_str()));
        self.choice(line.disposition.map_or(0, |disposition| disposition.number()));
        self.text(line.lot.as_ref().map(|lot| lot.as_str()));
        self.text(line.serial.as_ref().map(|serial| serial.as_str()));
        self.choice(u8::from(line.estimated));
    }

    fn parked(&mut self, parked: &ParkedLine) {
        self.choice(parked.reason.number());
        self.text(Some(&parked.raw));
    }

    fn about(&mut self, about: &About) {
        match about {
            About::Document { source, id } => {
                self.choice(1);
                self.text(Some(source.as_str()));
                self.text(Some(id.as_str()));
            }
            About::Position(position) => {
                self.choice(2);
                self.0.update(&position.epoch.0.to_be_bytes());
                self.0.update(&position.seq.to_be_bytes());
            }
            About::Instruction(instruction) => {
                self.choice(3);
                self.text(Some(instruction.as_str()));
            }
            About::Resolution(resolution) => {
                self.choice(4);
                self.text(Some(resolution.sku.as_str()));
                self.number(resolution.units_per_scan.as_thousandths());
            }
        }
    }

    fn changes(&mut self, changes: &[SkuChange]) {
        self.number(i64::try_from(changes.len()).unwrap_or(i64::MAX));
        for change in changes {
            self.text(Some(change.sku.as_str()));
            self.number(change.change.as_thousandths());
        }
    }
}
