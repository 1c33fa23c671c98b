//! How an item's stock came about: the chain of previous seqs, followed
//! through the primary key of each month.

use sqlx::Row as _;
use tidemark_model::{Epoch, EpochOrdinal, Marks, Movement, Seq, Sku, StoreId};
use tidemark_wire::decode_movement;

use super::{PostgresLedger, ordinal_of};
use crate::columns::epoch_of;
use crate::error::LedgerError;
use crate::rows::History;
use crate::sqlite::{kept, number, unsigned};

/// Rows of an item's chain that are looked at for one page; a chain broken
/// often is told in several pages.
const CHAIN_LOOKS: usize = 5_000;
/// Rows of a store that are read at once where the chain is broken, and how
/// often for one page.
const SCAN_ROWS: i64 = 2_000;
const SCANS: usize = 50;

/// A place in a store's books.
type Place = (EpochOrdinal, Seq);

/// What a scan for an item's next older movement came to.
enum Older {
    /// There it is.
    At(Place),
    /// There is none.
    None,
    /// Not down to this place; the next page goes on there.
    NotAbove(Place),
}

impl PostgresLedger {
    /// How an item's stock came about, newest first, by following the chain
    /// of previous seqs through the primary key. A page may be short of
    /// `most` and still name where the next one begins.
    pub async fn history(
        &self,
        store: &StoreId,
        sku: &Sku,
        from: Option<(EpochOrdinal, Seq)>,
        most: usize,
    ) -> Result<History, LedgerError> {
        let mut history = History::default();
        let head = "SELECT b.ordinal, b.seq, b.store FROM balances b \
                    WHERE b.store = (SELECT key FROM stores WHERE store = $1) AND b.sku = $2";
        let Some(row) = sqlx::query(head).bind(store.as_str()).bind(sku.as_str()).fetch_optional(&self.read).await?
        else {
            return Ok(history);
        };
        let key: i64 = row.try_get("store")?;
        let newest = (ordinal_of(&row)?, unsigned(row.try_get("seq")?));
        let mut at = Some(from.unwrap_or(newest));
        let mut looks = 0;
        while let Some((ordinal, seq)) = at {
            if history.movements.len() == most || looks == CHAIN_LOOKS {
                history.next = at;
                break;
            }
            looks += 1;
            let older = match self.movement_at(key, ordinal, seq).await? {
                Some((epoch, movement)) if movement.sku.as_ref() == Some(sku) => {
                    let previous = movement.previous;
                    history.movements.push((epoch, seq, movement));
                    match previous {
                        // The epoch's first: on to the epochs before.
                        0 if ordinal.0 <= 1 => Older::None,
                        0 => self.older(key, (ordinal, 0), sku).await?,
                        previous => Older::At((ordinal, previous)),
                    }
                }
                // Where a scan stopped for the page before.
                Some(_) => self.older(key, (ordinal, seq), sku).await?,
                None => {
                    history.gaps.push(seq);
                    self.older(key, (ordinal, seq), sku).await?
                }
            };
            at = match older {
                Older::At(place) => Some(place),
                Older::None => None,
                Older::NotAbove(place) => {
                    history.next = Some(place);
                    None
                }
            };
        }
        Ok(history)
    }

    async fn movement_at(
        &self,
        key: i64,
        ordinal: EpochOrdinal,
        seq: Seq,
    ) -> Result<Option<(Epoch, Movement)>, LedgerError> {
        let select = "SELECT m.bytes, m.late, e.epoch FROM epochs e CROSS JOIN (SELECT month FROM months ORDER BY month DESC) o \
                      CROSS JOIN LATERAL (SELECT bytes, late FROM movements \
                      WHERE month = o.month AND store = $1 AND ordinal = $2 AND seq = $3 LIMIT 1) m \
                      WHERE e.store = $1 AND e.ordinal = $2 LIMIT 1";
        let found = sqlx::query(select).bind(key).bind(i64::from(ordinal.0)).bind(number(seq));
        let Some(row) = found.fetch_optional(&self.read).await? else { return Ok(None) };
        let mut movement = decode_movement(row.try_get("bytes")?).map_err(kept)?;
        let late: Option<bool> = row.try_get("late")?;
        movement.marks = movement.marks.with_if(late == Some(true), Marks::LATE);
        Ok(Some((epoch_of(&row)?, movement)))
    }

    /// The item's next older movement, found by a scan of the store's rows:
    /// the way on where the chain ends or is broken.
    async fn older(&self, key: i64, below: Place, sku: &Sku) -> Result<Older, LedgerError> {
        let select = "SELECT m.ordinal, m.seq, m.bytes FROM months o CROSS JOIN LATERAL (SELECT ordinal, seq, bytes \
                      FROM movements WHERE month = o.month AND store = $1 AND (ordinal, seq) < ($2, $3) \
                      ORDER BY ordinal DESC, seq DESC LIMIT $4) m ORDER BY m.ordinal DESC, m.seq DESC LIMIT $4";
        let mut below = below;
        for _ in 0..SCANS {
            let (ordinal, seq) = (i64::from(below.0.0), number(below.1));
            let scan = sqlx::query(select).bind(key).bind(ordinal).bind(seq).bind(SCAN_ROWS);
            let rows = scan.fetch_all(&self.read).await?;
            for row in &rows {
                below = (ordinal_of(row)?, unsigned(row.try_get("seq")?));
                let bytes: &[u8] = row.try_get("bytes")?;
                if decode_movement(bytes).is_ok_and(|movement| movement.sku.as_ref() == Some(sku)) {
                    return Ok(Older::At(below));
                }
            }
            if i64::try_from(rows.len()).unwrap_or(SCAN_ROWS) < SCAN_ROWS {
                return Ok(Older::None);
            }
        }
        Ok(Older::NotAbove(below))
    }
}
