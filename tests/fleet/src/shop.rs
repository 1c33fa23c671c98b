//! One simulated shop: the real rules, bytes and protocol over a journal in
//! memory, and a till with its own record of what it sold.

mod paper;
mod talk;
mod task;

pub use task::{Order, ShopView, run};

use std::time::Duration;

use tidemark_model::document::{Body, CountBody, CountReason, Line, SheetUse, TakenLine, Timing, Unit};
use tidemark_model::movement::Labels;
use tidemark_model::{
    Document, DocumentId, Epoch, Odometer, Quantity, Source, Status, StoreId, TextError, WallTime, code_spelling,
};
use tidemark_sync::message::{CatalogueEntry, Instruction, InstructionBody, InstructionLine};

use crate::chance::Chance;
use crate::range::Article;
use crate::receipts::{Receipt, Sums, Till};
use crate::shop_journal::ShopJournal;

/// The source of documents that head office asked for.
const CENTRE_SOURCE: &str = "centre";
/// Receipts that a till may submit a second time.
const REPEATABLE: usize = 16;

/// How a shop trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Between two receipts.
    pub every: Duration,
    /// Lines of a receipt.
    pub lines: u64,
    /// Of a thousand receipts, how many are submitted twice.
    pub duplicates: u64,
    /// Of a thousand receipts, how many have a line that nobody can
    /// understand.
    pub poison: u64,
}

/// What a shop knows of its own trade: the reference for the books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What it sold.
    pub sums: Sums,
    /// Movements that nobody could understand.
    pub parked: u64,
    /// Documents that were submitted again.
    pub repeated: u64,
    /// Documents that were submitted again and not known as such.
    pub doubled: u64,
}

impl Record {
    /// Takes in what another shop knows.
    pub fn merge(&mut self, other: &Self) {
        self.sums.merge(&other.sums);
        self.parked += other.parked;
        self.repeated += other.repeated;
        self.doubled += other.doubled;
    }
}

/// A shop without its connection.
#[derive(Debug)]
pub struct Shop {
    journal: ShopJournal,
    till: Till,
    range: Vec<Article>,
    chance: Chance,
    trade: Trade,
    recent: Vec<Document>,
    record: Record,
    opened_lines: u64,
}

impl Shop {
    /// A shop that knows its range. The epoch must be new for each life.
    #[must_use]
    pub fn new(store: StoreId, epoch: Epoch, range: Vec<Article>, trade: Trade) -> Self {
        let mut journal = ShopJournal::new(store, epoch);
        let books = journal.books_mut();
        for article in &range {
            books.learn_item(article.item());
            if let Some(code) = code_spelling(article.gtin.as_str()) {
                books.learn_code(code, article.sku.clone(), Quantity::ONE);
            }
        }
        Self {
            journal,
            till: Till::new("1", epoch.0, epoch.0).with_lines(trade.lines),
            range,
            chance: Chance::of(epoch.0),
            trade,
            recent: Vec::new(),
            record: Record::default(),
            opened_lines: 0,
        }
    }

    /// Its journal.
    #[must_use]
    pub const fn journal(&self) -> &ShopJournal {
        &self.journal
    }

    /// What it knows of its own trade.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Lines of opening stock that head office asked for and that are
    /// committed.
    #[must_use]
    pub const fn opened_lines(&self) -> u64 {
        self.opened_lines
    }

    /// Learns what head office's catalogue says.
    pub fn learn(&mut self, entries: Vec<CatalogueEntry>) {
        let books = self.journal.books_mut();
        for entry in entries {
            for code in entry.codes {
                books.learn_code(code.code, entry.item.sku.clone(), code.units_per_scan);
            }
            books.learn_item(entry.item);
        }
    }

    /// Takes this quantity of everything as opening stock.
    pub fn open_stock(&mut self, pieces: i64, odometer: Odometer) -> Result<(), TextError> {
        let Some(quantity) = Quantity::units(pieces) else { return Ok(()) };
        let line = |article: &Article| InstructionLine { sku: article.sku.clone(), quantity };
        let lines = self.range.iter().map(line).collect();
        let document = opening(DocumentId::new("opening")?, lines)?;
        if self.journal.submit(&document, odometer).status == Status::Accepted {
            for article in &self.range {
                self.record.sums.add(self.journal.store().as_str(), &article.sku, pieces);
            }
        }
        Ok(())
    }

    /// Does what head office asks for; an instruction that came before is a
    /// duplicate.
    pub fn instruct(&mut self, instruction: Instruction, odometer: Odometer) -> Result<(), TextError> {
        let InstructionBody::OpenStock { lines } = instruction.body else { return Ok(()) };
        let document = opening(DocumentId::new(instruction.id.as_str())?, lines)?;
        let outcome = self.journal.submit(&document, odometer);
        if outcome.status == Status::Accepted {
            self.opened_lines += u64::from(outcome.lines);
        }
        Ok(())
    }

    /// Rings up a receipt, and now and then repeats one or has a line that
    /// nobody can understand.
    pub fn sell(&mut self, odometer: Odometer) -> Result<(), TextError> {
        if self.chance.happens(self.trade.poison) {
            return self.poison(odometer);
        }
        let receipt = self.till.ring_up(&self.range);
        let document = paper::sale(&receipt)?;
        self.take(&receipt, &document, 0, odometer);
        if self.chance.happens(self.trade.duplicates) {
            self.repeat(odometer);
        }
        Ok(())
    }

    /// A receipt of which one line can't be understood by anybody.
    pub fn poison(&mut self, odometer: Odometer) -> Result<(), TextError> {
        let receipt = self.till.ring_up(&self.range);
        let mut document = paper::sale(&receipt)?;
        if let Body::Trade { lines, .. } = &mut document.body {
            lines.push(Line::Parked(paper::nonsense()));
        }
        self.take(&receipt, &document, 1, odometer);
        Ok(())
    }

    /// Submits one of the last receipts again.
    fn repeat(&mut self, odometer: Odometer) {
        let count = u64::try_from(self.recent.len()).unwrap_or(0);
        let picked = usize::try_from(self.chance.below(count)).ok();
        let Some(document) = picked.and_then(|picked| self.recent.get(picked)).cloned() else { return };
        self.record.repeated += 1;
        if self.journal.submit(&document, odometer).status != Status::Duplicate {
            self.record.doubled += 1;
        }
    }

    fn take(&mut self, receipt: &Receipt, document: &Document, parked: u64, odometer: Odometer) {
        // The till has its receipt before it tells anyone.
        self.record.sums.sold(self.journal.store().as_str(), receipt);
        self.record.parked += parked;
        self.journal.submit(document, odometer);
        self.recent.push(document.clone());
        if self.recent.len() > REPEATABLE {
            self.recent.remove(0);
        }
    }
}

/// Opening stock as a document.
fn opening(id: DocumentId, lines: Vec<InstructionLine>) -> Result<Document, TextError> {
    let taken =
        |line: InstructionLine| Line::Taken(TakenLine { unit: Unit::Sku, ..TakenLine::plain(line.sku, line.quantity) });
    let lines = lines.into_iter().map(taken).collect();
    let body = CountBody {
        reason: CountReason::Opening,
        full: false,
        last: false,
        sells: true,
        sheet: SheetUse::Whole,
        lines,
    };
    Ok(Document {
        source: Source::new(CENTRE_SOURCE)?,
        id,
        wall: WallTime(0),
        labels: Labels::default(),
        business_day_given: false,
        timing: Timing::Live,
        sequence: None,
        body: Body::Count(body),
    })
}

#[cfg(test)]
mod tests;
