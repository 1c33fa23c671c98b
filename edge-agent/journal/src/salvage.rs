//! Taking over what damaged journals hold, in the background.
//!
//! A thread of its own goes through the journals set aside, oldest first: the
//! database as far as it opens, then the logs by themselves, then, should
//! positions still be missing, its tables put together anew in a copy, and at
//! last the blocks of each table without its index. A
//! record counts only if its checksum and its digest over store, epoch and seq
//! fit. It goes through the writer into the outbox under its own epoch, where
//! the uplink finds it; what is known to have been committed and was found
//! nowhere is unreadable by position. What is done with a journal set aside is
//! kept in the journal: cut off, the thread begins with that one again.

mod logs;
mod remains;
mod tables;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tidemark_model::digest::movement_digest;
use tidemark_model::{Epoch, Position, Seq, SeqSet, StoreId};
use tokio::sync::{mpsc, oneshot};

use crate::aside::{self, Aside};
use crate::config::Config;
use crate::layout::progress::OwnBlock;
use crate::layout::salvage::KeptEpoch;
use crate::layout::{Family, decode, meta, outbox};
use crate::limits;
use crate::open::{epochs_of, is_of};
use crate::side::SideFile;
use crate::state::{Kept, State};
use crate::store::{ReadError, Scan, Shelf, Store, Tuning};
use crate::submit::NotSaved;
use crate::writer::{Command, SalvageStep};

use logs::Log;
pub(crate) use remains::Remains;

/// Before a write that failed is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// How it stands with damaged journals of this box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvage {
    /// The journals set aside of which something is not settled, oldest first.
    pub set_aside: Vec<SetAside>,
    /// The earlier epochs that are not settled.
    pub epochs: BTreeMap<Epoch, EarlierEpoch>,
    /// Whether everything readable was taken over.
    pub done: bool,
    /// How much of what is known to have been committed was found so far, in
    /// hundredths.
    pub percent: u8,
}

/// A damaged journal that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its number, which is the name of its folder.
    pub number: u32,
    /// What was wrong with it.
    pub cause: String,
}

/// An earlier epoch of this box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarlierEpoch {
    /// The lowest seq that is not known to be handled.
    pub first: Seq,
    /// The highest that is known to have been committed.
    pub tail: Seq,
    /// Which of those were found nowhere; known once all was looked through.
    pub missing: SeqSet,
}

impl Salvage {
    pub(crate) fn of(kept: &Kept) -> Self {
        let is_over = kept.is_done() && kept.epochs.is_empty();
        let set_aside = kept.asides.iter().filter(|_| !is_over);
        let set_aside = set_aside.map(|(number, aside)| SetAside { number: *number, cause: aside.cause.clone() });
        let epoch = |kept: &KeptEpoch| EarlierEpoch { first: kept.first, tail: kept.tail, missing: SeqSet::new() };
        Self {
            set_aside: set_aside.collect(),
            epochs: kept.epochs.iter().map(|(of, kept)| (*of, epoch(kept))).collect(),
            done: kept.is_done(),
            percent: if kept.is_done() { 100 } else { 0 },
        }
    }

    /// Whether nothing of a damaged journal is left to be done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.set_aside.is_empty()
    }

    /// How many positions were found nowhere.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.epochs.values().map(|epoch| epoch.missing.count()).sum()
    }
}

/// The thread that takes over; none if there is nothing to take over.
#[derive(Debug)]
pub(crate) struct Salvor {
    config: Config,
    store: StoreId,
    own: Epoch,
    undone: Vec<u32>,
    shelf: Arc<Shelf>,
    commands: mpsc::Sender<Command>,
    stop: Arc<AtomicBool>,
    /// What is known to have been committed, as far as it is known by now.
    epochs: BTreeMap<Epoch, KeptEpoch>,
    /// What was found of it.
    found: BTreeMap<Epoch, SeqSet>,
}

/// The writer is gone: the rest is done after the next open.
#[derive(Debug)]
struct Ended;

impl Salvor {
    pub(crate) fn over(
        config: &Config,
        state: &State,
        shelf: Arc<Shelf>,
        commands: mpsc::Sender<Command>,
    ) -> Option<Self> {
        if state.kept.is_done() && state.kept.epochs.is_empty() {
            return None;
        }
        let undone = state.kept.asides.iter().filter(|(_, aside)| !aside.done);
        Some(Self {
            config: config.clone(),
            store: state.identity.store.clone(),
            own: state.identity.epoch,
            undone: undone.map(|(number, _)| *number).collect(),
            shelf,
            commands,
            stop: Arc::default(),
            epochs: state.kept.epochs.clone(),
            found: BTreeMap::new(),
        })
    }

    pub(crate) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    pub(crate) fn run(mut self) {
        // Ended: the writer is gone.
        let _ended = self.take_over();
    }

