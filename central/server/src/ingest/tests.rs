//! The centre's end over a real socket: the service as boxes reach it, with
//! ledger, stream, appliers and poller behind it.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use axum::Extension;
use bytes::Bytes;
use tidemark_cache::Cache;
use tidemark_daemon::conditions::{Active, registry};
use tidemark_daemon::metrics::MetricsPage;
use tidemark_ledger::{LedgerError, Signature, Signed};
use tidemark_model::document::{Body, Document, Line, TakenLine, Timing, TradeKind};
use tidemark_model::movement::Labels;
use tidemark_model::{
    BoxId, DocumentId, Draft, Epoch, EpochOrdinal, Item, ItemUnit, Label, MemoryBooks, Odometer, Position, Quantity,
    Seq, SeqSet, Sku, Source, Stamp, WallTime, decide,
};
use tidemark_stream::{Event, EventRecord};
use tidemark_sync::message::{
    Batch, Heartbeat, Hello, InstructionLine, OpeningPart, OpeningReady, OpeningTaken, Record, SendOpening, Session,
    TillFacts, ToBox, ToCentre, Unreadable as LostByName,
};
use tidemark_sync::testing;
use tidemark_sync::{Lookup, Millis};
use tidemark_wire::client::{ClientConfig, Dialer, Link};
use tidemark_wire::encode_movement;
use tidemark_wire::schema::sync::v1 as proto;
use tidemark_wire::server::router;
use tidemark_wire::{Control, EpochOpened, Opener, encode_control};
use tokio_stream::wrappers::ReceiverStream;

use super::trimmed::until_named;
use super::*;
use crate::applier::Applier;
use crate::losses::LossWatch;
use crate::neighbours::Neighbours;
use crate::openings::forks::ForkWatch;
use crate::parts::Parts;
use crate::poller::Poller;

const PATIENCE: Duration = Duration::from_secs(20);

/// A centre on files of its own, reached as whoever `caller` names.
struct Site {
    ingest: Arc<Ingest>,
    metrics: MetricsPage,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn open(makes_stores: bool, caller: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap();
        let stream = Stream::embedded(&folder.path().join("stream.db"), 1).await.unwrap();
        let parts = Parts { ledger: ledger.clone(), stream: stream.clone(), cache: Cache::none() };
        let (events, metrics) = Events::declare();
        let (clock, conditions, stop) = (Clock::start(), Active::default(), CancellationToken::new());
        let (desk, fleet) = (Desk::default(), Fleet::default());
        // The row of the partition is there before the first box.
        ledger.position(0, stream.identity(0).unwrap()).await.unwrap();
        let (_, changed) = tokio::sync::watch::channel(std::collections::BTreeSet::new());
        let (told, counted) = (conditions.clone(), events.clone());
        let applier = Applier { partition: 0, parts, conditions: told, events: counted, clock, changed };
        tokio::spawn(applier.run(stop.clone()));
        let poller = Poller::of(ledger.clone(), stream.clone(), desk.clone(), fleet.clone(), clock);
        tokio::spawn(poller.run(stop.clone()));
        let ingest = Arc::new(Ingest { ledger, stream, desk, fleet, events, conditions, clock, makes_stores, stop });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let uris = caller.iter().map(|uri| (*uri).to_owned()).collect();
        let app = router(Arc::clone(&ingest)).layer(Extension(Caller { address, tls: !caller.is_empty(), uris }));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { ingest, metrics, address, _folder: folder }
    }

    async fn dial(&self) -> Link {
        Dialer::new(ClientConfig::new(format!("http://{}", self.address))).unwrap().dial().await.unwrap()
    }

    /// A stream on which this was said; one that is told to come later comes
    /// again.
    async fn said(&self, said: &ToCentre) -> (Link, ToBox) {
        loop {
            let mut link = self.dial().await;
            link.send(said.clone()).await.unwrap();
            let answer = next(&mut link).await;
            let ToBox::Slow(later) = answer else { return (link, answer) };
            self.ingest.clock.sleep(Duration::from_millis(later.retry_after_ms.into())).await;
        }
    }

    async fn welcomed(&self) -> Link {
        let (link, answer) = self.said(&hello(1)).await;
        assert!(matches!(answer, ToBox::Welcome(_)), "{answer:?}");
        link
    }

