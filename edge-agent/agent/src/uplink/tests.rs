//! The uplink over a real stream, with a centre that answers as told.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tidemark_daemon::listen::Listener;
use tidemark_journal::Writer;
use tidemark_model::books::Stock;
use tidemark_model::{
    Basis, BlockIndex, EpochOrdinal, Item, ItemUnit, Label, Quantity, SeqSet, Sku, Source, StoreId, StreamId,
    StreamPlace, WallTime,
};
use tidemark_sync::ReadId;
use tidemark_sync::message::{
    CatalogueEntry, CataloguePage, DigestPage, FetchCatalogue, FetchDigests, FetchInstruction, FetchOpening,
    Instruction, InstructionBody, InstructionPage, OpeningPage, OpeningPart, OpeningReady, OpeningSent, Received,
    SendOpening, TillFacts,
};
use tidemark_sync::testing::welcome;
use tidemark_wire::server::{Exchange, Failure, FrameFault, Inbound, Outbound, Peer, router};

use super::*;
use crate::agent::open_journal;
use crate::settings::CentreSettings;

/// Welcomes every box; fails the first calls if it is told to.
#[derive(Debug, Default)]
struct PocketCentre {
    heard: Mutex<Vec<ToCentre>>,
    hellos: watch::Sender<u32>,
    /// Said after each welcome.
    says: Vec<ToBox>,
    fails: AtomicU32,
    /// Of the opening, each with its number as its cursor.
    pages: Vec<OpeningPage>,
    /// What boxes gave back of their openings, and how many pages are held.
    given: Mutex<Vec<SendOpening>>,
    holds: AtomicU32,
    server_time: WallTime,
}

impl PocketCentre {
    fn heard(&self, wanted: impl Fn(&ToCentre) -> bool) -> usize {
        self.heard.lock().unwrap().iter().filter(|message| wanted(message)).count()
    }
}

impl Exchange for PocketCentre {
    async fn exchange(self: Arc<Self>, _peer: Peer, mut inbound: Inbound, outbound: Outbound) {
        while let Ok(Some(message)) = inbound.recv().await {
            self.heard.lock().unwrap().push(message.clone());
            match message {
                ToCentre::Hello(_) => {
                    let welcome = Welcome { server_time: self.server_time, ..welcome() };
                    outbound.send(ToBox::Welcome(welcome)).await.unwrap();
                    for word in &self.says {
                        outbound.send(word.clone()).await.unwrap();
                    }
                    self.hellos.send_modify(|hellos| *hellos += 1);
                }
                ToCentre::Batch(batch) => {
                    let place = StreamPlace { stream: StreamId([1; 16]), partition: 0, offset: 0 };
                    let received = Received { epoch: batch.epoch, seqs: batch.seqs(), place };
                    outbound.send(ToBox::Received(received)).await.unwrap();
                }
                ToCentre::Goodbye(_) => return,
                ToCentre::Unreadable(_) | ToCentre::Heartbeat(_) | ToCentre::OpeningTaken(_) => {}
            }
        }
    }

    fn fault(&self, _peer: &Peer, _fault: &FrameFault) {}

    async fn fetch_catalogue(&self, _peer: &Peer, request: FetchCatalogue) -> Result<CataloguePage, Failure> {
        if self.fails.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(Failure::Trouble("the database is away".to_owned()));
        }
        Ok(CataloguePage::part(request.version, vec![entry("apple")], true))
    }

    async fn fetch_instruction(&self, _peer: &Peer, _request: FetchInstruction) -> Result<InstructionPage, Failure> {
        Err(Failure::Trouble("not here".to_owned()))
    }

    async fn fetch_opening(&self, _peer: &Peer, request: FetchOpening) -> Result<OpeningPage, Failure> {
        if self.fails.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(Failure::Trouble("the database is away".to_owned()));
        }
        let number = usize::from(request.cursor.first().copied().unwrap_or(0));
        self.pages.get(number).cloned().ok_or(Failure::Trouble("not here".to_owned()))
    }

    async fn send_opening(&self, _peer: &Peer, request: SendOpening) -> Result<OpeningSent, Failure> {
        let (held, page) = (self.holds.load(Ordering::Relaxed), request.page);
        self.given.lock().unwrap().push(request);
        let next_page = if page == held { held + 1 } else { held };
        self.holds.store(next_page, Ordering::Relaxed);
        Ok(OpeningSent { next_page })
    }

    async fn fetch_digests(&self, _peer: &Peer, request: FetchDigests) -> Result<DigestPage, Failure> {
        Ok(DigestPage { block: BlockIndex(request.block.0), digests: Vec::new() })
    }
}

fn sku(name: &str) -> Sku {
    Sku::new(name).unwrap()
}

fn entry(name: &str) -> CatalogueEntry {
    let item = Item::new(sku(name), name.to_owned(), ItemUnit::Each);
    CatalogueEntry { item, codes: Vec::new() }
}

