//! A box's data folder with a clock that stands until it is moved, and
//! documents to submit.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidemark_journal::{Clock, Committed, Config, Journal, NotSaved, OpenError, Reading, Submission, Writer};
use tidemark_model::document::{Body, CountBody, CountReason, Line, SheetUse, TakenLine, Timing, TradeKind};
use tidemark_model::movement::Labels;
use tidemark_model::{Document, DocumentId, Quantity, Sku, Source, StoreId, WallTime};

/// A folder that goes when the test ends well.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        Self::under(Path::new(env!("CARGO_TARGET_TMPDIR")), name)
    }

    /// In memory where that can be had: for tests that open thousands.
    pub(crate) fn in_memory(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Self::under(memory, name) } else { Self::new(name) }
    }

    fn under(base: &Path, name: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("journal-{}-{name}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }
}

/// A shop's box.
pub(crate) struct Shop {
    pub(crate) folder: Folder,
    now: Arc<AtomicU64>,
}

impl Shop {
    pub(crate) fn new(name: &str) -> Self {
        Self { folder: Folder::new(name), now: Arc::new(AtomicU64::new(1_000)) }
    }

    pub(crate) fn in_memory(name: &str) -> Self {
        Self { folder: Folder::in_memory(name), now: Arc::new(AtomicU64::new(1_000)) }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    pub(crate) fn config(&self) -> Config {
        let now = Arc::clone(&self.now);
        let clock: Clock =
            Arc::new(move || Reading { steady_ms: now.load(Ordering::Relaxed), wall: WallTime(1_700_000_000_000) });
        Config { count_syncs: true, ..Config::new(self.dir(), StoreId::new("S0001").unwrap(), clock) }
    }

    pub(crate) fn open(&self) -> (Journal, Writer) {
        self.try_open().expect("the journal opens")
    }

    pub(crate) fn try_open(&self) -> Result<(Journal, Writer), OpenError> {
        Journal::open(self.config())
    }

    pub(crate) fn pass(&self, millis: u64) {
        self.now.fetch_add(millis, Ordering::Relaxed);
    }
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

pub(crate) fn units(value: i64) -> Quantity {
    Quantity::units(value).unwrap()
}

pub(crate) fn line(item: &str, quantity: i64) -> TakenLine {
    TakenLine::plain(sku(item), units(quantity))
}

pub(crate) fn document(id: &str, body: Body) -> Document {
    Document {
        source: Source::new("till:1").unwrap(),
        id: DocumentId::new(id).unwrap(),
        wall: WallTime(1_700_000_000_000),
        labels: Labels::default(),
        business_day_given: false,
        timing: Timing::Live,
        sequence: None,
        body,
    }
}

pub(crate) fn trade(id: &str, kind: TradeKind, lines: Vec<TakenLine>) -> Document {
    let lines = lines.into_iter().map(Line::Taken).collect();
    document(id, Body::Trade { kind, last: false, lines })
}

pub(crate) fn aged(document: Document, age_ms: u64) -> Document {
    Document { timing: Timing::Deferred { age_ms: Some(age_ms) }, ..document }
}

pub(crate) fn sale(id: &str, item: &str, quantity: i64) -> Document {
    trade(id, TradeKind::Sale, vec![line(item, quantity)])
}

pub(crate) fn void(id: &str, of: &str) -> Document {
    document(id, Body::Void { source: Source::new("till:1").unwrap(), id: DocumentId::new(of).unwrap() })
}

pub(crate) fn count_body(lines: Vec<TakenLine>) -> CountBody {
    let lines = lines.into_iter().map(Line::Taken).collect();
    CountBody { reason: CountReason::Count, full: false, last: false, sells: true, sheet: SheetUse::Whole, lines }
}

pub(crate) fn count(id: &str, item: &str, quantity: i64) -> Document {
    document(id, Body::Count(count_body(vec![line(item, quantity)])))
}

pub(crate) fn submit(journal: &Journal, document: Document) -> Result<Committed, NotSaved> {
    journal.submit_blocking(Submission::of(document))
}

/// On-hand in units.
pub(crate) fn on_hand(journal: &Journal, item: &str) -> i64 {
    let stock = journal.stock(&sku(item)).unwrap();
    stock.map_or(0, |stock| stock.on_hand.as_thousandths() / 1_000)
}

/// Runs async calls of a test that is otherwise plain.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(future)
}