    /// What a counter shows, whatever its labels.
    fn counted(&self, name: &str) -> u64 {
        let (text, name) = (self.metrics.text(), format!("tidemark_central_{name}_total"));
        let lines = text.lines().filter(|line| line.starts_with(&name));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
    }

    async fn end(&self) -> u64 {
        self.ingest.stream.end(0).await.unwrap()
    }

    /// Says something to a fresh stream; it has to be refused, once, with
    /// nothing in stream, ledger or at the desk.
    async fn refused(&self, said: ToCentre) -> RefusalCode {
        let (end, stores) = (self.end().await, self.ingest.ledger.stores().await.unwrap());
        let before = self.counted("box_streams_refused");
        let (mut link, answer) = self.said(&said).await;
        let ToBox::Refused(refusal) = answer else { unreachable!("{answer:?}") };
        assert!(!matches!(link.recv().await, Ok(Some(_))), "it is the last word");
        assert_eq!(self.counted("box_streams_refused"), before + 1);
        let counted = format!("box_streams_refused_total{{code=\"{}\"}}", refusal.code.as_str());
        assert!(self.metrics.text().contains(&counted), "by its code");
        assert_eq!(self.end().await, end);
        assert_eq!(self.ingest.ledger.stores().await.unwrap(), stores);
        assert!(self.ingest.desk.seats().is_empty());
        refusal.code
    }
}

fn store() -> StoreId {
    StoreId::new("S0001").unwrap()
}

fn greeting() -> Hello {
    Hello { tail: 3, ..testing::hello(store(), Epoch(5)) }
}

fn hello(protocol: u32) -> ToCentre {
    ToCentre::Hello(Hello { protocol, ..greeting() })
}

fn batch(epoch: u64, seqs: RangeInclusive<Seq>) -> ToCentre {
    let record = |seq| Record { seq, digest: None, bytes: Bytes::from_static(b"\xff") };
    ToCentre::Batch(Batch { epoch: Epoch(epoch), live: true, records: seqs.map(record).collect() })
}

async fn next(link: &mut Link) -> ToBox {
    tokio::time::timeout(PATIENCE, link.recv()).await.unwrap().unwrap().unwrap()
}

/// Listens until the stream is over; the code of its refusal.
async fn last_word(link: &mut Link) -> RefusalCode {
    let mut code = None;
    while let Ok(Some(told)) = tokio::time::timeout(PATIENCE, link.recv()).await.unwrap() {
        if let ToBox::Refused(refusal) = told {
            code = Some(refusal.code);
        }
    }
    code.unwrap()
}

#[tokio::test]
async fn a_hello_for_another_store_than_the_certificate_is_refused() {
    let site = Site::open(true, &["spiffe://shop/store/S0002/box/018f3a52-9c1b-7d40-8a11-0242ac120002"]).await;
    assert_eq!(site.refused(hello(1)).await, RefusalCode::WrongStore);
    let calls = &mut site.dial().await.calls;
    let request = FetchCatalogue { store: store(), version: 0, after: None, since: 0 };
    let refused = calls.fetch_catalogue(&request).await.unwrap_err();
    assert!(refused.to_string().contains("S0002"), "{refused}");
}

#[tokio::test]
async fn a_hello_of_a_store_that_nobody_imported_is_refused() {
    let site = Site::open(false, &["spiffe://shop/store/S0001/box/018f3a52-9c1b-7d40-8a11-0242ac120002"]).await;
    assert_eq!(site.refused(hello(1)).await, RefusalCode::UnknownStore);
}

#[tokio::test]
async fn a_protocol_that_is_not_spoken_is_refused() {
    let site = Site::open(true, &[]).await;
    assert_eq!(site.refused(hello(99)).await, RefusalCode::Protocol);
}

#[tokio::test]
async fn a_batch_before_hello_is_refused() {
    let site = Site::open(true, &[]).await;
    assert_eq!(site.refused(batch(5, 1..=3)).await, RefusalCode::OutOfTurn);
}

