//! The centre: its parts, desk, appliers, poller and door, built in this order
//! as its roles want, and run until a signal or a failing part ends it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, Code, registry};
use tidemark_daemon::listen::{ListenError, Listener, Tls, TlsError};
use tidemark_daemon::pace::Pace;
use tidemark_daemon::service;
use tidemark_daemon::shutdown::{TaskError, Tasks};
use tidemark_ledger::{Ledger, LedgerError};
use tidemark_stream::StreamError;
use tidemark_sync::Millis;
use tidemark_wire::server::router as boxes_router;
use tokio::sync::watch;

use crate::api::{Behind, health_router, router};
use crate::applier::Applier;
use crate::cache_filler::CacheFiller;
use crate::changes::Changes;
use crate::desk::Desk;
use crate::events::Events;
use crate::fleet::{Board, Fleet};
use crate::ingest::{Ingest, Messenger};
use crate::loader::Loader;
use crate::losses::LossWatch;
use crate::mending::Mending;
use crate::neighbours::Neighbours;
use crate::openings::Openings;
use crate::openings::forks::ForkWatch;
use crate::parts::{self, Parts, PartsError};
use crate::poller::Poller;
use crate::pulse::Pulse;
use crate::region::{self, Region};
use crate::settings::{CentreSettings, Role};
use crate::sign_in::{Directory, DirectoryError, SignIn};
use crate::upkeep::Upkeep;

/// How long tasks may take to end.
const DRAIN: Duration = Duration::from_secs(10);
/// How many seconds' worth of requests a token may send at once.
const AHEAD_S: u64 = 10;

/// Why the centre does not run, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CentreError {
    /// A part can't be opened.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// The ledger does not answer.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// The port can't be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A certificate is no good.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A certificate without its key or the other way round.
    #[error("`tls.certificate` and `tls.key` belong together; give both or none")]
    Pair,
    /// Boxes off loopback without an authority.
    #[error("{0} is not loopback: give tls.boxes, the authority of the boxes' certificates")]
    NoBoxAuthority(SocketAddr),
    /// The company's directory can't be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A part ended although nobody asked.
    #[error(transparent)]
    Task(#[from] TaskError),
}

impl CentreError {
    /// Whether the configuration is at fault.
    pub(crate) const fn is_configuration(&self) -> bool {
        match self {
            Self::Tls(_) | Self::Pair | Self::NoBoxAuthority(_) | Self::Directory(_) => true,
            Self::Listen(error) => matches!(error, ListenError::PlaintextOffLoopback { .. } | ListenError::Tls(_)),
            Self::Parts(error) => error.is_configuration(),
            Self::Ledger(_) | Self::Task(_) => false,
        }
    }

    /// The condition that says more about it.
    pub(crate) const fn condition(&self) -> Option<Code> {
        match self {
            Self::Parts(PartsError::Ledger(error)) | Self::Ledger(error) => of_ledger(error),
            Self::Parts(PartsError::Stream(StreamError::Topic { .. })) => Some(registry::TOPIC_SETTINGS),
            Self::Listen(ListenError::PlaintextOffLoopback { .. }) | Self::NoBoxAuthority(_) => {
                Some(registry::PLAINTEXT_REFUSED)
            }
            Self::Listen(ListenError::Tls(_)) | Self::Tls(_) => Some(registry::CERTIFICATE),
            Self::Listen(ListenError::Bind { .. })
            | Self::Parts(_)
            | Self::Pair
            | Self::Directory(_)
            | Self::Task(_) => None,
        }
    }
}

/// The condition of a ledger that can't be worked with.
pub(crate) const fn of_ledger(error: &LedgerError) -> Option<Code> {
    match error {
        LedgerError::Setting { .. } => Some(registry::DATABASE_NOT_DURABLE),
        LedgerError::Newer { .. } => Some(registry::DATABASE_NEWER),
        LedgerError::Unavailable(_) => Some(registry::DATABASE_UNREACHABLE),
        LedgerError::Data(_)
        | LedgerError::Kept(_)
        | LedgerError::Exists(_)
        | LedgerError::Twice(_)
        | LedgerError::UnknownStore(_) => None,
    }
}

