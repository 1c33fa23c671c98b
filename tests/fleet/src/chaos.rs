//! Chaos: two boxes with tills that repeat and a few simulated shops sell
//! against a centre, while at random whatever can fail fails; then all is
//! mended and the books must be exact.
//!
//! Each thing that can fail has a task of its own and a sequence of chances of
//! its own, drawn from the seed: which fault comes when and for how long is
//! the same each time, what the fault meets is not. Faults of several things
//! overlap. With real parts the centre is two processes, one of them an
//! applier alone, so that two appliers work on the same partitions.

mod cast;
mod fault;
mod target;
mod till;

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::books::{Books, Totals};
use crate::patience::Trouble;
use crate::proof::{Expected, prove};
use crate::say::{Voice, line};
use crate::shop::Record;
use crate::stage::Programs;
use cast::Cast;
use target::{Ordeal, keep_up};

/// How long the rest may take to arrive once all is mended; a hang limit.
const ARRIVE_WITHIN: Duration = Duration::from_secs(180);

/// What a round of chaos is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// The daemons.
    pub programs: Programs,
    /// How long things fail.
    pub lasts: Duration,
    /// What all chance is drawn from.
    pub seed: u64,
    /// On Kafka, PostgreSQL and Redis, which are started for it.
    pub real: bool,
}

impl Options {
    /// The line that does the same again.
    #[must_use]
    pub fn replay(&self) -> String {
        let (seconds, seed) = (self.lasts.as_secs(), self.seed);
        format!("replay: ./dev chaos --seconds {seconds} --seed {seed}{}", if self.real { " --real" } else { "" })
    }
}

/// Runs a round; an error tells what is not as it must be.
pub async fn run(options: &Options, voice: &Voice) -> Result<Totals, Trouble> {
    voice.say(format!("chaos for {} s, seed {}", options.lasts.as_secs(), options.seed));
    let mut cast = Cast::assemble(options, voice).await?;
    let played = play(&mut cast, options, voice).await;
    if let Err(trouble) = &played {
        let folder = cast.keep();
        line(&format!("\n{trouble}\n\nlogs and data are kept in {}", folder.display()));
        line(&options.replay());
    }
    played
}

async fn play(cast: &mut Cast, options: &Options, voice: &Voice) -> Result<Totals, Trouble> {
    let (doors, open) = watch::channel(true);
    let tills = cast.open_tills(&open);
    cast.shops.sell(true).await?;
    voice.say("doors open");
    let ordeal = Ordeal { until: Instant::now() + options.lasts, seed: options.seed, voice: *voice };
    let survived = torment(cast, ordeal).await;
    doors.send_replace(false);
    cast.shops.sell(false).await?;
    survived?;
    let mut record = cast.opening();
    for till in tills.join_all().await {
        record.merge(&till?);
    }
    record.merge(&cast.shops.record().await?);
    let (sold, repeated) = (record.sums.movements(), record.repeated);
    voice.say(format!("doors closed, all is mended: {sold} movements, {repeated} documents were submitted again"));
    let totals = settle(cast, &record, voice).await?;
    let Totals { committed, applied, parked, .. } = totals;
    voice.say(format!(
        "committed {committed} = applied {applied} + parked {parked}; balances, digests and levels match"
    ));
    Ok(totals)
}

/// Lets everything fail, each thing by itself, until the time is over and all
/// is mended.
async fn torment(cast: &mut Cast, ordeal: Ordeal) -> Result<(), Trouble> {
    let mut tasks = JoinSet::new();
    for target in cast.targets() {
        tasks.spawn(ordeal.befall(target));
    }
    let mut survived = Ok(());
    while let Some(joined) = tasks.join_next().await {
        match joined? {
            Ok(target) => cast.take_back(target),
            Err(trouble) => {
                // What else fails now says nothing new.
                tasks.abort_all();
                survived = Err(trouble);
                break;
            }
        }
    }
    survived
}

/// Waits for the books to be exact. A process of the centre may still end over
/// a topic that was emptied just before.
async fn settle(cast: &mut Cast, record: &Record, voice: &Voice) -> Result<Totals, Trouble> {
    if record.doubled > 0 {
        return Err(format!("{} documents were taken twice by a box", record.doubled).into());
    }
    let expected = Expected { sums: &record.sums, parked: record.parked };
    let (books, real) = (Books::of(cast.centre.as_ref().ok_or("the centre is gone")?), cast.real.clone());
    tokio::select! {
        proven = prove(&books, real.as_deref(), &expected, ARRIVE_WITHIN) => proven,
        failed = keep_up(cast.processes(), *voice) => Err(failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_replay_line_has_all_that_chance_depends_on() {
        let programs = Programs { edge: "edge".into(), central: "central".into() };
        let options = Options { programs, lasts: Duration::from_secs(60), seed: 7, real: true };
        assert_eq!(options.replay(), "replay: ./dev chaos --seconds 60 --seed 7 --real");
    }
}
