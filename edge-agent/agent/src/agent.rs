//! The agent: journal, desk, uplink and door, built in this order and run
//! until a signal or a failing part ends it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, Code, registry};
use tidemark_daemon::disk;
use tidemark_daemon::listen::{ListenError, Listener, TlsError};
use tidemark_daemon::logging::LevelError;
use tidemark_daemon::service;
use tidemark_daemon::shutdown::{TaskError, Tasks};
use tidemark_journal::{Health, Journal, OpenError, ReadError, Reading, Writer};
use tidemark_model::StoreId;
use tidemark_scanner::{Scanners, StartError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::checked::Checked;
use crate::control::Control;
use crate::days::Days;
use crate::desk::{Desk, Fittings};
use crate::events::Events;
use crate::http::Views;
use crate::reporter::Reporter;
use crate::roll::Roll;
use crate::settings::{BoxSettings, SettingsError};
use crate::troubles::{Troubles, Watch};
use crate::uplink::{self, LineError, Surroundings};
use crate::ways::{Ground, Ways, line_port};

/// How long tasks may take to end.
const DRAIN: Duration = Duration::from_secs(10);
/// How often the machine's sleep is looked at.
const SLEEP_LOOK: Duration = Duration::from_secs(2);
/// What is kept to be given up when the disk is full.
const BALLAST: u64 = 64 * 1024 * 1024;
/// Of a small disk not more than 2 %, in bytes a MiB.
const BALLAST_SHARE_OF_MIB: u64 = 1024 * 1024 / 50;
/// How the system says that a disk can only be read.
const READ_ONLY: &str = "Read-only file system";
/// A gap between the clocks that is a sleep and no jitter.
const SLEEP_GAP: Duration = Duration::from_secs(1);

const _: () = assert!(!tidemark_journal::MUTANTS, "a box has no journal that is wrong on purpose");

/// Why the agent does not run, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentError {
    /// It was told too little or something that can't be.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The journal can't be opened.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// The journal is open and can't be read.
    #[error("the journal can't be read: {0}")]
    Books(#[from] ReadError),
    /// A scanner's configuration is no good.
    #[error("scanner: {0}")]
    Scanner(#[from] StartError),
    /// The port can't be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The certificate is no good.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The way to the centre is no good.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The level of the log is none.
    #[error("`log.level`: {0}")]
    Level(#[from] LevelError),
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
            Self::Settings(_) | Self::Tls(_) | Self::Line(_) | Self::Level(_) => true,
            Self::Scanner(error) => !matches!(error, StartError::Thread { .. }),
            Self::Listen(error) => matches!(error, ListenError::PlaintextOffLoopback { .. } | ListenError::Tls(_)),
            Self::Journal(_) | Self::Books(_) | Self::Folder { .. } | Self::Task(_) => false,
        }
    }

    /// The condition that says more about it.
    pub(crate) const fn condition(&self) -> Option<Code> {
        match self {
            Self::Journal(OpenError::Damaged(_)) | Self::Books(_) => Some(registry::JOURNAL_DAMAGED),
            Self::Journal(OpenError::InUse { .. }) => Some(registry::JOURNAL_LOCKED),
            Self::Journal(OpenError::NewerFormat { .. }) => Some(registry::JOURNAL_NEWER),
            Self::Listen(ListenError::PlaintextOffLoopback { .. }) => Some(registry::PLAINTEXT_REFUSED),
            Self::Listen(ListenError::Tls(_)) | Self::Tls(_) => Some(registry::CERTIFICATE),
            Self::Journal(_)
            | Self::Listen(ListenError::Bind { .. })
            | Self::Settings(_)
            | Self::Scanner(_)
            | Self::Line(_)
            | Self::Level(_)
            | Self::Folder { .. }
            | Self::Task(_) => None,
        }
    }
}

/// Opens the journal of a configuration.
pub(crate) fn open_journal(data: &Path, store: &StoreId, clock: Clock) -> Result<(Journal, Writer), AgentError> {
    let folder = |source| AgentError::Folder { path: data.to_owned(), source };
    std::fs::create_dir_all(data).map_err(folder)?;
    let read = move || Reading { steady_ms: clock.millis(), wall: clock.wall() };
    let config = tidemark_journal::Config::new(data.join("journal"), store.clone(), Arc::new(read));
    let of_disk = disk::room(data).map_or(0, |room| room.total_mib.saturating_mul(BALLAST_SHARE_OF_MIB));
    Ok(Journal::open(tidemark_journal::Config { ballast_bytes: of_disk.min(BALLAST), ..config })?)
}

/// Builds the agent and runs it to its end. Nothing is made on disk before
/// the whole configuration is found good. A journal found damaged while it was
/// open is set aside, and the agent begins anew over a new one.
pub(crate) async fn run(settings: BoxSettings) -> Result<(), AgentError> {
    let clock = Clock::start();
    loop {
        let checked = Checked::of(&settings)?;
        let (journal, writer) = open_journal(&settings.data, &checked.store, clock)?;
        let health = journal.watch_health();
        let ran = run_over(&settings, checked, journal.clone(), clock).await;
        // The last sync; joins the writer's thread.
        let stopped = tokio::task::spawn_blocking(move || writer.stop()).await;
        if !matches!(stopped, Ok(Ok(()))) {
            tracing::error!("the journal's thread did not end as it should");
        }
        if ran.is_err() && journal.is_left() {
            continue;
        }
        match (ran, &*health.borrow()) {
            (Err(_), Health::Damaged { cause }) => {
                tracing::error!(cause, "the journal is damaged; going on in a new one")
            }
            (ran, _) => return ran,
        }
    }
}

async fn run_over(settings: &BoxSettings, checked: Checked, journal: Journal, clock: Clock) -> Result<(), AgentError> {
    let Checked { time_zone, line, tls, desk: at_desk, .. } = checked;
    let conditions = Active::default();
    let (events, metrics) = Events::declare();
    let listener = Listener::open(settings.http.address, tls.clone()).await?.counted(events.traffic.clone());
    let line_port = line_port(settings, tls.clone()).await?;
    let epoch = journal.identity().epoch;
    let (contact, control) = Control::open(&settings.data, epoch, listener.address(), tls.is_some());
    let scanners = Scanners::start(settings.scanner.clone(), Arc::new(move || clock.millis()))?;
    let (troubles, roll, days) = (Troubles::new(conditions.clone(), clock), Roll::default(), Days::default());
    let (desk, desk_view, hands) = Desk::build(
        Fittings {
            journal: journal.clone(),
            conditions: conditions.clone(),
            troubles: troubles.clone(),
            roll: roll.clone(),
            events: events.clone(),
            time_zone: time_zone.clone(),
            clock,
        },
        scanners,
        at_desk,
    )?;
    let around = Surroundings {
        journal: journal.clone(),
        conditions: conditions.clone(),
        clock,
        desk: desk_view.clone(),
        roll: roll.clone(),
        metered: settings.metered,
    };
    let (uplink, uplink_view) = uplink::build(around, line)?;
    let views = Views { desk: desk_view, uplink: uplink_view };
    let reporter = Arc::new(Reporter::new(journal.clone(), views, conditions.clone(), clock, days.clone()));
    let watch = Watch {
        troubles: troubles.clone(),
        journal: journal.clone(),
        data: settings.data.clone(),
        tls,
        days: days.clone(),
    };
    let ground = Ground {
        journal: journal.clone(),
        held: journal.tail(),
        conditions: conditions.clone(),
        events,
        metrics,
        reporter,
        troubles,
        roll,
        days,
        hands,
        control,
        time_zone,
        clock,
    };
    let ways = Ways::build(settings, line_port, ground);
    let mut tasks = Tasks::new();
    announce(listener.address(), &journal);
    tasks.spawn("desk", desk.run(tasks.stop()));
    if let Some(uplink) = uplink {
        tasks.spawn("uplink", uplink.run(tasks.stop()));
    }
    ways.spawn(listener, &mut tasks);
    tasks.spawn("troubles", watch.run(tasks.stop()));
    watch_over(&mut tasks, journal, conditions, clock);
    let ended = tasks.run(DRAIN).await;
    drop(contact);
    Ok(ended?)
}

/// Starts what looks after journal and machine.
fn watch_over(tasks: &mut Tasks, journal: Journal, conditions: Active, clock: Clock) {
    tasks.spawn("disk", watch_disk(journal.watch_health(), conditions, clock, tasks.stop()));
    let writer = journal.clone();
    let lives = move || {
        let writer = writer.clone();
        async move { writer.ping().await.is_ok() }
    };
    tasks.spawn("life", service::watch(lives, tasks.stop()));
    tasks.spawn("sleep", watch_sleep(journal, clock, tasks.stop()));
}

fn announce(address: SocketAddr, journal: &Journal) {
    let identity = journal.identity();
    tracing::info!(store = %identity.store, epoch = %identity.epoch, tail = journal.tail(), %address, "the box is open");
    if journal.counts().torn_logs > 0 {
        tracing::warn!("the journal's log was torn behind all that is known to be saved, as by a cut of power");
    }
    for aside in &journal.salvage().set_aside {
        tracing::error!(number = aside.number, cause = aside.cause, "a damaged journal stands aside");
    }
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
                conditions.clear(registry::DISK_READ_ONLY);
            }
            Health::NotWritable { cause, .. } => {
                conditions.raise(registry::NOT_SAVED, cause.clone(), clock.millis());
                if cause.contains(READ_ONLY) {
                    conditions.raise(registry::DISK_READ_ONLY, cause.clone(), clock.millis());
                } else {
                    conditions.clear(registry::DISK_READ_ONLY);
                }
            }
            Health::Damaged { cause } => {
                conditions.raise(registry::NOT_SAVED, cause.clone(), clock.millis());
                return Err(std::io::Error::other(cause.clone()));
            }
            Health::Closed => return Ok(()),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            changed = health.changed() => if changed.is_err() { return Ok(()) },
        }
    }
}

