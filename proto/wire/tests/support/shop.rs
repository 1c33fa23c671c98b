//! Ordinary sales of a shop: receipts of three lines, ids by the recipe,
//! 20,000 SKUs with a code each.
#![expect(unreachable_pub, reason = "shared by tests")]

use tidemark_model::movement::{DocumentRef, Labels, LineLabels};
use tidemark_model::{
    Basis, Code, ContentDigest, DocumentId, Gtin, Kind, Label, Marks, Movement, Odometer, Quantity, Seq, Sku, Source,
    WallTime,
};
use tidemark_sync::message::Record;
use tidemark_wire::encode_movement;

/// Steele's SplitMix64.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

struct Item {
    sku: Sku,
    code: Code,
    on_hand: i64,
    last: Seq,
}

/// A shop with 20,000 items and four tills.
pub struct Shop {
    draw: Draw,
    items: Vec<Item>,
    numbers: [u64; 4],
    seq: Seq,
    odometer: u64,
}

impl Shop {
    /// A shop in the middle of its day.
    pub fn open() -> Self {
        let mut draw = Draw(7);
        let item = |at: u64| {
            let body = format!("{:012}", 400_000_000_000 + draw.below(500_000_000_000));
            let code = (0..10).find_map(|check| Gtin::parse(&format!("{body}{check}")).ok()).unwrap();
            Item {
                sku: Sku::new(&format!("{}", 100_000 + at)).unwrap(),
                code: Code::new(code.as_str()).unwrap(),
                on_hand: 1_000 * i64::try_from(draw.below(400)).unwrap(),
                last: 0,
            }
        };
        let items = (0..20_000).map(item).collect();
        let mut shop = Self { draw, items, numbers: [900, 1_400, 37, 2_200], seq: 0, odometer: 9_000_000_000 };
        shop.records(60_000);
        shop
    }

    /// A receipt of three lines.
    fn receipt(&mut self) -> Vec<Record> {
        let till = usize::try_from(self.draw.below(4)).unwrap();
        self.numbers[till] += 1;
        self.odometer += self.draw.below(12_000);
        let name = till + 1;
        let id = format!("k7q2x-20260820-{name}-{}", self.numbers[till]);
        let wall = 1_787_000_000_000 + i64::try_from(self.odometer - self.draw.below(400)).unwrap();
        let content = ContentDigest(self.draw.next().to_be_bytes());
        let line = |ordinal: u32| {
            self.seq += 1;
            let at = usize::try_from(self.draw.below(20_000)).unwrap();
            let quantity = if self.draw.below(6) == 0 { 2 + self.draw.below(4) } else { 1 };
            let quantity = 1_000 * i64::try_from(quantity).unwrap();
            let item = &mut self.items[at];
            item.on_hand -= quantity;
            let previous = std::mem::replace(&mut item.last, self.seq);
            let movement = Movement {
                kind: Kind::Sale,
                reason: None,
                disposition: None,
                sku: Some(item.sku.clone()),
                code: Some(item.code.clone()),
                quantity: Quantity::thousandths(quantity),
                units_per_scan: Quantity::ONE,
                catalogue: 17,
                effect: Quantity::thousandths(-quantity),
                on_hand_after: Some(Quantity::thousandths(item.on_hand)),
                basis: Basis::Counted,
                previous,
                document: DocumentRef {
                    source: Source::new(&format!("till:{name}")).unwrap(),
                    id: DocumentId::new(&id).unwrap(),
                    content,
                    ordinal,
                    count: 3,
                },
                labels: Labels {
                    business_day: Some(Label::new("2026-08-20").unwrap()),
                    till: Some(Label::new(&name.to_string()).unwrap()),
                    ..Labels::default()
                },
                line: LineLabels::default(),
                about: None,
                happened: Odometer(self.odometer),
                committed: Odometer(self.odometer),
                wall: WallTime(wall),
                marks: Marks::NONE.with_if(item.on_hand < 0, Marks::NEGATIVE),
                parked: None,
                documents: None,
            };
            Record { seq: self.seq, digest: None, bytes: encode_movement(&movement).into() }
        };
        (1..=3).map(line).collect()
    }

    /// The next movements.
    pub fn records(&mut self, count: usize) -> Vec<Record> {
        let mut records = Vec::new();
        while records.len() < count {
            records.extend(self.receipt());
        }
        records.truncate(count);
        records
    }
}
