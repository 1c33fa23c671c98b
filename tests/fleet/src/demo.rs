//! `tidemark-fleet demo`: a day of shops in a minute, and the books at the
//! end.

mod account;
mod acts;
mod cast;
mod people;

use tidemark_fleet::patience::Trouble;
use tidemark_fleet::say::{Voice, line};
use tidemark_fleet::submit::TillLine;
use tidemark_parts::Real;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::command::DemoOptions;
use cast::Cast;
use people::Scanning;

/// Runs the demo; true if the books are as they must be.
pub(crate) async fn run(options: DemoOptions) -> Result<bool, Trouble> {
    let voice = Voice::start();
    let real = if options.real { Some(start_servers(&voice)?) } else { None };
    let flags = real.as_ref().map(Real::flags).unwrap_or_default();
    let mut cast = Cast::assemble(&options, &flags, &voice).await?;
    let played = play(&mut cast, &voice).await;
    let good = match played {
        Ok(good) => good,
        Err(trouble) => {
            line(&format!("\nthe end of head office's log:\n{}", cast.centre.log_tail()));
            line(&format!("\nthe end of the box's log:\n{}", cast.edge.log_tail()));
            return Err(trouble);
        }
    };
    voice.say(if good { "all is as it must be" } else { "THE BOOKS ARE NOT AS THEY MUST BE" });
    if options.stay {
        line("");
        line(&format!("head office: {}   its API: {}", cast.centre.url("/"), cast.centre.url("/docs")));
        line(&format!("the box of {}: {}", cast::STORE, cast.edge.url("/")));
        line("Ctrl-C ends it.");
        tokio::signal::ctrl_c().await?;
    }
    Ok(good)
}

/// Servers of the demo's own; they end with it.
fn start_servers(voice: &Voice) -> Result<Real, Trouble> {
    voice.say("starting Kafka, PostgreSQL and Redis");
    let real = Real::start()?;
    voice.say(format!(
        "Kafka at {}, PostgreSQL at port {}, Redis at {}",
        real.kafka.brokers(),
        real.postgres.port(),
        real.redis.url()
    ));
    Ok(real)
}

/// Opens the doors, lets things go wrong, closes, and does the books.
async fn play(cast: &mut Cast, voice: &Voice) -> Result<bool, Trouble> {
    let (doors, open) = watch::channel(true);
    let cashier = tokio::spawn(people::cashier(till(cast), cast.rung_up().to_vec(), open.clone()));
    let gun = cast.gun.take().ok_or("somebody has the scanner already")?;
    let scanning = Scanning::with(gun, cast.scanned().to_vec(), cast.edge.url(""));
    let scanning = tokio::spawn(scanning.work(open, *voice));
    cast.shops.sell(true).await?;
    voice.say("doors open: a till over HTTP, a scanner on a serial port, and the simulated shops sell");

    let mut record = acts::all(cast, voice).await?;

    doors.send_replace(false);
    cast.shops.sell(false).await?;
    let (at_the_till, waited) = joined(cashier).await?;
    let scanning = joined(scanning).await?;
    voice.say(format!(
        "doors closed: the till sold {} lines ({waited} receipts had to be repeated until answered), \
         the scanner {} ({} with the good signal, {} without any)",
        at_the_till.sums.movements(),
        scanning.record.sums.movements(),
        scanning.good,
        scanning.unheard,
    ));
    for part in [at_the_till, scanning.record, cast.shops.record().await?] {
        record.merge(&part);
    }
    account::balance(&cast.books(), &cast.opening(), &record, voice).await
}

fn till(cast: &Cast) -> TillLine {
    TillLine::of(&cast.edge)
}

async fn joined<T>(task: JoinHandle<Result<T, Trouble>>) -> Result<T, Trouble> {
    task.await?
}
