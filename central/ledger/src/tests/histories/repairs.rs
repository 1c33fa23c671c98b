//! What head office puts right: lines that nobody could read, and quantities
//! that were typed wrong.

use tidemark_model::document::{Body, Document, Line, ParkedLine, SkuChange, TakenLine, Timing, TradeKind};
use tidemark_model::movement::{About, Labels};
use tidemark_model::{Odometer, ParkReason, Position, Quantity, Seq, Sku};

use super::shops::{Goods, History, Random};

/// A line whose effect is still to be put right.
#[derive(Debug)]
pub(super) struct Wrong {
    about: Position,
    happened: u64,
    sku: Sku,
    /// In thousandths.
    by: i64,
}

impl History {
    /// A sale of two items, of which the till told one so that nobody can
    /// read it: both have left the shelf.
    pub(super) fn garbles(&mut self, random: &mut Random, at: usize) {
        let goods = [self.goods_of(random, at), self.goods_of(random, at)];
        let [good, bad] = &goods;
        let parked = ParkedLine {
            reason: ParkReason::QuantityUnreadable,
            detail: "\"a few\" is no number".to_owned(),
            raw: format!("a few \u{d7} {}", bad.given),
        };
        let quantity = Quantity::units(good.quantity).unwrap();
        let lines = vec![Line::Taken(TakenLine::plain(Sku::new(good.given).unwrap(), quantity)), Line::Parked(parked)];
        let document = self.document(Body::Trade { kind: TradeKind::Sale, last: false, lines }, Labels::default());
        goods.iter().for_each(|goods| self.moves(at, goods, -1));
        let first = self.branches[at].next;
        self.commits(at, &document);
        self.is_wrong(at, (first, first + 1), &goods, [0, -bad.quantity * bad.units]);
    }

    /// A sale of which the till typed a thousand times as many.
    pub(super) fn overtypes(&mut self, random: &mut Random, at: usize) {
        let goods = self.goods_of(random, at);
        let typed = Goods { given: goods.given, sku: goods.sku.clone(), ..goods };
        let typed = Goods { quantity: typed.quantity * 1_000, ..typed };
        let document = self.trade(TradeKind::Sale, &[typed], false);
        self.moves(at, &goods, -1);
        let first = self.branches[at].next;
        self.commits(at, &document);
        let too_many = 999 * goods.quantity * goods.units;
        self.is_wrong(at, (first, first), &[goods], [too_many]);
    }

    /// Notes what each line of a document, from one seq to another, should
    /// have come to beside what it did, in base units.
    fn is_wrong<const N: usize>(&mut self, at: usize, (first, last): (Seq, Seq), goods: &[Goods; N], by: [i64; N]) {
        let branch = &mut self.branches[at];
        assert_eq!(branch.next, last + 1, "a movement a line");
        for ((seq, goods), by) in (first..=last).zip(goods).zip(by).filter(|(_, by)| *by != 0) {
            let about = Position { epoch: super::shops::EPOCH, seq };
            branch.wrong.push(Wrong { about, happened: self.odometer, sku: goods.sku.clone(), by: by * 1_000 });
        }
    }

    /// Head office puts one of them right; whether there was one.
    pub(super) fn repairs(&mut self, at: usize) -> bool {
        let Some(Wrong { about, happened, sku, by }) = self.branches[at].wrong.pop() else { return false };
        let change = Quantity::thousandths(by);
        let body = Body::Correction { about: About::Position(about), lines: vec![SkuChange { sku, change }] };
        let document = self.document(body, Labels::default());
        self.commits(at, &Document { timing: Timing::At(Odometer(happened)), ..document });
        true
    }
}
