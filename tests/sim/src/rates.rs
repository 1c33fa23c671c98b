//! How often what breaks, drawn by the seed: each world has its own weather.

use crate::chance::Chance;

/// A kind of fault; a failing seed is run again without each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The line is cut and comes back.
    LineCut,
    /// What one end says is lost, and neither is told.
    OneWay,
    /// The line is slow.
    SlowLine,
    /// Requests and answers on the shop's own net are lost.
    ShopNet,
    /// The box dies and loses what was not synced.
    BoxCrash,
    /// The box is off for long.
    BoxOff,
    /// Syncs take long.
    SlowDisk,
    /// Syncs fail.
    FailingSync,
    /// The disk is full for a while.
    FullDisk,
    /// The box's wall clock jumps.
    ClockJump,
    /// The centre's process dies.
    CentreCrash,
    /// The database is down.
    DatabaseDown,
    /// The database is set back to an older state.
    SetBack,
    /// The stream is wiped and born anew.
    StreamWiped,
    /// The stream refuses records, or takes them and says it did not.
    FailingStream,
    /// The stream takes records twice.
    StreamDoubles,
    /// A second applier works on the same partition.
    SecondApplier,
    /// An applier sleeps in the middle of its work.
    SleepingApplier,
    /// Tills and handhelds send late, again and out of order.
    LatePapers,
    /// Documents are voided, before or after they come.
    Voids,
    /// Counts in the open shop.
    Counts,
    /// Codes nobody has told the box yet.
    UnknownCodes,
    /// Lines that can't be understood.
    BadLines,
}

impl Fault {
    /// All of them, with the words of the command line.
    pub const ALL: [(Self, &'static str); 23] = [
        (Self::LineCut, "line-cut"),
        (Self::OneWay, "one-way"),
        (Self::SlowLine, "slow-line"),
        (Self::ShopNet, "shop-net"),
        (Self::BoxCrash, "box-crash"),
        (Self::BoxOff, "box-off"),
        (Self::SlowDisk, "slow-disk"),
        (Self::FailingSync, "failing-sync"),
        (Self::FullDisk, "full-disk"),
        (Self::ClockJump, "clock-jump"),
        (Self::CentreCrash, "centre-crash"),
        (Self::DatabaseDown, "database-down"),
        (Self::SetBack, "set-back"),
        (Self::StreamWiped, "stream-wiped"),
        (Self::FailingStream, "failing-stream"),
        (Self::StreamDoubles, "stream-doubles"),
        (Self::SecondApplier, "second-applier"),
        (Self::SleepingApplier, "sleeping-applier"),
        (Self::LatePapers, "late-papers"),
        (Self::Voids, "voids"),
        (Self::Counts, "counts"),
        (Self::UnknownCodes, "unknown-codes"),
        (Self::BadLines, "bad-lines"),
    ];

    /// Its word on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(fault, _)| *fault == self).map_or("", |(_, word)| word)
    }
}

/// The weather of one world. A mean of 0 or a share of 0 is never.
#[derive(Clone, Debug)]
pub struct Rates {
    /// How long things break, in virtual milliseconds.
    pub trouble_ms: u64,
    /// Between two papers of one person, mean.
    pub paper_ms: u64,
    /// Mean time between two of each fault that comes and goes.
    means: [u64; Fault::ALL.len()],
    /// Shares in a thousand for faults that meet single things.
    shares: [u64; Fault::ALL.len()],
}

impl Rates {
    /// Draws the weather of a seed.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        let mut chance = Chance::of(seed, 1);
        let trouble_ms = chance.between(40_000, 180_000);
        let paper_ms = chance.between(800, 5_000);
        let (mut means, mut shares) = ([0; Fault::ALL.len()], [0; Fault::ALL.len()]);
        for (mean, share) in means.iter_mut().zip(&mut shares) {
            // Half of all faults stay away from any one world.
            if chance.permille(500) {
                *mean = chance.between(4_000, trouble_ms);
                *share = *chance.of_slice(&[5, 20, 60, 150, 400]).unwrap_or(&20);
            }
        }
        Self { trouble_ms, paper_ms, means, shares }
    }

    /// The same weather without some faults.
    #[must_use]
    pub fn without(mut self, faults: &[Fault]) -> Self {
        for (((fault, _), mean), share) in Fault::ALL.iter().zip(&mut self.means).zip(&mut self.shares) {
            if faults.contains(fault) {
                (*mean, *share) = (0, 0);
            }
        }
        self
    }

    /// The faults that come in this world.
    pub fn faults(&self) -> impl Iterator<Item = Fault> + '_ {
        Fault::ALL.iter().zip(&self.means).filter(|(_, mean)| **mean > 0).map(|((fault, _), _)| *fault)
    }

    /// Mean time between two of them; none if it never comes.
    pub(crate) fn mean(&self, of: Fault) -> Option<u64> {
        let found = Fault::ALL.iter().zip(&self.means).find(|((fault, _), _)| *fault == of);
        found.map(|(_, mean)| *mean).filter(|mean| *mean > 0)
    }

    /// How many in a thousand it meets.
    pub(crate) fn share(&self, of: Fault) -> u64 {
        Fault::ALL.iter().zip(&self.shares).find(|((fault, _), _)| *fault == of).map_or(0, |(_, share)| *share)
    }
}
