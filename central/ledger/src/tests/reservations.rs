use std::collections::BTreeMap;

use tidemark_model::document::{Body, CountBody, CountReason, Document, Line, SheetUse, TakenLine, Timing, TradeKind};
use tidemark_model::movement::Labels;
use tidemark_model::{
    DocumentId, Draft, Item, ItemUnit, Label, MemoryBooks, Odometer, Quantity, Reference, Sku, Source, Stamp, StoreId,
    decide,
};
use tidemark_wire::encode_movement;

use super::*;
use crate::{
    AuditEntry, AuditFilter, CodeDecision, Decided, Deciding, Expiry, ReservationChanged, ReservationQuery,
    ReservationRequest, ReservationState, ReservationStep, Reserved, SafetyRule,
};

on_both!(
    of_two_callers_at_once_for_more_than_is_there_exactly_one_gets_it,
    a_request_is_a_retry_only_if_it_asks_for_the_same,
    a_sale_releases_what_it_fulfils_in_its_own_transaction,
    what_nobody_confirms_in_time_is_available_again,
    what_cannot_be_reserved_is_said,
    the_closest_rule_of_safety_stock_is_kept_back,
    who_changes_stock_beyond_on_hand_is_noted_once_with_the_change,
);

/// A shop whose box has counted ten apples, and knows pears it never counted.
struct Stocked {
    shop: Shop,
    books: MemoryBooks,
    next: Seq,
}

fn apple() -> Sku {
    Sku::new("apple").unwrap()
}

fn units(count: i64) -> Quantity {
    Quantity::units(count).unwrap()
}

impl Stocked {
    async fn open(place: &Place) -> Self {
        let mut books = MemoryBooks::new();
        for name in ["apple", "pear"] {
            let (sku, unit) = (Sku::new(name).unwrap(), ItemUnit::Each);
            books.learn_item(Item::new(sku, name.into(), unit));
        }
        let mut stocked = Self { shop: Shop::open(place).await, books, next: 1 };
        let lines = vec![Line::Taken(TakenLine::plain(apple(), units(10)))];
        let reason = CountReason::Opening;
        let count = CountBody { reason, full: false, last: false, sells: false, sheet: SheetUse::Whole, lines };
        stocked.commit(Body::Count(count), Labels::default()).await;
        stocked.sell("pear", 1, None).await;
        stocked
    }

    async fn commit(&mut self, body: Body, labels: Labels) -> Applied {
        let document = Document {
            source: Source::new("till:1").unwrap(),
            id: DocumentId::new(&self.next.to_string()).unwrap(),
            wall: WallTime(0),
            labels,
            business_day_given: false,
            timing: Timing::Live,
            sequence: None,
            body,
        };
        let (odometer, next) = (Odometer(self.next), position(9, self.next));
        let stamp = Stamp { next, odometer, arrived: odometer, boot: Odometer(0), wall: WallTime(0) };
        let mut draft = Draft::over(&self.books);
        let Ok(outcome) = decide(&mut draft, &document, &stamp);
        let changes: Vec<_> = draft.into_changes().collect();
        self.books.commit(changes);
        self.next = outcome.next_seq();
        let record = |(movement, seq): (&tidemark_model::Movement, Seq)| {
            let content = Content::Movement(position(9, seq), Bytes::from(encode_movement(movement)));
            ApplyRecord { offset: 0, store: store(), content }
        };
        let records: Vec<ApplyRecord> = outcome.movements.iter().zip(next.seq..).map(record).collect();
        self.shop.apply(&records).await
    }

    async fn sell(&mut self, item: &str, count: i64, fulfils: Option<&str>) -> Applied {
        let lines = vec![Line::Taken(TakenLine::plain(Sku::new(item).unwrap(), units(count)))];
        let fulfils = fulfils.map(|text| Reference::new(text).unwrap());
        self.commit(Body::Trade { kind: TradeKind::Sale, last: false, lines }, Labels { fulfils, ..Labels::default() })
            .await
    }

    async fn level(&self) -> LevelRow {
        self.shop.ledger.levels(&[(store(), apple())]).await.unwrap().remove(0)
    }