/// A box with its journal.
struct Shop {
    _folder: tempfile::TempDir,
    around: Surroundings,
    writer: Writer,
    _desk: watch::Sender<DeskView>,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::start();
        let (journal, writer) = open_journal(folder.path(), &StoreId::new("S0001").unwrap(), clock).unwrap();
        let (desk_view, desk) = watch::channel(DeskView::default());
        let (conditions, roll) = (Active::default(), Roll::default());
        let around = Surroundings { journal, conditions, clock, desk, roll, metered: false };
        Self { _folder: folder, around, writer, _desk: desk_view }
    }

    fn uplink(&self, address: &str) -> UplinkTask {
        let settings = CentreSettings { address: Some(address.to_owned()), ..CentreSettings::default() };
        build(self.around.clone(), Line::of(&settings).unwrap()).unwrap().0.unwrap()
    }
}

/// A centre at a port of its own.
async fn serve(centre: &Arc<PocketCentre>) -> (String, CancellationToken) {
    let listener = Listener::open(([127, 0, 0, 1], 0).into(), None).await.unwrap();
    let (address, stop) = (format!("http://{}", listener.address()), CancellationToken::new());
    tokio::spawn(listener.serve(router(Arc::clone(centre)), stop.clone()));
    (address, stop)
}

async fn reached(centre: &PocketCentre, hellos: u32) {
    let mut told = centre.hellos.subscribe();
    let reached = told.wait_for(|told| *told >= hellos);
    tokio::time::timeout(Duration::from_secs(30), reached).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_stops_says_goodbye_and_is_heard() {
    let centre = Arc::new(PocketCentre::default());
    let (address, _serving) = serve(&centre).await;
    let shop = Shop::open();
    let stop = CancellationToken::new();
    let running = tokio::spawn(shop.uplink(&address).run(stop.clone()));
    reached(&centre, 1).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(centre.heard(|message| matches!(message, ToCentre::Goodbye(_))), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_answered_with_nothing_and_a_heartbeat_goes_out_all_the_same() {
    let Shop { around, writer, _folder, _desk } = Shop::open();
    let centre = CentreSettings { address: Some("http://127.0.0.1:1".to_owned()), ..CentreSettings::default() };
    let mut task = build(around.clone(), Line::of(&centre).unwrap()).unwrap().0.unwrap();
    // A closed journal, as while the disk fails.
    tokio::task::spawn_blocking(move || writer.stop()).await.unwrap().unwrap();
    let seqs: SeqSet = [1].into_iter().collect();
    let epoch = around.journal.identity().epoch;
    task.perform(Output::Read { read: ReadId(1), epoch, seqs, max_bytes: 1_000 }).await;
    let Some(Report::Tell(Input::Records { records, unreadable, .. })) = task.reports.recv().await else {
        panic!("no answer")
    };
    assert!(records.is_empty() && unreadable.is_empty());
    task.perform(Output::TakeFacts { oldest: None }).await;
    let report = task.reports.recv().await.unwrap();
    assert!(matches!(report, Report::Facts(None)), "{report:?}");
    task.facts.catalogue = 7;
    task.take(report);
    assert_eq!(task.facts.catalogue, 7, "what was known before is said again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_must_tell_all_again_begins_anew() {
    let centre = Arc::new(PocketCentre::default());
    let (address, _serving) = serve(&centre).await;
    let shop = Shop::open();
    let task = shop.uplink(&address);
    let (report, stop) = (task.report.clone(), CancellationToken::new());
    let running = tokio::spawn(task.run(stop.clone()));
    reached(&centre, 1).await;
    while centre.hellos.borrow().to_owned() < 2 {
        report.send(Report::BeginAnew { cause: "on purpose".to_owned() }).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogue_that_could_not_be_fetched_is_fetched_again() {
    let centre =
        PocketCentre { says: vec![ToBox::CatalogueVersion(3)], fails: AtomicU32::new(3), ..Default::default() };
    let centre = Arc::new(centre);
    let (address, _serving) = serve(&centre).await;
    let shop = Shop::open();
    let stop = CancellationToken::new();
    let running = tokio::spawn(shop.uplink(&address).run(stop.clone()));
    let journal = shop.around.journal.clone();
    let loaded = async {
        while journal.catalogue().unwrap().version != 3 || shop.around.conditions.holds(registry::CATALOGUE_STALE) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), loaded).await.unwrap();
    assert_eq!(centre.fails.load(Ordering::Relaxed), 0);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_is_fetched_page_by_page_taken_and_told() {
    let stock = Stock { on_hand: Quantity::units(40).unwrap(), basis: Basis::Counted, ..Stock::FRESH };
    let till = TillFacts { source: Source::new("till:9").unwrap(), token: Some([5; 32]), heard_ms: None, documents: 7 };
    let page = |part, enough, cursor: Option<u8>| OpeningPage {
        parts: vec![part],
        enough,
        cursor: cursor.map(|number| vec![number].into()),
    };
    let pages =
        vec![page(OpeningPart::Stock(sku("apple"), stock), true, Some(1)), page(OpeningPart::Till(till), true, None)];
    let ready = OpeningReady { ordinal: EpochOrdinal(2), bytes: 100, older_ms: None };
    let centre =
        PocketCentre { says: vec![ToBox::OpeningReady(ready)], fails: AtomicU32::new(2), pages, ..Default::default() };
    let centre = Arc::new(centre);
    let (address, _serving) = serve(&centre).await;
    let shop = Shop::open();
    let stop = CancellationToken::new();
    let running = tokio::spawn(shop.uplink(&address).run(stop.clone()));
    let told = async {
        while centre
            .heard(|message| matches!(message, ToCentre::OpeningTaken(taken) if taken.ordinal == EpochOrdinal(2)))
            == 0
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.unwrap();
    let journal = &shop.around.journal;
    assert_eq!(journal.stock(&sku("apple")).unwrap(), Some(stock));
    assert!(journal.tills().unwrap().iter().any(|till| till.name.as_str() == "till:9" && till.token == [5; 32]));
    assert!(!shop.around.conditions.holds(registry::OPENING_WAITS));
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// Which pages a box gives back to a centre that holds so many.
async fn given_to(shop: &Shop, holds: u32, wanted: usize) -> Vec<SendOpening> {
    let centre = Arc::new(PocketCentre { holds: AtomicU32::new(holds), ..Default::default() });
    let (address, _serving) = serve(&centre).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(shop.uplink(&address).run(stop.clone()));
    let given = async {
        while centre.given.lock().unwrap().len() < wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), given).await.unwrap();
    stop.cancel();
    running.await.unwrap().unwrap();
    centre.given.lock().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_is_given_back_to_a_centre_that_lacks_it() {
    let shop = Shop::open();
    let stock = Stock { on_hand: Quantity::units(40).unwrap(), basis: Basis::Counted, ..Stock::FRESH };
    let parts: Vec<_> = (0..250).map(|number| OpeningPart::Stock(sku(&format!("item-{number:03}")), stock)).collect();
    let taken = shop.around.journal.take_opening(EpochOrdinal(2), None, parts.clone()).await.unwrap();
    let all = given_to(&shop, 0, 3).await;
    assert_eq!(all.iter().map(|sent| (sent.page, sent.last)).collect::<Vec<_>>(), [(0, false), (1, false), (2, true)]);
    assert_eq!(all.iter().flat_map(|sent| sent.parts.clone()).collect::<Vec<_>>(), parts);
    assert!(all.iter().all(|sent| (sent.ordinal, sent.epoch) == (taken.ordinal, shop.around.journal.identity().epoch)));
    // The first came before the line was lost.
    let rest = given_to(&shop, 1, 3).await;
    assert_eq!(rest.iter().map(|sent| sent.page).collect::<Vec<_>>(), [0, 1, 2]);
    let rest = given_to(&shop, 2, 2).await;
    assert_eq!(rest.iter().map(|sent| sent.page).collect::<Vec<_>>(), [0, 2], "what is held is left out");
    let none = given_to(&shop, 9, 1).await;
    assert_eq!(none.iter().map(|sent| sent.page).collect::<Vec<_>>(), [0], "it holds all of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instructions_beyond_the_queue_are_asked_for_again_and_all_are_done() {
    let number = 600_u32;
    let instruction = |n: u32| {
        let lines =
            vec![tidemark_sync::message::InstructionLine { sku: sku(&format!("i{n}")), quantity: Quantity::ONE }];
        let id = Label::new(&format!("open-{n}")).unwrap();
        ToBox::Instruction(Instruction::of(id, InstructionBody::OpenStock { lines }))
    };
    let centre = Arc::new(PocketCentre { says: (0..number).map(instruction).collect(), ..Default::default() });
    let (address, _serving) = serve(&centre).await;
    let shop = Shop::open();
    let stop = CancellationToken::new();
    let running = tokio::spawn(shop.uplink(&address).run(stop.clone()));
    let journal = shop.around.journal.clone();
    let all = async {
        let mut open: BTreeSet<u32> = (0..number).collect();
        while !open.is_empty() {
            open.retain(|n| journal.instruction_done(&Label::new(&format!("open-{n}")).unwrap()).unwrap().is_none());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
    assert_eq!(journal.tail(), u64::from(number), "each once");
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_off_is_told_at_the_welcome() {
    let centre = Arc::new(PocketCentre { server_time: WallTime(1_000), ..Default::default() });
    let (address, _serving) = serve(&centre).await;
    let shop = Shop::open();
    let stop = CancellationToken::new();
    let running = tokio::spawn(shop.uplink(&address).run(stop.clone()));
    let told = async {
        while !shop.around.conditions.holds(registry::CLOCK_OFF) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.unwrap();
    stop.cancel();
    running.await.unwrap().unwrap();
    drop(shop.writer);
}
