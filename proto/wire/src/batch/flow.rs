//! The two directions of one walk: a writer puts a row's values into columns,
//! a reader takes them out. Both walk the same way, so they cannot disagree
//! about the format.

mod bits;
mod reader;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::Writer;

/// Why a payload is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// Values that resemble each other stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Which guesses of a row were wrong.
    Misses,
    /// Which submitter a document is of.
    Source,
    /// How far a document's number is from the one before.
    Id,
    /// How many movements a document has.
    Count,
    /// Which item of those before, or a new one.
    Item,
    /// How far a SKU's number is from the last new one.
    Sku,
    /// How far a GTIN is from the last new one.
    Gtin,
    /// How many.
    Quantity,
    /// On-hand after a new item's movement.
    OnHand,
    /// How far back the item's movement before lies.
    Previous,
    /// Since the movement before.
    Committed,
    /// The wall time against the odometer.
    Wall,
    /// Numbers that are seldom needed.
    Odd,
    /// Texts and whole records.
    Text,
}

impl Column {
    /// How many there are.
    pub(super) const COUNT: usize = 14;

    const fn index(self) -> usize {
        self as usize
    }
}

/// One direction.
pub(super) trait Flow<'a> {
    /// A truth that is nearly always false.
    fn miss(&mut self, miss: &mut bool) -> Result<(), Broken>;

    /// A number, the smaller the shorter.
    fn number(&mut self, column: Column, value: &mut u64) -> Result<(), Broken>;

    /// Eight random bytes.
    fn random(&mut self, value: &mut u64) -> Result<(), Broken>;

    /// Bytes of any length.
    fn text(&mut self, text: &mut &'a [u8]) -> Result<(), Broken>;

    /// A number that is nearly always as guessed.
    fn guessed(&mut self, column: Column, guess: u64, value: &mut u64) -> Result<(), Broken> {
        let mut miss = *value != guess;
        self.miss(&mut miss)?;
        if miss {
            return self.number(column, value);
        }
        *value = guess;
        Ok(())
    }
}
