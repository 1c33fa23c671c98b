//! A till's receipt as the document a box makes of it.

use tidemark_model::document::{Body, Line, ParkedLine, TakenLine, Timing, TradeKind};
use tidemark_model::movement::Labels;
use tidemark_model::{Document, DocumentId, Label, ParkReason, Quantity, Sku, Source, TextError, WallTime};

use crate::receipts::{Receipt, SoldLine};

/// A receipt as a document.
pub(super) fn sale(receipt: &Receipt) -> Result<Document, TextError> {
    let lines: Result<Vec<Line>, TextError> = receipt.lines.iter().map(line).collect();
    Ok(Document {
        source: Source::new(&receipt.source)?,
        id: DocumentId::new(&receipt.id)?,
        wall: WallTime(0),
        labels: Labels { business_day: Some(Label::new(&receipt.business_day)?), ..Labels::default() },
        business_day_given: true,
        timing: Timing::Live,
        sequence: Some(receipt.number),
        body: Body::Trade { kind: TradeKind::Sale, last: false, lines: lines? },
    })
}

fn line(line: &SoldLine) -> Result<Line, TextError> {
    let quantity = Quantity::units(line.pieces).unwrap_or(Quantity::ONE);
    Ok(Line::Taken(TakenLine::plain(Sku::new(&line.code)?, quantity)))
}

/// A line whose quantity is none.
pub(super) fn nonsense() -> ParkedLine {
    ParkedLine {
        reason: ParkReason::QuantityUnreadable,
        detail: "\"a few\" is not a number such as 2, -1 or 0.385".to_owned(),
        raw: "{\"item\":\"A00001\",\"quantity\":\"a few\"}".to_owned(),
    }
}
