//! Faults, and which of them a thing draws.

use std::fmt;
use std::time::Duration;

use crate::chance::Chance;

/// What befalls something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is killed with -9, and started again.
    Kill,
    /// It is halted with SIGSTOP, and goes on.
    Pause,
    /// It is asked to stop, and started again.
    Restart,
    /// Every connection is reset.
    Cut,
    /// Connections stay open and nothing comes through.
    Stall,
    /// It carries little, late.
    Slow,
    /// It loses all that it holds.
    Empty,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "killed with -9",
            Self::Pause => "halted with SIGSTOP",
            Self::Restart => "asked to stop",
            Self::Cut => "cut",
            Self::Stall => "stalled",
            Self::Slow => "slowed",
            Self::Empty => "emptied",
        })
    }
}

/// How a thing fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Temper {
    /// What may befall it, each as likely.
    pub(super) faults: &'static [Fault],
    /// The longest time between two faults.
    pub(super) calm: Duration,
    /// The longest time that a fault lasts.
    pub(super) lasts: Duration,
}

/// Boxes and the centre's processes.
pub(super) const DAEMON: Temper = Temper {
    faults: &[Fault::Kill, Fault::Kill, Fault::Pause, Fault::Restart],
    calm: Duration::from_secs(9),
    lasts: Duration::from_secs(5),
};
/// Lines.
pub(super) const LINE: Temper = Temper {
    faults: &[Fault::Cut, Fault::Cut, Fault::Stall, Fault::Slow],
    calm: Duration::from_secs(6),
    lasts: Duration::from_secs(8),
};
/// The broker, which takes seconds to start.
pub(super) const KAFKA: Temper = Temper {
    faults: &[Fault::Kill, Fault::Pause, Fault::Pause, Fault::Empty],
    calm: Duration::from_secs(20),
    lasts: Duration::from_secs(6),
};
/// The database.
pub(super) const POSTGRES: Temper = Temper {
    faults: &[Fault::Kill, Fault::Kill, Fault::Pause],
    calm: Duration::from_secs(14),
    lasts: Duration::from_secs(6),
};
/// The cache.
pub(super) const REDIS: Temper = Temper {
    faults: &[Fault::Kill, Fault::Pause, Fault::Empty, Fault::Empty],
    calm: Duration::from_secs(8),
    lasts: Duration::from_secs(5),
};

/// The shortest calm and the shortest fault.
const LEAST: Duration = Duration::from_millis(200);

impl Temper {
    /// How long the calm lasts, what befalls then and for how long.
    pub(super) fn draw(self, chance: &mut Chance) -> (Duration, Fault, Duration) {
        let count = u64::try_from(self.faults.len()).unwrap_or(0);
        let picked = usize::try_from(chance.below(count)).ok().and_then(|picked| self.faults.get(picked));
        let calm = up_to(self.calm, chance);
        (calm, picked.copied().unwrap_or(Fault::Pause), up_to(self.lasts, chance))
    }
}

fn up_to(longest: Duration, chance: &mut Chance) -> Duration {
    let span = u64::try_from(longest.saturating_sub(LEAST).as_millis()).unwrap_or(0);
    LEAST + Duration::from_millis(chance.below(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_faults_within_their_limits() {
        for temper in [DAEMON, LINE, KAFKA, POSTGRES, REDIS] {
            let draw = || {
                let mut chance = Chance::of(3);
                (0..200).map(|_| temper.draw(&mut chance)).collect::<Vec<_>>()
            };
            let drawn = draw();
            assert_eq!(drawn, draw());
            assert!(drawn.iter().all(|(calm, _, lasts)| *calm <= temper.calm && *lasts <= temper.lasts));
            assert!(temper.faults.iter().all(|fault| drawn.iter().any(|(_, drawn, _)| drawn == fault)));
        }
    }
}