#[tokio::test]
async fn a_batch_of_an_epoch_of_another_store_is_refused_and_nothing_of_it_kept() {
    let site = Site::open(true, &[]).await;
    let mut link = site.welcomed().await;
    let before = (site.end().await, site.counted("movements_received"));
    link.send(batch(6, 1..=3)).await.unwrap();
    assert_eq!(last_word(&mut link).await, RefusalCode::WrongEpoch);
    assert_eq!((site.end().await, site.counted("movements_received")), before);
    assert_eq!(site.counted("box_streams_refused"), 1);
    assert!(site.ingest.desk.seats().is_empty());
}

#[tokio::test]
async fn a_frame_that_does_not_decode_is_refused_and_counted() {
    let site = Site::open(true, &[]).await;
    let end = site.end().await;
    let hello = proto::Hello { store: "no such id".to_owned(), ..proto::Hello::default() };
    let frame = proto::ToCentre { message: Some(proto::to_centre::Message::Hello(hello)) };
    let mut client = proto::sync_client::SyncClient::connect(format!("http://{}", site.address)).await.unwrap();
    let (queue, queued) = tokio::sync::mpsc::channel(1);
    queue.send(frame).await.unwrap();
    let mut stream = client.exchange(ReceiverStream::new(queued)).await.unwrap().into_inner();
    let Some(proto::ToBox { message: Some(proto::to_box::Message::Refused(refused)) }) =
        stream.message().await.unwrap()
    else {
        unreachable!("not refused")
    };
    assert_eq!(refused.code(), proto::RefusalCode::Malformed);
    // The conversation is over when its stream is.
    let over = stream.message().await;
    assert!(over.is_err(), "it is told once: {over:?}");
    assert_eq!((site.counted("box_frames_unreadable"), site.counted("box_streams_refused")), (1, 1));
    assert_eq!(site.end().await, end);
    assert!(site.ingest.ledger.stores().await.unwrap().is_empty());
}

/// Listens until these positions are received and handled.
async fn hear_handled(link: &mut Link, seqs: RangeInclusive<Seq>) {
    let (mut received, mut handled) = (SeqSet::new(), SeqSet::new());
    let wanted: SeqSet = std::iter::once(seqs).collect();
    while received != wanted || handled != wanted {
        match next(link).await {
            ToBox::Received(told) => received.insert_all(&told.seqs),
            ToBox::Handled(told) => {
                let seqs = told.blocks.iter().flat_map(|(index, block)| block.bitmap.seqs(*index));
                handled.insert_all(&seqs.collect());
            }
            told @ (ToBox::Slow(_) | ToBox::Refused(_)) => unreachable!("one position holds up the others: {told:?}"),
            ToBox::Welcome(_)
            | ToBox::AppliedThrough(_)
            | ToBox::Credit(_)
            | ToBox::CatalogueVersion(_)
            | ToBox::Instruction(_)
            | ToBox::OpeningReady(_) => {}
        }
    }
}

#[tokio::test]
async fn an_epoch_that_opens_is_not_counted_as_a_movement() {
    let site = Site::open(true, &[]).await;
    let before = site.end().await;
    let _link = site.welcomed().await;
    assert_eq!((site.end().await, site.counted("movements_received")), (before + 1, 0));
}

#[tokio::test]
async fn what_a_box_cannot_read_back_is_named_and_handled_and_the_rest_comes_up() {
    let site = Site::open(true, &[]).await;
    let mut link = site.welcomed().await;
    let lost = LostByName { epoch: Epoch(5), seqs: [1].into_iter().collect(), digest: None };
    for _again in 0..2 {
        link.send(ToCentre::Unreadable(lost.clone())).await.unwrap();
    }
    link.send(batch(5, 2..=3)).await.unwrap();
    hear_handled(&mut link, 1..=3).await;
    assert_eq!(site.counted("positions_unreadable"), 2);
    let books = &site.ingest.ledger.stores().await.unwrap()[0];
    let counts = (books.committed, books.applied, books.parked, books.lost, books.pending);
    assert_eq!((counts, books.lost_unsigned), ((3, 0, 2, 1, 0), 1));
}

