//! Stock beyond on-hand: transfers, reservations, what has to be looked at.

use std::collections::BTreeSet;

use tidemark_model::{EpochOrdinal, Seq, Sku, StoreId};

use super::Ledger;
use crate::attention::{Decided, Deciding, StockList, StockPage, StoresToLookAt, SuspenseCode, TillDayRow};
use crate::error::LedgerError;
use crate::reservations::{
    ReservationChanged, ReservationQuery, ReservationRequest, ReservationRow, ReservationStep, Reserved, SafetyRule,
};
use crate::rows::{LatestPage, LevelRow};
use crate::transfers::{Closed, Closing, TransferQuery, TransferRow, TransferShown};

impl Ledger {
    /// Transfers, oldest first.
    pub async fn transfers(&self, query: &TransferQuery) -> Result<Vec<TransferRow>, LedgerError> {
        on!(self, ledger => ledger.transfers(query).await)
    }

    /// How many transfers are in transit, and how many wait as a difference.
    pub async fn open_transfers(&self) -> Result<(u64, u64), LedgerError> {
        on!(self, ledger => ledger.open_transfers().await)
    }

    /// One transfer with its items.
    pub async fn transfer(&self, reference: &str) -> Result<Option<TransferShown>, LedgerError> {
        on!(self, ledger => ledger.transfer(reference).await)
    }

    /// Closes what is in transit of a transfer as a difference, if it is due
    /// and is what the person saw.
    pub async fn close_transfer(&self, reference: &str, closing: &Closing) -> Result<Closed, LedgerError> {
        on!(self, ledger => ledger.close_transfer(reference, closing).await)
    }

    /// Reserves, if so much is available; a retry changes nothing.
    pub async fn reserve(&self, asked: &ReservationRequest) -> Result<Reserved, LedgerError> {
        on!(self, ledger => ledger.reserve(asked).await)
    }

    /// Confirms or releases a reservation; what is so already stays so.
    pub async fn change_reservation(&self, id: &str, step: ReservationStep) -> Result<ReservationChanged, LedgerError> {
        on!(self, ledger => ledger.change_reservation(id, step).await)
    }

    /// One reservation.
    pub async fn reservation(&self, id: &str) -> Result<Option<ReservationRow>, LedgerError> {
        on!(self, ledger => ledger.reservation(id).await)
    }

    /// Reservations, newest first, each with its number.
    pub async fn reservations(&self, query: &ReservationQuery) -> Result<Vec<(i64, ReservationRow)>, LedgerError> {
        on!(self, ledger => ledger.reservations(query).await)
    }

    /// Ends what nobody confirmed in time, by the database's clock; the levels
    /// that changed.
    pub async fn expire_reservations(&self) -> Result<Vec<LevelRow>, LedgerError> {
        on!(self, ledger => ledger.expire_reservations().await)
    }

    /// Sets rules of safety stock, or takes those away that do not stay; all
    /// or none. Their stores must be there.
    pub async fn set_safety(&self, rules: &[(SafetyRule, bool)]) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.set_safety(rules).await)
    }

    /// All rules behind one, in order of item, store, region.
    pub async fn safety_rules(&self, after: Option<&SafetyRule>, most: u32) -> Result<Vec<SafetyRule>, LedgerError> {
        on!(self, ledger => ledger.safety_rules(after, most).await)
    }

    /// Tells the levels of one more store that a changed rule is about;
    /// whether there may be more to tell.
    pub async fn tell_safety(&self) -> Result<bool, LedgerError> {
        on!(self, ledger => ledger.tell_safety().await)
    }

    /// The partitions with levels that others than the applier changed.
    pub async fn partitions_changed(&self) -> Result<BTreeSet<u32>, LedgerError> {
        on!(self, ledger => ledger.partitions_changed().await)
    }

    /// Some levels of a partition that others changed, and up to which number
    /// they are noted.
    pub async fn noted_levels(&self, partition: u32, most: u32) -> Result<Option<(i64, Vec<LevelRow>)>, LedgerError> {
        on!(self, ledger => ledger.noted_levels(partition, most).await)
    }

    /// What was noted up to a number is told.
    pub async fn forget_noted(&self, partition: u32, number: i64) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.forget_noted(partition, number).await)
    }

    /// A page of a list of a store's items, behind one.
    pub async fn stock_list(
        &self,
        store: &StoreId,
        list: StockList,
        after: Option<&Sku>,
        most: u32,
    ) -> Result<StockPage, LedgerError> {
        on!(self, ledger => ledger.stock_list(store, list, after, most).await)
    }

    /// Codes that nobody knows, behind one; those that are ignored only if
    /// they are asked for.
    pub async fn suspense(&self, after: &str, ignored: bool, most: u32) -> Result<Vec<SuspenseCode>, LedgerError> {
        on!(self, ledger => ledger.suspense(after, ignored, most).await)
    }

    /// The stores that have something on a list of theirs.
    pub async fn stores_to_look_at(&self) -> Result<StoresToLookAt, LedgerError> {
        on!(self, ledger => ledger.stores_to_look_at().await)
    }

    /// Decides of a code that nobody knows.
    pub async fn decide_code(&self, deciding: &Deciding) -> Result<Decided, LedgerError> {
        on!(self, ledger => ledger.decide_code(deciding).await)
    }

    /// A store's movements, newest first, below a place.
    pub async fn latest(
        &self,
        store: &StoreId,
        below: Option<(EpochOrdinal, Seq)>,
        most: u32,
    ) -> Result<LatestPage, LedgerError> {
        on!(self, ledger => ledger.latest(store, below, most).await)
    }

    /// A store's business days, latest first, before one.
    pub async fn days(&self, store: &StoreId, before: Option<&str>, most: u32) -> Result<Vec<String>, LedgerError> {
        on!(self, ledger => ledger.days(store, before, most).await)
    }

    /// The tills of a store's business day.
    pub async fn till_days(&self, store: &StoreId, day: &str) -> Result<Vec<TillDayRow>, LedgerError> {
        on!(self, ledger => ledger.till_days(store, day).await)
    }
}

#[cfg(test)]
impl Ledger {
    /// Makes all transfers older.
    pub(crate) async fn age_transfers(&self, millis: i64) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.age_transfers(millis).await)
    }

    /// Makes all reservations end earlier.
    pub(crate) async fn age_reservations(&self, millis: i64) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.age_reservations(millis).await)
    }
}
