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
    /// Another box is put in the place of the present one.
    BoxSwap,
    /// The disk is set back to an older image of it.
    DiskRestored,
    /// The disk is copied, and both run.
    DiskCloned,
    /// A record on the disk can't be read any more.
    BitRot,
    /// A case holds more or less than it did.
    UnitsChange,
    /// The journal is damaged and set aside: a new one takes over what can be
    /// read.
    DiskDamaged,
    /// The stream loses its newest records, and may grow again before anybody
    /// looks.
    LogCut,
    /// Another box is put beside the present one, and both are in use: the one
    /// without a line, and later the other.
    BoxBeside,
}

/// The first so many are drawn each for itself.
const SINGLE: usize = 23;

impl Fault {
    /// Those that change or copy disks: of these a world has one, if any.
    pub const DISKS: [Self; 5] =
        [Self::BoxSwap, Self::DiskRestored, Self::DiskCloned, Self::DiskDamaged, Self::BoxBeside];

    /// All of them, with the words of the command line.
    pub const ALL: [(Self, &'static str); 31] = [
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
        (Self::BoxSwap, "box-swap"),
        (Self::DiskRestored, "disk-restored"),
        (Self::DiskCloned, "disk-cloned"),
        (Self::BitRot, "bit-rot"),
        (Self::UnitsChange, "units-change"),
        (Self::DiskDamaged, "disk-damaged"),
        (Self::LogCut, "log-cut"),
        (Self::BoxBeside, "box-beside"),
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
    /// Whether much comes together where disks are swapped or damaged.
    mixes: bool,
    /// Whether backups are put back that are older than the grace.
    pub(crate) old_backups: bool,
}

impl Rates {
    /// Draws the weather of a seed.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        let mut chance = Chance::of(seed, 1);
        let trouble_ms = chance.between(40_000, 180_000);
        let paper_ms = chance.between(800, 5_000);
        let (mut means, mut shares) = ([0; Fault::ALL.len()], [0; Fault::ALL.len()]);
        for (mean, share) in means.iter_mut().zip(&mut shares).take(SINGLE) {
            // Half of all faults stay away from any one world.
            if chance.permille(500) {
                *mean = chance.between(4_000, trouble_ms);
                *share = *chance.of_slice(&[5, 20, 60, 150, 400]).unwrap_or(&20);
            }
        }
        let mut more = Chance::of(seed, 7);
        let (mixes, old_backups) = (more.permille(500), more.permille(400));
        let mut rates = Self { trouble_ms, paper_ms, means, shares, mixes, old_backups };
        rates.draw_disks(&mut Chance::of(seed, 5));
        rates.draw_damage(&mut Chance::of(seed, 8));
        rates.draw_beside(&mut Chance::of(seed, 10));
        rates.mixes &= !rates.has_two_lives();
        rates.draw_changes(&mut Chance::of(seed, 6));
        rates.draw_cuts(&mut Chance::of(seed, 9));
        rates
    }

    /// In some worlds disks are swapped, restored or copied.
    fn draw_disks(&mut self, chance: &mut Chance) {
        let faults = [Fault::BoxSwap, Fault::DiskRestored, Fault::DiskCloned];
        let Some(fault) = chance.of_slice(&faults).copied().filter(|_| chance.permille(400)) else { return };
        let often = chance.between(12_000, self.trouble_ms);
        self.set(fault, often);
    }

    /// In some of the others the journal is damaged.
    fn draw_damage(&mut self, chance: &mut Chance) {
        let any = Fault::DISKS.iter().any(|fault| self.drawn_mean(*fault) > 0);
        if chance.permille(250) && !any {
            self.set(Fault::DiskDamaged, chance.between(15_000, self.trouble_ms));
        }
    }

    /// In some of the rest two boxes are in use at once.
    fn draw_beside(&mut self, chance: &mut Chance) {
        let any = Fault::DISKS.iter().any(|fault| self.drawn_mean(*fault) > 0);
        if chance.permille(250) && !any {
            self.set(Fault::BoxBeside, chance.between(12_000, self.trouble_ms / 2));
            // Only counts tell what of the two came first.
            let counts = Fault::ALL.iter().zip(&mut self.shares).filter(|((of, _), _)| *of == Fault::Counts);
            counts.for_each(|(_, share)| *share = (*share).max(60));
        }
    }

    /// In some worlds records rot, or the catalogue changes what a case holds.
    /// What a box lost by name no other box can be asked for.
    fn draw_changes(&mut self, chance: &mut Chance) {
        let has = |fault| self.mean(fault).is_some();
        let loses = has(Fault::BoxSwap) || has(Fault::DiskRestored) || has(Fault::DiskDamaged);
        let copied = has(Fault::DiskCloned) || has(Fault::BoxBeside);
        if chance.permille(150) && !loses && !copied {
            self.set(Fault::BitRot, chance.between(10_000, self.trouble_ms));
        }
        if chance.permille(200) && (!loses || self.mixes) {
            self.set(Fault::UnitsChange, chance.between(10_000, self.trouble_ms));
        }
    }

    /// In some worlds brokers lose what they had.
    fn draw_cuts(&mut self, chance: &mut Chance) {
        if chance.permille(200) {
            self.set(Fault::LogCut, chance.between(6_000, self.trouble_ms));
        }
    }

    fn set(&mut self, fault: Fault, often: u64) {
        for (_, mean) in Fault::ALL.iter().zip(&mut self.means).filter(|((of, _), _)| *of == fault) {
            *mean = often;
        }
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
        Fault::ALL.iter().map(|(fault, _)| *fault).filter(|fault| self.mean(*fault).is_some())
    }

    /// Mean time between two of them; none if it never comes.
    pub(crate) fn mean(&self, of: Fault) -> Option<u64> {
        Some(self.drawn_mean(of)).filter(|mean| *mean > 0 && !self.stays_away(of))
    }

    /// How many in a thousand it meets.
    pub(crate) fn share(&self, of: Fault) -> u64 {
        if self.stays_away(of) {
            return 0;
        }
        Fault::ALL.iter().zip(&self.shares).find(|((fault, _), _)| *fault == of).map_or(0, |(_, share)| *share)
    }

    fn drawn_mean(&self, of: Fault) -> u64 {
        Fault::ALL.iter().zip(&self.means).find(|((fault, _), _)| *fault == of).map_or(0, |(_, mean)| *mean)
    }

    /// Whether disks are restored or copied, or two boxes are in use at once.
    fn has_two_lives(&self) -> bool {
        [Fault::DiskRestored, Fault::DiskCloned, Fault::BoxBeside].iter().any(|fault| self.drawn_mean(*fault) > 0)
    }

    /// What does not come where disks are swapped, damaged, restored or copied:
    /// in half of the worlds where they are swapped or damaged neither codes that
    /// are learnt nor a database that is set back. Where that is, no stream is
    /// wiped or cut: together they may lose what no box holds any more.
    fn stays_away(&self, of: Fault) -> bool {
        let any = |faults: &[Fault]| faults.iter().any(|fault| self.drawn_mean(*fault) > 0);
        let (disks, set_back) = (any(&Fault::DISKS), any(&[Fault::SetBack]));
        let is_put_back = self.mixes || self.has_two_lives();
        let alone = matches!(of, Fault::UnknownCodes | Fault::SetBack) && !is_put_back;
        let apart = matches!(of, Fault::StreamWiped | Fault::LogCut) && is_put_back && set_back;
        disks && (alone || apart)
    }

    /// Whether ids may be used twice, and cases change, where disks are lost.
    pub(crate) const fn mixes(&self) -> bool {
        self.mixes
    }
}
