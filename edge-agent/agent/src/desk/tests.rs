use std::path::Path;
use std::sync::Arc;

use tidemark_barcode::{Command, Verb};
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, Code};
use tidemark_daemon::metrics::MetricsPage;
use tidemark_journal::{Journal, Writer};
use tidemark_model::books::Stock;
use tidemark_model::{Basis, Item, ItemUnit, Quantity, Reference, Sku, StoreId};
use tidemark_scanner::{Config, Layout, Notice, Profile, Simulated, Unavailable};
use tidemark_sync::message::{CatalogueCode, CatalogueEntry, CataloguePage};

use super::*;
use crate::agent::open_journal;
use crate::events::Events;
use crate::lane::seal;
use crate::roll::Roll;
use crate::settings::{LaneSettings, ModeWord};
use crate::troubles::Troubles;

const CODE: &[u8] = b"96385074";
const PATIENCE: Duration = Duration::from_secs(10);

/// A box with one lane, `counter`, in a mode.
pub(super) struct Shop {
    _folder: tempfile::TempDir,
    pub(super) desk: Desk,
    pub(super) view: watch::Receiver<DeskView>,
    writer: Writer,
    metrics: MetricsPage,
}

fn journal_in(folder: &Path, clock: Clock) -> (Journal, Writer) {
    open_journal(folder, &StoreId::new("S0001").unwrap(), clock).unwrap()
}

impl Shop {
    fn open(mode: ModeWord) -> Self {
        Self::with_scanner(mode, None)
    }

    /// The same with a scanner that the test holds, at the lane's counter.
    pub(super) fn with_scanner(mode: ModeWord, scanner: Option<(Profile, &Simulated)>) -> Self {
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
        let config = |profile| Config { profile, ..Config::new("sim", "counter") };
        let configs = scanner.iter().map(|(profile, _)| config(*profile)).collect();
        let simulated = scanner.iter().map(|(_, device)| ("sim".to_owned(), Simulated::clone(device))).collect();
        let scanners = Scanners::start_with(configs, simulated, Arc::new(move || clock.millis())).unwrap();
        let lane = LaneSettings { mode, ..LaneSettings::plain("counter") };
        let selling = [Label::new("floor").unwrap()].into();
        let lanes = vec![lane, LaneSettings::plain("other")];
        let settings = DeskSettings { lanes, selling, ..DeskSettings::default() };
        let (desk, view, _) = Desk::build(with, scanners, settings).unwrap();
        Self { _folder: folder, desk, view, writer, metrics }
    }

    async fn scan(&mut self, bytes: &[u8]) -> Signal {
        self.scan_on("counter", bytes).await
    }

    async fn scan_on(&mut self, lane: &str, bytes: &[u8]) -> Signal {
        self.desk.take(lane, bytes).await.unwrap()
    }

    /// Scans a command of the printed sheet.
    async fn command(&mut self, verb: Verb, argument: &str) -> Signal {
        self.command_on("counter", verb, argument).await
    }

    async fn command_on(&mut self, lane: &str, verb: Verb, argument: &str) -> Signal {
        let text = Command::print(verb, argument, |body| seal("S0001", body)).unwrap();
        self.scan_on(lane, format!("]C0{text}").as_bytes()).await
    }

    fn on_hand(&self, sku: &str) -> (Quantity, Basis) {
        let stock = self.desk.with.journal.stock(&Sku::new(sku).unwrap()).unwrap().unwrap_or(Stock::FRESH);
        (stock.on_hand, stock.basis)
    }

    /// The desk begins anew over its journal, as after a kill.
    fn restart(&mut self) {
        let with = self.desk.with.clone();
        let clock = with.clock;
        let scanners = Scanners::start(Vec::new(), Arc::new(move || clock.millis())).unwrap();
        let lanes = ["counter", "other"].map(LaneSettings::plain).into();
        let settings = DeskSettings { lanes, selling: self.desk.selling.clone(), ..DeskSettings::default() };
        self.desk = Desk::build(with, scanners, settings).unwrap().0;
    }

