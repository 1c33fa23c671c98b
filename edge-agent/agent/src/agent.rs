//! The agent: journal, desk, uplink and door, built in this order and run
//! until a signal or a failing part ends it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, registry};
use tidemark_daemon::listen::{ListenError, Listener, Tls, TlsError};
use tidemark_daemon::service;
use tidemark_daemon::shutdown::{TaskError, Tasks};
use tidemark_journal::{Health, Journal, OpenError, Reading, Writer};
use tidemark_model::StoreId;
use tidemark_scanner::Scanners;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::events::Events;
use crate::http::{Door, Views, router};
use crate::reporter::Reporter;
use crate::settings::{BoxSettings, SettingsError, pair};
use crate::uplink::{self, Line, LineError};

/// How long tasks may take to end.
const DRAIN: Duration = Duration::from_secs(10);
/// How often the machine's sleep is looked at.
const SLEEP_LOOK: Duration = Duration::from_secs(5);
/// A gap between the clocks that is a sleep and no jitter.
const SLEEP_GAP: Duration = Duration::from_secs(1);

/// Why the agent does not run, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentError {
    /// It was told too little or something that can't be.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The journal can't be opened.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// A scanner's configuration is no good.
    #[error("scanner: {0}")]
    Scanner(String),
    /// The port can't be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The certificate is no good.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The way to the centre is no good.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The data folder can't be made.
    #[error("the data folder {path} can't be used: {source}", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A part ended although nobody asked.
    #[error(transparent)]
    Task(#[from] TaskError),
}

impl AgentError {
    /// Whether the configuration is at fault.
    pub(crate) const fn is_configuration(&self) -> bool {
        match self {
            Self::Settings(_) | Self::Scanner(_) | Self::Tls(_) | Self::Line(_) => true,
            Self::Listen(error) => matches!(error, ListenError::PlaintextOffLoopback { .. } | ListenError::Tls(_)),
            Self::Journal(_) | Self::Folder { .. } | Self::Task(_) => false,
        }
    }
}

/// Opens the journal of a configuration.
pub(crate) fn open_journal(settings: &BoxSettings, clock: Clock) -> Result<(Journal, Writer), AgentError> {
    let store = StoreId::new(&settings.store).map_err(SettingsError::from)?;
    let folder = |source| AgentError::Folder { path: settings.data.clone(), source };
    std::fs::create_dir_all(&settings.data).map_err(folder)?;
    let read = move || Reading { steady_ms: clock.millis(), wall: clock.wall() };
    let config = tidemark_journal::Config::new(settings.data.join("journal"), store, Arc::new(read));
    Ok(Journal::open(config)?)
}

/// Builds the agent and runs it to its end.
pub(crate) async fn run(settings: BoxSettings) -> Result<(), AgentError> {
    let clock = Clock::start();
    let conditions = Active::default();
    let (journal, writer) = open_journal(&settings, clock)?;
    let ran = run_over(&settings, journal, clock, conditions).await;
    service::stopping();
    // The last sync; joins the writer's thread.
    let stopped = tokio::task::spawn_blocking(move || writer.stop()).await;
    if !matches!(stopped, Ok(Ok(()))) {
        tracing::error!("the journal's thread did not end as it should");
    }
    ran
}

async fn run_over(
    settings: &BoxSettings,
    journal: Journal,
    clock: Clock,
    conditions: Active,
) -> Result<(), AgentError> {
    let name = settings.time_zone.as_str();
    let time_zone = jiff::tz::TimeZone::get(name).map_err(|_unknown| SettingsError::TimeZone(name.to_owned()))?;
    let line = Line::of(&settings.centre)?;
    let listener = open_port(settings).await?;
    let (events, metrics) = Events::declare();
    let millis = Arc::new(move || clock.millis());
    let scanners = Scanners::start(settings.scanner.clone(), millis).map_err(|e| AgentError::Scanner(e.to_string()))?;
    let (desk, desk_view) =
        Desk::build(journal.clone(), scanners, &settings.lane, conditions.clone(), events.clone(), clock)?;
    let (uplink, uplink_view) =
        uplink::build(journal.clone(), line, settings.metered, conditions.clone(), clock, desk_view.clone());
    let views = Views { desk: desk_view, uplink: uplink_view };
    let reporter = Arc::new(Reporter::new(journal.clone(), views));
    let door =
        Door { journal: journal.clone(), events, metrics, conditions: conditions.clone(), reporter, time_zone, clock };
    let mut tasks = Tasks::new();
    announce(listener.address(), &journal);
    tasks.spawn("desk", desk.run(tasks.stop()));
    tasks.spawn("door", listener.serve(router(door), tasks.stop()));
    if let Some(uplink) = uplink {
        tasks.spawn("uplink", uplink.run(tasks.stop()));
    }
    tasks.spawn("disk", watch_disk(journal.watch_health(), conditions, clock, tasks.stop()));
    tasks.spawn("life", watch_life(journal, clock, tasks.stop()));
    Ok(tasks.run(DRAIN).await?)
}

async fn open_port(settings: &BoxSettings) -> Result<Listener, AgentError> {
    let (certificate, key) = (settings.tls.certificate.as_ref(), settings.tls.key.as_ref());
    let files = pair(("tls.certificate", "tls.key"), certificate, key)?;
    let tls = files.map(|(certificate, key)| Tls::from_files(&certificate, &key, None)).transpose()?;
    Ok(Listener::open(settings.http.address, tls).await?)
}

fn announce(address: SocketAddr, journal: &Journal) {
    let identity = journal.identity();
    tracing::info!(store = %identity.store, epoch = %identity.epoch, tail = journal.tail(), %address, "the box is open");
    service::ready(&format!("store {} on {address}", identity.store));
}

/// Raises NOT SAVED while the journal can't be written.
async fn watch_disk(
    mut health: watch::Receiver<Health>,
    conditions: Active,
    clock: Clock,
    stop: CancellationToken,
) -> Result<(), std::io::Error> {
    loop {
        match &*health.borrow_and_update() {
            Health::Writable => {
                conditions.clear(registry::NOT_SAVED);
            }
            Health::NotWritable { cause, .. } => {
                conditions.raise(registry::NOT_SAVED, cause.clone(), clock.millis());
            }
            Health::Closed => return Ok(()),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            changed = health.changed() => if changed.is_err() { return Ok(()) },
        }
    }
}

/// Tells the watchdog that the agent lives, and the journal when the machine
/// slept: that ends a boot of the odometer.
async fn watch_life(journal: Journal, clock: Clock, stop: CancellationToken) -> Result<(), std::io::Error> {
    let period = service::watchdog_period().unwrap_or(SLEEP_LOOK).min(SLEEP_LOOK);
    let mut slept = clock.slept();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(period) => {}
        }
        service::alive();
        let now = clock.slept();
        if now.saturating_sub(slept) > SLEEP_GAP {
            slept = now;
            if let Err(error) = journal.begin_boot().await {
                tracing::error!(%error, "a sleep of the machine could not be noted");
            }
        }
    }
}
