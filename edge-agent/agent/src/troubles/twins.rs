//! What may have been booked twice: a sale by a lane and by a till beside it,
//! a delivery by two programs. Nobody can be sure, so it is told, and nothing
//! is done. Remembered since the start, and only so much of it.

use std::collections::{BTreeSet, VecDeque};

use tidemark_journal::{Committed, Told};
use tidemark_model::{Kind, Odometer, Quantity, Reference, Source, Status};
use tokio::sync::watch;

use crate::intake::LANE_PREFIX;

/// A lane and a till that sell the same within this time may mean one sale.
const PAIR_MS: u64 = 30_000;
/// How far back sales of a lane are looked at.
const LOOK_BACK_MS: u64 = 10 * 60_000;
/// So many items sold by both in that time are no chance.
const PAIRS: usize = 3;
/// Lines that are remembered of sales, and of deliveries.
const LINES: usize = 1_000;

/// What may have been booked twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Twice {
    /// Sales of a lane and of a till.
    Sold {
        /// The lane.
        lane: String,
        /// What was sold by whom.
        detail: String,
    },
    /// Lines of one delivery.
    Received {
        /// The delivery.
        reference: String,
        /// What was received by whom.
        detail: String,
    },
}

/// What was booked lately; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Twins(watch::Sender<Book>);

#[derive(Debug, Default)]
struct Book {
    sold: VecDeque<Sold>,
    received: VecDeque<Received>,
}

/// One line that was sold.
#[derive(Debug)]
struct Sold {
    source: Source,
    item: String,
    quantity: Quantity,
    at: Odometer,
    /// Who sold the same at the same time.
    twin: Option<Source>,
}

/// One line of a delivery.
#[derive(Debug)]
struct Received {
    source: Source,
    kind: Kind,
    reference: Reference,
    item: String,
    quantity: Quantity,
}

fn is_lane(source: &Source) -> bool {
    source.as_str().starts_with(LANE_PREFIX)
}

fn item_of(told: &Told) -> Option<String> {
    let code = || told.code.as_ref().map(|code| code.as_str().to_owned());
    told.sku.as_ref().map(|sku| sku.as_str().to_owned()).or_else(code)
}

impl Twins {
    /// Notes what was taken; what may have been booked twice, if anything.
    pub(super) fn note(&self, source: &Source, reference: Option<&Reference>, committed: &Committed) -> Option<Twice> {
        if committed.status != Status::Accepted {
            return None;
        }
        let mut twice = None;
        self.0.send_modify(|book| {
            for told in committed.movements.iter().filter(|told| told.parked.is_none()) {
                let found = match (told.kind, reference) {
                    (Kind::Sale, _) => book.sell(source, told, committed.odometer),
                    (Kind::Receipt | Kind::TransferIn, Some(reference)) => book.receive(source, told, reference),
                    (Kind::Receipt | Kind::TransferIn, None)
                    | (
                        Kind::Return
                        | Kind::TransferOut
                        | Kind::Adjustment
                        | Kind::Count
                        | Kind::Tally
                        | Kind::Void
                        | Kind::Correction
                        | Kind::Resolve
                        | Kind::Restatement
                        | Kind::DayClose
                        | Kind::InstructionResult
                        | Kind::Unknown,
                        _,
                    ) => None,
                };
                twice = found.or_else(|| twice.take());
            }
        });
        twice
    }
}

impl Book {
    fn sell(&mut self, source: &Source, told: &Told, at: Odometer) -> Option<Twice> {
        let (item, quantity) = (item_of(told)?, told.quantity);
        self.sold.retain(|line| at.0.saturating_sub(line.at.0) <= LOOK_BACK_MS);
        if self.sold.len() >= LINES {
            self.sold.pop_front();
        }
        let is_twin = |line: &&mut Sold| {
            let same = (&line.item, line.quantity) == (&item, quantity) && line.twin.is_none();
            same && is_lane(&line.source) != is_lane(source) && at.0.saturating_sub(line.at.0) <= PAIR_MS
        };
        let twin = self.sold.iter_mut().find(is_twin).map(|line| {
            line.twin = Some(source.clone());
            line.source.clone()
        });
        self.sold.push_back(Sold { source: source.clone(), item, quantity, at, twin: twin.clone() });
        let twin = twin?;
        let (lane, till) = if is_lane(source) { (source, &twin) } else { (&twin, source) };
        self.sold_twice(lane, till)
    }

    /// Whether most of what a lane sold lately was sold by the till, too.
    fn sold_twice(&self, lane: &Source, till: &Source) -> Option<Twice> {
        let of_lane = || self.sold.iter().filter(|line| line.source == *lane);
        let twins: Vec<&Sold> = of_lane().filter(|line| line.twin.as_ref() == Some(till)).collect();
        let items: BTreeSet<&str> = twins.iter().map(|line| line.item.as_str()).collect();
        if items.len() < PAIRS || twins.len() * 2 < of_lane().count() {
            return None;
        }
        let last = twins.last().map_or("", |line| line.item.as_str());
        let lane = lane.as_str().trim_start_matches(LANE_PREFIX).to_owned();
        let detail = format!("{} sales of this lane were sold by {till} within 30 s, too, last of {last}", twins.len());
        Some(Twice::Sold { lane, detail })
    }

