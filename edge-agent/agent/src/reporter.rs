//! Gathers how the box is, from journal, desk and uplink.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{self, Active};
use tidemark_daemon::disk;
use tidemark_journal::{Health, Journal, ReadError};
use tidemark_model::movement::Labels;
use tidemark_model::{Movement, Placed, WallTime};
use tokio::sync::watch;

use crate::days::{DayStatus, Days};
use crate::http::Views;
use crate::intake::CENTRE_SOURCE;
use crate::status::{Recent, SCHEMA, Status, Trouble};

/// Movements on the page.
const MOVEMENTS_SHOWN: usize = 10;

/// What a day of 20,000 movements takes on the disk, in MiB: 30 of them stay
/// below 400 MB.
const DAY_MIB: u64 = 13;

/// Gathers how the box is.
#[derive(Debug)]
pub(crate) struct Reporter {
    journal: Journal,
    views: Views,
    conditions: Active,
    clock: Clock,
    days: Days,
    /// What was read last: while the disk fails nothing can be read, and just
    /// then people look.
    last: watch::Sender<Books>,
}

/// What is read of the books.
#[derive(Clone, Debug, Default)]
struct Books {
    pending: u64,
    oldest_pending_ms: Option<u64>,
    catalogue: u64,
    recent: Vec<Recent>,
    days: Vec<DayStatus>,
    count_list: Vec<String>,
}

impl Reporter {
    pub(crate) fn new(journal: Journal, views: Views, conditions: Active, clock: Clock, days: Days) -> Self {
        Self { journal, views, conditions, clock, days, last: watch::Sender::new(Books::default()) }
    }

    /// What desk and uplink show.
    pub(crate) const fn views(&self) -> &Views {
        &self.views
    }

    /// How the box is now; reads from disk, if that can be read.
    pub(crate) fn status(&self) -> Status {
        let identity = self.journal.identity();
        let Books { pending, oldest_pending_ms, catalogue, recent, days, count_list } = self.books();
        let scanners = self.views.desk.borrow().scanners();
        let (desk, uplink) = (self.views.desk.borrow().clone(), self.views.uplink.borrow().clone());
        let now = self.clock.millis();
        Status {
            schema: SCHEMA.to_owned(),
            store: identity.store.to_string(),
            box_id: identity.box_id.to_string(),
            epoch: identity.epoch.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            saving: *self.journal.watch_health().borrow() == Health::Writable,
            centre: uplink.centre,
            tail: self.journal.tail(),
            pending,
            oldest_pending_seconds: oldest_pending_ms.map(|ms| ms / 1_000),
            trading_days_left: disk::room(self.journal.folder()).ok().map(|room| room.free_mib / DAY_MIB),
            odometer_ms: self.journal.odometer().run_ms(),
            catalogue,
            conditions: self.conditions.list().iter().map(|raised| trouble(raised, now)).collect(),
            lanes: desk.lanes,
            scanners,
            days,
            count_list,
            recent,
        }
    }

    fn books(&self) -> Books {
        match self.read() {
            Ok(books) => {
                self.last.send_replace(books.clone());
                return books;
            }
            // NOT SAVED: the condition says so.
            Err(ReadError::Closed) => {}
            Err(error) => tracing::error!(%error, "the journal can't be read"),
        }
        self.last.borrow().clone()
    }

    fn read(&self) -> Result<Books, ReadError> {
        let standing = self.journal.standing()?;
        Ok(Books {
            pending: standing.pending,
            oldest_pending_ms: standing.oldest_pending_ms,
            catalogue: self.journal.catalogue()?.version,
            recent: self.journal.recent_movements(MOVEMENTS_SHOWN)?.iter().map(shown).collect(),
            days: self.days.shown(&self.journal.sequences()?),
            count_list: self.count_list()?,
        })
    }
}

impl Reporter {
    /// What is to be counted, each item once, in order.
    fn count_list(&self) -> Result<Vec<String>, ReadError> {
        let lists = self.journal.count_lists()?;
        let items: BTreeSet<String> = lists.into_iter().flat_map(|(_, skus)| skus).map(|sku| sku.to_string()).collect();
        Ok(items.into_iter().collect())
    }
}

fn trouble(raised: &conditions::Raised, now_ms: u64) -> Trouble {
    let about = if raised.subject.is_empty() { String::new() } else { format!("{}: ", raised.subject) };
    let (title, severity, remedy) = match raised.condition() {
        Some(condition) => (condition.title, condition.severity, condition.remedy),
        None => ("a condition without a page", conditions::Severity::Warning, "call support"),
    };
    Trouble {
        code: raised.code.to_string(),
        title: title.to_owned(),
        severity: severity.to_string(),
        detail: format!("{about}{}", raised.detail),
        remedy: remedy.to_owned(),
        since_seconds: now_ms.saturating_sub(raised.since_ms) / 1_000,
    }
}

/// A movement as people read it.
pub(crate) fn shown(placed: &Placed) -> Recent {
    let movement = &placed.movement;
    let item = movement.sku.as_ref().map(|sku| sku.as_str()).or(movement.code.as_ref().map(|code| code.as_str()));
    Recent {
        seq: placed.position.seq,
        kind: movement.kind.word().to_owned(),
        item: item.unwrap_or("–").to_owned(),
        quantity: movement.quantity.to_string(),
        on_hand: movement.on_hand_after.map(|on_hand| on_hand.to_string()),
        source: movement.document.source.to_string(),
        time: time_text(movement.wall),
        parked: movement.parked.is_some(),
        note: asked(movement),
    }
}

/// Who asked for it at head office, and why.
fn asked(movement: &Movement) -> Option<String> {
    let Labels { operator, note, .. } = &movement.labels;
    let is_asked = movement.document.source.as_str() == CENTRE_SOURCE;
    let told = [operator.as_ref().map(|one| one.as_str()), note.as_ref().map(|note| note.as_str())];
    let told: Vec<&str> = told.into_iter().flatten().collect();
    (is_asked && !told.is_empty()).then(|| told.join(": "))
}

/// A wall time as RFC 3339; a label beyond the calendar as it is.
pub(crate) fn time_text(wall: WallTime) -> String {
    Timestamp::from_millisecond(wall.0).map_or_else(|_beyond| wall.0.to_string(), |time| time.to_string())
}
