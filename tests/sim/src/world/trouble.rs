//! What breaks, for how long, and how all of it is mended.

use tidemark_model::Sku;
use tidemark_sync::Payload;

use crate::disk::{BACKUP_MS, OLD_BACKUP_MS};
use crate::people::Content;
use crate::rates::Fault;

use super::{Event, World};

/// After a backup was put back nothing new keeps box and centre apart.
const CALM_MS: u64 = 45_000;

/// Whether box and centre don't reach each other through it.
const fn keeps_apart(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::LineCut
            | Fault::OneWay
            | Fault::SlowLine
            | Fault::BoxOff
            | Fault::CentreCrash
            | Fault::DatabaseDown
            | Fault::StreamWiped
    )
}

impl World {
    /// When a fault comes next, if it comes and goes at all.
    pub(super) fn schedule_fault(&mut self, fault: Fault) {
        if let Some(mean) = self.rates.mean(fault) {
            let wait = self.weather.around(mean).max(1);
            self.schedule(wait, Event::Begin(fault));
        }
    }

    pub(super) fn begin_fault(&mut self, fault: Fault) {
        if self.healed {
            return;
        }
        if self.now < self.calm_until && keeps_apart(fault) {
            return self.schedule_fault(fault);
        }
        let lasts = match fault {
            Fault::LineCut => self.weather.around(8_000),
            Fault::OneWay => self.weather.around(4_000),
            Fault::SlowLine | Fault::DatabaseDown => self.weather.around(12_000),
            Fault::BoxCrash => self.weather.around(1_500),
            Fault::BoxOff => self.weather.around(40_000),
            Fault::FullDisk => self.weather.around(6_000),
            Fault::CentreCrash => self.weather.around(3_000),
            Fault::ClockJump
            | Fault::SetBack
            | Fault::StreamWiped
            | Fault::UnknownCodes
            | Fault::BoxSwap
            | Fault::DiskRestored
            | Fault::DiskCloned
            | Fault::DiskDamaged
            | Fault::BitRot
            | Fault::UnitsChange
            | Fault::LogCut
            | Fault::BoxBeside => 0,
            // These meet single things.
            Fault::ShopNet
            | Fault::SlowDisk
            | Fault::FailingSync
            | Fault::FailingStream
            | Fault::StreamDoubles
            | Fault::SecondApplier
            | Fault::SleepingApplier
            | Fault::LatePapers
            | Fault::Voids
            | Fault::Counts
            | Fault::BadLines => return,
        };
        self.trace.note(self.now, || format!("--- {} for {lasts} ms", fault.word()));
        *self.going_on.entry(fault).or_default() += 1;
        self.strike(fault);
        self.schedule(lasts.max(1), Event::End(fault));
        self.schedule_fault(fault);
    }

    fn strike(&mut self, fault: Fault) {
        match fault {
            Fault::LineCut => self.line.cut(),
            Fault::OneWay => {
                let up = self.weather.permille(500);
                self.line.deaf_up |= up;
                self.line.deaf_down |= !up;
            }
            Fault::SlowLine => self.line.wire.bytes_per_second = self.weather.between(300, 20_000),
            Fault::BoxCrash | Fault::BoxOff => self.kill_box(),
            Fault::ClockJump => {
                let years = i64::try_from(self.weather.between(0, 20)).unwrap_or(0) - 10;
                self.wall_off = years * 365 * 86_400_000;
            }
            Fault::CentreCrash => self.kill_centre(),
            Fault::DatabaseDown => self.centre.database_up = false,
            Fault::SetBack => self.set_back(),
            Fault::StreamWiped => self.wipe_stream(),
            Fault::UnknownCodes => self.schedule(0, Event::Tell),
            Fault::BoxSwap => self.swap_box(),
            Fault::DiskRestored => self.image_disk(),
            Fault::DiskCloned => self.clone_disk(),
            Fault::DiskDamaged => self.damage_disk(),
            Fault::BitRot => self.rot_a_record(),
            Fault::UnitsChange => self.change_case(),
            Fault::LogCut => self.cut_log(),
            Fault::BoxBeside => self.put_beside(),
            Fault::FullDisk
            | Fault::ShopNet
            | Fault::SlowDisk
            | Fault::FailingSync
            | Fault::FailingStream
            | Fault::StreamDoubles
            | Fault::SecondApplier
            | Fault::SleepingApplier
            | Fault::LatePapers
            | Fault::Voids
            | Fault::Counts
            | Fault::BadLines => {}
        }
    }

    /// A record that the box still holds can't be read any more.
    fn rot_a_record(&mut self) {
        let disk = &mut self.shop.present.disk;
        let (first, last) = (disk.trimmed_below, disk.tail());
        if first <= last {
            let seq = self.weather.between(first, last);
            self.trace.note(self.now, || format!("record {seq} rots"));
            disk.rotten.insert(seq..=seq);
        }
    }

    /// From now on a case holds more or less than it did, on the shelf and in
    /// the catalogue alike. What is being written was decided without it, so
    /// it waits, and so it does for what happened and is not saved yet.
    pub(super) fn change_case(&mut self) {
        let is_on_its_way = |paper: &crate::people::Paper| {
            let has_cases = paper.moves.iter().any(|moved| moved.cases != 0);
            has_cases && paper.happened_at.is_some() && paper.answer.is_none()
        };
        if self.healed {
            return;
        }
        if self.shop.agents().any(|agent| agent.writing.is_some()) || self.papers.iter().any(is_on_its_way) {
            return self.schedule(50, Event::ChangeCase);
        }
        self.shelf.change_case();
        // A till that hands in again means what a case held then.
        if self.loses_disks() {
            self.shelf.doubt(Sku::new("bread"));
        }
        let units = self.shelf.per_case();
        self.trace.note(self.now, || format!("a case holds {units}"));
        self.shop.all_mut().for_each(|one| one.disk.learn_case(units));
    }

