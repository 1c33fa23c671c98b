//! The box in the shop: a disk, and while it runs, an agent with its queue,
//! its writer and its uplink.

use std::collections::{BTreeSet, VecDeque};

use tidemark_model::{BoxId, Odometer};
use tidemark_sync::{Attempt, Millis, Uplink, UplinkConfig};

use crate::disk::{Disk, Waiting, Writing};

/// One run of an agent; the number never comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life(pub(crate) u32);

/// One stream: an attempt of one run of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamKey(pub(crate) Life, pub(crate) Attempt);

/// A box.
#[derive(Debug)]
pub(crate) struct ShopBox {
    pub(crate) id: BoxId,
    pub(crate) disk: Disk,
    pub(crate) agent: Option<Agent>,
}

/// A running agent; all of it is gone when it dies.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) life: Life,
    pub(crate) uplink: Uplink,
    started_at: u64,
    saved: Odometer,
    /// No reading is given below.
    pub(crate) least: Odometer,
    pub(crate) queue: VecDeque<Waiting>,
    pub(crate) writing: Option<Writing>,
    pub(crate) dialled: BTreeSet<Attempt>,
    pub(crate) connection: Option<Attempt>,
    /// Whether something said on the connection was lost: nothing that
    /// follows arrives.
    pub(crate) broken_up: bool,
    pub(crate) broken_down: bool,
}

impl ShopBox {
    pub(crate) fn start(&mut self, life: Life, seed: u64, now: u64) {
        let config = UplinkConfig {
            store: self.disk.store.clone(),
            box_id: self.id,
            agent_version: "0.1.0".to_owned(),
            metered: false,
            seed,
        };
        self.agent = Some(Agent {
            life,
            uplink: Uplink::new(config, self.disk.facts(), Millis(now)),
            started_at: now,
            saved: self.disk.odometer,
            least: self.disk.odometer,
            queue: VecDeque::new(),
            writing: None,
            dialled: BTreeSet::new(),
            connection: None,
            broken_up: false,
            broken_down: false,
        });
    }

    pub(crate) fn is_running(&self, life: Life) -> bool {
        self.agent.as_ref().is_some_and(|agent| agent.life == life)
    }
}

impl Agent {
    /// The odometer now.
    pub(crate) const fn odometer(&self, now: u64) -> Odometer {
        Odometer(self.saved.0.saturating_add(now.saturating_sub(self.started_at)))
    }

    /// The odometer when this boot began.
    pub(crate) const fn boot(&self) -> Odometer {
        self.saved
    }
}
