//! The ledger, whichever database holds it.

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use tidemark_model::{Block, BlockIndex, Epoch, EpochOrdinal, Generation, Label, Seq, SeqSet, Sku, StoreId, StreamId};
use tidemark_sync::message::Session;

use crate::apply::ApplyRecord;
use crate::error::{ApplyError, LedgerError};
use crate::instructions::InstructionRow;
use crate::postgres::PostgresLedger;
use crate::rows::{
    ChangedBlock, EpochRow, HeartbeatRow, History, LevelRow, LossRow, OpeningKept, PositionRow, Signature, Signed,
    StoreRecord, StoreRow, TokenRow, ToldRow, TryRow, UnsignedLosses,
};
use crate::sqlite::{Applied, SqliteLedger, StoreLook};

/// The ledger; cheap to clone.
#[derive(Clone, Debug)]
pub enum Ledger {
    /// In a file of this machine.
    Sqlite(SqliteLedger),
    /// In PostgreSQL, which several processes may use.
    Postgres(PostgresLedger),
}

/// The same question, asked of the one that is there.
macro_rules! on {
    ($of:expr, $ledger:ident => $asked:expr) => {
        match $of {
            Ledger::Sqlite($ledger) => $asked,
            Ledger::Postgres($ledger) => $asked,
        }
    };
}
pub(crate) use on;

mod auditing;
mod people;
mod repairing;
mod stock;

impl Ledger {
    /// Opens the ledger's file, or makes it.
    pub async fn sqlite(file: &Path) -> Result<Self, LedgerError> {
        Ok(Self::Sqlite(SqliteLedger::open(file).await?))
    }

    /// Opens the ledger at `postgres://user@host/database`, or makes it in an
    /// empty database.
    pub async fn postgres(url: &str) -> Result<Self, LedgerError> {
        Ok(Self::Postgres(PostgresLedger::open(url).await?))
    }

    /// Whether other processes may change it.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Which history this is; may grow while the ledger is open.
    #[must_use]
    pub fn generation(&self) -> Generation {
        on!(self, ledger => ledger.generation())
    }

    /// Takes a generation above another; the one the ledger has then.
    pub async fn raise_generation(&self, above: Generation) -> Result<Generation, LedgerError> {
        on!(self, ledger => ledger.raise_generation(above).await)
    }

    /// Closes what is open.
    pub async fn close(&self) {
        on!(self, ledger => ledger.close().await);
    }