    fn take_over(&mut self) -> Result<(), Ended> {
        self.note_what_is_held()?;
        let all = aside::all(&self.config);
        for number in std::mem::take(&mut self.undone) {
            if let Some(aside) = all.iter().find(|aside| aside.number == number) {
                self.go_through(aside)?;
            }
            self.tell(|| SalvageStep::Done { number })?;
        }
        let missing = self.missing();
        self.tell(|| SalvageStep::Missing(missing.clone()))
    }

    /// What an earlier run has taken over already.
    fn note_what_is_held(&mut self) -> Result<(), Ended> {
        let own = self.own;
        for epoch in self.epochs.keys().copied().filter(|epoch| *epoch != own).collect::<Vec<_>>() {
            let (from, below) = bounds(epoch);
            let mut held = SeqSet::new();
            let read = self.shelf.read(|store| {
                store.scan(Family::Outbox, &from, Some(&below), |key, _value| {
                    let seq = outbox::read_key(key)?.seq;
                    held.insert(seq..=seq);
                    Ok(Scan::On)
                })
            });
            // What is not known to be held is written again, to the same.
            if read.is_ok() {
                self.found.insert(epoch, held);
            }
            self.go_on()?;
        }
        Ok(())
    }

    fn go_through(&mut self, aside: &Aside) -> Result<(), Ended> {
        let tuning = Tuning::new(Arc::default(), false);
        let remains = Remains::of(aside, &tuning, u64::MAX);
        let logs = remains::read_logs(aside);
        self.learn(&remains, &logs, aside)?;
        if let Some(store) = remains.store() {
            self.take_all(store)?;
        }
        drop(remains);
        let mut taking = Taking::default();
        for log in &logs {
            for (key, value) in log.values_of(Family::Outbox).chain(log.candidates()) {
                self.take(&mut taking, key, value)?;
            }
        }
        self.write(&mut taking)?;
        if self.misses_some() {
            let remains = Remains::repaired(aside, &tuning, u64::MAX);
            self.learn(&remains, &logs, aside)?;
            if let Some(store) = remains.store() {
                self.take_all(store)?;
            }
        }
        if self.misses_some() {
            for entries in remains::read_tables(aside) {
                for (key, value) in entries {
                    self.take(&mut taking, &key, &value)?;
                }
            }
            self.write(&mut taking)?;
        }
        Ok(())
    }

    /// Which positions the journal set aside had committed.
    fn learn(&mut self, remains: &Remains, logs: &[Log], aside: &Aside) -> Result<(), Ended> {
        let mut epochs = epochs_of(remains, SideFile::read(&aside.side_file()));
        epochs.remove(&self.own);
        let mut sums = remains.entries(Family::Meta, &[meta::OWN_BLOCK]);
        // Behind what is torn the logs may hold later ones, over more.
        for (key, value) in logs.iter().flat_map(|log| log.values_of(Family::Meta)) {
            if key.first() == Some(&meta::OWN_BLOCK) && covers(value) >= sums.get(key).map_or(0, |sums| covers(sums)) {
                sums.insert(key.to_vec(), value.to_vec());
            }
        }
        let sums: Vec<_> = sums.into_iter().filter(|(key, _)| is_of(&epochs, key)).collect();
        for (epoch, kept) in &epochs {
            self.epochs.entry(*epoch).and_modify(|known| *known = known.with(*kept)).or_insert(*kept);
        }
        self.tell(|| SalvageStep::Known { epochs: epochs.clone(), sums: sums.clone() })
    }

    /// Every movement that the database gives, also behind what it can't read.
    fn take_all(&mut self, store: &Store) -> Result<(), Ended> {
        let mut taking = Taking::default();
        let mut from: Vec<u8> = Vec::new();
        loop {
            let mut ended = Ok(());
            let mut last = None;
            let run = store.scan(Family::Outbox, &from, None, |key, value| {
                last = Some(key.to_vec());
                ended = self.take(&mut taking, key, value);
                Ok::<_, ReadError>(if ended.is_ok() { Scan::On } else { Scan::Enough })
            });
            ended?;
            if run.is_ok() {
                break;
            }
            let Some(next) = self.one_by_one(store, &mut taking, last.as_deref().unwrap_or(&from))? else { break };
            from = next;
        }
        self.write(&mut taking)
    }