#[tokio::test]
async fn a_loss_is_told_of_until_a_person_signs_whichever_process_looks() {
    let site = Site::open(true, &[]).await;
    let mut link = site.welcomed().await;
    let lost = LostByName { epoch: Epoch(5), seqs: (1..=3).collect(), digest: Some(4) };
    link.send(ToCentre::Unreadable(lost)).await.unwrap();
    hear_handled(&mut link, 1..=3).await;
    let (ledger, clock) = (site.ingest.ledger.clone(), site.ingest.clock);
    // Each has conditions of its own, as a process after a restart.
    let watches = [(); 2].map(|()| LossWatch {
        ledger: ledger.clone(),
        fleet: Fleet::default(),
        conditions: Active::default(),
        clock,
    });
    for watch in &watches {
        watch.look().await.unwrap();
        let told = watch.conditions.list();
        assert_eq!((told[0].code, told[0].subject.as_str()), (registry::MOVEMENTS_LOST, "S0001"));
    }
    let signature = Signature { author: "Ada".into(), reason: "counted".into(), signed_at: 5 };
    let signed = ledger.sign_losses(&store(), Some(3), &signature).await.unwrap();
    assert_eq!(signed, Signed::Done { positions: 3 });
    for watch in &watches {
        watch.look().await.unwrap();
        assert!(watch.conditions.list().is_empty());
    }
}

#[tokio::test]
async fn a_newcomer_waits_for_the_box_that_was_heard_before_the_centre_was_started_again() {
    let site = Site::open(true, &[]).await;
    let body = serde_json::json!({"backlog": 0, "conditions": [], "agent_version": "", "catalogue": 0,
        "box_id": vec![9; 16]});
    site.ingest.ledger.make_store(&store()).await.unwrap();
    site.ingest.ledger.hear(&store(), Epoch(4), &body.to_string(), 0).await.unwrap();
    let site = Site { ingest: restarted(&site).await, ..site };
    let now = Millis(site.ingest.clock.millis());
    assert_eq!(site.ingest.fleet.rival(&store(), BoxId([9; 16]), now), None, "it is its own rival never");
    let Lookup::Found(found) = looking::look_up(&site.ingest, &greeting(), true).await.0 else {
        unreachable!("not found")
    };
    let rival = found.rival.unwrap();
    assert!(rival.box_id == BoxId([9; 16]) && rival.heard_ms < 90_000, "{rival:?}");
    site.ingest.fleet.left(&store());
    assert_eq!(site.ingest.fleet.rival(&store(), BoxId([7; 16]), now), None, "who left on purpose is none");
}

#[tokio::test]
async fn a_box_whose_epoch_another_process_closed_comes_again_and_hears_it() {
    let site = Site::open(true, &[]).await;
    let mut link = site.welcomed().await;
    let Ingest { ledger, stream, desk, fleet, clock, stop, .. } = Ingest::clone(&site.ingest);
    let by = Opener::Box { box_id: BoxId([9; 16]), session: Session(1), opening: None };
    let control = Control::EpochOpened(EpochOpened { store: store(), epoch: Epoch(6), by, wall: clock.wall() });
    let event = Event::Control(encode_control(&control).into());
    stream.append(0, &[EventRecord { store: store(), event }]).await.unwrap();
    tokio::spawn(Neighbours::of(ledger, desk, fleet, clock).watch(stop));
    let ended = async { while let Ok(Some(_)) = link.recv().await {} };
    tokio::time::timeout(PATIENCE, ended).await.unwrap();
    let (_link, answer) = site.said(&ToCentre::Hello(Hello { session: Session(2), ..greeting() })).await;
    let ToBox::Welcome(welcome) = answer else { unreachable!("{answer:?}") };
    assert!(welcome.closed);
}

/// The same centre with what a fresh process knows of its fleet.
async fn restarted(site: &Site) -> Arc<Ingest> {
    let fleet =
        Fleet::load(&site.ingest.ledger, Duration::from_secs(90), Millis(site.ingest.clock.millis())).await.unwrap();
    Arc::new(Ingest { fleet, desk: Desk::default(), ..Ingest::clone(&site.ingest) })
}