    /// Makes a store if it is not there.
    pub async fn make_store(&self, store: &StoreId) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.make_store(store).await)
    }

    /// Makes or changes stores, all or none. If that changes what a shop
    /// lists, the catalogue's new version.
    pub async fn put_stores(&self, mut stores: Vec<StoreRecord>) -> Result<Option<u64>, LedgerError> {
        // In one order, so that two imports don't wait for each other.
        stores.sort_by(|a, b| a.store.cmp(&b.store));
        on!(self, ledger => ledger.put_stores(&stores).await)
    }

    /// Looks a store up for a `Hello` and, if it is new, stores its session
    /// and the tail it told with the same look: of the box's journal `held` is
    /// the lowest seq it holds and the last it committed. None if there is no
    /// such store.
    pub async fn look_up(
        &self,
        store: &StoreId,
        epoch: Epoch,
        session: Option<Session>,
        held: (Seq, Seq),
    ) -> Result<Option<StoreLook>, LedgerError> {
        on!(self, ledger => ledger.look_up(store, epoch, session, held).await)
    }

    /// The positions of an open epoch that are not handled, of all blocks
    /// below the one of a seq.
    pub async fn missing_below(&self, store: &StoreId, epoch: Epoch, below: Seq) -> Result<SeqSet, LedgerError> {
        on!(self, ledger => ledger.missing_below(store, epoch, below).await)
    }

    /// Those of these epochs that a later one has closed.
    pub async fn closed_among(
        &self,
        epochs: &BTreeSet<(StoreId, Epoch)>,
    ) -> Result<BTreeSet<(StoreId, Epoch)>, LedgerError> {
        on!(self, ledger => ledger.closed_among(epochs).await)
    }

    /// The log of a partition ends before where its applier stands, who goes
    /// on from its end.
    pub async fn rewind(&self, at: PositionRow, end: u64) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.rewind(at, end).await)
    }

    /// An applier of the partition begins; what one that did not end left.
    pub async fn begin_tries(&self, partition: u32) -> Result<Option<TryRow>, LedgerError> {
        on!(self, ledger => ledger.begin_tries(partition).await)
    }

    /// The applier of the partition tries this next: it is noted when this
    /// returns.
    pub async fn note_try(&self, partition: u32, tried: TryRow) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.note_try(partition, tried).await)
    }

    /// The applier of the partition ends in good order.
    pub async fn end_tries(&self, partition: u32) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.end_tries(partition).await)
    }

    /// Blocks of a partition's stores that changed after a step, in order.
    pub async fn blocks_changed(&self, partition: u32, after_step: u64) -> Result<Vec<ChangedBlock>, LedgerError> {
        on!(self, ledger => ledger.blocks_changed(partition, after_step).await)
    }

    /// One block as it is now, and whether positions in it are lost or parked
    /// unread: then its sums are not those of the box.
    pub async fn block(
        &self,
        store: &StoreId,
        epoch: Epoch,
        index: BlockIndex,
    ) -> Result<Option<(Block, bool)>, LedgerError> {
        on!(self, ledger => ledger.block(store, epoch, index).await)
    }

    /// Keeps what a box said, and the tail it told; when that was by the
    /// database's clock, in milliseconds since 1970.
    pub async fn hear(&self, store: &StoreId, epoch: Epoch, body: &str, tail: Seq) -> Result<i64, LedgerError> {
        on!(self, ledger => ledger.hear(store, epoch, body, tail).await)
    }

    /// What the boxes said last.
    pub async fn heartbeats(&self) -> Result<Vec<HeartbeatRow>, LedgerError> {
        on!(self, ledger => ledger.heartbeats().await)
    }

    /// All stores with the counts of their books, by name.
    pub async fn stores(&self) -> Result<Vec<StoreRow>, LedgerError> {
        on!(self, ledger => ledger.stores(None).await)
    }

    /// One store with the counts of its books, if it is there.
    pub async fn store(&self, store: &StoreId) -> Result<Option<StoreRow>, LedgerError> {
        Ok(on!(self, ledger => ledger.stores(Some(store)).await)?.pop())
    }

    /// How many ranges of seqs are on their way below the highest seen.
    pub async fn gaps(&self, store: &StoreId) -> Result<u64, LedgerError> {
        on!(self, ledger => ledger.gaps(store).await)
    }

    /// A store's lost positions by range, unsigned ones first.
    pub async fn losses(&self, store: &StoreId, most: u32) -> Result<Vec<LossRow>, LedgerError> {
        on!(self, ledger => ledger.losses(store, most).await)
    }

    /// The stores with losses that nobody signed yet, by name.
    pub async fn unsigned_losses(&self) -> Result<Vec<UnsignedLosses>, LedgerError> {
        on!(self, ledger => ledger.unsigned_losses().await)
    }

    /// Signs a store's losses that nobody signed yet: all of them, or none if
    /// they are not as many as `seen`.
    pub async fn sign_losses(
        &self,
        store: &StoreId,
        seen: Option<u64>,
        signature: &Signature,
    ) -> Result<Signed, LedgerError> {
        on!(self, ledger => ledger.sign_losses(store, seen, signature).await)
    }

    /// The digests of what is held of a block, movements and dead letters,
    /// ascending by seq. Lost positions have none.
    pub async fn digests(
        &self,
        store: &StoreId,
        epoch: Epoch,
        index: BlockIndex,
    ) -> Result<Vec<(Seq, u64)>, LedgerError> {
        on!(self, ledger => ledger.digests(store, epoch, index).await)
    }

    /// The epochs of a store, in their order.
    pub async fn epochs(&self, store: &StoreId) -> Result<Vec<EpochRow>, LedgerError> {
        on!(self, ledger => ledger.epochs(store).await)
    }

    /// How long ago, in milliseconds, anything was applied last that the epochs
    /// before one brought while they were open; none if nothing was.
    pub async fn older_ms(&self, store: &StoreId, ordinal: EpochOrdinal) -> Result<Option<u64>, LedgerError> {
        on!(self, ledger => ledger.older_ms(store, ordinal).await)
    }

    /// What an epoch's box brought while it was open, ascending by seq, above
    /// one: movements and dead letters, without forks.
    pub async fn told(
        &self,
        store: &StoreId,
        epoch: EpochRow,
        above: Seq,
        most: u32,
    ) -> Result<Vec<ToldRow>, LedgerError> {
        on!(self, ledger => ledger.told(store, epoch, above, most).await)
    }

    /// The forked letters of epochs before one that nobody has closed: their
    /// numbers, and what was parked.
    pub async fn open_forks(&self, store: &StoreId, before: EpochOrdinal) -> Result<Vec<(i64, Bytes)>, LedgerError> {
        on!(self, ledger => ledger.open_forks(store, before).await)
    }

    /// Stores with forked letters of closed epochs that nobody has closed, and
    /// the ordinal of each one's newest epoch.
    pub async fn stores_with_forks(&self) -> Result<Vec<(StoreId, EpochOrdinal)>, LedgerError> {
        on!(self, ledger => ledger.stores_with_forks().await)
    }

    /// Closes a forked letter, if nobody has.
    pub async fn close_fork(&self, letter: i64) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.close_fork(letter).await)
    }

    /// How far the opening of an epoch is kept; no pages if it is not.
    pub async fn opening(&self, store: &StoreId, ordinal: EpochOrdinal) -> Result<OpeningKept, LedgerError> {
        on!(self, ledger => ledger.opening(store, ordinal).await)
    }

    /// Keeps which tills an epoch's box lets in.
    pub async fn keep_tills(&self, store: &StoreId, epoch: Epoch, body: &str) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.keep_tills(store, epoch, body).await)
    }

    /// The tills that the last box before an epoch let in, if any were told.
    pub async fn tills_before(&self, store: &StoreId, ordinal: EpochOrdinal) -> Result<Option<String>, LedgerError> {
        on!(self, ledger => ledger.tills_before(store, ordinal).await)
    }

    /// One page of an opening.
    pub async fn opening_page(
        &self,
        store: &StoreId,
        ordinal: EpochOrdinal,
        page: u32,
    ) -> Result<Option<Bytes>, LedgerError> {
        on!(self, ledger => ledger.opening_page(store, ordinal, page).await)
    }

    /// Keeps pages of an opening from one on, if that is the next that is
    /// wanted; what is kept is never changed. How far it is kept then.
    pub async fn keep_opening(
        &self,
        store: &StoreId,
        ordinal: EpochOrdinal,
        from: u32,
        pages: &[(Bytes, bool)],
    ) -> Result<OpeningKept, LedgerError> {
        on!(self, ledger => ledger.keep_opening(store, ordinal, from, pages).await)
    }

    /// Whether there is such a store.
    pub async fn has_store(&self, store: &StoreId) -> Result<bool, LedgerError> {
        on!(self, ledger => ledger.has_store(store).await)
    }

    /// Levels of pairs, in any order; pairs nothing is known of are left out.
    pub async fn levels(&self, pairs: &[(StoreId, Sku)]) -> Result<Vec<LevelRow>, LedgerError> {
        on!(self, ledger => ledger.levels(pairs).await)
    }

    /// Levels of a partition that changed after a step.
    pub async fn levels_changed(&self, partition: u32, after_step: u64) -> Result<Vec<LevelRow>, LedgerError> {
        on!(self, ledger => ledger.levels_changed(partition, after_step).await)
    }

    /// An item's levels in all stores.
    pub async fn levels_of_item(&self, sku: &Sku) -> Result<Vec<LevelRow>, LedgerError> {
        on!(self, ledger => ledger.levels_of_item(sku).await)
    }

    /// How an item's stock came about, newest first, by following the chain
    /// of previous seqs through the primary key.
    pub async fn history(
        &self,
        store: &StoreId,
        sku: &Sku,
        from: Option<(EpochOrdinal, Seq)>,
        most: usize,
    ) -> Result<History, LedgerError> {
        on!(self, ledger => ledger.history(store, sku, from, most).await)
    }

    /// The catalogue's version; 0 without one.
    pub async fn catalogue_version(&self) -> Result<u64, LedgerError> {
        on!(self, ledger => ledger.catalogue_version().await)
    }

    /// The assortment of a store; none if it has all items.
    pub async fn assortment(&self, store: &StoreId) -> Result<Option<Label>, LedgerError> {
        on!(self, ledger => ledger.assortment(store).await)
    }

    /// Whether the catalogue has an item.
    pub async fn has_item(&self, sku: &Sku) -> Result<bool, LedgerError> {
        on!(self, ledger => ledger.has_item(sku).await)
    }

    /// Keeps instructions, all or none; their stores must be there.
    pub async fn add_instructions(&self, instructions: &[InstructionRow], now_ms: i64) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.add_instructions(instructions, now_ms).await)
    }

    /// Keeps a caller's token by its hash.
    pub async fn add_token(&self, token: &TokenRow, now_ms: i64) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.add_token(token, now_ms).await)
    }

    /// Forgets a token; true if it was there.
    pub async fn remove_token(&self, name: &str) -> Result<bool, LedgerError> {
        on!(self, ledger => ledger.remove_token(name).await)
    }

    /// All tokens, by name.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, LedgerError> {
        on!(self, ledger => ledger.tokens().await)
    }

    /// Where the applier of a partition stands; a log with another identity
    /// begins anew, and its step goes on.
    pub async fn position(&self, partition: u32, stream: StreamId) -> Result<PositionRow, LedgerError> {
        on!(self, ledger => ledger.position(partition, stream).await)
    }

    /// Where all appliers stand.
    pub async fn positions(&self) -> Result<Vec<PositionRow>, LedgerError> {
        on!(self, ledger => ledger.positions().await)
    }

    /// Applies records of one partition, which end before offset `next`. A
    /// record that the database refuses is found by halving, and parked.
    pub async fn apply(
        &self,
        at: PositionRow,
        records: &[ApplyRecord],
        next: u64,
        now_ms: i64,
    ) -> Result<Applied, ApplyError> {
        on!(self, ledger => ledger.apply(at, records, next, now_ms).await)
    }
}