    /// Hears the next thing that a scanner tells.
    pub(super) async fn hear(&mut self) {
        let event = tokio::time::timeout(PATIENCE, self.desk.heard.recv()).await.unwrap().unwrap();
        self.desk.hear(event).await;
    }

    pub(super) fn holds(&self, code: Code) -> bool {
        self.desk.with.conditions.list().iter().any(|raised| raised.code == code)
    }

    async fn teach(&self, sku: &str) {
        let journal = &self.desk.with.journal;
        let item = Item::new(Sku::new(sku).unwrap(), sku.to_owned(), ItemUnit::Each);
        journal.begin_catalogue(1).await.unwrap();
        let codes = vec![CatalogueCode {
            code: tidemark_model::code_spelling("96385074").unwrap(),
            units_per_scan: Quantity::ONE,
        }]
        .into_iter()
        .chain([CatalogueCode {
            code: tidemark_model::code_spelling("14006381333938").unwrap(),
            units_per_scan: Quantity::units(12).unwrap(),
        }])
        .collect();
        journal.take_catalogue(CataloguePage::part(1, vec![CatalogueEntry { item, codes }], true)).await.unwrap();
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
    let said = Said::Item { name: "apple".to_owned(), price: None, on_hand: None };
    assert_eq!(shop.desk.lanes["counter"].last_signal, Some(said));
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
    assert_eq!((place.last_signal.as_ref(), &place.lane.memory().mode), (None, &Mode::Sell));
    assert!(place.waits_until > Odometer(10 * 60_000), "not again at once");
    assert!(metrics.text().contains("tidemark_edge_not_saved_total 0"));
}

const CASE: &[u8] = b"14006381333938";

#[tokio::test]
async fn goods_in_as_a_person_does_it_survives_a_kill() {
    let mut shop = Shop::open(ModeWord::Look);
    shop.teach("apple").await;
    assert_eq!(shop.command(Verb::Receive, "").await, Signal::Tick);
    assert_eq!(shop.command(Verb::Reference, "PO-4711").await, Signal::Tick);
    assert_eq!(shop.scan(CASE).await, Signal::Good);
    assert_eq!(shop.command(Verb::Quantity, "12").await, Signal::Tick);
    assert_eq!(shop.scan(CODE).await, Signal::Good);
    assert_eq!(shop.command(Verb::Undo, "").await, Signal::Undone);
    assert_eq!(shop.scan(CODE).await, Signal::Good);
    shop.restart();
    let lane = &shop.desk.lanes["counter"].lane;
    assert_eq!((&lane.memory().mode, lane.memory().last.as_deref()), (&Mode::Receive, Some("00000096385074")));
    assert_eq!(shop.command(Verb::End, "").await, Signal::End);
    assert_eq!(shop.on_hand("apple").0, Quantity::units(13).unwrap());
    let newest = shop.desk.with.journal.recent_movements(1).unwrap();
    assert_eq!(newest[0].movement.labels.reference.as_ref().map(Reference::as_str), Some("PO-4711"));
}

#[tokio::test]
async fn two_lanes_count_one_zone_together_and_a_third_label_is_its_recount() {
    let mut shop = Shop::open(ModeWord::Look);
    shop.teach("apple").await;
    let floor = |lane| (lane, Verb::Count, "floor");
    for (lane, verb, zone) in [floor("counter"), floor("other")] {
        assert_eq!(shop.command_on(lane, verb, zone).await, Signal::Tick);
        assert_eq!(shop.scan_on(lane, CASE).await, Signal::Good);
    }
    assert_eq!(shop.command_on("other", Verb::End, "").await, Signal::End, "the other lane still counts");
    assert_eq!(shop.on_hand("apple"), (Quantity::ZERO, Basis::None));
    assert_eq!(shop.command(Verb::Undo, "").await, Signal::Undone);
    assert_eq!(shop.scan(CODE).await, Signal::Good);
    assert_eq!(shop.command(Verb::End, "").await, Signal::Closed, "the only zone, and nobody else in it");
    assert_eq!(shop.on_hand("apple"), (Quantity::units(13).unwrap(), Basis::Counted));
}

#[tokio::test]
async fn zones_add_up_when_the_count_is_closed_and_a_zone_ended_is_counted_anew() {
    let mut shop = Shop::open(ModeWord::Look);
    shop.teach("apple").await;
    shop.command(Verb::Count, "floor").await;
    shop.scan(CASE).await;
    shop.command_on("other", Verb::Count, "attic").await;
    shop.scan_on("other", CODE).await;
    assert_eq!(shop.command(Verb::End, "").await, Signal::End, "there is another zone");
    shop.restart();
    shop.command(Verb::Count, "floor").await;
    shop.scan(CODE).await;
    shop.scan(CODE).await;
    shop.command(Verb::End, "").await;
    assert_eq!(shop.command_on("other", Verb::Close, "").await, Signal::Closed);
    assert_eq!(shop.on_hand("apple"), (Quantity::units(3).unwrap(), Basis::Counted));
    assert_eq!(shop.command(Verb::Close, "").await, Signal::Error, "no count is open");
}

#[tokio::test]
async fn a_lane_that_still_stands_in_a_count_which_another_closed_adds_nothing_to_it() {
    let mut shop = Shop::open(ModeWord::Look);
    shop.teach("apple").await;
    for (lane, zone) in [("counter", "floor"), ("other", "attic")] {
        assert_eq!(shop.command_on(lane, Verb::Count, zone).await, Signal::Tick);
        assert_eq!(shop.scan_on(lane, CASE).await, Signal::Good);
    }
    assert_eq!(shop.command_on("other", Verb::Close, "").await, Signal::Closed);
    let closed = (Quantity::units(24).unwrap(), Basis::Counted);
    let tail = shop.desk.with.journal.tail();
    assert_eq!(shop.scan(CASE).await, Signal::CountOver);
    shop.restart();
    assert_eq!(shop.scan(CASE).await, Signal::CountOver, "after a kill, too");
    assert_eq!((shop.on_hand("apple"), shop.desk.with.journal.tail()), (closed, tail));
    assert_eq!(shop.command(Verb::Count, "floor").await, Signal::Tick, "a count of its own");
    assert_eq!(shop.scan(CODE).await, Signal::Good);
    assert_eq!(shop.command(Verb::End, "").await, Signal::Closed);
    assert_eq!(shop.on_hand("apple"), (Quantity::units(1).unwrap(), Basis::Counted));
}

#[tokio::test]
async fn commands_without_what_they_need_keep_nothing() {
    let mut shop = Shop::open(ModeWord::Look);
    for (verb, argument) in [
        (Verb::Waste, ""),
        (Verb::Send, ""),
        (Verb::Send, "S0001"),
        (Verb::Count, ""),
        (Verb::Close, ""),
        (Verb::Who, ""),
        (Verb::Reference, ""),
        (Verb::Quantity, "1000"),
        (Verb::Undo, ""),
    ] {
        assert_eq!(shop.command(verb, argument).await, Signal::Error, "{verb:?} {argument:?}");
    }
    assert_eq!(shop.desk.with.journal.tail(), 0);
    assert_eq!(shop.scan(b"]C0TMR0000").await, Signal::Error, "a sheet of another store");
}

#[tokio::test]
async fn a_page_that_is_sent_twice_counts_once_even_over_a_restart() {
    let mut shop = Shop::open(ModeWord::Sell);
    shop.teach("apple").await;
    let code = std::str::from_utf8(CODE).unwrap();
    let mut signals = Vec::new();
    for (page, restarts) in [(1, false), (1, false), (1, true), (2, false)] {
        if restarts {
            shop.restart();
        }
        signals.push(shop.desk.signal_of("counter", code, page).await);
    }
    let repeated = Some(Signal::Repeated);
    assert_eq!(signals, [Some(Signal::Good), repeated, repeated, Some(Signal::Good)]);
    assert_eq!(shop.on_hand("apple").0, Quantity::units(-2).unwrap());
    assert_eq!(shop.desk.signal_of("nowhere", code, 3).await, None);
}

#[tokio::test]
async fn a_scanner_that_cannot_be_told_what_to_signal_is_of_class_b_and_another_one_is_not() {
    for (profile, is_class_b) in [(Profile::Auto, true), (Profile::Datalogic, false)] {
        let device = Simulated::new();
        let mut shop = Shop::with_scanner(ModeWord::Sell, Some((profile, &device)));
        shop.hear().await;
        assert!(shop.holds(registry::SCANNER_GONE) && !shop.holds(registry::SCANNER_CLASS_B), "not plugged in");
        device.plug();
        shop.hear().await;
        assert!(!shop.holds(registry::SCANNER_GONE));
        assert_eq!(shop.holds(registry::SCANNER_CLASS_B), is_class_b, "{profile:?}");
    }
}

#[tokio::test]
async fn a_scanner_is_switched_off_while_the_disk_takes_nothing() {
    let device = Simulated::new();
    device.plug();
    let mut shop = Shop::with_scanner(ModeWord::Sell, Some((Profile::Datalogic, &device)));
    shop.hear().await;
    shop.desk.switch_scanners();
    assert_eq!(device.told(1, PATIENCE), [b"E"]);
    let desk = shop.fail().await;
    desk.switch_scanners();
    assert_eq!(device.told(2, PATIENCE).last().unwrap(), b"D");
}

#[tokio::test]
async fn a_scanner_that_types_by_another_layout_is_told_until_it_is_plugged_in_anew() {
    let device = Simulated::new();
    device.plug();
    let mut shop = Shop::with_scanner(ModeWord::Sell, Some((Profile::Auto, &device)));
    shop.hear().await;
    let id = shop.desk.scanners.all().first().unwrap().device().clone();
    let notice = Notice::WrongLayout { configured: Layout::Us, likely: Layout::De };
    shop.desk.hear(DeviceEvent::Noticed { device: id, at: 0, notice }).await;
    assert!(shop.holds(registry::SCANNER_ODD));
    device.pull();
    shop.hear().await;
    shop.hear().await;
    device.plug();
    shop.hear().await;
    assert!(!shop.holds(registry::SCANNER_ODD));
}

#[tokio::test]
async fn a_port_that_is_not_allowed_is_told_from_one_that_another_program_has() {
    let mut shop = Shop::with_scanner(ModeWord::Look, Some((Profile::Auto, &Simulated::new())));
    let device = shop.desk.scanners.all().first().unwrap().device().clone();
    shop.hear().await;
    assert!(shop.holds(registry::SCANNER_GONE), "nothing is plugged in");
    let whys = [
        (Unavailable::Denied, registry::SCANNER_DENIED),
        (Unavailable::Busy("brltty (process 812)".to_owned()), registry::SCANNER_BUSY),
        (Unavailable::Missing, registry::SCANNER_GONE),
        (Unavailable::Denied, registry::SCANNER_DENIED),
    ];
    for (why, code) in whys {
        shop.desk.unavailable(&device, &why);
        let held = shop.desk.with.conditions.list();
        assert_eq!(held.iter().map(|raised| raised.code).collect::<Vec<_>>(), [code], "one at a time: {why:?}");
        if code == registry::SCANNER_DENIED {
            assert!(["dialout", "input"].iter().all(|group| held[0].detail.contains(group)), "{held:?}");
        }
    }
}