#[tokio::test]
async fn a_box_that_takes_nothing_is_cut_when_it_does_not_keep_up() {
    let site = Site::open(true, &[]).await;
    let _link = site.welcomed().await;
    let line = |number: u32| InstructionLine {
        sku: Sku::new(&format!("A{number:05}")).unwrap(),
        quantity: Quantity::units(7).unwrap(),
    };
    let body = InstructionBody::OpenStock { lines: (0..1_000).map(line).collect() };
    let instruction = Instruction::of(Label::new("open-1").unwrap(), body);
    let cut = site.ingest.desk.seats()[0].cut.clone();
    let gone = async {
        while !cut.is_cancelled() {
            site.ingest.desk.instruct(&store(), &instruction);
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        while !site.ingest.desk.seats().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

/// Sells so many pieces, one a movement, over books that begin empty.
fn sales(pieces: &[i64]) -> Vec<Record> {
    let sku = Sku::new("apple").unwrap();
    let mut books = MemoryBooks::new();
    let name = sku.to_string();
    let item = Item::new(sku.clone(), name, ItemUnit::Each);
    books.learn_item(item);
    let mut records = Vec::new();
    for (pieces, seq) in pieces.iter().zip(1..) {
        let line = TakenLine::plain(sku.clone(), Quantity::units(*pieces).unwrap());
        let document = Document {
            source: Source::new("till:1").unwrap(),
            id: DocumentId::new(&format!("{pieces}-{seq}")).unwrap(),
            wall: WallTime(0),
            labels: Labels::default(),
            business_day_given: false,
            timing: Timing::Live,
            sequence: None,
            body: Body::Trade { kind: TradeKind::Sale, last: false, lines: vec![Line::Taken(line)] },
        };
        let next = Position { epoch: Epoch(5), seq };
        let (odometer, boot) = (Odometer::BIRTH, Odometer::BIRTH);
        let stamp = Stamp { next, odometer, arrived: odometer, boot, wall: WallTime(0) };
        let mut draft = Draft::over(&books);
        let Ok(outcome) = decide(&mut draft, &document, &stamp);
        let changes: Vec<_> = draft.into_changes().collect();
        books.commit(changes);
        records.push(Record { seq, digest: None, bytes: encode_movement(&outcome.movements[0]).into() });
    }
    records
}

/// A centre that was set back to before it held what a box has let go since.
#[tokio::test]
async fn what_a_box_let_go_and_the_ledger_lacks_is_named_lost() {
    let site = Site::open(true, &[]).await;
    let trimmed = Hello { tail: 1_030, trimmed_below: 1_025, ..greeting() };
    let (_link, answer) = site.said(&ToCentre::Hello(trimmed)).await;
    assert!(matches!(answer, ToBox::Welcome(_)), "{answer:?}");
    let ledger = &site.ingest.ledger;
    let named = async {
        while ledger.stores().await.unwrap().first().is_none_or(|books| books.lost != 1_024) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, named).await.unwrap();
    let losses = ledger.losses(&store(), 10).await.unwrap();
    assert_eq!(losses.iter().map(|row| (row.first, row.last)).collect::<Vec<_>>(), [(1, 1_024)]);
    assert!(ledger.missing_below(&store(), Epoch(5), 1_025).await.unwrap().is_empty(), "it is named once");
}

/// It lets go by what it was told before, until it is welcomed.
#[tokio::test]
async fn what_a_box_let_go_before_it_heard_that_the_ledger_was_set_back_is_named_lost() {
    let site = Site::open(true, &[]).await;
    let (mut link, answer) = site.said(&ToCentre::Hello(Hello { tail: 1_030, ..greeting() })).await;
    assert!(matches!(answer, ToBox::Welcome(_)), "{answer:?}");
    let beat = Heartbeat { tail: 1_030, trimmed_below: 1_025, ..Heartbeat::default() };
    link.send(ToCentre::Heartbeat(beat)).await.unwrap();
    let named = async {
        while site.ingest.ledger.stores().await.unwrap().first().is_none_or(|books| books.lost != 1_024) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, named).await.unwrap();
}

async fn opening_told(link: &mut Link) -> OpeningReady {
    loop {
        if let ToBox::OpeningReady(ready) = next(link).await {
            return ready;
        }
    }
}

#[tokio::test]
async fn a_swapped_box_is_given_what_the_one_before_left_and_what_a_box_gives_back_is_kept() {
    let site = Site::open(true, &[]).await;
    let mut link = site.welcomed().await;
    let token = Some([7; 32]);
    let till = TillFacts { source: Source::new("till:1").unwrap(), token, heard_ms: None, documents: 2 };
    let beat = Heartbeat { tail: 2, trimmed_below: 1, tills: vec![till.clone()], ..Heartbeat::default() };
    link.send(ToCentre::Heartbeat(beat)).await.unwrap();
    link.send(ToCentre::Batch(Batch { epoch: Epoch(5), live: true, records: sales(&[2, 3]) })).await.unwrap();
    hear_handled(&mut link, 1..=2).await;
    let swapped = || ToCentre::Hello(Hello { epoch: Epoch(6), tail: 0, ..greeting() });
    let (mut link, _welcome) = site.said(&swapped()).await;
    let ready = opening_told(&mut link).await;
    assert_eq!(ready.ordinal, EpochOrdinal(2));
    let calls = &mut site.dial().await.calls;
    let ask = FetchOpening { store: store(), epoch: Epoch(6), ordinal: ready.ordinal, cursor: Bytes::new() };
    let page = calls.fetch_opening(&ask).await.unwrap();
    assert!(page.enough && page.cursor.is_none());
    let is_apple = |part: &&OpeningPart| matches!(part, OpeningPart::Stock(sku, _) if sku.as_str() == "apple");
    let Some(OpeningPart::Stock(_, stock)) = page.parts.iter().find(is_apple) else { unreachable!("no apple") };
    assert_eq!(Some(stock.on_hand), Quantity::units(-5));
    let documents = page.parts.iter().filter(|part| matches!(part, OpeningPart::Document(..))).count();
    assert_eq!(documents, 2);
    assert!(page.parts.contains(&OpeningPart::Till(TillFacts { documents: 0, ..till })));
    // It comes again, and is given the same.
    let (mut link, _welcome) = site.said(&swapped()).await;
    let again = opening_told(&mut link).await;
    assert!(again.older_ms >= ready.older_ms && ready.older_ms.is_some(), "{ready:?} and {again:?}");
    assert_eq!((again.ordinal, again.bytes), (ready.ordinal, ready.bytes));
    assert_eq!(calls.fetch_opening(&ask).await.unwrap(), page);
    // A centre that lacks it takes it from the box.
    let other = Site::open(true, &[]).await;
    let opening = Some(OpeningTaken { ordinal: ready.ordinal, seq: 1 });
    let (_link, _welcome) = other.said(&ToCentre::Hello(Hello { epoch: Epoch(6), opening, ..greeting() })).await;
    let calls = &mut other.dial().await.calls;
    let send = SendOpening {
        store: store(),
        epoch: Epoch(6),
        ordinal: ready.ordinal,
        taken: Odometer::BIRTH,
        page: 0,
        parts: page.parts.clone(),
        last: true,
    };
    assert_eq!(calls.send_opening(&send).await.unwrap().next_page, 1);
    let ask = FetchOpening { ordinal: EpochOrdinal(1), ..ask };
    assert_eq!(calls.fetch_opening(&ask).await.unwrap(), page);
}

#[tokio::test(start_paused = true)]
async fn that_an_opening_is_taken_is_told_the_stream_until_it_keeps_it() {
    let tries = std::cell::Cell::new(0);
    let append = || async {
        tries.set(tries.get() + 1);
        if tries.get() < 20 { Err(StreamError::Full) } else { Ok(tries.get()) }
    };
    assert_eq!(until_kept(append, Epoch(5)).await.ok(), Some(20));
    let closed = || async { Err::<(), _>(StreamError::Closed) };
    assert!(matches!(until_kept(closed, Epoch(5)).await, Err(StreamError::Closed)), "the process ends");
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_looked_for_anew_until_the_stream_keeps_its_names() {
    let (looks, named) = (std::cell::Cell::new(0), std::cell::RefCell::new(Vec::new()));
    let look = || async {
        looks.set(looks.get() + 1);
        match looks.get() {
            1 => Err(LedgerError::Kept("no answer".to_owned())),
            2 => Ok(std::iter::once(1..=3).collect()),
            // One of them came meanwhile.
            _ => Ok(std::iter::once(1..=2).collect::<SeqSet>()),
        }
    };
    let name = |missing: SeqSet| {
        named.borrow_mut().push(missing.iter().collect::<Vec<_>>());
        let refused = named.borrow().len() == 1;
        async move { if refused { Err(StreamError::Full) } else { Ok(()) } }
    };
    assert!(until_named(look, name).await.unwrap().is_some());
    assert_eq!(named.into_inner(), [vec![1, 2, 3], vec![1, 2]]);
    let closed = |_: SeqSet| async { Err::<(), _>(StreamError::Closed) };
    let three = || async { Ok(std::iter::once(1..=3).collect()) };
    assert!(until_named(three, closed).await.is_err(), "the process ends");
    let nothing = || async { Ok(SeqSet::new()) };
    assert!(until_named(nothing, closed).await.unwrap().is_none());
}

#[tokio::test]
async fn a_box_that_took_its_opening_when_the_ledger_could_not_hear_it_says_so_with_its_hello() {
    let site = Site::open(true, &[]).await;
    let mut link = site.welcomed().await;
    link.send(batch(5, 1..=1)).await.unwrap();
    hear_handled(&mut link, 1..=1).await;
    let swapped = |opening| ToCentre::Hello(Hello { epoch: Epoch(6), tail: 0, opening, ..greeting() });
    let (mut link, _welcome) = site.said(&swapped(None)).await;
    let ordinal = opening_told(&mut link).await.ordinal;
    let (_link, _welcome) = site.said(&swapped(Some(OpeningTaken { ordinal, seq: 0 }))).await;
    tokio::time::timeout(PATIENCE, async {
        while site.ingest.ledger.epochs(&store()).await.unwrap()[1].taken.seq() != Some(0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the ledger hears of it");
}

#[tokio::test]
async fn what_a_log_lost_of_openings_is_said_again_until_the_ledger_knows() {
    let site = Site::open(true, &[]).await;
    let mut link = site.welcomed().await;
    link.send(batch(5, 1..=1)).await.unwrap();
    hear_handled(&mut link, 1..=1).await;
    let swapped = ToCentre::Hello(Hello { epoch: Epoch(6), tail: 0, ..greeting() });
    let (mut link, _welcome) = site.said(&swapped).await;
    let taken = OpeningTaken { ordinal: opening_told(&mut link).await.ordinal, seq: 0 };
    let end = site.end().await;
    assert!(!site.ingest.say_opening_again(store(), Epoch(7), taken).await);
    assert_eq!(site.end().await, end, "the ledger has no such epoch");
    assert!(!site.ingest.say_opening_again(store(), Epoch(6), taken).await);
    tokio::time::timeout(PATIENCE, async {
        while !site.ingest.say_opening_again(store(), Epoch(6), taken).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the ledger knows");
}

#[tokio::test]
async fn a_forked_letter_of_what_stands_elsewhere_closes_with_the_next_boxs_opening() {
    let site = Site::open(true, &[]).await;
    let mut old = site.welcomed().await;
    let records = sales(&[2, 3]);
    // Another life of the disk had sold at the first place what stands at the second.
    let other = Record { seq: 1, ..records[1].clone() };
    let later = vec![Record { seq: 1, ..sales(&[7])[0].clone() }, Record { seq: 2, ..records[0].clone() }];
    let of = |records| ToCentre::Batch(Batch { epoch: Epoch(5), live: true, records });
    old.send(of(records)).await.unwrap();
    hear_handled(&mut old, 1..=2).await;
    old.send(of(vec![other])).await.unwrap();
    let wait_for = async |letters: usize| {
        let open = async || site.ingest.ledger.open_forks(&store(), EpochOrdinal(2)).await.unwrap().len();
        let waiting = async {
            while open().await != letters {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("so many forked letters");
    };
    wait_for(1).await;
    let (mut link, _welcome) = site.said(&ToCentre::Hello(Hello { epoch: Epoch(6), tail: 0, ..greeting() })).await;
    opening_told(&mut link).await;
    wait_for(0).await;
    // Of what is parked when the opening is there already, one stands in it.
    let back = Hello { session: Session(9), tail: 2, ..greeting() };
    let (mut old, _welcome) = site.said(&ToCentre::Hello(back)).await;
    old.send(of(later)).await.unwrap();
    wait_for(2).await;
    ForkWatch::over(site.ingest.openings()).look().await.unwrap();
    wait_for(1).await;
}
