//! What a new journal takes over from a damaged one: settings, and which
//! positions of earlier epochs were committed. All of it as far as it can be
//! read; what can't comes down again from the centre.

use std::collections::BTreeMap;

use tidemark_model::{BlockIndex, BoxId, Epoch, Seq};
use tidemark_sync::ReceivedBlock;

use crate::aside::{self, Aside};
use crate::config::Config;
use crate::layout::catalogue::CatalogueHead;
use crate::layout::handled::{HandledBlock, HandledHead};
use crate::layout::identity::{Identity, KeptIdentity};
use crate::layout::meta::{self, Number};
use crate::layout::progress::Progress;
use crate::layout::salvage::{self, KeptAside, KeptEpoch};
use crate::layout::{Family, decode};
use crate::limits;
use crate::salvage::Remains;
use crate::side::{Mark, SideFile};
use crate::store::{Batch, Durability, ReadError, Scan, Store, Tuning};

/// Entries of the catalogue written at once.
const PAGE: usize = 2_000;

/// What is taken over.
#[derive(Debug, Default)]
pub(super) struct Heritage {
    pub(super) box_id: Option<BoxId>,
    asides: Vec<(u32, KeptAside)>,
    epochs: BTreeMap<Epoch, KeptEpoch>,
    handled: HandledHead,
    session: Option<Number>,
    settings: Vec<(Family, Vec<u8>, Vec<u8>)>,
    remains: Option<Remains>,
}

impl Heritage {
    /// Of the journal set aside last; nothing if none was.
    pub(super) fn of(config: &Config, tuning: &Tuning) -> Self {
        let all = aside::all(config);
        let Some(newest) = all.last() else { return Self::default() };
        let remains = Remains::of(newest, tuning, limits::REPAIRED_AT_ONCE);
        let mark = SideFile::read(&newest.side_file());
        let identity = identity_of(&remains);
        let told = mark.map(|mark| mark.box_id).filter(|box_id| *box_id != BoxId([0; 16]));
        let mut heritage = Self {
            box_id: identity.as_ref().map(|identity| identity.box_id).or(told),
            epochs: epochs_of(&remains, mark),
            ..Self::default()
        };
        heritage.take_settings(&remains);
        // The centre's history that was heard of goes on; what of it is
        // handled is the earlier epoch's, as the odometer was.
        let generation = remains.value::<HandledHead>(Family::Meta, &meta::HANDLED).unwrap_or_default().generation;
        heritage.handled = HandledHead { generation, ..HandledHead::default() };
        heritage.session = remains.value(Family::Meta, &meta::SESSION);
        let epoch = identity.map(|identity| identity.epoch).or(mark.map(|mark| mark.epoch));
        let kept = |aside: &Aside| {
            let epoch = epoch.filter(|_| aside.number == newest.number);
            (aside.number, KeptAside { cause: aside.why(), epoch, done: false })
        };
        heritage.asides = all.iter().map(kept).collect();
        heritage.remains = Some(remains);
        heritage
    }

    fn take_settings(&mut self, remains: &Remains) {
        let meta = [meta::TILL, meta::INSTRUCTION, meta::SEQUENCE];
        for (key, value) in meta.iter().flat_map(|kind| remains.entries(Family::Meta, &[*kind])) {
            self.settings.push((Family::Meta, key, value));
        }
        for (key, value) in remains.entries(Family::Lanes, &[]) {
            self.settings.push((Family::Lanes, key, value));
        }
        // The sums of the earlier epochs' blocks, by which what is lost of
        // them is told, and what of them was received.
        for kind in [meta::OWN_BLOCK, meta::RECEIVED_BLOCK] {
            for (key, value) in remains.entries(Family::Meta, &[kind]) {
                if is_of(&self.epochs, &key) {
                    self.settings.push((Family::Meta, key, value));
                }
            }
        }
    }

    /// The catalogue in use, if all of it can be read.
    pub(super) fn put_catalogue(&self, store: &Store) -> Result<(), ReadError> {
        let Some(from) = self.remains.as_ref().and_then(Remains::store) else { return Ok(()) };
        let Ok(Some(head)) = from.value::<CatalogueHead>(Family::Meta, &meta::CATALOGUE) else { return Ok(()) };
        let (first, below) = head.half.bounds();
        let mut page = Vec::new();
        let copied = from.scan(Family::Catalogue, &first, Some(&below), |key, value| {
            page.push((key.to_vec(), value.to_vec()));
            if page.len() == PAGE {
                put_page(store, &mut page)?;
            }
            Ok(Scan::On)
        });
        put_page(store, &mut page)?;
        if copied.is_err() {
            return Ok(());
        }
        let mut batch = store.batch();
        batch.put_value(Family::Meta, &meta::CATALOGUE, &CatalogueHead { loading: None, ..head })?;
        let writes = batch.writes;
        store.write(writes, Durability::Later)
    }

