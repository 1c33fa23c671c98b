//! What can fail: how a fault is done to it and undone.

use std::sync::Arc;
use std::time::Duration;

use tidemark_parts::{PartError, Real};
use tokio::time::Instant;

use super::fault::{self, Fault, Temper};
use crate::chance::Chance;
use crate::patience::Trouble;
use crate::process::{Daemon, ProcessError};
use crate::relay::{Link, Relay};
use crate::say::Voice;

/// A slow line: what a bad mobile connection carries.
const SLOW: Link = Link::Up { bytes_per_second: Some(16_000), delay: Duration::from_millis(300) };
/// How long a process of the centre may take until it runs again, while what
/// it stands on comes and goes; a hang limit.
const BACK_WITHIN: Duration = Duration::from_secs(120);
/// Between two starts of a process that ends again, as a service manager
/// would do it.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How often it is seen whether a daemon still runs.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The topic that is emptied.
const EVENTS: &str = "inventory-events";

/// A thing that fails.
#[derive(Debug)]
pub(super) enum Target {
    /// A box.
    Box(Daemon),
    /// A process of the centre, which may end by itself and is started again.
    Centre(Daemon),
    /// A line, and what people call it.
    Line(&'static str, Arc<Relay>),
    /// A server that the centre stands on.
    Server(Server, Arc<Real>),
}

/// A server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Kafka,
    Postgres,
    Redis,
}

/// What all that fails share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ordeal {
    /// When it is over.
    pub(super) until: Instant,
    /// What all chance is drawn from.
    pub(super) seed: u64,
    /// Tells each fault.
    pub(super) voice: Voice,
}

impl Ordeal {
    /// Lets faults befall a target until the time is over; it is whole then.
    pub(super) async fn befall(self, mut target: Target) -> Result<Target, Trouble> {
        let name = target.name();
        // A sequence of its own, whatever else there is.
        let own = name.bytes().fold(self.seed, |seed, byte| seed.rotate_left(9) ^ u64::from(byte));
        let (mut chance, temper) = (Chance::of(own), target.temper());
        loop {
            let (calm, fault, lasts) = temper.draw(&mut chance);
            let begins = Instant::now() + calm;
            if begins >= self.until {
                self.watch(&mut target, self.until).await?;
                return Ok(target);
            }
            self.watch(&mut target, begins).await?;
            self.voice.say(format!("{name}: {fault}, for {} ms", lasts.as_millis()));
            target.strike(fault).await?;
            tokio::time::sleep(lasts).await;
            let mending = Instant::now();
            target.mend(fault).await?;
            self.voice.say(format!("{name}: back after {} ms more", mending.elapsed().as_millis()));
        }
    }

    /// Waits, and starts a process of the centre again that ended by itself.
    /// A box never does.
    async fn watch(self, target: &mut Target, until: Instant) -> Result<(), Trouble> {
        while Instant::now() < until {
            tokio::time::sleep_until(until.min(Instant::now() + LOOK_EVERY)).await;
            let name = target.name();
            match target {
                Target::Centre(daemon) => start_if_ended(daemon, self.voice).await?,
                Target::Box(daemon) => {
                    if let Some(status) = daemon.ended() {
                        return Err(format!("{name} has ended by itself ({status}):\n{}", daemon.log_tail()).into());
                    }
                }
                // These don't run by themselves.
                Target::Line(..) | Target::Server(..) => {}
            }
        }
        Ok(())
    }
}

impl Target {
    fn name(&self) -> String {
        match self {
            Self::Box(daemon) | Self::Centre(daemon) => daemon.recipe().name.clone(),
            Self::Line(name, _) => (*name).to_owned(),
            Self::Server(server, _) => format!("{server:?}"),
        }
    }

    const fn temper(&self) -> Temper {
        match self {
            Self::Box(_) | Self::Centre(_) => fault::DAEMON,
            Self::Line(..) => fault::LINE,
            Self::Server(Server::Kafka, _) => fault::KAFKA,
            Self::Server(Server::Postgres, _) => fault::POSTGRES,
            Self::Server(Server::Redis, _) => fault::REDIS,
        }
    }

    async fn strike(&mut self, fault: Fault) -> Result<(), Trouble> {
        match self {
            Self::Box(daemon) | Self::Centre(daemon) => strike_daemon(daemon, fault).await?,
            Self::Line(_, relay) => relay.set(match fault {
                Fault::Stall => Link::Stalled,
                Fault::Slow => SLOW,
                Fault::Cut | Fault::Kill | Fault::Pause | Fault::Restart | Fault::Empty => Link::Cut,
            }),
            Self::Server(server, real) => of_server(*server, real, fault, strike_server).await?,
        }
        Ok(())
    }