/// Builds the centre and runs it to its end.
pub(crate) async fn run(settings: CentreSettings) -> Result<(), CentreError> {
    let clock = Clock::start();
    let conditions = Active::default();
    let tls = tls_of(&settings)?;
    let boxes_at = settings.http.boxes.unwrap_or(settings.http.address);
    let plays = |role| settings.roles.contains(&role);
    check_boxes(&settings, boxes_at)?;
    let sign_in = sign_in_of(&settings)?;
    let parts = Parts::open(&settings).await?;
    let (events, metrics) = Events::declare();
    let fleet = Fleet::load(&parts.ledger, settings.fleet.offline_after.0, Millis(clock.millis())).await?;
    let (desk, board, mut tasks) = (Desk::default(), Board::default(), Tasks::new());
    let (changes, region) = (Changes::of(parts.ledger.clone()), Region::of(&parts.ledger));
    let listener = Listener::open(settings.http.address, tls.clone()).await?;
    let ingest = plays(Role::Ingest).then(|| {
        boxes_router(Arc::new(Ingest {
            ledger: parts.ledger.clone(),
            stream: parts.stream.clone(),
            desk: desk.clone(),
            fleet: fleet.clone(),
            events: events.clone(),
            conditions: conditions.clone(),
            clock,
            makes_stores: boxes_at.ip().is_loopback(),
            stop: tasks.stop(),
        }))
    });
    let door = Arc::new(Behind {
        parts: parts.clone(),
        desk: desk.clone(),
        fleet: fleet.clone(),
        board: board.clone(),
        events: events.clone(),
        metrics,
        conditions: conditions.clone(),
        clock,
        stop: tasks.stop(),
        changes: changes.clone(),
        loader: Loader::start(parts.ledger.clone(), parts.cache.clone(), events.clone()),
        region: region.clone(),
        pace: pace_of(settings.http.requests_per_second),
        origins: settings.http.cors_origins.clone().into(),
        sign_in,
    });
    let callers = if plays(Role::Api) { router(door) } else { health_router(door) };
    if plays(Role::Api) {
        tasks.spawn("board", board.run(parts.ledger.clone(), fleet.clone(), clock, tasks.stop()));
    }
    tracing::info!(address = %listener.address(), partitions = parts.stream.partitions(), "the centre is open");
    service::ready(&format!("on {}", listener.address()));
    open_doors(&mut tasks, listener, (ingest, settings.http.boxes), (callers, tls)).await?;
    tasks.spawn("changes", changes.run(tasks.stop()));
    start_region(&mut tasks, &parts, (region, plays(Role::Apply)), (&conditions, clock));
    start_filler(&mut tasks, &settings, (&parts, &conditions, &events), clock)?;
    let (levels, changed) = watch::channel(BTreeSet::new());
    let (of, told) = (parts.clone(), conditions.clone());
    let applier = Applier { partition: 0, parts: of, conditions: told, events: events.clone(), clock, changed };
    keep_levels(&mut tasks, applier, levels, plays(Role::Apply));
    let neighbours = Neighbours::of(parts.ledger.clone(), desk.clone(), fleet.clone(), clock);
    tasks.spawn("neighbours", neighbours.alone(!parts.ledger.is_shared()).watch(tasks.stop()));
    let shown = fleet.clone();
    if plays(Role::Ingest) {
        watch_for_boxes(&mut tasks, &parts, (desk, fleet), clock);
    }
    spawn_watchers(&mut tasks, &parts, shown, conditions, clock);
    let ended = tasks.run(DRAIN).await;
    service::stopping();
    parts.ledger.close().await;
    Ok(ended?)
}

/// How fast one token may ask.
fn pace_of(per_second: u32) -> Option<Pace<String>> {
    (per_second > 0).then(|| Pace::of(per_second, AHEAD_S))
}

/// Serves callers and boxes, on one port or on two.
async fn open_doors(
    tasks: &mut Tasks,
    listener: Listener,
    (ingest, boxes_at): (Option<Router>, Option<SocketAddr>),
    (callers, tls): (Router, Option<Tls>),
) -> Result<(), CentreError> {
    match (ingest, boxes_at) {
        (Some(boxes), Some(address)) => {
            let for_boxes = Listener::open(address, tls).await?;
            tasks.spawn("boxes", for_boxes.serve(boxes, tasks.stop()));
            tasks.spawn("door", listener.serve(callers, tasks.stop()));
        }
        (Some(boxes), None) => tasks.spawn("door", listener.serve(boxes.merge(callers), tasks.stop())),
        (None, _) => tasks.spawn("door", listener.serve(callers, tasks.stop())),
    }
    Ok(())
}

/// Who says that the centre lives, or looks whether it does.
fn start_region(
    tasks: &mut Tasks,
    parts: &Parts,
    (region, beats): (Region, bool),
    (conditions, clock): (&Active, Clock),
) {
    let (ledger, conditions) = (parts.ledger.clone(), conditions.clone());
    tasks.spawn("region", region::Watch { ledger, region, conditions, clock, beats }.run(tasks.stop()));
}

