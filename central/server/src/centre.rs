//! The centre: ledger, stream, cache, desk, appliers, poller and door, built
//! in this order and run until a signal or a failing part ends it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tidemark_cache::Cache;
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::Active;
use tidemark_daemon::listen::{ListenError, Listener, Tls, TlsError};
use tidemark_daemon::service;
use tidemark_daemon::shutdown::{TaskError, Tasks};
use tidemark_ledger::{Ledger, LedgerError};
use tidemark_stream::{Stream, StreamError};
use tidemark_wire::server::router as boxes_router;

use crate::api::{Door, router};
use crate::applier::Applier;
use crate::desk::Desk;
use crate::events::Events;
use crate::fleet::Fleet;
use crate::ingest::Ingest;
use crate::poller::Poller;
use crate::settings::CentreSettings;

/// How long tasks may take to end.
const DRAIN: Duration = Duration::from_secs(10);

/// Why the centre does not run, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CentreError {
    /// The data folder can't be made.
    #[error("the data folder {path} can't be used: {source}", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The ledger can't be opened.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// The stream can't be opened.
    #[error("stream: {0}")]
    Stream(#[from] StreamError),
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
    NoBoxAuthority(std::net::SocketAddr),
    /// A part ended although nobody asked.
    #[error(transparent)]
    Task(#[from] TaskError),
}

impl CentreError {
    /// Whether the configuration is at fault.
    pub(crate) const fn is_configuration(&self) -> bool {
        match self {
            Self::Tls(_) | Self::Pair | Self::NoBoxAuthority(_) => true,
            Self::Listen(error) => matches!(error, ListenError::PlaintextOffLoopback { .. } | ListenError::Tls(_)),
            Self::Folder { .. } | Self::Ledger(_) | Self::Stream(_) | Self::Task(_) => false,
        }
    }
}

/// Opens the ledger of a configuration.
pub(crate) async fn open_ledger(settings: &CentreSettings) -> Result<Ledger, CentreError> {
    let folder = |source| CentreError::Folder { path: settings.data.clone(), source };
    std::fs::create_dir_all(&settings.data).map_err(folder)?;
    Ok(Ledger::open(&settings.data.join("ledger.db")).await?)
}

/// Builds the centre and runs it to its end.
pub(crate) async fn run(settings: CentreSettings) -> Result<(), CentreError> {
    let clock = Clock::start();
    let conditions = Active::default();
    let ledger = open_ledger(&settings).await?;
    let stream = Stream::embedded(&settings.data.join("stream.db"), settings.stream.partitions).await?;
    let cache = Cache::in_process(settings.cache.levels);
    let (events, metrics) = Events::declare();
    let fleet = Fleet::load(&ledger).await?;
    let (desk, mut tasks) = (Desk::default(), Tasks::new());
    let tls = tls_of(&settings)?;
    let boxes_at = settings.http.boxes.unwrap_or(settings.http.address);
    if !boxes_at.ip().is_loopback() && settings.tls.boxes.is_none() {
        return Err(CentreError::NoBoxAuthority(boxes_at));
    }
    let listener = Listener::open(settings.http.address, tls.clone()).await?;
    let ingest = Arc::new(Ingest {
        ledger: ledger.clone(),
        stream: stream.clone(),
        desk: desk.clone(),
        fleet: fleet.clone(),
        events: events.clone(),
        clock,
        makes_stores: boxes_at.ip().is_loopback(),
        stop: tasks.stop(),
    });
    let door = Door {
        ledger: ledger.clone(),
        stream: stream.clone(),
        cache: cache.clone(),
        desk: desk.clone(),
        fleet: fleet.clone(),
        events: events.clone(),
        metrics,
        conditions: conditions.clone(),
        clock,
        stop: tasks.stop(),
    };
    let boxes: Router = boxes_router(ingest);
    let callers = router(door);
    tracing::info!(address = %listener.address(), partitions = stream.partitions(), "the centre is open");
    service::ready(&format!("on {}", listener.address()));
    match settings.http.boxes {
        None => tasks.spawn("door", listener.serve(boxes.merge(callers), tasks.stop())),
        Some(address) => {
            let for_boxes = Listener::open(address, tls).await?;
            tasks.spawn("boxes", for_boxes.serve(boxes, tasks.stop()));
            tasks.spawn("door", listener.serve(callers, tasks.stop()));
        }
    }
    for partition in 0..stream.partitions() {
        let applier = Applier {
            partition,
            ledger: ledger.clone(),
            stream: stream.clone(),
            cache: cache.clone(),
            conditions: conditions.clone(),
            events: events.clone(),
            clock,
        };
        tasks.spawn("applier", applier.run(tasks.stop()));
    }
    let poller = Poller { ledger: ledger.clone(), stream, desk, fleet, clock, cursors: BTreeMap::new() };
    tasks.spawn("poller", poller.run(tasks.stop()));
    let ended = tasks.run(DRAIN).await;
    service::stopping();
    ledger.close().await;
    Ok(ended?)
}

fn tls_of(settings: &CentreSettings) -> Result<Option<Tls>, CentreError> {
    match (&settings.tls.certificate, &settings.tls.key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(Tls::from_files(certificate, key, settings.tls.boxes.as_deref())?)),
        (Some(_), None) | (None, Some(_)) => Err(CentreError::Pair),
    }
}
