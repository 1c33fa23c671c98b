//! What gives way on a disk without room, in the announced order.

use std::fs;

use tidemark_model::Odometer;

use super::Owner;
use crate::aside;
use crate::ballast;
use crate::config::Retention;
use crate::layout::catalogue::CatalogueHead;
use crate::layout::{Family, meta};
use crate::room::Room;
use crate::store::Durability;
use crate::submit::NotSaved;

/// The storage's old notes about itself.
const OLD_NOTES: &str = "LOG.old.";

impl Owner {
    /// Lets go of what has to at present. What can't be let go is tried again
    /// at the next look.
    pub(super) fn make_room(&mut self) {
        let room = self.shared.room.now();
        if room == Room::Enough {
            return ballast::lay(&self.config);
        }
        self.let_notes_go();
        let asides = &self.state.kept.asides;
        aside::remove_all(&self.config, |number| asides.get(&number).is_none_or(|aside| aside.done));
        if room >= Room::Scarce {
            let _let_go = self.let_catalogue_history_go();
        }
    }

    fn let_notes_go(&self) {
        let Ok(entries) = fs::read_dir(self.config.database()) else { return };
        let is_old = |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| name.starts_with(OLD_NOTES));
        for entry in entries.flatten().filter(|entry| is_old(&entry.file_name())) {
            let _removed = fs::remove_file(entry.path());
        }
    }

    /// The half of the catalogue that is not in use.
    fn let_catalogue_history_go(&mut self) -> Result<(), NotSaved> {
        let head = self.state.catalogue.clone();
        if head.loading.is_none() {
            return Ok(());
        }
        let next = CatalogueHead { loading: None, ..head };
        self.change(Durability::Later, |_, batch| {
            let (from, below) = next.half.other().bounds();
            batch.delete_range(Family::Catalogue, &from, &below)?;
            batch.put_value(Family::Meta, &meta::CATALOGUE, &next)
        })?;
        self.state.catalogue = next;
        Ok(())
    }

    /// On a disk without room the grace gives way, so that sales need not.
    pub(super) fn retention(&self) -> Retention {
        match self.shared.room.now() {
            Room::Enough | Room::Tight | Room::Scarce => self.config.retention,
            Room::Short => Retention { grace_ms: 0, step: 1, ..self.config.retention },
        }
    }

    /// The reading by which a grace must have passed: a centre that is not
    /// reached may have been set back, so without need only its own later
    /// word lets anything go.
    pub(super) fn trims_by(&self) -> Odometer {
        match self.shared.room.now() {
            Room::Enough | Room::Tight | Room::Scarce => self.state.handled.heard,
            Room::Short => self.shared.running.now(),
        }
    }

    /// Whether another catalogue may be loaded.
    pub(super) fn has_room_for_a_catalogue(&self) -> Result<(), NotSaved> {
        if self.shared.room.now() < Room::Scarce {
            return Ok(());
        }
        Err(NotSaved::Write { cause: "the disk is nearly full, so no other catalogue is loaded".to_owned() })
    }

    /// A write found no room: the ballast goes before anything else is tried.
    pub(super) fn meet_failure(&self, cause: &str) {
        let is_full = ["No space left", "Disk quota", "File too large"].iter().any(|words| cause.contains(words));
        if is_full && ballast::give_up(&self.config) {
            self.shared.counters.ballasts_given_up.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}
