//! What happens in a day, in an order drawn by the seed.

use tidemark_journal::{Committed, Journal, LaneState, NotSaved};
use tidemark_model::{Label, Source};
use tidemark_sync::message::{CataloguePage, Session};

use super::{Open, Workload, broken};
use crate::answers::Mark;
use crate::draws::Draws;
use crate::shop::{self, LANES, TILLS};
use crate::tools::Trouble;

/// A part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// All tills sell at once, each waiting for its answers.
    Tills,
    /// A till that was away brings many documents together.
    Group,
    /// Scans on a lane, each with the lane's state.
    Lane,
    /// A lane's state by itself.
    Desk,
    /// The line comes up.
    Session,
    /// A new catalogue.
    Catalogue,
    /// The centre reads, and says what it holds.
    Uplink,
    /// What the centre holds may go.
    Trim,
    /// A till is let in.
    LetIn,
    /// The agent is started anew.
    Restart,
    /// The machine slept.
    Sleep,
}

/// How often each happens in a day.
const PLAN: [(Step, usize); 11] = [
    (Step::Tills, 8),
    (Step::Group, 3),
    (Step::Lane, 3),
    (Step::Desk, 2),
    (Step::Session, 2),
    (Step::Catalogue, 2),
    (Step::Uplink, 2),
    (Step::Trim, 1),
    (Step::LetIn, 2),
    (Step::Restart, 2),
    (Step::Sleep, 1),
];

pub(super) fn plan(draws: &mut Draws) -> Vec<Step> {
    let mut left: Vec<Step> = PLAN.iter().flat_map(|(step, times)| std::iter::repeat_n(*step, *times)).collect();
    let mut plan = Vec::with_capacity(left.len());
    while !left.is_empty() {
        plan.push(left.swap_remove(draws.index(left.len())));
    }
    // Late enough that there are whole blocks to go.
    let late = plan.len() / 2 + draws.index(plan.len() / 2);
    plan.splice(late..late, [Step::Uplink, Step::Trim]);
    plan
}

/// What a till was answered: number, events before, events by then, answer.
type Heard = (u64, usize, usize, Result<Committed, NotSaved>);

impl Workload<'_> {
    pub(super) fn take(&mut self, step: Step, open: Open) -> Result<Open, Trouble> {
        let journal = &open.journal;
        match step {
            Step::Tills => self.tills(journal)?,
            Step::Group => {
                let most = 40 + self.draws.below(80);
                let numbers: Vec<u64> = (self.next..self.next + most).collect();
                self.next += most.next_multiple_of(TILLS);
                self.submit_group(journal, &numbers)?;
            }
            Step::Lane => self.lane(journal)?,
            Step::Desk => self.desk(journal)?,
            Step::Session => self.session(journal)?,
            Step::Catalogue => self.catalogue(journal)?,
            Step::Uplink => self.uplink(journal)?,
            Step::Trim => self.trim(journal)?,
            Step::LetIn => self.let_in(journal)?,
            Step::Restart => return self.restart(open),
            Step::Sleep => {
                let slept = self.runtime.block_on(journal.begin_boot());
                slept.map_err(|error| Trouble::Workload(error.to_string()))?;
            }
        }
        Ok(open)
    }

    fn tills(&mut self, journal: &Journal) -> Result<(), Trouble> {
        let each = 4 + self.draws.below(10);
        let first = self.next;
        self.next += each * TILLS;
        let this = &*self;
        let heard: Vec<Heard> = std::thread::scope(|scope| {
            let tills: Vec<_> = (0..TILLS)
                .map(|till| {
                    let numbers = (0..each).map(move |count| first + count * TILLS + till);
                    scope.spawn(move || numbers.filter_map(|number| this.sell(journal, number)).collect::<Vec<_>>())
                })
                .collect();
            tills.into_iter().filter_map(|till| till.join().ok()).flatten().collect()
        });
        for (number, from, at, answer) in heard {
            self.log(number, from, (at, answer))?;
        }
        Ok(())
    }

    fn sell(&self, journal: &Journal, number: u64) -> Option<Heard> {
        let submission = self.submission(number)?;
        let from = self.recording.reached();
        let answer = journal.submit_blocking(submission);
        Some((number, from, self.recording.reached(), answer))
    }

    fn lane(&mut self, journal: &Journal) -> Result<(), Trouble> {
        let lane = self.draws.below(LANES);
        let scans = 3 + self.draws.below(8);
        for _ in 0..scans {
            let held = usize::try_from(lane).ok().and_then(|lane| self.counts.get_mut(lane));
            let count = held.ok_or_else(|| broken("no such lane"))?;
            *count += 1;
            let number = shop::lane_number(lane, *count);
            let (number, from, at, answer) = self.sell(journal, number).ok_or_else(|| broken("no such document"))?;
            self.log(number, from, (at, answer))?;
        }
        Ok(())
    }

    fn desk(&mut self, journal: &Journal) -> Result<(), Trouble> {
        let value = saved_number(journal, DESK).map_or(1, |value| value + 1);
        let lane = Label::new(DESK).map_err(|error| Trouble::Workload(error.to_string()))?;
        let state = LaneState { lane, state: value.to_be_bytes().to_vec() };
        self.mark(Mark::Desk, value, journal.save_lane(state))
    }

    fn session(&mut self, journal: &Journal) -> Result<(), Trouble> {
        let facts = journal.uplink_facts().map_err(|error| Trouble::Workload(error.to_string()))?;
        let next = facts.session.0 + 1;
        let told = self.mark(Mark::Session, next, journal.save_session(Session(next)))?;
        if told.0 == next { Ok(()) } else { Err(broken("the session's number is not the one that was saved")) }
    }

    fn catalogue(&mut self, journal: &Journal) -> Result<(), Trouble> {
        let state = journal.catalogue().map_err(|error| Trouble::Workload(error.to_string()))?;
        let version = state.loading.map_or(state.version, |loading| loading.version) + 1;
        let entries = self.shop.catalogue(version);
        let pages = entries.chunks(entries.len().div_ceil(3));
        let loading = async {
            journal.begin_catalogue(version).await?;
            let last = pages.len().saturating_sub(1);
            for (number, page) in pages.enumerate() {
                journal.take_catalogue(CataloguePage::part(version, page.to_vec(), number == last)).await?;
            }
            Ok(())
        };
        self.mark(Mark::Catalogue, version, loading)
    }

    fn let_in(&mut self, journal: &Journal) -> Result<(), Trouble> {
        let known = journal.tills().map_err(|error| Trouble::Workload(error.to_string()))?;
        let value = u64::try_from(known.len()).unwrap_or(0) + 1;
        let till = Source::new(&format!("till:{value}")).map_err(|error| Trouble::Workload(error.to_string()))?;
        self.mark(Mark::Tills, value, journal.add_till(till, [u8::try_from(value % 200).unwrap_or(0); 32]))
    }

    fn restart(&mut self, open: Open) -> Result<Open, Trouble> {
        let Open { journal, writer } = open;
        drop(journal);
        writer.stop().map_err(|error| Trouble::Workload(error.to_string()))?;
        self.open()
    }
}

/// The lane that is saved by itself.
pub(crate) const DESK: &str = "desk";

/// The number that a lane's state is.
pub(crate) fn saved_number(journal: &Journal, lane: &str) -> Option<u64> {
    let state = journal.lane(&Label::new(lane).ok()?).ok()??;
    Some(u64::from_be_bytes(state.try_into().ok()?))
}
