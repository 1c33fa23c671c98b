//! Random histories against a plain model: what lies on the shelves and in the
//! vans, and what head office put right. Whatever the order in which the centre hears of it, it says the same.

mod repairs;
mod shops;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use shops::{History, Random};
use tidemark_model::{Basis, Label, Position, Quantity, Reference, Seq, Sku, StoreId};
use world::World;

use super::{Place, Shop, on_both};
use crate::apply::{ApplyRecord, Content};
use crate::{
    AuditEntry, AuditFilter, Closed, Closing, Expiry, ReservationQuery, ReservationRequest, Reserved, TransferQuery,
    TransferRow, TransferState,
};

on_both!(the_databases_tell_shelves_vans_and_differences_as_they_are);

/// Histories that go through the pure decision, and through each database.
const PURE: u64 = 10_000;
const IN_SQL: u64 = 12;

/// The records in the order in which they arrive: any, some of them twice.
fn arrivals(history: &History, random: &mut Random) -> Vec<Vec<ApplyRecord>> {
    let mut order: Vec<ApplyRecord> = history.records.clone();
    let again = random.below(history.records.len() / 2 + 1);
    for _ in 0..again {
        order.push(history.records[random.below(history.records.len())].clone());
    }
    for at in (1..order.len()).rev() {
        order.swap(at, random.below(at + 1));
    }
    let mut batches = Vec::new();
    while !order.is_empty() {
        let rest = order.split_off(order.len().min(1 + random.below(12)));
        batches.push(std::mem::replace(&mut order, rest));
    }
    batches
}

#[test]
fn ten_thousand_histories_are_told_as_they_were_in_any_order_of_arrival() {
    for seed in 0..PURE {
        let mut random = Random(seed);
        let history = History::of(&mut random);
        let mut world = World::default();
        for batch in arrivals(&history, &mut random) {
            world.apply(&batch);
        }
        assert_eq!(world.levels(), history.shelves(), "seed {seed}: what is on hand");
        assert_eq!(world.transit(), history.vans(), "seed {seed}: what is in transit");
        assert_eq!(world.suspense(), history.suspense(), "seed {seed}: what nobody knows");
        for (sku, net) in history.net() {
            let between: i64 = world.transit().iter().filter(|((_, of), _)| *of == sku).map(|(_, sum)| sum).sum();
            assert_eq!(net + between, 0, "seed {seed}: {sku} over stores and transit");
        }
    }
}

async fn the_databases_tell_shelves_vans_and_differences_as_they_are(place: Place) {
    let mut shop = Shop::open(&place).await;
    for seed in 0..IN_SQL {
        let mut random = Random(1_000_000 + seed);
        let history = History::among(&mut random, seed);
        let mut orders = Orders::default();
        for batch in arrivals(&history, &mut random) {
            shop.apply(&batch).await;
            orders.arrived(&history, &batch);
            orders.reserve(&shop, &history, &mut random).await;
        }
        assert_eq!(orders.held(&shop, &history).await, orders.0, "seed {seed}: what is reserved");
        let shelves = history.shelves();
        let pairs: Vec<(StoreId, Sku)> = shelves.keys().cloned().collect();
        for level in shop.ledger.levels(&pairs).await.unwrap() {
            assert_eq!(level.basis, Basis::Counted);
            let shelf = shelves[&(level.store.clone(), level.sku.clone())];
            assert_eq!(level.on_hand.as_thousandths(), shelf, "seed {seed}: {} {}", level.store, level.sku);
        }
        differences_close(&shop, &history).await;
    }
}

/// What web shops have reserved and no sale has fulfilled, by store, order and
/// item, in thousandths; how many requests there were, and what has arrived.
#[derive(Debug, Default)]
struct Orders(BTreeMap<(StoreId, String, Sku), i64>, u32, BTreeSet<(StoreId, Seq)>);

impl Orders {
    fn arrived(&mut self, history: &History, batch: &[ApplyRecord]) {
        for record in batch {
            let Content::Movement(Position { seq, .. }, _) = &record.content else { continue };
            // What comes twice counts once.
            if !self.2.insert((record.store.clone(), *seq)) {
                continue;
            }
            if let Some((order, sku)) = history.fulfilling.get(&(record.store.clone(), *seq)) {
                self.0.remove(&(record.store.clone(), order.clone(), sku.clone()));
            }
        }
    }

    /// Reserves for some order, as far as there is something: nothing is
    /// promised twice.
    async fn reserve(&mut self, shop: &Shop, history: &History, random: &mut Random) {
        let Some(((store, _), (order, sku))) =
            history.fulfilling.iter().nth(random.below(history.fulfilling.len() + 1))
        else {
            return;
        };
        let level = shop.ledger.levels(&[(store.clone(), sku.clone())]).await.unwrap().pop();
        let available = level.and_then(|level| level.available());
        let (asked, key) = (1 + random.below(40), (store.clone(), order.clone(), sku.clone()));
        if self.0.contains_key(&key) {
            return;
        }
        self.1 += 1;
        let quantity = Quantity::units(i64::try_from(asked).unwrap()).unwrap();
        let request = ReservationRequest {
            id: format!("r-{order}-{sku}-{}", self.1),
            request: Label::new(&format!("{order}-{}", self.1)).unwrap(),
            store: store.clone(),
            sku: sku.clone(),
            quantity,
            expiry: Expiry::In(600_000),
            order: Some(Reference::new(order).unwrap()),
        };
        match (shop.ledger.reserve(&request).await.unwrap(), available) {
            (Reserved::Done(..), Some(available)) if quantity <= available => {
                self.0.insert(key, quantity.as_thousandths());
            }
            (Reserved::Short(left), Some(available)) => assert!(left == available && quantity > available),
            (Reserved::NotCounted | Reserved::NoSuchItem, None) => {}
            other => panic!("{other:?}"),
        }
    }

