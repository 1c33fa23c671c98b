//! When the power goes, and what of the disk's cache was written by then.
//!
//! A disk may hold back whatever was not followed by a flush. So a legal
//! state after a cut is: all writes before the last flush that was done
//! before the cut, and any part of the writes after it. A sector of the disk
//! (512 bytes, or 4,096 where the disk is of that kind) is written whole or
//! not at all; a write of several may be torn between any two of them.

use serde::{Deserialize, Serialize};

use crate::disk::Disk;
use crate::draws::Draws;
use crate::record::{Event, Record};

/// What happens to the writes that no flush followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fate {
    /// None is on the disk.
    Dropped,
    /// All are.
    Kept,
    /// Each may be.
    Some,
    /// Each may be, whole or torn.
    Torn,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dropped, Self::Kept, Self::Some, Self::Torn];

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Dropped => "all dropped",
            Self::Kept => "all kept",
            Self::Some => "some kept",
            Self::Torn => "some kept, some torn",
        }
    }
}

/// One cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// So many events of the record had happened.
    pub at: usize,
    /// What became of those that no flush followed.
    pub fate: Fate,
    /// What the disk writes whole or not at all, in bytes.
    pub sector: u64,
    /// What the fate of each write is drawn from.
    pub seed: u64,
}

impl Cut {
    /// Draws the cut of an image: half of them anywhere, the others just
    /// before a flush, where most may be lost, or just after one.
    #[must_use]
    pub fn draw(record: &Record, sector: u64, seed: u64, image: u64) -> Self {
        let mut draws = Draws::new(seed, 0x0c07 ^ (image << 16));
        let flushes = record.flushes();
        let anywhere = draws.index(record.events.len() + 1);
        let flush = flushes.get(draws.index(flushes.len())).copied().unwrap_or(anywhere);
        let at = match draws.below(4) {
            0 => flush,
            1 => flush + 1,
            _ => anywhere,
        };
        let fate = Fate::ALL.get(draws.index(Fate::ALL.len())).copied().unwrap_or(Fate::Torn);
        Self { at, fate, sector, seed: draws.any() }
    }
}

/// Runs along a record and gives the disk after each cut; cuts must come in
/// the order of their events.
#[derive(Debug)]
pub struct Cutter<'a> {
    record: &'a Record,
    /// All that is safe.
    safe: Disk,
    /// So many events are in it.
    through: usize,
}

impl<'a> Cutter<'a> {
    /// Begins at the start of a record.
    #[must_use]
    pub fn new(record: &'a Record) -> Self {
        Self { record, safe: record.base.clone(), through: 0 }
    }

    /// The disk after a cut.
    pub fn disk_after(&mut self, cut: &Cut) -> Disk {
        let before = self.record.events.get(..cut.at).unwrap_or(&self.record.events);
        let last_flush = before.iter().rposition(|event| *event == Event::Flush).map_or(0, |at| at + 1);
        for event in before.get(self.through..last_flush).unwrap_or_default() {
            apply(&mut self.safe, event);
        }
        self.through = self.through.max(last_flush);
        let mut disk = self.safe.clone();
        let mut draws = Draws::new(cut.seed, 0xfa7e);
        // Some caches are nearly written out, some have hardly begun.
        let kept_percent = draws.below(99) + 1;
        for event in before.get(last_flush..).unwrap_or_default() {
            keep(&mut disk, event, cut, kept_percent, &mut draws);
        }
        disk
    }
}

fn apply(disk: &mut Disk, event: &Event) {
    match event {
        Event::Write { offset, bytes } => disk.write(*offset, bytes),
        Event::Flush => {}
    }
}

fn keep(disk: &mut Disk, event: &Event, cut: &Cut, percent: u64, draws: &mut Draws) {
    let Event::Write { offset, bytes } = event else { return };
    match cut.fate {
        Fate::Dropped => {}
        Fate::Kept => disk.write(*offset, bytes),
        Fate::Some if draws.percent(percent) => disk.write(*offset, bytes),
        Fate::Some => {}
        Fate::Torn if draws.percent(50) => {
            for (at, bytes) in by_sector(*offset, bytes, cut.sector) {
                if draws.percent(percent) {
                    disk.write(at, bytes);
                }
            }
        }
        Fate::Torn if draws.percent(percent) => disk.write(*offset, bytes),
        Fate::Torn => {}
    }
}

