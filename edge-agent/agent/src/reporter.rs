//! Gathers how the box is, from journal, desk and uplink.

use jiff::Timestamp;
use tidemark_daemon::conditions::{self, Active};
use tidemark_journal::{Health, Journal, ReadError};
use tidemark_model::{Placed, WallTime};

use crate::http::Views;
use crate::status::{Recent, SCHEMA, Status, Trouble};

/// Movements on the page.
const MOVEMENTS_SHOWN: usize = 10;

/// Gathers how the box is.
#[derive(Debug)]
pub(crate) struct Reporter {
    journal: Journal,
    views: Views,
}

impl Reporter {
    pub(crate) const fn new(journal: Journal, views: Views) -> Self {
        Self { journal, views }
    }

    /// How the box is now; reads from disk.
    pub(crate) fn status(&self, active: &Active) -> Result<Status, ReadError> {
        let identity = self.journal.identity();
        let standing = self.journal.standing()?;
        let catalogue = self.journal.catalogue()?.version;
        let desk = self.views.desk.borrow().clone();
        let centre = self.views.uplink.borrow().centre.clone();
        let recent = self.journal.recent_movements(MOVEMENTS_SHOWN)?;
        Ok(Status {
            schema: SCHEMA.to_owned(),
            store: identity.store.to_string(),
            box_id: identity.box_id.to_string(),
            epoch: identity.epoch.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            saving: *self.journal.watch_health().borrow() == Health::Writable,
            centre,
            tail: standing.tail,
            pending: standing.pending,
            oldest_pending_seconds: standing.oldest_pending_ms.map(|ms| ms / 1_000),
            odometer_ms: standing.odometer.0,
            catalogue,
            conditions: active.list().iter().map(trouble).collect(),
            lanes: desk.lanes,
            scanners: desk.scanners,
            recent: recent.iter().map(shown).collect(),
        })
    }
}

fn trouble(raised: &conditions::Raised) -> Trouble {
    let condition = conditions::find(raised.code);
    let about = if raised.subject.is_empty() { String::new() } else { format!("{}: ", raised.subject) };
    Trouble {
        code: raised.code.to_string(),
        title: condition.map_or_else(String::new, |condition| condition.title.to_owned()),
        detail: format!("{about}{}", raised.detail),
        remedy: condition.map_or_else(String::new, |condition| condition.remedy.to_owned()),
    }
}

fn shown(placed: &Placed) -> Recent {
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
    }
}

/// A wall time as RFC 3339; a label beyond the calendar as it is.
pub(crate) fn time_text(wall: WallTime) -> String {
    Timestamp::from_millisecond(wall.0).map_or_else(|_beyond| wall.0.to_string(), |time| time.to_string())
}