    /// People at several lanes receive one delivery together, each package
    /// for itself: only what two programs say is compared.
    fn receive(&mut self, source: &Source, told: &Told, reference: &Reference) -> Option<Twice> {
        let line = Received {
            source: source.clone(),
            kind: told.kind,
            reference: reference.clone(),
            item: item_of(told)?,
            quantity: told.quantity,
        };
        let is_twin = |held: &&Received| {
            let same = (held.kind, &held.reference, &held.item, held.quantity)
                == (line.kind, &line.reference, &line.item, line.quantity);
            same && held.source != line.source && !(is_lane(&held.source) && is_lane(&line.source))
        };
        let twice = self.received.iter().find(is_twin).map(|held| Twice::Received {
            reference: line.reference.to_string(),
            detail: format!("{} × {} by {} and by {}", line.item, line.quantity, held.source, line.source),
        });
        if self.received.len() >= LINES {
            self.received.pop_front();
        }
        self.received.push_back(line);
        twice
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_model::{Basis, Epoch, Marks, Position, Sku};

    fn committed(kind: Kind, item: &str, quantity: i64, at_s: u64) -> Committed {
        let told = Told {
            seq: 1,
            kind,
            sku: Some(Sku::new(item).unwrap()),
            code: None,
            quantity: Quantity::units(quantity).unwrap(),
            effect: Quantity::ZERO,
            on_hand_after: None,
            basis: Basis::None,
            marks: Marks::NONE,
            parked: None,
        };
        Committed {
            status: Status::Accepted,
            first: Position { epoch: Epoch(1), seq: 1 },
            lines: 1,
            warnings: Vec::new(),
            movements: vec![told],
            odometer: Odometer(at_s * 1_000),
        }
    }

    fn source(name: &str) -> Source {
        Source::new(name).unwrap()
    }

    /// Sells one of an item.
    fn sell(twins: &Twins, by: &str, item: &str, at_s: u64) -> Option<Twice> {
        twins.note(&source(by), None, &committed(Kind::Sale, item, 1, at_s))
    }

    #[test]
    fn a_lane_and_a_till_that_sell_the_same_three_items_are_told() {
        let twins = Twins::default();
        for (item, at) in [("apple", 10), ("pear", 20)] {
            assert_eq!(sell(&twins, "lane:counter", item, at), None);
            assert_eq!(sell(&twins, "till:3", item, at + 5), None);
        }
        // The till may be the first of both, too.
        assert_eq!(sell(&twins, "till:3", "plum", 30), None);
        let told = sell(&twins, "lane:counter", "plum", 31);
        let Some(Twice::Sold { lane, detail }) = told else { unreachable!("{told:?}") };
        assert!(lane == "counter" && detail.contains("till:3") && detail.contains("plum"), "{detail}");
    }

    #[test]
    fn a_lane_that_sells_on_its_own_is_not() {
        let twins = Twins::default();
        for (number, item) in ["apple", "pear", "plum", "fig", "kiwi"].into_iter().enumerate() {
            let at = 40 * u64::try_from(number).unwrap();
            // One popular item after the other, a minute apart.
            assert_eq!(sell(&twins, "lane:counter", item, at), None);
            assert_eq!(sell(&twins, "till:3", item, at + 31), None, "{item}");
        }
        let lanes = Twins::default();
        for item in ["apple", "pear", "plum", "fig"] {
            assert_eq!(sell(&lanes, "lane:counter", item, 1), None);
            assert_eq!(sell(&lanes, "lane:other", item, 2), None, "two lanes");
        }
        // Three pairs among many sales of the lane are chance.
        let busy = Twins::default();
        for number in 0..20 {
            sell(&busy, "lane:counter", &format!("item {number}"), number);
        }
        for number in 0..3 {
            assert_eq!(sell(&busy, "till:3", &format!("item {number}"), 21), None);
        }
    }

    #[test]
    fn a_delivery_that_two_programs_book_is_told_and_people_who_share_one_are_not() {
        let twins = Twins::default();
        let reference = Reference::new("PO-4711").unwrap();
        let receive = |by: &str, quantity: i64| {
            twins.note(&source(by), Some(&reference), &committed(Kind::Receipt, "apple", quantity, 1))
        };
        assert_eq!(receive("lane:goods-in", 12), None);
        assert_eq!(receive("lane:goods-in", 12), None, "the second carton");
        assert_eq!(receive("lane:other", 12), None, "the third, by somebody else");
        assert_eq!(receive("erp", 36), None, "another quantity");
        let told = receive("erp", 12);
        let Some(Twice::Received { reference, detail }) = told else { unreachable!("{told:?}") };
        assert!(reference == "PO-4711" && detail.contains("by lane:goods-in and by erp"), "{detail}");
        let without = twins.note(&source("till:1"), None, &committed(Kind::Receipt, "apple", 12, 1));
        assert_eq!(without, None, "a delivery without a name is no delivery that came before");
    }

    #[test]
    fn a_duplicate_is_nothing_new_and_memory_has_an_end() {
        let twins = Twins::default();
        for at in 0..2_000 {
            sell(&twins, "till:1", "apple", at / 10);
            let again = Committed { status: Status::Duplicate, ..committed(Kind::Sale, "apple", 1, at / 10) };
            assert_eq!(twins.note(&source("lane:counter"), None, &again), None);
        }
        assert_eq!(twins.0.borrow().sold.len(), LINES);
    }
}
