//! The boxes of the shop: each a disk, and while it runs, an agent with its
//! queue, its writer and its uplink. One of them has the shop.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tidemark_model::{BoxId, Odometer};
use tidemark_sync::{Attempt, Millis, Uplink, UplinkConfig};

use crate::disk::{Disk, Waiting, Writing};
use crate::world::Watch;

/// Journals of one shop, at most: each costs a telling of all before it.
pub(crate) const BOXES: u32 = 4;

/// One run of an agent; the number never comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life(pub(crate) u32);

/// One stream: an attempt of one run of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamKey(pub(crate) Life, pub(crate) Attempt);

/// Which box, as the people of the shop know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BoxNo(pub(crate) u32);

/// All boxes.
#[derive(Debug)]
pub(crate) struct Shop {
    /// The box that has the shop.
    pub(crate) present: ShopBox,
    /// What was taken out, or copied.
    pub(crate) others: Vec<ShopBox>,
    /// How many there were.
    pub(crate) numbers: u32,
}

/// A box.
#[derive(Debug)]
pub(crate) struct ShopBox {
    pub(crate) no: BoxNo,
    pub(crate) id: BoxId,
    pub(crate) disk: Disk,
    pub(crate) agent: Option<Agent>,
    pub(crate) watch: Watch,
    /// What becomes of it.
    pub(crate) fate: Fate,
    /// Whether the line's cable is in it.
    pub(crate) plugged: bool,
}

/// What becomes of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is in use.
    InUse,
    /// It was taken out, and will be plugged in once more.
    Returns,
    /// It stays plugged in until all it has is handled.
    Leaves,
    /// It is gone for good.
    Gone,
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
    /// Instructions that are being carried out.
    pub(crate) doing: BTreeMap<String, Doing>,
    /// Whether the centre's word of the present stream was that the session
    /// did not grow.
    pub(crate) suspect: bool,
    /// Whether the uplink was told that the opening is taken.
    pub(crate) has_told_opening: bool,
}

/// How far an instruction is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Doing {
    /// Documents that are not on disk yet.
    pub(crate) waiting: u32,
    /// One of them was not saved.
    pub(crate) failed: bool,
    /// The result was submitted.
    pub(crate) concluded: bool,
}

impl Shop {
    pub(crate) const fn with(id: BoxId, disk: Disk) -> Self {
        Self { present: ShopBox::new(BoxNo(1), id, disk), others: Vec::new(), numbers: 1 }
    }

    /// The number of a new box.
    pub(crate) const fn number(&mut self) -> BoxNo {
        self.numbers += 1;
        BoxNo(self.numbers)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &ShopBox> {
        std::iter::once(&self.present).chain(&self.others)
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut ShopBox> {
        std::iter::once(&mut self.present).chain(&mut self.others)
    }

    pub(crate) fn of(&self, life: Life) -> Option<&ShopBox> {
        self.all().find(|one| one.is_running(life))
    }

    pub(crate) fn of_mut(&mut self, life: Life) -> Option<&mut ShopBox> {
        self.all_mut().find(|one| one.is_running(life))
    }

    pub(crate) fn numbered(&self, no: BoxNo) -> Option<&ShopBox> {
        self.all().find(|one| one.no == no)
    }

    pub(crate) fn numbered_mut(&mut self, no: BoxNo) -> Option<&mut ShopBox> {
        self.all_mut().find(|one| one.no == no)
    }

    pub(crate) fn agent(&self, life: Life) -> Option<&Agent> {
        self.of(life).and_then(|one| one.agent.as_ref())
    }

    pub(crate) fn agent_mut(&mut self, life: Life) -> Option<&mut Agent> {
        self.of_mut(life).and_then(|one| one.agent.as_mut())
    }

    pub(crate) fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.all().filter_map(|one| one.agent.as_ref())
    }

    /// How many boxes there are.
    pub(crate) const fn count(&self) -> usize {
        self.others.len() + 1
    }

    /// The agent that runs in the box at that place, the present one first.
    pub(crate) fn life_at(&self, at: usize) -> Option<Life> {
        let one = at.checked_sub(1).map_or(Some(&self.present), |at| self.others.get(at));
        one.and_then(|one| one.agent.as_ref()).map(|agent| agent.life)
    }

    /// The agents that run.
    pub(crate) fn lives(&self) -> Vec<Life> {
        self.agents().map(|agent| agent.life).collect()
    }

    /// Another box has the shop from now on.
    pub(crate) fn hand_over_to(&mut self, no: BoxNo) {
        if let Some(next) = self.others.iter_mut().find(|one| one.no == no) {
            std::mem::swap(&mut self.present, next);
        }
    }
}

impl ShopBox {
    /// A box that is in use from now on.
    pub(crate) const fn new(no: BoxNo, id: BoxId, disk: Disk) -> Self {
        Self { no, id, disk, agent: None, watch: Watch::new(), fate: Fate::InUse, plugged: true }
    }

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
            doing: BTreeMap::new(),
            suspect: false,
            has_told_opening: self.disk.taken.is_some(),
        });
    }

    pub(crate) fn is_running(&self, life: Life) -> bool {
        self.agent.as_ref().is_some_and(|agent| agent.life == life)
    }

    pub(crate) fn odometer(&self, now: u64) -> Odometer {
        self.agent.as_ref().map_or(self.disk.odometer, |agent| agent.odometer(now))
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

    /// Whether it has nothing to write.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.writing.is_none()
    }
}
