//! A day in the shop: the real journal on the recorded disk, and a log of its
//! answers outside of it.

mod centre;
mod steps;

pub(crate) use steps::{DESK, saved_number};

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidemark_journal::{
    Clock, Committed, Config, Journal, LaneState, NotSaved, Reading, Retention, Submission, Writer,
};
use tidemark_model::{Status, WallTime};
use tokio::runtime::Runtime;

use crate::answers::{Answers, Asked, Mark, Saved};
use crate::draws::Draws;
use crate::record::Recording;
use crate::shop::{self, LANES, Origin, Shop, TILLS};
use crate::tools::Trouble;

/// What the journal is built with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Build {
    /// As it is released.
    #[default]
    Sound,
    /// It answers before its sync, which must be found out.
    #[cfg(feature = "mutants")]
    Unsynced,
}

/// A run's journal: where it lies, and a clock that moves on with each look,
/// so that what is due in seconds is due often.
#[must_use]
pub fn config(dir: PathBuf, build: Build) -> Option<Config> {
    let millis = AtomicU64::new(0);
    let clock: Clock = Arc::new(move || {
        let steady_ms = millis.fetch_add(MILLIS_A_LOOK, Ordering::Relaxed);
        Reading { steady_ms, wall: WallTime(1_700_000_000_000) }
    });
    let retention = Retention { grace_ms: 0, step: 1, look_ms: u64::MAX };
    let config = Config { retention, ..Config::new(dir, shop::store()?, clock) };
    Some(match build {
        Build::Sound => config,
        #[cfg(feature = "mutants")]
        Build::Unsynced => Config { mutant: Some(tidemark_journal::Mutant::AckBeforeSync), ..config },
    })
}

const MILLIS_A_LOOK: u64 = 7;

/// A day under way.
pub struct Workload<'a> {
    recording: &'a Recording,
    shop: Shop,
    dir: PathBuf,
    build: Build,
    draws: Draws,
    runtime: Runtime,
    answers: Answers,
    /// The next document of the tills, and how many each lane has saved.
    next: u64,
    counts: [u64; 2],
    /// How far everything is handled, not yet known to be on disk.
    unsettled: Vec<(Mark, u64)>,
}

/// An open journal with its writer.
struct Open {
    journal: Journal,
    writer: Writer,
}

/// Runs a day; gives what was answered, with what was answered before.
pub fn day(
    recording: &Recording,
    dir: PathBuf,
    (before, build): (Answers, Build),
    seed: u64,
) -> Result<Answers, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let tills = before.documents.keys().copied().filter(|number| matches!(shop::origin(*number), Origin::Till(_)));
    let next = tills.max().map_or(0, |highest| (highest / TILLS + 1) * TILLS);
    let mut workload = Workload {
        recording,
        shop: Shop { seed: before.seed },
        dir,
        build,
        draws: Draws::new(seed, 0xda7),
        runtime: runtime.map_err(Trouble::io("starting the day"))?,
        next,
        counts: lane_counts(&before),
        answers: before,
        unsettled: Vec::new(),
    };
    workload.run()?;
    Ok(workload.answers)
}

fn lane_counts(answers: &Answers) -> [u64; 2] {
    let mut counts = [0; 2];
    for number in answers.documents.keys() {
        if let Origin::Lane { lane, count } = shop::origin(*number)
            && let Some(held) = usize::try_from(lane).ok().and_then(|lane| counts.get_mut(lane))
        {
            *held = count.max(*held);
        }
    }
    counts
}

impl Workload<'_> {
    fn run(&mut self) -> Result<(), Trouble> {
        let mut open = self.open()?;
        self.submit_what_was_not_answered(&open)?;
        for step in steps::plan(&mut self.draws) {
            open = self.take(step, open)?;
        }
        open.writer.stop().map_err(|error| Trouble::Workload(error.to_string()))
    }

    fn open(&mut self) -> Result<Open, Trouble> {
        let config = config(self.dir.clone(), self.build).ok_or_else(|| broken("the shop has no name"))?;
        let (journal, writer) = Journal::open(config).map_err(|error| Trouble::Workload(error.to_string()))?;
        let epoch = journal.identity().epoch.0;
        let at = self.recording.reached();
        match self.answers.epoch {
            None => self.answers.epoch = Some((at, epoch)),
            Some((_, known)) if known != epoch => return Err(broken("the journal is not the one it was")),
            Some(_) => {}
        }
        Ok(Open { journal, writer })
    }

    /// A till repeats until it is answered.
    fn submit_what_was_not_answered(&mut self, open: &Open) -> Result<(), Trouble> {
        let unanswered = self.answers.documents.iter().filter(|(_, asked)| asked.answer.is_none());
        let numbers: Vec<u64> = unanswered.map(|(number, _)| *number).collect();
        self.submit_group(&open.journal, &numbers)
    }

    /// Several documents in one call.
    fn submit_group(&mut self, journal: &Journal, numbers: &[u64]) -> Result<(), Trouble> {
        let from = self.recording.reached();
        let submissions = numbers.iter().filter_map(|number| self.submission(*number)).collect();
        let answers = self.runtime.block_on(journal.submit_all(submissions));
        let at = self.recording.reached();
        for (number, answer) in numbers.iter().zip(answers) {
            self.log(*number, from, (at, answer))?;
        }
        Ok(())
    }

    /// The document of a number; of a lane's with the lane's state after it.
    fn submission(&self, number: u64) -> Option<Submission> {
        let lane = match shop::origin(number) {
            Origin::Lane { lane, count } => {
                Some(LaneState { lane: shop::lane_name(lane)?, state: count.to_be_bytes().to_vec() })
            }
            Origin::Till(_) => None,
        };
        Some(Submission { lane, ..Submission::of(self.shop.document(number)?) })
    }

    fn log(
        &mut self,
        number: u64,
        from: usize,
        (at, answer): (usize, Result<Committed, NotSaved>),
    ) -> Result<(), Trouble> {
        let committed = answer.map_err(|error| Trouble::Workload(error.to_string()))?;
        let saved = Saved { first: committed.first.seq, lines: committed.lines };
        let asked = self.answers.documents.entry(number).or_insert(Asked { from, answer: None });
        match (asked.answer, committed.status) {
            (None, Status::Accepted | Status::Duplicate) => asked.answer = Some((at, saved)),
            (Some((_, known)), Status::Duplicate) if known == saved => {}
            (Some(_), Status::Accepted | Status::Duplicate) => {
                return Err(broken("a document was answered in two ways"));
            }
        }
        // For a duplicate nothing was written.
        if committed.status == Status::Accepted {
            self.settle_later(at);
        }
        Ok(())
    }

    /// A synced answer: what was written before it is on disk, too.
    fn settle_later(&mut self, at: usize) {
        for (mark, value) in std::mem::take(&mut self.unsettled) {
            self.answers.settle(mark, value, at);
        }
    }

    /// Moves a mark by a synced write.
    fn mark<T>(
        &mut self,
        mark: Mark,
        value: u64,
        write: impl Future<Output = Result<T, NotSaved>>,
    ) -> Result<T, Trouble> {
        self.answers.ask(mark, value, self.recording.reached());
        let told = self.runtime.block_on(write).map_err(|error| Trouble::Workload(error.to_string()))?;
        let at = self.recording.reached();
        self.answers.settle(mark, value, at);
        self.settle_later(at);
        Ok(told)
    }
}

pub(crate) fn broken(words: &str) -> Trouble {
    Trouble::Workload(words.to_owned())
}

const _: () = assert!(LANES == 2, "the lanes are counted in two numbers");