/// The parts of a write, each in one sector of the disk.
fn by_sector(offset: u64, bytes: &[u8], sector: u64) -> impl Iterator<Item = (u64, &[u8])> {
    let (mut at, mut rest) = (offset, bytes);
    std::iter::from_fn(move || {
        let room = sector - at.checked_rem(sector)?;
        let (part, later) = rest.split_at(usize::try_from(room).ok()?.min(rest.len()));
        let found = (!part.is_empty()).then_some((at, part));
        (at, rest) = (at + room, later);
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(offset: u64, byte: u8, length: usize) -> Event {
        Event::Write { offset, bytes: vec![byte; length] }
    }

    fn record() -> Record {
        let events = vec![
            write(0, 1, 4_096),
            Event::Flush,
            write(0, 2, 4_096),
            write(4_096, 3, 4_096),
            Event::Flush,
            write(8_192, 4, 4_096),
        ];
        Record { base: Disk::blank(16_384), events }
    }

    fn first_bytes(at: usize, fate: Fate, seed: u64) -> Vec<u8> {
        let disk = Cutter::new(&record()).disk_after(&Cut { at, fate, sector: 512, seed });
        [0, 4_096, 8_192].map(|offset| disk.read(offset, 1)).concat()
    }

    #[test]
    fn what_a_flush_followed_is_there_whatever_becomes_of_the_rest() {
        assert_eq!(first_bytes(4, Fate::Dropped, 0), [1, 0, 0]);
        assert_eq!(first_bytes(4, Fate::Kept, 0), [2, 3, 0]);
        assert_eq!(first_bytes(5, Fate::Dropped, 0), [2, 3, 0]);
        for seed in 0..50 {
            assert_eq!(first_bytes(6, Fate::Torn, seed).get(..2), Some([2, 3].as_slice()));
        }
    }

    #[test]
    fn a_later_write_may_be_there_without_an_earlier_one() {
        let states: std::collections::BTreeSet<_> = (0..200).map(|seed| first_bytes(4, Fate::Some, seed)).collect();
        let all = [[1, 0, 0], [1, 3, 0], [2, 0, 0], [2, 3, 0]].map(Vec::from);
        assert_eq!(states, all.into());
    }

    #[test]
    fn a_torn_write_is_whole_by_the_sector() {
        let mut torn = 0;
        for seed in 0..200 {
            let disk = Cutter::new(&record()).disk_after(&Cut { at: 6, fate: Fate::Torn, sector: 512, seed });
            let sectors: Vec<Vec<u8>> = (0..8).map(|sector| disk.read(8_192 + sector * 512, 512)).collect();
            assert!(sectors.iter().all(|sector| *sector == [0; 512] || *sector == [4; 512]));
            torn += u32::from(sectors.windows(2).any(|pair| pair[0] != pair[1]));
        }
        assert!(torn > 50, "{torn} of 200 are torn");
    }

    #[test]
    fn a_disk_of_larger_sectors_tears_between_those_alone() {
        let bytes = [5; 3 * 4_096];
        let parts = |offset, sector| {
            let parts = by_sector(offset, &bytes, sector);
            parts.map(|(at, part)| (at, part.len())).collect::<Vec<_>>()
        };
        assert_eq!(parts(0, 4_096), [(0, 4_096), (4_096, 4_096), (8_192, 4_096)]);
        assert_eq!(parts(512, 4_096), [(512, 3_584), (4_096, 4_096), (8_192, 4_096), (12_288, 512)]);
        assert_eq!(parts(512, 512).len(), 24);
    }

    #[test]
    fn cuts_in_a_row_give_what_each_gives_alone() {
        let record = record();
        let mut cutter = Cutter::new(&record);
        for at in 0..=6 {
            let cut = Cut { at, fate: Fate::Torn, sector: 512, seed: 9 };
            let alone = Cutter::new(&record).disk_after(&cut);
            assert_eq!(cutter.disk_after(&cut).read(0, 16_384), alone.read(0, 16_384));
        }
    }

    #[test]
    fn the_same_seed_cuts_the_same() {
        let record = record();
        assert_eq!(Cut::draw(&record, 512, 5, 17), Cut::draw(&record, 512, 5, 17));
        assert_ne!(Cut::draw(&record, 512, 5, 17), Cut::draw(&record, 512, 5, 18));
    }
}