    async fn available(&self) -> i64 {
        self.level().await.available().unwrap().as_thousandths() / 1_000
    }

    async fn reserve(&self, asked: &ReservationRequest) -> Reserved {
        self.shop.ledger.reserve(asked).await.unwrap()
    }

    /// The applier goes on although others moved the step: it is not fenced.
    async fn applier_goes_on(&mut self) {
        self.sell("pear", 1, None).await;
    }
}

fn asked(request: &str, count: i64) -> ReservationRequest {
    ReservationRequest {
        id: format!("r-{request}"),
        request: Label::new(request).unwrap(),
        store: store(),
        sku: apple(),
        quantity: units(count),
        expiry: Expiry::In(600_000),
        order: None,
    }
}

async fn of_two_callers_at_once_for_more_than_is_there_exactly_one_gets_it(place: Place) {
    let mut stocked = Stocked::open(&place).await;
    for round in 0..5 {
        let (a, b) = (asked(&format!("a{round}"), 6), asked(&format!("b{round}"), 6));
        let before = stocked.level().await;
        let (first, second) = tokio::join!(stocked.reserve(&a), stocked.reserve(&b));
        let (row, level, short) = match (first, second) {
            (Reserved::Done(row, level), Reserved::Short(left))
            | (Reserved::Short(left), Reserved::Done(row, level)) => (row, level, left),
            other => panic!("{other:?}"),
        };
        assert_eq!((row.state, row.quantity, short), (ReservationState::Held, units(6), units(4)));
        assert!(level.version > before.version, "a change of reservation is a change of level");
        assert_eq!(*level, stocked.level().await);
        assert_eq!((level.on_hand, level.reserved, stocked.available().await), (units(10), units(6), 4));
        let noted = stocked.shop.ledger.noted_levels(0, 100).await.unwrap().unwrap();
        assert_eq!(noted.1, [*level], "it is announced");
        stocked.shop.ledger.forget_noted(0, noted.0).await.unwrap();
        assert_eq!(stocked.shop.ledger.partitions_changed().await.unwrap(), [].into());
        stocked.applier_goes_on().await;
        let released = stocked.shop.ledger.change_reservation(&row.id, ReservationStep::Release).await.unwrap();
        assert!(matches!(released, ReservationChanged::Done(row, Some(_)) if row.state == ReservationState::Released));
        let again = stocked.shop.ledger.change_reservation(&row.id, ReservationStep::Release).await.unwrap();
        assert!(matches!(again, ReservationChanged::Done(_, None)), "released once");
        let confirmed = stocked.shop.ledger.change_reservation(&row.id, ReservationStep::Confirm).await.unwrap();
        assert!(matches!(confirmed, ReservationChanged::Over(_)));
        assert_eq!(stocked.available().await, 10);
        stocked.applier_goes_on().await;
        let all = stocked.shop.ledger.noted_levels(0, 100).await.unwrap().unwrap().0;
        stocked.shop.ledger.forget_noted(0, all).await.unwrap();
    }
}

async fn a_request_is_a_retry_only_if_it_asks_for_the_same(place: Place) {
    let stocked = Stocked::open(&place).await;
    let Reserved::Done(row, _) = stocked.reserve(&asked("one", 3)).await else { panic!("it is there") };
    let retry = ReservationRequest { id: "r-other".to_owned(), ..asked("one", 3) };
    assert_eq!(stocked.reserve(&retry).await, Reserved::Again(row.clone()));
    assert_eq!(stocked.reserve(&asked("one", 4)).await, Reserved::OtherRequest(row.clone()));
    assert_eq!(stocked.available().await, 7);
    let list = stocked.shop.ledger.reservations(&ReservationQuery { most: 10, ..ReservationQuery::default() }).await;
    assert_eq!(list.unwrap().into_iter().map(|(_, row)| row).collect::<Vec<_>>(), [row]);
    let other = ReservationQuery { state: Some(ReservationState::Expired), most: 10, ..ReservationQuery::default() };
    assert!(stocked.shop.ledger.reservations(&other).await.unwrap().is_empty());
}

