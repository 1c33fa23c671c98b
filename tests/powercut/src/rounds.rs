//! A run: day after day, each looked at after many cuts. Three of four days
//! begin on what a cut of the day before has left, so that the power goes
//! while a box comes up again, too, and again the day after.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::answers::{Answers, Known};
use crate::check::{Fault, Finding};
use crate::cut::{Cut, Cutter, Fate};
use crate::disk::Disk;
use crate::draws::Draws;
use crate::filesystem::FileSystem;
use crate::place::Place;
use crate::run::{Day, Image, cuts, keep, look_at, record_day};
use crate::tools::Trouble;
use crate::workload::Build;

/// Images of one day, if nothing else is said.
pub const IMAGES_A_DAY: u64 = 50;
/// Days of one box; then a new one is born.
const DAYS_OF_A_BOX: u64 = 4;

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// On which file system.
    pub file_system: FileSystem,
    /// What everything is drawn from.
    pub seed: u64,
    /// How many images.
    pub images: u64,
    /// Images of one day.
    pub a_day: u64,
    /// What the disk writes whole or not at all, in bytes.
    pub sector: u64,
    /// Look at this one alone.
    pub only: Option<u64>,
    /// Where failed images are kept.
    pub keep: Option<PathBuf>,
    /// What the journal is built with.
    pub build: Build,
}

/// An image that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its number.
    pub image: u64,
    /// When the power went.
    pub cut: Cut,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Where it is kept.
    pub kept: Option<PathBuf>,
}

/// What a run has seen.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Images looked at, by what became of the disk's cache.
    pub images: BTreeMap<Fate, u64>,
    /// Days recorded.
    pub days: u64,
    /// Writes recorded.
    pub writes: usize,
    /// Flushes recorded.
    pub flushes: usize,
    /// Answered documents that images had to hold.
    pub answered: u64,
    /// Images with a fault of this kind.
    pub faults: BTreeMap<Fault, u64>,
    /// All that failed.
    pub failures: Vec<Failure>,
}

impl Tally {
    /// Images looked at.
    #[must_use]
    pub fn looked_at(&self) -> u64 {
        self.images.values().sum()
    }

    fn day(&mut self, day: &Day) {
        self.days += 1;
        self.flushes += day.record.flushes().len();
        self.writes += day.record.events.len() - day.record.flushes().len();
    }

    fn image(&mut self, image: &Image) {
        *self.images.entry(image.cut.fate).or_default() += 1;
        self.answered += u64::try_from(image.known.saved.len()).unwrap_or(0);
    }

    fn failure(&mut self, failure: Failure) {
        let mut kinds: Vec<Fault> = failure.findings.iter().map(|finding| finding.fault).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            *self.faults.entry(kind).or_default() += 1;
        }
        self.failures.push(failure);
    }
}

/// What a day begins on.
struct Start {
    disk: Disk,
    answers: Answers,
}

/// Runs a plan; `told` hears of every image.
pub fn run(place: &Place, plan: &Plan, told: &mut dyn FnMut(&Tally)) -> Result<Tally, Trouble> {
    let fresh = plan.file_system.make(place)?;
    let mut tally = Tally::default();
    let mut left: Option<(Disk, Known)> = None;
    let a_day = plan.a_day.max(1);
    for number in 0..plan.images.div_ceil(a_day) {
        let images = number * a_day..plan.images.min((number + 1) * a_day);
        let seed = plan.seed.wrapping_add(number);
        let start = match left.take().filter(|_| number % DAYS_OF_A_BOX != 0) {
            Some((disk, known)) => Start { disk, answers: Answers::after(&known) },
            None => Start { disk: fresh.clone(), answers: Answers::of(seed) },
        };
        let day = record_day(place, plan.file_system, start.disk, (start.answers, plan.build, seed))?;
        tally.day(&day);
        left = look_at_day(place, plan, (&day, images), &mut tally, told)?;
    }
    Ok(tally)
}

/// Looks at the images of a day; gives one that was sound, for the next day
/// to begin on.
fn look_at_day(
    place: &Place,
    plan: &Plan,
    (day, images): (&Day, std::ops::Range<u64>),
    tally: &mut Tally,
    told: &mut dyn FnMut(&Tally),
) -> Result<Option<(Disk, Known)>, Trouble> {
    let mut cutter = Cutter::new(&day.record);
    let mut left = None;
    let cuts = cuts(&day.record, plan.sector, plan.seed, images);
    let next = Draws::new(plan.seed, day.record.events.len().try_into().unwrap_or(0)).index(cuts.len());
    for (place_in_day, (number, cut)) in cuts.into_iter().enumerate() {
        let disk = cutter.disk_after(&cut);
        let known = day.answers.as_of(cut.at);
        let image = Image { file_system: plan.file_system, seed: plan.seed, number, cut, known };
        if plan.only.is_none_or(|only| only == number) {
            let findings = look_at(place, &image, &disk)?;
            tally.image(&image);
            if !findings.is_empty() {
                let kept = plan.keep.as_ref().map(|folder| keep(folder, &image, &disk)).transpose()?;
                tally.failure(Failure { image: number, cut, findings, kept });
                told(tally);
                continue;
            }
            told(tally);
        }
        if place_in_day <= next {
            left = Some((disk, image.known));
        }
    }
    Ok(left)
}
