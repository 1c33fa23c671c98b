//! A new epoch in the same journal, because another life of this disk wrote
//! under the old one too; and letting the old one go once it was replayed.

use tidemark_model::Epoch;

use super::tasks::Due;
use super::{Owner, stamps_after};
use crate::layout::handled::HandledHead;
use crate::layout::identity::{Identity, KeptIdentity};
use crate::layout::progress::Progress;
use crate::layout::salvage::{KeptEpoch, forked_key};
use crate::layout::{Family, meta};
use crate::open::new_epoch;
use crate::side::Mark;
use crate::state::State;
use crate::store::Durability;
use crate::submit::NotSaved;

/// Above every key.
const ABOVE: [u8; 64] = [u8::MAX; 64];

impl Owner {
    /// Goes on in a new epoch, which begins with empty books as every epoch
    /// does; the movements of the old one stay until they were replayed. An
    /// epoch is left once.
    pub(super) fn fork(&mut self, old: Epoch) -> Result<Epoch, NotSaved> {
        if self.state.identity.epoch != old {
            return Ok(self.state.identity.epoch);
        }
        let epoch = new_epoch().map_err(|error| NotSaved::Write { cause: error.to_string() })?;
        self.change(Durability::Synced, |state, batch| {
            let kept = KeptEpoch { first: state.trimmed_below, tail: state.progress.tail };
            batch.put_value(Family::Meta, &forked_key(old), &kept)?;
            let identity = Identity { epoch, ..state.identity.clone() };
            batch.put_value(Family::Meta, &meta::IDENTITY, &KeptIdentity::Known(identity))?;
            batch.put_value(Family::Meta, &meta::PROGRESS, &Progress::BORN)?;
            let head = HandledHead { generation: state.handled.generation, ..HandledHead::default() };
            batch.put_value(Family::Meta, &meta::HANDLED, &head)?;
            batch.delete(Family::Meta, &meta::TRIMMED_BELOW)?;
            batch.delete(Family::Meta, &meta::GRACE)?;
            let books = [Family::Stock, Family::ItemEffects, Family::Suspense, Family::Counts, Family::Documents];
            books.into_iter().chain([Family::Opening]).try_for_each(|family| batch.delete_range(family, &[], &ABOVE))
        })?;
        let read = self.shared.shelf.read(State::read);
        let Some(Ok(state)) = read? else {
            return Err(NotSaved::Write { cause: "the new epoch can't be read back".to_owned() });
        };
        self.state = state;
        self.begin_epoch();
        // Should this fail, what is kept of the old epoch explains the mark.
        let _marked = self.mark_epoch();
        self.tell_tail();
        Ok(epoch)
    }

    /// The odometer begins anew, and all that is told by it: what is due, and
    /// what is too old to be kept.
    fn begin_epoch(&mut self) {
        self.shared.running.begin_epoch();
        self.inner.stamps = stamps_after(&self.state);
        self.inner.due = Due::from(self.shared.running.now());
        self.let_go();
    }

    /// Lets a forked epoch go that was replayed. That there was one is needed
    /// when the opening is taken.
    pub(super) fn settle_fork(&mut self, epoch: Epoch) -> Result<(), NotSaved> {
        if epoch == self.state.identity.epoch {
            return Ok(());
        }
        // From now on nothing here explains a mark of that epoch.
        self.mark_present_epoch()?;
        let (key, is_taken) = (forked_key(epoch), self.state.opening.is_some());
        let kept = self.shared.shelf.read(|store| store.value::<KeptEpoch>(Family::Meta, &key))?;
        self.forget_epoch(epoch, |batch| match kept.filter(|_| !is_taken) {
            Some(kept) => batch.put_value(Family::Meta, &key, &kept.let_go()),
            None => batch.delete(Family::Meta, &key),
        })
    }

    /// Has the side file speak of the present epoch, or does not go on.
    pub(super) fn mark_present_epoch(&mut self) -> Result<(), NotSaved> {
        self.mark_epoch().map_err(|error| NotSaved::Write { cause: error.to_string() })
    }

    /// Has the side file speak of the present epoch, if it does not yet.
    fn mark_epoch(&mut self) -> std::io::Result<()> {
        let Identity { epoch, box_id, .. } = self.state.identity;
        if self.side.written().is_some_and(|mark| mark.epoch != epoch) {
            let born = Mark { epoch, tail: 0, chain: Progress::BORN.chain, box_id };
            self.side.write(self.answered().unwrap_or(born))?;
        }
        Ok(())
    }
}
