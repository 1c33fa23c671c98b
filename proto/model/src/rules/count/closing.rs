//! Closing a count: per item the sum over its zones, plus what happened
//! after the marks.

use std::collections::{BTreeMap, BTreeSet};

use crate::books::{Books, ClosedCount, CountState, CountedItem, ItemEffect};
use crate::document::ParkedLine;
use crate::kind::{Basis, Kind, Marks, ParkReason};
use crate::position::Odometer;
use crate::quantity::Quantity;
use crate::rules::deciding::Deciding;
use crate::rules::entry::{Entry, Wish};
use crate::text::{Label, Sku};

/// One item in one zone, over all its counters.
#[derive(Clone, Copy, Debug)]
struct ZoneItem {
    sells: bool,
    mark: Odometer,
    last: Odometer,
}

/// Makes on-hand what was counted, item by item.
pub(super) fn close<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    state: &CountState,
    line_marks: &BTreeMap<Sku, Marks>,
    reason: Option<Label>,
) -> Result<(), B::Error> {
    for sku in counted_items(deciding, state)? {
        let marks = line_marks.get(&sku).copied().unwrap_or_default();
        let marks = marks.with_if(is_unsure(state, &sku), Marks::UNORDERED.with(Marks::RECOUNT));
        close_item(deciding, state, sku, marks, reason.clone())?;
    }
    Ok(())
}

/// A count that is parked as a whole: told, without effect.
pub(super) fn record_parked<B: Books>(deciding: &mut Deciding<'_, '_, B>, state: &CountState) -> Result<(), B::Error> {
    let counted = state.sheets.iter().flat_map(|sheet| &sheet.items);
    for (sku, item) in counted {
        let (quantity, happened) = (item.counted, Some(item.mark));
        deciding.record(Entry { sku: Some(sku.clone()), quantity, happened, ..Entry::of(Kind::Count) })?;
    }
    Ok(())
}

/// The items the count speaks of: what is on its sheets, and with a full
/// count whatever else the store has or counts on.
fn counted_items<B: Books>(deciding: &Deciding<'_, '_, B>, state: &CountState) -> Result<BTreeSet<Sku>, B::Error> {
    let mut items: BTreeSet<Sku> = state.sheets.iter().flat_map(|sheet| sheet.items.keys().cloned()).collect();
    if state.full {
        for sku in deciding.draft.stocked()? {
            let stock = deciding.stock(&sku)?;
            if stock.basis == Basis::Counted || stock.on_hand != Quantity::ZERO {
                items.insert(sku);
            }
        }
    }
    Ok(items)
}

fn close_item<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    state: &CountState,
    sku: Sku,
    marks: Marks,
    reason: Option<Label>,
) -> Result<(), B::Error> {
    let zones = zones_of(state, &sku, deciding.stamp.odometer);
    let seen = state.sheets.iter().any(|sheet| sheet.items.contains_key(&sku));
    let marks = marks.with_if(!seen, Marks::UNSEEN);
    let counted = state
        .sheets
        .iter()
        .filter_map(|sheet| sheet.items.get(&sku))
        .try_fold(Quantity::ZERO, |sum, item| sum.checked_add(item.counted));
    let first = zones.iter().map(|zone| zone.mark).min().unwrap_or(deciding.stamp.odometer);
    let last = zones.iter().map(|zone| zone.mark).max().unwrap_or(deciding.stamp.odometer);
    let order = order_of(deciding.stock(&sku)?.closed, state, &sku, first);
    if order == Order::Older {
        let (quantity, marks) = (counted.unwrap_or(Quantity::ZERO), marks.with(Marks::EXPLAINED));
        let entry = Entry { sku: Some(sku), quantity, reason, happened: Some(last), marks, ..Entry::of(Kind::Count) };
        return deciding.record(entry);
    }
    let mut on_hand = counted;
    let mut recount = false;
    for effect in deciding.draft.effects_after(&sku, first)? {
        let claim = claim(&zones, effect);
        recount |= claim.recount;
        if claim.after_mark {
            on_hand = on_hand.and_then(|sum| sum.checked_add(effect.effect));
        }
    }
    let closed = ClosedCount { first, last };
    let marks =
        marks.with_if(recount, Marks::RECOUNT).with_if(order == Order::Unclear, Marks::UNORDERED.with(Marks::RECOUNT));
    let entry = Entry {
        sku: Some(sku),
        quantity: counted.unwrap_or(Quantity::ZERO),
        reason,
        happened: Some(last),
        marks,
        ..Entry::of(Kind::Count)
    };
    match on_hand {
        Some(on_hand) => deciding.record(Entry { wish: Wish::Becomes { on_hand, closed }, ..entry }),
        None => {
            let detail = "what was counted and what happened since leave the range of 64 bits".to_owned();
            deciding.park(Kind::Count, ParkedLine { reason: ParkReason::Overflow, detail, raw: String::new() })
        }
    }
}