    /// What the ledger says is held; each level says the same.
    async fn held(&self, shop: &Shop, history: &History) -> BTreeMap<(StoreId, String, Sku), i64> {
        let (mut held, mut sums) = (BTreeMap::new(), BTreeMap::<(StoreId, Sku), i64>::new());
        let all = ReservationQuery { most: 10_000, ..ReservationQuery::default() };
        for (_, row) in shop.ledger.reservations(&all).await.unwrap() {
            if row.state.holds() && history.shelves().contains_key(&(row.store.clone(), row.sku.clone())) {
                *sums.entry((row.store.clone(), row.sku.clone())).or_default() += row.quantity.as_thousandths();
                held.insert((row.store, row.order.unwrap(), row.sku), row.quantity.as_thousandths());
            }
        }
        let pairs: Vec<(StoreId, Sku)> = history.shelves().into_keys().collect();
        for level in shop.ledger.levels(&pairs).await.unwrap() {
            let sum = sums.get(&(level.store.clone(), level.sku.clone())).copied().unwrap_or(0);
            assert_eq!(level.reserved.as_thousandths(), sum);
        }
        held
    }
}

fn open() -> TransferQuery {
    TransferQuery { most: 1_000, ..TransferQuery::default() }
}

/// Head office closes what did not arrive: then nothing is left, to the unit.
async fn differences_close(shop: &Shop, history: &History) {
    let mut between: BTreeMap<(String, Sku), i64> = BTreeMap::new();
    let of_history = |rows: Vec<TransferRow>| rows.into_iter().filter(|row| history.tells(&row.reference));
    for row in of_history(shop.ledger.transfers(&open()).await.unwrap()) {
        let shown = shop.ledger.transfer(&row.reference).await.unwrap().unwrap();
        assert_eq!(shown.row.open, row.open);
        for item in shown.items {
            let told = item.sent.checked_sub(item.received).unwrap().as_thousandths();
            assert_eq!(told, item.in_transit.as_thousandths(), "{}", row.reference);
            if told != 0 {
                between.insert((row.reference.clone(), item.sku), told);
            }
        }
    }
    assert_eq!(between, history.vans());
    let early =
        shop.ledger.transfers(&TransferQuery { state: Some(TransferState::InTransit), ..open() }).await.unwrap();
    for row in early {
        let closing = Closing { author: "Ada".to_owned(), reason: "lost".to_owned(), seen: Vec::new() };
        assert_eq!(shop.ledger.close_transfer(&row.reference, &closing).await.unwrap(), Closed::InTransit);
    }
    shop.ledger.age_transfers(crate::TRANSIT_MILLIS).await.unwrap();
    let due = TransferQuery { state: Some(TransferState::Difference), ..open() };
    let waiting = shop.ledger.transfers(&due).await.unwrap().len();
    assert_eq!(shop.ledger.open_transfers().await.unwrap(), (0, u64::try_from(waiting).unwrap()));
    let mut closed: BTreeMap<Sku, i64> = BTreeMap::new();
    let by = |row: &TransferRow| shop.ledger.by(&AuditEntry::of("Ada", "operator", "close").about(&row.reference));
    for row in of_history(shop.ledger.transfers(&due).await.unwrap()) {
        let seen = between.iter().filter(|((reference, _), _)| *reference == row.reference);
        let seen = seen.map(|((_, sku), sum)| (sku.clone(), Quantity::thousandths(*sum))).collect();
        let closing = Closing { author: "Ada".to_owned(), reason: "<b>lost'; --".to_owned(), seen };
        let wrong = Closing { seen: Vec::new(), ..closing.clone() };
        let others = by(&row).close_transfer(&row.reference, &wrong).await.unwrap();
        assert!(matches!(others, Closed::Others(open) if !open.is_empty()));
        assert_eq!(by(&row).close_transfer(&row.reference, &closing).await.unwrap(), Closed::Done);
        assert_eq!(by(&row).close_transfer(&row.reference, &closing).await.unwrap(), Closed::Settled);
        let about = AuditFilter { subject: Some(row.reference.clone()), ..AuditFilter::default() };
        assert_eq!(shop.ledger.audit(&about, 9).await.unwrap().len(), 1, "noted with the change alone");
        for difference in shop.ledger.transfer(&row.reference).await.unwrap().unwrap().differences {
            assert_eq!((difference.author.as_str(), difference.reason.as_str()), ("Ada", "<b>lost'; --"));
            *closed.entry(difference.sku).or_default() += difference.quantity.as_thousandths();
        }
    }
    assert_eq!(shop.ledger.transfers(&due).await.unwrap(), []);
    assert_eq!(shop.ledger.open_transfers().await.unwrap(), (0, 0));
    for (sku, net) in history.net() {
        assert_eq!(net + closed.get(&sku).copied().unwrap_or(0), 0, "{sku} over stores and differences");
    }
}