/// Tells the journal when the machine slept: that ends a boot of the
/// odometer.
async fn watch_sleep(journal: Journal, clock: Clock, stop: CancellationToken) -> Result<(), std::io::Error> {
    let mut slept = clock.slept();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(SLEEP_LOOK) => {}
        }
        let now = clock.slept();
        if now.saturating_sub(slept) > SLEEP_GAP {
            slept = now;
            if let Err(error) = journal.begin_boot().await {
                tracing::error!(%error, "a sleep of the machine could not be noted");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_model::Odometer;

    #[test]
    fn a_journal_that_can_not_be_worked_with_is_named_by_its_condition() {
        let dir = PathBuf::from("journal");
        let newer = OpenError::NewerFormat { dir, found: 99 };
        assert_eq!(AgentError::Journal(newer).condition(), Some(registry::JOURNAL_NEWER));
        let unreadable = ReadError::Layout("the books".to_owned());
        assert_eq!(AgentError::Books(unreadable).condition(), Some(registry::JOURNAL_DAMAGED));
    }

    #[tokio::test]
    async fn what_the_disk_does_is_a_condition_until_it_is_over() {
        let (tell, health) = watch::channel(Health::Writable);
        let (conditions, stop) = (Active::default(), CancellationToken::new());
        let watching = tokio::spawn(watch_disk(health, conditions.clone(), Clock::start(), stop));
        let told = async |health: Health| {
            tell.send_replace(health);
            // One thread: the watcher has its turn before this goes on.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            conditions.list().into_iter().map(|raised| raised.code).collect::<Vec<_>>()
        };
        let failing = |cause: &str| Health::NotWritable { cause: cause.to_owned(), since: Odometer(0) };
        let read_only = failing("IO error: While open a file: Read-only file system");
        assert_eq!(told(read_only).await, [registry::NOT_SAVED, registry::DISK_READ_ONLY]);
        assert_eq!(told(failing("IO error: No space left on device")).await, [registry::NOT_SAVED]);
        assert_eq!(told(Health::Writable).await, []);
        assert_eq!(told(Health::Damaged { cause: "checksum".to_owned() }).await, [registry::NOT_SAVED]);
        assert!(watching.await.unwrap().is_err(), "the agent begins anew");
    }
}
