//! The ways in for documents: HTTP, lines and files, over one reception.

use std::sync::Arc;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::Active;
use tidemark_daemon::listen::{ListenError, Listener};
use tidemark_daemon::metrics::MetricsPage;
use tidemark_daemon::shutdown::Tasks;
use tidemark_journal::Journal;
use tidemark_model::Seq;

use crate::control::ControlHash;
use crate::days::Days;
use crate::desk::Hands;
use crate::events::Events;
use crate::files::Inbox;
use crate::http::{Behind, Bodies, Door, router};
use crate::lines::Lines;
use crate::pace::Pace;
use crate::pairing::Pairing;
use crate::pin::PinGuard;
use crate::reception::{Parts, Reception};
use crate::reporter::Reporter;
use crate::roll::Roll;
use crate::settings::BoxSettings;
use crate::troubles::Troubles;

/// What the ways in are built over.
pub(crate) struct Ground {
    pub(crate) journal: Journal,
    /// Its tail before anything came in.
    pub(crate) held: Seq,
    pub(crate) conditions: Active,
    pub(crate) events: Events,
    pub(crate) metrics: MetricsPage,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) troubles: Troubles,
    pub(crate) roll: Roll,
    pub(crate) days: Days,
    pub(crate) hands: Hands,
    pub(crate) control: ControlHash,
    pub(crate) time_zone: jiff::tz::TimeZone,
    pub(crate) clock: Clock,
}

/// All of them.
pub(crate) struct Ways {
    door: Door,
    lines: Lines,
    line_port: Option<Listener>,
    inbox: Inbox,
    days: Days,
    held: Seq,
}

impl Ways {
    /// Builds them; `line_port` is open, if there is to be one.
    pub(crate) fn build(settings: &BoxSettings, line_port: Option<Listener>, ground: Ground) -> Self {
        let Ground { journal, held, conditions, events, metrics, reporter, troubles, roll, days, .. } = ground;
        let Ground { hands, control, time_zone, clock, .. } = ground;
        let reception = Reception::new(Parts {
            journal: journal.clone(),
            events: events.clone(),
            troubles: troubles.clone(),
            roll,
            days: days.clone(),
            time_zone,
            clock,
        });
        let inbox = Inbox::new(settings, reception.clone(), conditions);
        let (bodies, pace, pairing) = (Bodies::default(), Pace::default(), Pairing::default());
        let lines = Lines { reception: reception.clone(), control, pace: pace.clone() };
        let door = Arc::new(Behind {
            journal,
            events,
            metrics,
            reporter,
            clock,
            troubles,
            reception,
            control,
            bodies,
            hands,
            pin: Arc::new(PinGuard::of(&settings.data)),
            language: settings.language,
            zones: settings.count.on_sheet(),
            pairing,
            pace,
        });
        Self { door, lines, line_port, inbox, days, held }
    }

    /// Opens them.
    pub(crate) fn spawn(self, listener: Listener, tasks: &mut Tasks) {
        let Self { door, lines, line_port, inbox, days, held } = self;
        let journal = door.journal.clone();
        tasks.spawn("door", listener.serve(router(door), tasks.stop()));
        tasks.spawn("lines", lines.run(line_port, tasks.stop()));
        tasks.spawn("files", inbox.run(tasks.stop()));
        tasks.spawn("days", days.rebuild(journal, held, tasks.stop()));
    }
}

/// Opens the line port, if there is to be one.
pub(crate) async fn line_port(
    settings: &BoxSettings,
    tls: Option<tidemark_daemon::listen::Tls>,
) -> Result<Option<Listener>, ListenError> {
    match settings.lines.address {
        Some(address) => Ok(Some(Listener::open(address, tls).await?)),
        None => Ok(None),
    }
}
