//! How many movements PostgreSQL takes in a second, from one applier and from
//! two: starts a cluster of its own, applies batches of 1,000 records and
//! prints the rates. Run it with `--release`.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "prints what it measures, by the clock")]

use std::error::Error;
use std::time::Instant;

use bytes::Bytes;
use tidemark_ledger::apply::{ApplyRecord, Content};
use tidemark_ledger::postgres::PostgresLedger;
use tidemark_model::document::{Body, Document, Line, TakenLine, Timing, TradeKind};
use tidemark_model::movement::Labels;
use tidemark_model::{
    DocumentId, Draft, Epoch, Item, ItemUnit, MemoryBooks, Odometer, Position, Quantity, Sku, Source, Stamp, StoreId,
    StreamId, WallTime, decide,
};
use tidemark_parts::Postgres;
use tidemark_wire::encode_movement;

const BATCHES: usize = 200;
/// Runs of this many records of one shop.
const RUN: u64 = 100;
const SHOPS: u64 = 50;
const ITEMS: u64 = 2_000;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<(), Failure> {
    let postgres = Postgres::start()?;
    for appliers in [1_u32, 2] {
        let ledger = PostgresLedger::open(&postgres.database(&format!("rate{appliers}"))?).await?;
        let mut work = Vec::new();
        for part in 0..appliers {
            work.push(batches(part)?);
        }
        let begin = Instant::now();
        let mut running = tokio::task::JoinSet::new();
        for (part, batches) in (0..appliers).zip(work) {
            running.spawn(apply_all(ledger.clone(), part, batches));
        }
        let mut movements = 0;
        while let Some(done) = running.join_next().await {
            movements += done??;
        }
        let took = begin.elapsed();
        let rate = u128::from(movements) * 1_000 / took.as_millis().max(1);
        println!("{appliers} applier(s): {movements} movements in {took:?}: {rate} a second");
        ledger.close().await;
    }
    Ok(())
}

async fn apply_all(ledger: PostgresLedger, part: u32, batches: Vec<Vec<ApplyRecord>>) -> Result<u64, Failure> {
    let mut at = ledger.position(part, StreamId([1; 16])).await?;
    let mut movements = 0;
    for batch in batches {
        let next = at.next + u64::try_from(batch.len())?;
        let applied = ledger.apply(at, &batch, next, 0).await?;
        movements += applied.movements;
        at = applied.position;
    }
    Ok(movements)
}

/// Batches of 1,000 sales, in runs of one shop as boxes send them.
fn batches(part: u32) -> Result<Vec<Vec<ApplyRecord>>, Failure> {
    let mut books = MemoryBooks::new();
    for number in 0..ITEMS {
        let (sku, name) = (Sku::new(&number.to_string())?, number.to_string());
        books.learn_item(Item::new(sku, name, ItemUnit::Each));
    }
    let mut batches = Vec::new();
    let mut run = 0;
    for _ in 0..BATCHES {
        let mut batch = Vec::with_capacity(1_000);
        for _ in 0..1_000 / RUN {
            let store = StoreId::new(&format!("S{part}-{}", run % SHOPS))?;
            let first = run / SHOPS * RUN + 1;
            for seq in first..first + RUN {
                let position = Position { epoch: Epoch(u64::from(part)), seq };
                let bytes = sale(&books, position, (seq * 7_919 + run) % ITEMS)?;
                batch.push(ApplyRecord {
                    offset: 0,
                    store: store.clone(),
                    content: Content::Movement(position, bytes),
                });
            }
            run += 1;
        }
        batches.push(batch);
    }
    Ok(batches)
}

fn sale(books: &MemoryBooks, next: Position, item: u64) -> Result<Bytes, Failure> {
    let line = TakenLine::plain(Sku::new(&item.to_string())?, Quantity::units(1).ok_or("too many")?);
    let document = Document {
        source: Source::new("till:1")?,
        id: DocumentId::new(&next.seq.to_string())?,
        wall: WallTime(0),
        labels: Labels::default(),
        business_day_given: false,
        timing: Timing::Live,
        sequence: None,
        body: Body::Trade { kind: TradeKind::Sale, last: false, lines: vec![Line::Taken(line)] },
    };
    let stamp = Stamp { next, odometer: Odometer(1), arrived: Odometer(1), boot: Odometer(0), wall: WallTime(0) };
    let mut draft = Draft::over(books);
    let Ok(outcome) = decide(&mut draft, &document, &stamp);
    Ok(Bytes::from(encode_movement(outcome.movements.first().ok_or("a sale has a movement")?)))
}