    pub(super) fn put(&self, batch: &mut Batch<'_>) -> Result<(), ReadError> {
        if self.asides.is_empty() {
            return Ok(());
        }
        batch.put_value(Family::Meta, &meta::HANDLED, &self.handled)?;
        if let Some(session) = self.session {
            batch.put_value(Family::Meta, &meta::SESSION, &session)?;
        }
        for (number, kept) in &self.asides {
            batch.put_value(Family::Meta, &salvage::aside_key(*number), kept)?;
        }
        for (epoch, kept) in &self.epochs {
            batch.put_value(Family::Meta, &salvage::epoch_key(*epoch), kept)?;
        }
        self.settings.iter().try_for_each(|(family, key, value)| batch.put(*family, key, value))
    }
}

/// Whether a block's key speaks of positions that are taken over.
pub(crate) fn is_of(epochs: &BTreeMap<Epoch, KeptEpoch>, key: &[u8]) -> bool {
    let Ok((epoch, block)) = meta::read_block_key(key) else { return false };
    epochs.get(&epoch).is_some_and(|kept| block.last() >= kept.first && block.first() <= kept.tail)
}

fn put_page(store: &Store, page: &mut Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), ReadError> {
    let mut batch = store.batch();
    for (key, value) in page.drain(..) {
        batch.put(Family::Catalogue, &key, &value)?;
    }
    let writes = batch.writes;
    store.write(writes, Durability::Later)
}

fn identity_of(remains: &Remains) -> Option<Identity> {
    match remains.value(Family::Meta, &meta::IDENTITY)? {
        KeptIdentity::Known(identity) => Some(identity),
        KeptIdentity::Newer { .. } => None,
    }
}

/// Which positions a damaged journal had committed, beyond what it knew to be
/// handled: of its own epoch, and of those that it had taken over itself.
pub(crate) fn epochs_of(remains: &Remains, mark: Option<Mark>) -> BTreeMap<Epoch, KeptEpoch> {
    let mut epochs: BTreeMap<Epoch, KeptEpoch> = BTreeMap::new();
    let mut add = |epoch: Epoch, kept: KeptEpoch| {
        let known = epochs.entry(epoch).or_insert(kept);
        *known = known.with(kept);
    };
    for (key, value) in remains.entries(Family::Meta, &[meta::EARLIER]) {
        if let (Ok(epoch), Ok(kept)) = (salvage::read_epoch_key(&key), decode(&value)) {
            add(epoch, kept);
        }
    }
    let own = identity_of(remains).map(|identity| identity.epoch);
    if let Some(epoch) = own {
        let first = first_kept(remains);
        let tail = told_tail(remains, epoch).max(first.saturating_sub(1));
        let marked = mark.filter(|mark| mark.epoch == epoch).map_or(0, |mark| mark.tail);
        add(epoch, KeptEpoch { first, tail: tail.max(marked) });
    }
    if let Some(mark) = mark.filter(|mark| own != Some(mark.epoch)) {
        add(mark.epoch, KeptEpoch { first: 1, tail: mark.tail });
    }
    epochs.retain(|_, kept| kept.first <= kept.tail);
    epochs
}

/// The first of the block in which the first position stands that is not
/// known to be handled: sums are told by whole blocks.
fn first_kept(remains: &Remains) -> Seq {
    let trimmed_below = remains.value::<Number>(Family::Meta, &meta::TRIMMED_BELOW).map_or(1, |number| number.0);
    let through = remains.value::<HandledHead>(Family::Meta, &meta::HANDLED).map_or(0, |head| head.through);
    BlockIndex::of(through.saturating_add(1)).first().max(trimmed_below)
}

/// The highest position that anything in the journal speaks of.
fn told_tail(remains: &Remains, epoch: Epoch) -> Seq {
    let mut tail = remains.value::<Progress>(Family::Meta, &meta::PROGRESS).map_or(0, |progress| progress.tail);
    tail = tail.max(remains.value::<HandledHead>(Family::Meta, &meta::HANDLED).map_or(0, |head| head.through));
    for (key, value) in remains.entries(Family::Meta, &[meta::HANDLED_BLOCK]) {
        if let (Ok((of, block)), Ok(kept)) = (meta::read_block_key(&key), decode::<HandledBlock>(&value))
            && of == epoch
        {
            tail = tail.max(kept.told.bitmap.seqs(block).last().unwrap_or(0));
        }
    }
    for (key, value) in remains.entries(Family::Meta, &[meta::RECEIVED_BLOCK]) {
        if let (Ok((of, block)), Ok(kept)) = (meta::read_block_key(&key), decode::<ReceivedBlock>(&value))
            && of == epoch
        {
            tail = tail.max(kept.bitmap.seqs(block).last().unwrap_or(0));
        }
    }
    tail
}