async fn a_sale_releases_what_it_fulfils_in_its_own_transaction(place: Place) {
    let mut stocked = Stocked::open(&place).await;
    let Reserved::Done(by_id, _) = stocked.reserve(&asked("web", 2)).await else { panic!("it is there") };
    let order = Some(Reference::new("order <7>'; --").unwrap());
    let of_order = ReservationRequest { order, ..asked("shop", 3) };
    assert!(matches!(stocked.reserve(&of_order).await, Reserved::Done(..)));
    stocked.shop.ledger.change_reservation(&by_id.id, ReservationStep::Confirm).await.unwrap();
    assert_eq!(stocked.available().await, 5);
    let applied = stocked.sell("apple", 2, Some(&by_id.id)).await;
    let told = applied.levels.iter().find(|level| level.sku == apple()).unwrap();
    assert_eq!((told.on_hand, told.reserved), (units(8), units(3)), "what the applier tells has it already");
    assert_eq!(stocked.available().await, 5);
    stocked.sell("pear", 1, Some("order <7>'; --")).await;
    assert_eq!(stocked.available().await, 5, "another item of the order");
    stocked.sell("apple", 3, Some("order <7>'; --")).await;
    assert_eq!(stocked.available().await, 5);
    let row = stocked.shop.ledger.reservation(&by_id.id).await.unwrap().unwrap();
    assert_eq!((row.state, row.expires_at), (ReservationState::Fulfilled, None));
    let over = stocked.shop.ledger.change_reservation(&by_id.id, ReservationStep::Release).await.unwrap();
    assert_eq!(over, ReservationChanged::Over(row));
    let unknown = stocked.shop.ledger.change_reservation("r-none", ReservationStep::Release).await.unwrap();
    assert_eq!(unknown, ReservationChanged::Unknown);
}

async fn what_nobody_confirms_in_time_is_available_again(place: Place) {
    let mut stocked = Stocked::open(&place).await;
    let Reserved::Done(held, _) = stocked.reserve(&asked("a", 6)).await else { panic!("it is there") };
    let Reserved::Done(kept, _) = stocked.reserve(&asked("b", 2)).await else { panic!("it is there") };
    stocked.shop.ledger.change_reservation(&kept.id, ReservationStep::Confirm).await.unwrap();
    assert!(stocked.shop.ledger.expire_reservations().await.unwrap().is_empty());
    stocked.shop.ledger.age_reservations(600_000).await.unwrap();
    assert_eq!(stocked.reserve(&asked("c", 9)).await, Reserved::Short(units(8)), "what is over holds nothing");
    let levels = stocked.shop.ledger.expire_reservations().await.unwrap();
    assert_eq!(levels, [stocked.level().await]);
    assert_eq!(stocked.available().await, 8);
    let late = stocked.shop.ledger.change_reservation(&held.id, ReservationStep::Confirm).await.unwrap();
    assert!(matches!(late, ReservationChanged::Over(row) if row.state == ReservationState::Expired));
    stocked.applier_goes_on().await;
}

async fn what_cannot_be_reserved_is_said(place: Place) {
    let stocked = Stocked::open(&place).await;
    let pear = ReservationRequest { sku: Sku::new("pear").unwrap(), ..asked("p", 1) };
    assert_eq!(stocked.reserve(&pear).await, Reserved::NotCounted);
    let fig = ReservationRequest { sku: Sku::new("fig").unwrap(), ..asked("f", 1) };
    assert_eq!(stocked.reserve(&fig).await, Reserved::NoSuchItem);
    let elsewhere = ReservationRequest { store: StoreId::new("S2").unwrap(), ..asked("s", 1) };
    assert_eq!(stocked.reserve(&elsewhere).await, Reserved::NoSuchItem);
    for expiry in [Expiry::At(1), Expiry::In(0), Expiry::In(crate::HOLD_MILLIS + 1), Expiry::At(i64::MAX / 2)] {
        let request = ReservationRequest { expiry, ..asked("e", 1) };
        assert_eq!(stocked.reserve(&request).await, Reserved::NoSuchEnd, "{expiry:?}");
    }
    assert_eq!(stocked.available().await, 10);
}

