//! Columns that both databases keep alike, read from a row of either.

use sqlx::{ColumnIndex, Decode, Row, Type};
use tidemark_model::{Bitmap, Block, BlockIndex, Epoch};

use crate::apply::{Loss, LossCause};
use crate::error::LedgerError;
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
