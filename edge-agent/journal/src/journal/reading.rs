//! What the handle reads beside the writer: to the disk and short, unless it
//! says so.

use std::sync::Arc;

use tidemark_model::books::{CountState, SequenceState, Stock};
use tidemark_model::{Bitmap, Block, BlockIndex, Code, DocumentKey, Epoch, Label, Lookup, Placed, Position, Reference};
use tidemark_model::{Seq, SeqSet, Sku, Source};
use tidemark_sync::Facts;
use tidemark_sync::message::OpenBlock;
use tokio::sync::watch;

use super::Journal;
use crate::books::lookup;
use crate::catalogue::{CatalogueState, NowKnown, suspended, unresolved_now_known};
use crate::layout::catalogue::CatalogueHead;
use crate::layout::instructions::{self, InstructionDone};
use crate::layout::{Family, counts, lanes, meta, suspense};
use crate::progress::{self, Standing};
use crate::reads::{self, DocumentView, ItemView, Till};
use crate::records::{self, Records};
use crate::salvage::Salvage;
use crate::state::State;
use crate::store::{ReadError, Store, Tuning};

/// Reading.
impl Journal {
    /// Movements by seq of the journal's epoch, or of an earlier one that is
    /// taken over, until `max_bytes` are reached, at least one. Positions
    /// trimmed or beyond the tail are left out; so are those that can't be
    /// read just now.
    ///
    /// What can't be read is looked at again in a database opened anew before
    /// it is named, so not for every request.
    pub fn read_records(&self, epoch: Epoch, seqs: &SeqSet, max_bytes: u64) -> Result<Records, ReadError> {
        let own = (self.identity.epoch, self.tail());
        let found = self.read(|store| records::read(store, own, epoch, seqs, max_bytes))?;
        if found.unreadable.is_empty() {
            return Ok(found);
        }
        let tuning = Tuning::new(Arc::default(), false);
        let again = Store::look(&self.config.database(), &tuning).map_err(ReadError::from);
        let again = again.and_then(|store| records::read(&store, own, epoch, &found.unreadable, u64::MAX));
        // Without a second look nothing is lost yet.
        Ok(found.looked_at_again(again.unwrap_or_default()))
    }

    /// How it stands with damaged journals of this box.
    #[must_use]
    pub fn salvage(&self) -> Salvage {
        self.salvage.borrow().clone()
    }

    /// Tells when that changes.
    #[must_use]
    pub fn watch_salvage(&self) -> watch::Receiver<Salvage> {
        self.salvage.clone()
    }

    /// The sums of the box's own movements of a block under a bitmap; none if
    /// they can't all be read.
    pub fn block_sums_under(&self, block: BlockIndex, bitmap: &Bitmap) -> Result<Option<Block>, ReadError> {
        self.read(|store| records::sums_under(store, self.identity.epoch, block, bitmap))
    }

    /// What the uplink starts from.
    pub fn uplink_facts(&self) -> Result<Facts, ReadError> {
        self.read(|store| progress::uplink_facts(store, state(store)?))
    }

    /// The block of the tail with its sums; none before the first commit.
    pub fn open_block(&self) -> Result<Option<OpenBlock>, ReadError> {
        self.read(|store| progress::open_block(store, self.identity.epoch, self.tail()))
    }

    /// How long ago, in milliseconds of running, a movement of this epoch was
    /// committed; none if it is not held.
    pub fn age_ms(&self, seq: Seq) -> Result<Option<u64>, ReadError> {
        let position = Position { epoch: self.identity.epoch, seq };
        self.read(|store| progress::age_ms(store, position, self.odometer()))
    }

    /// How the journal stands; looks at every file, so not for every request.
    pub fn standing(&self) -> Result<Standing, ReadError> {
        let running = &self.shared.running;
        let times = (running.now(), running.boot());
        self.read(|store| progress::standing(store, &state(store)?, times, &self.config.dir))
    }

    /// An item's stock, if anything ever touched it.
    pub fn stock(&self, sku: &Sku) -> Result<Option<Stock>, ReadError> {
        self.read(|store| reads::stock_of(store, sku))
    }

    /// Every item with stock, ascending.
    pub fn all_stock(&self) -> Result<Vec<(Sku, Stock)>, ReadError> {
        self.read(reads::all_stock)
    }