async fn the_closest_rule_of_safety_stock_is_kept_back(place: Place) {
    let mut stocked = Stocked::open(&place).await;
    let rule = |in_store: bool, sku: Option<Sku>, count: i64| {
        let store = in_store.then(store);
        (SafetyRule { store, region: None, sku, quantity: units(count) }, true)
    };
    let set = async |stocked: &Stocked, rules: &[(SafetyRule, bool)]| {
        stocked.shop.ledger.set_safety(rules).await.unwrap();
        while stocked.shop.ledger.tell_safety().await.unwrap() {}
    };
    let before = stocked.level().await.version;
    set(&stocked, &[rule(false, None, 1)]).await;
    assert!(stocked.level().await.version > before, "a change of safety stock is a change of level");
    let mut seen = BTreeMap::from([("all", stocked.available().await)]);
    set(&stocked, &[rule(true, None, 2)]).await;
    seen.insert("store", stocked.available().await);
    set(&stocked, &[rule(false, Some(apple()), 3)]).await;
    seen.insert("item", stocked.available().await);
    set(&stocked, &[rule(true, Some(apple()), 4)]).await;
    seen.insert("pair", stocked.available().await);
    assert_eq!(seen, BTreeMap::from([("all", 9), ("store", 8), ("item", 7), ("pair", 6)]));
    assert_eq!(stocked.reserve(&asked("much", 7)).await, Reserved::Short(units(6)));
    let applied = stocked.sell("apple", 8, None).await;
    assert_eq!(applied.levels[0].available(), Some(Quantity::ZERO), "never below 0");
    let rules = stocked.shop.ledger.safety_rules(None, 10).await.unwrap();
    assert_eq!(rules.len(), 4);
    assert_eq!(stocked.shop.ledger.safety_rules(Some(&rules[1]), 1).await.unwrap(), rules[2..3]);
    let gone: Vec<_> = rules.into_iter().map(|rule| (rule, false)).collect();
    set(&stocked, &gone).await;
    assert_eq!(stocked.available().await, 2);
    let nowhere = SafetyRule { store: Some(StoreId::new("S9").unwrap()), region: None, sku: None, quantity: units(1) };
    assert!(stocked.shop.ledger.set_safety(&[(nowhere, true)]).await.is_err());
}

async fn who_changes_stock_beyond_on_hand_is_noted_once_with_the_change(place: Place) {
    let stocked = Stocked::open(&place).await;
    let by = |action: &str| stocked.shop.ledger.by(&AuditEntry::of("anna", "operator", action));
    assert!(matches!(by("made").reserve(&asked("web", 2)).await.unwrap(), Reserved::Done(..)));
    assert!(matches!(by("again").reserve(&asked("web", 2)).await.unwrap(), Reserved::Again(_)));
    assert!(matches!(by("short").reserve(&asked("more", 99)).await.unwrap(), Reserved::Short(_)));
    let confirm = async |action: &str| {
        by(action).change_reservation("r-web", ReservationStep::Confirm).await.unwrap();
    };
    confirm("confirmed").await;
    confirm("confirmed again").await;
    let rule = SafetyRule { store: Some(store()), region: None, sku: None, quantity: units(1) };
    by("kept back").set_safety(&[(rule.clone(), true)]).await.unwrap();
    let nowhere = SafetyRule { store: Some(StoreId::new("S-none").unwrap()), ..rule };
    by("nowhere").set_safety(&[(nowhere, true)]).await.unwrap_err();
    let code = |text: &str| tidemark_model::Code::new(text).unwrap();
    let deciding = |decision| Deciding { code: code("x"), decision, author: "anna".into(), reason: "why".into() };
    assert_eq!(by("ignored").decide_code(&deciding(CodeDecision::Ignore)).await.unwrap(), Decided::Done(None));
    let map = CodeDecision::Map { sku: Sku::new("none").unwrap(), units: Quantity::ONE };
    assert_eq!(by("mapped").decide_code(&deciding(map)).await.unwrap(), Decided::NoSuchItem);
    let noted = stocked.shop.ledger.audit(&AuditFilter::default(), 100).await.unwrap();
    let actions: Vec<_> = noted.iter().rev().map(|row| row.entry.action.as_str()).collect();
    assert_eq!(actions, ["made", "confirmed", "kept back", "ignored"]);
}