/// Who fills the region's cache, if this process does.
fn start_filler(
    tasks: &mut Tasks,
    settings: &CentreSettings,
    (parts, conditions, events): (&Parts, &Active, &Events),
    clock: Clock,
) -> Result<(), PartsError> {
    if !settings.roles.contains(&Role::Cache) {
        return Ok(());
    }
    let brokers = settings.stream.kafka.as_deref().unwrap_or_default();
    let (kafka, cache) = (parts::kafka(&settings.stream, brokers)?, parts.cache.clone());
    let (conditions, events) = (conditions.clone(), events.clone());
    tasks.spawn("cache", CacheFiller { kafka, cache, conditions, events, clock }.run(tasks.stop()));
    Ok(())
}

/// What looks after the centre: its parts, the books, its own life.
fn spawn_watchers(tasks: &mut Tasks, parts: &Parts, fleet: Fleet, conditions: Active, clock: Clock) {
    let pulse = Pulse { parts: parts.clone(), conditions: conditions.clone(), clock };
    tasks.spawn("pulse", pulse.run(tasks.stop()));
    let losses = LossWatch { ledger: parts.ledger.clone(), fleet, conditions, clock };
    tasks.spawn("losses", losses.run(tasks.stop()));
    let asked = parts.ledger.clone();
    tasks.spawn("life", service::watch(move || lives(asked.clone()), tasks.stop()));
}

/// Starts what changes levels: an applier a partition, if this process applies,
/// and what falls due.
fn keep_levels(tasks: &mut Tasks, applier: Applier, changes: watch::Sender<BTreeSet<u32>>, applies: bool) {
    if applier.parts.ledger.is_replica() {
        return;
    }
    let upkeep = Upkeep { parts: applier.parts.clone(), changed: changes };
    tasks.spawn("upkeep", upkeep.run(tasks.stop()));
    if applies {
        let mending = Mending { parts: applier.parts.clone(), clock: applier.clock };
        tasks.spawn("mending", mending.run(tasks.stop()));
        let openings = Openings { ledger: applier.parts.ledger.clone() };
        tasks.spawn("forks", ForkWatch::over(openings).run(tasks.stop()));
    }
    let partitions = if applies { applier.parts.stream.partitions() } else { 0 };
    for partition in 0..partitions {
        tasks.spawn("applier", Applier { partition, ..applier.clone() }.run(tasks.stop()));
    }
}

/// What a process that boxes come to looks for in the ledger.
fn watch_for_boxes(tasks: &mut Tasks, parts: &Parts, (desk, fleet): (Desk, Fleet), clock: Clock) {
    let messenger = Messenger { ledger: parts.ledger.clone(), desk: desk.clone(), clock };
    tasks.spawn("messenger", messenger.run(tasks.stop()));
    let poller = Poller::of(parts.ledger.clone(), parts.stream.clone(), desk, fleet, clock);
    tasks.spawn("poller", poller.run(tasks.stop()));
}

/// Off loopback boxes come with a certificate, so their authority is needed.
fn check_boxes(settings: &CentreSettings, boxes_at: SocketAddr) -> Result<(), CentreError> {
    let open = settings.roles.contains(&Role::Ingest) && !boxes_at.ip().is_loopback();
    if open && settings.tls.boxes.is_none() { Err(CentreError::NoBoxAuthority(boxes_at)) } else { Ok(()) }
}

/// How people sign in.
fn sign_in_of(settings: &CentreSettings) -> Result<SignIn, DirectoryError> {
    let oidc = settings.oidc.clone().settings().map_err(|told| DirectoryError::Settings(told.to_owned()))?;
    Ok(SignIn::new(oidc.map(Directory::new).transpose()?))
}

fn tls_of(settings: &CentreSettings) -> Result<Option<Tls>, CentreError> {
    match (&settings.tls.certificate, &settings.tls.key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(Tls::from_files(certificate, key, settings.tls.boxes.as_deref())?)),
        (Some(_), None) | (None, Some(_)) => Err(CentreError::Pair),
    }
}

/// Whether the daemon does its work, for the watchdog. A database elsewhere
/// that is away is a condition, which a fresh start would not cure: of that
/// one only this process itself is asked.
async fn lives(ledger: Ledger) -> bool {
    ledger.is_shared() || ledger.catalogue_version().await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_centre_whose_own_ledger_does_not_answer_does_not_live() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap();
        assert!(lives(ledger.clone()).await);
        ledger.close().await;
        assert!(!lives(ledger).await);
    }
}