    /// An item by SKU or code, with its stock.
    pub fn item(&self, given: &str) -> Result<ItemView, ReadError> {
        self.read(|store| {
            let lookup = lookup(store, &catalogue_head(store)?, given)?;
            let sku = match &lookup {
                Lookup::Sku(item) | Lookup::Code { item, .. } => Some(item.sku.clone()),
                // What was touched as a SKU before the catalogue knew it.
                Lookup::Unknown => Sku::new(given).ok(),
            };
            let stock = sku.map(|sku| reads::stock_of(store, &sku)).transpose()?.flatten();
            Ok(ItemView { lookup, stock })
        })
    }

    /// The catalogue in use and the one that is loading.
    pub fn catalogue(&self) -> Result<CatalogueState, ReadError> {
        self.read(|store| Ok(CatalogueState::of(&catalogue_head(store)?)))
    }

    /// Codes in suspense that the catalogue knows now, each with the document
    /// that resolves it.
    pub fn unresolved_now_known(&self) -> Result<Vec<NowKnown>, ReadError> {
        let wall = self.shared.running.read().1;
        self.read(|store| unresolved_now_known(store, &catalogue_head(store)?, self.identity.epoch, wall))
    }

    /// How many codes stand in suspense, and the first of them.
    pub fn suspended(&self, most: usize) -> Result<(usize, Vec<Code>), ReadError> {
        self.read(|store| suspended(store, most))
    }

    /// The running numbers of every source that keeps some.
    pub fn sequences(&self) -> Result<Vec<(Source, SequenceState)>, ReadError> {
        self.read(reads::sequences)
    }

    /// What stands under a code that nobody has told us.
    pub fn suspense(&self, code: &Code) -> Result<Option<tidemark_model::books::Suspense>, ReadError> {
        self.read(|store| store.value(Family::Suspense, suspense::key(code)))
    }

    /// A count of this name, as far as it has come.
    pub fn count(&self, name: &Reference) -> Result<Option<CountState>, ReadError> {
        self.read(|store| store.value(Family::Counts, counts::key(name)))
    }

    /// The newest movements, newest first.
    pub fn recent_movements(&self, most: usize) -> Result<Vec<Placed>, ReadError> {
        self.read(|store| reads::recent_movements(store, &self.identity, self.tail(), most))
    }

    /// The newest documents, newest first.
    pub fn recent_documents(&self, most: usize) -> Result<Vec<DocumentView>, ReadError> {
        self.documents_below(Seq::MAX, most)
    }

    /// The newest documents that begin below a seq, newest first.
    pub fn documents_below(&self, below: Seq, most: usize) -> Result<Vec<DocumentView>, ReadError> {
        let newest = self.tail().min(below.saturating_sub(1));
        self.read(|store| reads::recent_documents(store, &self.identity, newest, most))
    }

    /// One movement, if it is still held.
    pub fn movement(&self, position: Position) -> Result<Option<tidemark_model::Movement>, ReadError> {
        self.read(|store| records::movement(store, position))
    }

    /// Whether a document of this identity is held.
    pub fn holds_document(&self, key: DocumentKey) -> Result<bool, ReadError> {
        self.read(|store| reads::holds_document(store, key))
    }

    /// A lane's state as it was saved last.
    pub fn lane(&self, lane: &Label) -> Result<Option<Vec<u8>>, ReadError> {
        self.read(|store| store.get(Family::Lanes, lanes::key(lane)))
    }

    /// The tills that may submit.
    pub fn tills(&self) -> Result<Vec<Till>, ReadError> {
        self.read(reads::tills)
    }

    /// What an instruction led to, if it is done.
    pub fn instruction_done(&self, id: &Label) -> Result<Option<InstructionDone>, ReadError> {
        self.read(|store| store.value(Family::Meta, &instructions::key(id)))
    }

    /// The items that head office wants counted and nobody has counted since,
    /// by the instruction that asked.
    pub fn count_lists(&self) -> Result<Vec<(Label, Vec<Sku>)>, ReadError> {
        self.read(reads::count_lists)
    }

    fn read<T>(&self, read: impl FnOnce(&Store) -> Result<T, ReadError>) -> Result<T, ReadError> {
        self.shared.shelf.read(read)
    }
}

fn state(store: &Store) -> Result<State, ReadError> {
    match State::read(store)? {
        Some(Ok(state)) => Ok(state),
        Some(Err(_)) | None => Err(ReadError::Layout("the identity is gone".to_owned())),
    }
}

fn catalogue_head(store: &Store) -> Result<CatalogueHead, ReadError> {
    Ok(store.value(Family::Meta, &meta::CATALOGUE)?.unwrap_or_default())
}