    async fn mend(&mut self, fault: Fault) -> Result<(), Trouble> {
        match self {
            Self::Box(daemon) if fault == Fault::Pause => daemon.resume()?,
            Self::Box(daemon) => daemon.restart().await?,
            Self::Centre(daemon) if fault == Fault::Pause => daemon.resume()?,
            Self::Centre(daemon) => start_again(daemon).await?,
            Self::Line(_, relay) => relay.set(Link::FREE),
            Self::Server(server, real) => of_server(*server, real, fault, mend_server).await?,
        }
        Ok(())
    }
}

/// Starts processes of the centre again that end by themselves; ends only
/// with why one does not run.
pub(super) async fn keep_up(mut processes: Vec<&mut Daemon>, voice: Voice) -> Trouble {
    loop {
        for process in &mut processes {
            if let Err(error) = start_if_ended(process, voice).await {
                return error.into();
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn start_if_ended(daemon: &mut Daemon, voice: Voice) -> Result<(), ProcessError> {
    let Some(status) = daemon.ended() else { return Ok(()) };
    voice.say(format!("{}: has ended by itself ({status}) and is started again", daemon.recipe().name));
    start_again(daemon).await
}

async fn strike_daemon(daemon: &mut Daemon, fault: Fault) -> Result<(), ProcessError> {
    match fault {
        Fault::Pause => daemon.pause(),
        Fault::Restart => daemon.stop().await.map(drop),
        // What a daemon doesn't draw is a kill.
        Fault::Kill | Fault::Cut | Fault::Stall | Fault::Slow | Fault::Empty => daemon.kill().await,
    }
}

/// Starts a process again and again until it is ready: while a server that it
/// needs is away it may end.
async fn start_again(daemon: &mut Daemon) -> Result<(), ProcessError> {
    let deadline = Instant::now() + BACK_WITHIN;
    loop {
        match daemon.restart().await {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
        }
    }
}

/// Does to a server what blocks where it may block.
async fn of_server(
    server: Server,
    real: &Arc<Real>,
    fault: Fault,
    done: fn(Server, &Real, Fault) -> Result<(), PartError>,
) -> Result<(), Trouble> {
    let real = Arc::clone(real);
    Ok(tokio::task::spawn_blocking(move || done(server, &real, fault)).await??)
}

fn strike_server(server: Server, real: &Real, fault: Fault) -> Result<(), PartError> {
    let Real { kafka, postgres, redis, .. } = real;
    match (fault, server) {
        (Fault::Pause, Server::Kafka) => kafka.pause(),
        (Fault::Pause, Server::Postgres) => postgres.pause(),
        (Fault::Pause, Server::Redis) => redis.pause(),
        (Fault::Empty, Server::Kafka) => kafka.delete_topic(EVENTS),
        (Fault::Empty, Server::Redis) => redis.flush(),
        // The database is never emptied: it is what has to hold all.
        (Fault::Empty, Server::Postgres) => Ok(()),
        (Fault::Kill | Fault::Restart | Fault::Cut | Fault::Stall | Fault::Slow, Server::Kafka) => kafka.kill(),
        (Fault::Kill | Fault::Restart | Fault::Cut | Fault::Stall | Fault::Slow, Server::Postgres) => postgres.kill(),
        (Fault::Kill | Fault::Restart | Fault::Cut | Fault::Stall | Fault::Slow, Server::Redis) => redis.kill(),
    }
}

fn mend_server(server: Server, real: &Real, fault: Fault) -> Result<(), PartError> {
    let Real { kafka, postgres, redis, .. } = real;
    match (fault, server) {
        (Fault::Pause, Server::Kafka) => kafka.resume(),
        (Fault::Pause, Server::Postgres) => postgres.resume(),
        (Fault::Pause, Server::Redis) => redis.resume(),
        // What is gone is gone: the centre makes the topic anew.
        (Fault::Empty, Server::Kafka | Server::Postgres | Server::Redis) => Ok(()),
        (Fault::Kill | Fault::Restart | Fault::Cut | Fault::Stall | Fault::Slow, Server::Kafka) => kafka.go_on(),
        (Fault::Kill | Fault::Restart | Fault::Cut | Fault::Stall | Fault::Slow, Server::Postgres) => postgres.go_on(),
        (Fault::Kill | Fault::Restart | Fault::Cut | Fault::Stall | Fault::Slow, Server::Redis) => redis.go_on(),
    }
}
