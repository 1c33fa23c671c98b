use std::path::Path;
use std::sync::Arc;

use tidemark_daemon::metrics::MetricsPage;
use tidemark_journal::Writer;
use tidemark_model::{Item, ItemUnit, Quantity, Sku, StoreId};
use tidemark_sync::message::CatalogueEntry;

use super::*;
use crate::agent::open_journal;
use crate::settings::ModeWord;

const CODE: &[u8] = b"96385074";

/// A box with one lane, `counter`, in a mode.
struct Shop {
    _folder: tempfile::TempDir,
    desk: Desk,
    writer: Writer,
    metrics: MetricsPage,
}

fn journal_in(folder: &Path, clock: Clock) -> (Journal, Writer) {
    open_journal(folder, &StoreId::new("S0001").unwrap(), clock).unwrap()
}

impl Shop {
    fn open(mode: ModeWord) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::start();
        let (journal, writer) = journal_in(folder.path(), clock);
        let (events, metrics) = Events::declare();
        let conditions = Active::default();
        let with = Fittings {
            journal,
            troubles: Troubles::new(conditions.clone(), clock),
            conditions,
            roll: Roll::default(),
            events,
            time_zone: jiff::tz::TimeZone::UTC,
            clock,
        };
        let scanners = Scanners::start(Vec::new(), Arc::new(move || clock.millis())).unwrap();
        let lane = LaneSettings { mode, ..LaneSettings::plain("counter") };
        let (desk, _) = Desk::build(with, scanners, &[lane]).unwrap();
        Self { _folder: folder, desk, writer, metrics }
    }

    async fn scan(&mut self, bytes: &[u8]) -> Signal {
        self.desk.take("counter", bytes).await.unwrap()
    }

    async fn teach(&self, sku: &str) {
        let journal = &self.desk.with.journal;
        let item = Item {
            sku: Sku::new(sku).unwrap(),
            name: sku.to_owned(),
            unit: ItemUnit::Each,
            tracked: true,
            price: None,
            parts: Vec::new(),
        };
        journal.begin_catalogue(1).await.unwrap();
        let codes = vec![tidemark_sync::message::CatalogueCode {
            code: tidemark_model::code_spelling("96385074").unwrap(),
            units_per_scan: Quantity::ONE,
        }];
        journal.load_catalogue_page(1, vec![CatalogueEntry { item, codes }], true).await.unwrap();
    }

    /// Closes the journal under the desk, as a failing disk does.
    async fn fail(self) -> Desk {
        let Self { desk, writer, .. } = self;
        tokio::task::spawn_blocking(move || writer.stop()).await.unwrap().unwrap();
        desk
    }
}

#[tokio::test]
async fn a_scan_is_good_when_it_is_saved_and_says_so_if_it_is_not_on_file() {
    let mut shop = Shop::open(ModeWord::Sell);
    assert_eq!(shop.scan(CODE).await, Signal::NotOnFile);
    shop.teach("apple").await;
    assert_eq!(shop.scan(CODE).await, Signal::Good);
    assert_eq!(shop.desk.with.journal.tail(), 2);
    let mut desk = shop.fail().await;
    assert_eq!(desk.take("counter", CODE).await, Some(Signal::NotSaved));
}

#[tokio::test]
async fn looking_is_never_good() {
    let mut shop = Shop::open(ModeWord::Look);
    assert_eq!(shop.scan(CODE).await, Signal::NotFound);
    shop.teach("apple").await;
    assert_eq!(shop.scan(CODE).await, Signal::Looked);
    assert_eq!(shop.desk.lanes["counter"].last_signal.as_deref(), Some("apple: no stock yet"));
    assert_eq!(shop.desk.with.journal.tail(), 0);
}

#[tokio::test]
async fn a_sale_under_a_number_that_was_given_before_is_written_under_another() {
    let mut shop = Shop::open(ModeWord::Sell);
    shop.teach("apple").await;
    assert_eq!(shop.scan(CODE).await, Signal::Good);
    // The lane forgets, as nothing but a fault could make it.
    let forget = |shop: &mut Shop| {
        shop.desk.lanes.get_mut("counter").unwrap().lane.adopt(LaneMemory::at(Mode::Sell));
    };
    forget(&mut shop);
    assert_eq!(shop.scan(CODE).await, Signal::Good);
    assert_eq!(shop.desk.with.journal.tail(), 2, "a duplicate would be a lost sale");
    forget(&mut shop);
    assert_eq!(shop.scan(b"4006381333931").await, Signal::KeptAside);
    assert_eq!(shop.scan(b"4006381333931").await, Signal::NotOnFile);
    // However soon it forgets again, in the same millisecond too.
    for _ in 0..20 {
        forget(&mut shop);
        let before = shop.desk.with.journal.tail();
        assert_eq!(shop.scan(b"4006381333931").await, Signal::NotOnFile);
        assert_eq!(shop.desk.with.journal.tail(), before + 1);
    }
}

#[tokio::test]
async fn what_is_not_kept_is_counted_by_why_and_by_shape() {
    let mut shop = Shop::open(ModeWord::Sell);
    for strange in [b"https://example.com/voucher".as_slice(), b"96385075", b"LOYAL-1234"] {
        assert_eq!(shop.scan(strange).await, Signal::Error);
    }
    let text = shop.metrics.text();
    for line in ["{why=\"address\"} 1", "{why=\"not_on_file\"}", "_shapes_not_kept_total{shape=\"unknown/27\"} 1"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("LOYAL") && !text.contains("example"), "{text}");
}

#[tokio::test]
async fn a_time_out_that_cannot_be_saved_is_no_scan() {
    let mut shop = Shop::open(ModeWord::Look);
    let memory = LaneMemory { mode: Mode::Sell, ..LaneMemory::at(Mode::Look) };
    // Used last before the box was switched on: its session is over.
    shop.desk.lanes.get_mut("counter").unwrap().lane.adopt(memory);
    let metrics = shop.metrics.clone();
    let mut desk = shop.fail().await;
    let place = desk.lanes.get_mut("counter").unwrap();
    let over = LaneMemory { touched: Odometer(0), ..place.lane.memory().clone() };
    place.lane.adopt(over);
    place.waits_until = Odometer(0);
    desk.time_out_at(Odometer(10 * 60_000)).await;
    let place = &desk.lanes["counter"];
    assert_eq!((place.last_signal.as_deref(), place.lane.memory().mode), (None, Mode::Sell));
    assert!(place.waits_until > Odometer(10 * 60_000), "not again at once");
    assert!(metrics.text().contains("tidemark_edge_not_saved_total 0"));
}