    /// A backup is taken, and soon put back.
    fn set_back(&mut self) {
        self.backup = Some((self.now, self.centre.database.clone()));
        let soon = self.weather.between(1_000, self.oldest_backup());
        self.schedule(soon, Event::PutBack);
    }

    const fn oldest_backup(&self) -> u64 {
        if self.rates.old_backups { OLD_BACKUP_MS } else { BACKUP_MS }
    }

    pub(super) fn put_back(&mut self) {
        let now = self.now;
        let fresh = self.backup.take().filter(|(taken, _)| !self.healed && now - taken <= self.oldest_backup());
        let Some((_, mut older)) = fresh else { return };
        self.trace.note(now, || "the backup is put back".to_owned());
        self.kill_centre();
        if self.weather.permille(500) {
            // Whoever restored it said so.
            older.generation.0 = self.centre.database.generation.0 + 1;
        }
        self.centre.database = older;
        // The box hears of it within the grace, or what it let go is named lost.
        if !self.rates.old_backups {
            self.calm_until = now + CALM_MS;
        }
        self.schedule(200, Event::StartCentre);
    }

    fn wipe_stream(&mut self) {
        self.kill_centre();
        self.centre.log.wipe();
        self.schedule(200, Event::StartCentre);
    }

    /// Brokers lose the newest records of the log, and nobody is told.
    fn cut_log(&mut self) {
        let most = self.weather.between(1, 12);
        let end = self.centre.log.cut(most);
        self.trace.note(self.now, || format!("the log ends at {end}"));
    }

    /// Produces that were on their way.
    pub(super) fn take_produces(&mut self) -> Vec<Payload> {
        let mut payloads = Vec::new();
        for event in self.queue.values() {
            if let Event::Produce(_, _, payload) = &**event {
                payloads.push(payload.clone());
            }
        }
        self.queue.retain(|_, event| !matches!(**event, Event::Produce(..)));
        payloads
    }

    /// Answers that were on their way are lost.
    pub(super) fn drop_answers(&mut self) {
        self.queue.retain(|_, event| !matches!(**event, Event::Answered(_, _, Some(_))));
    }

    pub(super) fn end_fault(&mut self, fault: Fault) {
        let Some(count) = self.going_on.get_mut(&fault).filter(|count| **count > 0) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        match fault {
            Fault::LineCut | Fault::OneWay => {
                if !self.is_on(Fault::LineCut) && !self.is_on(Fault::OneWay) {
                    self.line.mend();
                }
            }
            Fault::SlowLine => self.line.wire.bytes_per_second = 1_000_000,
            Fault::BoxCrash | Fault::BoxOff => {
                if !self.is_on(Fault::BoxCrash) && !self.is_on(Fault::BoxOff) {
                    self.start_box();
                }
            }
            Fault::CentreCrash => self.start_centre(),
            Fault::DatabaseDown => {
                self.centre.database_up = true;
                self.wake_appliers();
            }
            Fault::ClockJump
            | Fault::SetBack
            | Fault::StreamWiped
            | Fault::UnknownCodes
            | Fault::BoxSwap
            | Fault::DiskRestored
            | Fault::DiskCloned
            | Fault::DiskDamaged
            | Fault::BitRot
            | Fault::UnitsChange
            | Fault::LogCut
            | Fault::BoxBeside
            | Fault::FullDisk
            | Fault::ShopNet
            | Fault::SlowDisk
            | Fault::FailingSync
            | Fault::FailingStream
            | Fault::StreamDoubles
            | Fault::SecondApplier
            | Fault::SleepingApplier
            | Fault::LatePapers
            | Fault::Voids
            | Fault::Counts
            | Fault::BadLines => {}
        }
    }

    /// Nothing breaks any more, and all that was broken is mended.
    pub(super) fn heal(&mut self) {
        self.trace.note(self.now, || "--- all is healed".to_owned());
        self.healed = true;
        let going_on: Vec<Fault> = self.going_on.keys().copied().collect();
        for fault in going_on {
            self.going_on.insert(fault, 1);
            self.end_fault(fault);
        }
        self.start_box();
        self.start_centre();
        self.unplug();
        self.schedule(0, Event::Tell);
        self.settle();
    }

    /// The last round: what is on the recount list is counted, and the tills
    /// hand in again what was answered long ago.
    pub(super) fn last_round(&mut self) {
        let items: Vec<Sku> = self.shelf.to_count();
        if !items.is_empty() {
            let sheet = crate::people::Sheet { of: None, last: true, counted: Vec::new() };
            let paper = self.new_paper(Content::Count(sheet), Vec::new());
            self.schedule(10, Event::Count(items, paper));
        }
        for paper in 0..self.papers.len() {
            if self.people.permille(300) && self.papers.get(paper).is_some_and(|paper| paper.answer.is_some()) {
                let wait = self.people.between(1, 2_000);
                self.schedule(wait, Event::AtBox(paper));
            }
        }
    }
}