/// Whether a mark of the item, on whichever sheet, could not be told exactly.
/// What is on no sheet of a full count stands on all of its marks.
fn is_unsure(state: &CountState, sku: &Sku) -> bool {
    let on_sheets = || state.sheets.iter().flat_map(|sheet| &sheet.items);
    let scanned = on_sheets().any(|(counted, _)| counted == sku);
    on_sheets().any(|(counted, item)| item.unsure && (counted == sku || !scanned))
}

/// How a count stands to the item's last closed count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// It is the newer one, or that very count closing anew.
    Newer,
    /// It was counted before the other, which has seen all that it saw.
    Older,
    /// They overlap: it is taken, and the item is to be counted again.
    Unclear,
}

/// Orders counts by their marks, not by their arrival. A full count has looked
/// for the item wherever it marked anything.
fn order_of(closed: Option<ClosedCount>, state: &CountState, sku: &Sku, first: Odometer) -> Order {
    let of_count = |(counted, _): &(&Sku, &CountedItem)| state.full || *counted == sku;
    let marks = || state.sheets.iter().flat_map(|sheet| &sheet.items).filter(of_count).map(|(_, item)| item.mark);
    match (closed, marks().max()) {
        (Some(closed), Some(latest)) if latest < closed.first => Order::Older,
        (Some(closed), Some(_)) if first < closed.last && marks().all(|mark| mark != closed.last) => Order::Unclear,
        (Some(_), Some(_) | None) | (None, _) => Order::Newer,
    }
}

/// The zones in which the item was counted; in a full count an item that is
/// on no sheet was counted nowhere, at the count's first mark.
fn zones_of(state: &CountState, sku: &Sku, now: Odometer) -> Vec<ZoneItem> {
    let mut zones: BTreeMap<Option<&Label>, ZoneItem> = BTreeMap::new();
    for sheet in &state.sheets {
        let Some(item) = sheet.items.get(sku) else { continue };
        let fresh = ZoneItem { sells: sheet.sells, mark: item.mark, last: item.last };
        zones
            .entry(sheet.zone.as_ref())
            .and_modify(|zone| {
                zone.sells |= sheet.sells;
                zone.mark = zone.mark.min(item.mark);
                zone.last = zone.last.max(item.last);
            })
            .or_insert(fresh);
    }
    if zones.is_empty() {
        let marks = state.sheets.iter().flat_map(|sheet| sheet.items.values()).map(|item| item.mark);
        let mark = marks.min().unwrap_or(now);
        return vec![ZoneItem { sells: true, mark, last: mark }];
    }
    zones.into_values().collect()
}

/// Whether an effect happened after the mark that decides about it.
struct Claim {
    after_mark: bool,
    recount: bool,
}

fn claim(zones: &[ZoneItem], effect: ItemEffect) -> Claim {
    let own: Vec<&ZoneItem> = zones.iter().filter(|zone| zone.sells == effect.trade).collect();
    // An item that was counted in no zone of its class belongs to all zones
    // it was counted in.
    let claimants = if own.is_empty() { zones.iter().collect() } else { own };
    let latest = claimants.iter().map(|zone| zone.mark).max().unwrap_or_default();
    let earliest = claimants.iter().map(|zone| zone.mark).min().unwrap_or_default();
    let between_marks = earliest < effect.happened && effect.happened <= latest;
    // Before or after the mark: an age that reaches behind the boot.
    let unclear = effect.unsure && effect.happened > latest;
    let between_scans = claimants.iter().any(|zone| zone.mark < effect.happened && effect.happened <= zone.last);
    Claim { after_mark: effect.happened > latest, recount: between_marks || between_scans || unclear }
}
