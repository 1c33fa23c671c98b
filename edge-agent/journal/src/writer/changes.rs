//! Writes that are no documents: sessions, lanes, tills, what was received.

use std::sync::atomic::Ordering;

use tidemark_model::books::SequenceState;
use tidemark_model::{Epoch, Label, Source};
use tidemark_sync::ReceivedBlocks;
use tidemark_sync::message::Session;

use super::Owner;
use crate::layout::meta::{self, Number};
use crate::layout::tills::{self, KeptTill};
use crate::layout::{Family, lanes, sequences};
use crate::state::State;
use crate::store::{Batch, Durability, ReadError};
use crate::submit::{LaneState, NotSaved};

impl Owner {
    /// Builds and writes one change; the state follows only if it worked.
    pub(super) fn change(
        &mut self,
        durability: Durability,
        build: impl FnOnce(&State, &mut Batch<'_>) -> Result<(), ReadError>,
    ) -> Result<(), NotSaved> {
        self.ensure_open()?;
        let state = &self.state;
        let written = self.shared.shelf.read(|store| {
            let mut batch = store.batch();
            build(state, &mut batch)?;
            let writes = batch.writes;
            Ok::<_, NotSaved>(store.write(writes, durability))
        })?;
        if let Err(cause) = written {
            self.fail(&cause, Vec::new());
            return Err(NotSaved::Write { cause: cause.to_string() });
        }
        if durability == Durability::Synced {
            self.shared.counters.syncs.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(super) fn save_lane(&mut self, lane: &LaneState) -> Result<(), NotSaved> {
        self.change(Durability::Synced, |_, batch| batch.put(Family::Lanes, lanes::key(&lane.lane), &lane.state))
    }

    pub(super) fn forget_lane(&mut self, lane: &Label) -> Result<(), NotSaved> {
        self.change(Durability::Synced, |_, batch| batch.delete(Family::Lanes, lanes::key(lane)))
    }

    /// Never to a lower number: gives the one on disk.
    pub(super) fn save_session(&mut self, session: Session) -> Result<Session, NotSaved> {
        if session.0 > self.state.session {
            let number = Number(session.0);
            self.change(Durability::Synced, |_, batch| batch.put_value(Family::Meta, &meta::SESSION, &number))?;
            self.state.session = session.0;
        }
        Ok(Session(self.state.session))
    }

    pub(super) fn add_till(&mut self, till: &Source, token: [u8; 32]) -> Result<(), NotSaved> {
        let kept = KeptTill { token, added: self.shared.running.now() };
        self.change(Durability::Synced, |_, batch| batch.put_value(Family::Meta, &tills::key(till), &kept))
    }

    /// True if there was one of that name.
    pub(super) fn remove_till(&mut self, till: &Source) -> Result<bool, NotSaved> {
        self.ensure_open()?;
        let key = tills::key(till);
        let known = self.shared.shelf.read(|store| store.get(Family::Meta, &key))?.is_some();
        self.change(Durability::Synced, |_, batch| batch.delete(Family::Meta, &key))?;
        Ok(known)
    }

    /// Written only if it says something new: a file may be read again.
    pub(super) fn pass_number(&mut self, source: &Source, number: u64) -> Result<(), NotSaved> {
        self.ensure_open()?;
        let key = sequences::key(source);
        let before =
            self.shared.shelf.read(|store| store.value::<SequenceState>(Family::Meta, &key))?.unwrap_or_default();
        let mut state = before.clone();
        state.pass(number);
        if state == before {
            return Ok(());
        }
        self.change(Durability::Synced, |_, batch| batch.put_value(Family::Meta, &key, &state))
    }

    /// Not synced: what is forgotten is sent again, and dropped there.
    pub(super) fn received(&mut self, epoch: Epoch, blocks: &ReceivedBlocks) -> Result<(), NotSaved> {
        self.change(Durability::Later, |_, batch| {
            for (block, received) in blocks {
                let key = meta::block_key(meta::RECEIVED_BLOCK, epoch, *block);
                batch.put_value(Family::Meta, &key, received)?;
            }
            Ok(())
        })
    }
}