    /// From where a run failed on, position by position, until one can be
    /// read again; gives the key after it, none if that was the end.
    fn one_by_one(&mut self, store: &Store, taking: &mut Taking, at: &[u8]) -> Result<Option<Vec<u8>>, Ended> {
        let position = outbox::read_key(at).ok();
        let next = |epoch: Epoch| self.epochs.range(epoch..).next().map(|(epoch, kept)| (*epoch, kept.first));
        let mut here = match position {
            Some(position) => Some((position.epoch, position.seq.saturating_add(1))),
            None => next(Epoch(0)),
        };
        while let Some((epoch, seq)) = here {
            let tail = self.epochs.get(&epoch).map_or(0, |kept| kept.tail);
            for seq in seq..=tail {
                let position = Position { epoch, seq };
                if let Ok(Some(value)) = store.get(Family::Outbox, &outbox::key(position)) {
                    self.take(taking, &outbox::key(position), &value)?;
                    let next = Position { epoch, seq: seq.saturating_add(1) };
                    return Ok(Some(outbox::key(next).to_vec()));
                }
                self.go_on()?;
            }
            here = epoch
                .0
                .checked_add(1)
                .and_then(|after| self.epochs.range(Epoch(after)..).next().map(|(epoch, kept)| (*epoch, kept.first)));
        }
        Ok(None)
    }

    /// Takes a record if it proves what it is and is not held yet.
    fn take(&mut self, taking: &mut Taking, key: &[u8], value: &[u8]) -> Result<(), Ended> {
        let Ok(position) = outbox::read_key(key) else { return Ok(()) };
        let Ok(kept) = outbox::read_value(position, value) else { return Ok(()) };
        let is_held = self.found.get(&position.epoch).is_some_and(|found| found.has(position.seq));
        let is_handled = self.epochs.get(&position.epoch).is_some_and(|kept| position.seq < kept.first);
        let is_own = position.epoch == self.own || position.seq == 0;
        if is_own || is_held || is_handled || movement_digest(&self.store, position, kept.bytes) != kept.digest {
            return Ok(());
        }
        self.found.entry(position.epoch).or_default().insert(position.seq..=position.seq);
        let alone = KeptEpoch { first: 1, tail: position.seq };
        let known = self.epochs.entry(position.epoch).or_insert(alone);
        known.tail = known.tail.max(position.seq);
        taking.bytes += value.len();
        taking.records.push((position, value.to_vec()));
        let is_full = taking.records.len() >= limits::SALVAGED_AT_ONCE || taking.bytes >= limits::BATCH_BYTES / 4;
        if is_full { self.write(taking) } else { Ok(()) }
    }

    fn write(&self, taking: &mut Taking) -> Result<(), Ended> {
        let Taking { records, .. } = std::mem::take(taking);
        if records.is_empty() {
            return self.go_on();
        }
        let percent = self.percent();
        self.tell(|| SalvageStep::Records { records: records.clone(), percent })
    }

    fn percent(&self) -> u8 {
        let known: u64 = self.epochs.values().map(|kept| kept.tail.saturating_add(1).saturating_sub(kept.first)).sum();
        let found: u64 = self.found.values().map(SeqSet::count).sum();
        let percent = found.saturating_mul(100).checked_div(known).unwrap_or(100);
        u8::try_from(percent).unwrap_or(99).min(99)
    }

    fn misses_some(&self) -> bool {
        self.missing().values().any(|missing| !missing.is_empty())
    }

    /// What is known to have been committed and was not found.
    fn missing(&self) -> BTreeMap<Epoch, SeqSet> {
        let missing = |(epoch, kept): (&Epoch, &KeptEpoch)| {
            let mut missing: SeqSet = std::iter::once(kept.first..=kept.tail).collect();
            self.found.get(epoch).into_iter().for_each(|found| missing.remove_all(found));
            (*epoch, missing)
        };
        self.epochs.iter().map(missing).collect()
    }

    /// Tells the writer until it has taken it.
    fn tell(&self, step: impl Fn() -> SalvageStep) -> Result<(), Ended> {
        loop {
            self.go_on()?;
            let (reply, answer) = oneshot::channel();
            self.commands.blocking_send(Command::Salvage(step(), reply)).map_err(|_closed| Ended)?;
            match answer.blocking_recv() {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(NotSaved::Stopped)) | Err(_) => return Err(Ended),
                // The disk fails; the box says so. It is tried again.
                Ok(Err(NotSaved::Write { .. } | NotSaved::Read { .. })) => std::thread::park_timeout(PAUSE),
            }
        }
    }

    fn go_on(&self) -> Result<(), Ended> {
        if self.stop.load(Ordering::Relaxed) { Err(Ended) } else { Ok(()) }
    }
}

/// Records on their way to the writer.
#[derive(Debug, Default)]
struct Taking {
    records: Vec<(Position, Vec<u8>)>,
    bytes: usize,
}

/// How many movements a block's sums are over.
fn covers(sums: &[u8]) -> u32 {
    decode::<OwnBlock>(sums).map_or(0, |sums| sums.count)
}

fn bounds(epoch: Epoch) -> ([u8; 16], [u8; 16]) {
    let key = |seq| outbox::key(Position { epoch, seq });
    (key(0), key(Seq::MAX))
}
