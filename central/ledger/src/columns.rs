//! Columns that both databases keep alike, read from a row of either.

pub(crate) mod items;
pub(crate) mod latest;
pub(crate) mod stock;

use sqlx::{ColumnIndex, Decode, Row, Type};
use tidemark_model::{Bitmap, Block, BlockIndex, DocumentKey, Epoch, Generation, Label, Quantity, Sku, StoreId};

use crate::apply::{Loss, LossCause, Taken};
use crate::error::LedgerError;
use crate::levels::Seen;
use crate::rows::LevelRow;
use crate::sqlite::{kept, unsigned};

/// The column `epoch`.
pub(crate) fn epoch_of<'r, R: Row>(row: &'r R) -> Result<Epoch, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok(Epoch(row.try_get::<i64, _>("epoch")?.cast_unsigned()))
}

/// The column `block`.
pub(crate) fn index_of<'r, R: Row>(row: &'r R) -> Result<BlockIndex, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok(BlockIndex(unsigned(row.try_get("block")?)))
}

/// The columns `bitmap`, `digest` and `stock` of a block.
pub(crate) fn block_of<'r, R: Row>(row: &'r R) -> Result<Block, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    &'r [u8]: Decode<'r, R::Database> + Type<R::Database>,
{
    let bitmap: &[u8] = row.try_get("bitmap")?;
    let bitmap: &[u8; 128] = bitmap.try_into().map_err(|_length| kept("a bitmap has 128 bytes"))?;
    Ok(Block {
        bitmap: Bitmap::from_bytes(bitmap),
        digest: row.try_get::<i64, _>("digest")?.cast_unsigned(),
        stock: row.try_get::<i64, _>("stock")?.cast_unsigned(),
    })
}

/// The columns `last`, `cause`, `named_at` and `signature` of a lost range.
pub(crate) fn loss_of<'r, R: Row>(row: &'r R) -> Result<Loss, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
{
    let cause: &str = row.try_get("cause")?;
    Ok(Loss {
        last: unsigned(row.try_get("last")?),
        cause: LossCause::of_word(cause).ok_or_else(|| kept(format!("`{cause}` is no cause of a loss")))?,
        named_at: row.try_get("named_at")?,
        signature: row.try_get("signature")?,
    })
}

/// The level of a balance, from its columns; `taken` is how the box of its
/// ordinal's epoch stands to its opening, and whether a later one is settled.
pub(crate) fn level_of<'r, R: Row>(
    row: &'r R,
    store: StoreId,
    (taken, settled_since): (Taken, bool),
) -> Result<LevelRow, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
{
    let old: Option<i64> = row.try_get("old_on_hand")?;
    let seen = Seen {
        taken,
        settled_since,
        seq: unsigned(row.try_get("seq")?),
        effect_sum: Quantity::thousandths(row.try_get("effect_sum")?),
        own: (Quantity::thousandths(row.try_get("on_hand")?), row.try_get("counted")?),
        old: old.map(Quantity::thousandths).zip(row.try_get::<Option<bool>, _>("old_counted")?),
    };
    let (on_hand, basis, older) = seen.level();
    Ok(LevelRow {
        store,
        sku: Sku::new(row.try_get("sku")?).map_err(kept)?,
        effect_sum: seen.effect_sum,
        on_hand,
        basis,
        older,
        reserved: Quantity::thousandths(row.try_get("reserved")?),
        safety: Quantity::thousandths(row.try_get("safety")?),
        version: (Generation(unsigned(row.try_get("generation")?)), unsigned(row.try_get("counter")?)),
        changed_at: row.try_get("changed_at")?,
    })
}

/// The column `document`.
pub(crate) fn document_of<'r, R: Row>(row: &'r R) -> Result<DocumentKey, LedgerError>
where
    &'static str: ColumnIndex<R>,
    &'r [u8]: Decode<'r, R::Database> + Type<R::Database>,
{
    let key: &[u8] = row.try_get("document")?;
    Ok(DocumentKey(key.try_into().map_err(|_length| kept("a document's key has 16 bytes"))?))
}

/// A text that may be missing, read as what it is.
pub(crate) fn text_of<'r, R: Row, T, E: std::fmt::Display>(
    row: &'r R,
    column: &'static str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, LedgerError>
where
    &'static str: ColumnIndex<R>,
    Option<&'r str>: Decode<'r, R::Database> + Type<R::Database>,
{
    let text: Option<&str> = row.try_get(column)?;
    text.map(|text| read(text).map_err(kept)).transpose()
}

/// A label that may be missing.
pub(crate) fn label_of<'r, R: Row>(row: &'r R, column: &'static str) -> Result<Option<Label>, LedgerError>
where
    &'static str: ColumnIndex<R>,
    Option<&'r str>: Decode<'r, R::Database> + Type<R::Database>,
{
    text_of(row, column, Label::new)
}
