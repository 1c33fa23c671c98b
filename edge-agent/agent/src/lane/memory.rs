//! What a lane remembers over a restart: a small JSON object in the journal.

use serde::{Deserialize, Serialize};
use tidemark_model::{Label, Odometer, Reference, TextError};

use super::mode::{Mode, Zone};

/// The layout this release writes; it reads all before.
const VERSION: u8 = 2;

/// A lane's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LaneMemory {
    /// What an item does.
    pub(crate) mode: Mode,
    /// How often the next item counts.
    pub(crate) multiplier: u16,
    /// Whether the waiting quantity was told.
    pub(crate) reminded: bool,
    /// Which session this is.
    pub(crate) session: u64,
    /// Documents the lane has written in this epoch.
    pub(crate) counter: u64,
    /// Numbers of this session's documents that can be undone, newest last.
    pub(crate) undoable: Vec<u64>,
    /// The last saved scan.
    pub(crate) last: Option<String>,
    /// When the lane was last used.
    pub(crate) touched: Odometer,
    /// The order, delivery or transfer of what is scanned in this session.
    pub(crate) reference: Option<Reference>,
    /// Who works here.
    pub(crate) operator: Option<Label>,
    /// The handheld's page that was taken last.
    pub(crate) page: Option<u64>,
    /// The count the lane took part in last, with the zones it was in.
    pub(crate) count: Option<Counting>,
}

/// A count that a lane takes part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counting {
    /// The count.
    pub(crate) name: Reference,
    /// The zones the lane was in, each with whether it ended it.
    pub(crate) zones: Vec<(Label, bool)>,
}

/// A memory that can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemoryError {
    /// Not in our layout.
    #[error("the lane's memory can't be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A label in it is none.
    #[error("the lane's memory can't be read: {0}")]
    Text(#[from] TextError),
    /// Written by a newer release.
    #[error("the lane's memory has version {0}, this release reads {VERSION}")]
    Newer(u8),
}

impl Default for LaneMemory {
    fn default() -> Self {
        Self {
            mode: Mode::Look,
            multiplier: 1,
            reminded: false,
            session: 1,
            counter: 0,
            undoable: Vec::new(),
            last: None,
            touched: Odometer(0),
            reference: None,
            operator: None,
            page: None,
            count: None,
        }
    }
}

/// The kept form.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u8,
    mode: KeptMode,
    multiplier: u16,
    reminded: bool,
    session: u64,
    counter: u64,
    undoable: Vec<u64>,
    last: Option<String>,
    touched_ms: u64,
    #[serde(default)]
    reference: Option<String>,
    #[serde(default)]
    operator: Option<String>,
    #[serde(default)]
    page: Option<u64>,
    #[serde(default)]
    count: Option<KeptCounting>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptMode {
    Look,
    Sell,
    Return,
    Receive,
    Waste { reason: String },
    Send { store: String },
    Count { count: String, zone: String, sells: bool, anew: bool },
}

#[derive(Serialize, Deserialize)]
struct KeptCounting {
    name: String,
    zones: Vec<(String, bool)>,
}

impl LaneMemory {
    /// What a lane remembers that was never used.
    pub(crate) fn at(home: Mode) -> Self {
        Self { mode: home, ..Self::default() }
    }

    /// What a lane remembers whose memory is lost. It may have written
    /// documents in this epoch: its numbers go on above all it can have
    /// given, for it gives less than one a millisecond.
    pub(crate) fn anew(home: Mode, now: Odometer) -> Self {
        Self { counter: now.0, ..Self::at(home) }
    }

    /// As it is taken over at `now`: an epoch's odometer begins anew, and a
    /// later reading is an older one's.
    pub(crate) fn taken_over(self, now: Odometer) -> Self {
        Self { touched: self.touched.min(now), ..self }
    }

    /// Whether nothing is open.
    pub(crate) fn is_home(&self, home: &Mode) -> bool {
        let labels = self.reference.is_none() && self.operator.is_none();
        self.mode == *home && self.multiplier == 1 && self.undoable.is_empty() && labels
    }

    /// Back home; the counter, the last scan and a count that is not closed
    /// stay.
    pub(super) fn end_session(&mut self, home: &Mode) {
        self.mode = home.clone();
        self.multiplier = 1;
        self.undoable.clear();
        self.reference = None;
        self.operator = None;
        self.session += 1;
    }

    /// The lane is in a zone of a count from now on, or ended it.
    pub(super) fn note_zone(&mut self, zone: &Zone, ended: bool) {
        let mut counting = self.count.take().filter(|counting| counting.name == zone.count);
        let zones = counting.as_mut().map(|counting| std::mem::take(&mut counting.zones)).unwrap_or_default();
        let others = zones.into_iter().filter(|(name, _)| *name != zone.name);
        let zones = others.chain([(zone.name.clone(), ended)]).collect();
        self.count = Some(Counting { name: zone.count.clone(), zones });
    }

    /// As kept.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let counting = |counting: &Counting| KeptCounting {
            name: counting.name.to_string(),
            zones: counting.zones.iter().map(|(name, ended)| (name.to_string(), *ended)).collect(),
        };
        let kept = Kept {
            version: VERSION,
            mode: KeptMode::of(&self.mode),
            multiplier: self.multiplier,
            reminded: self.reminded,
            session: self.session,
            counter: self.counter,
            undoable: self.undoable.clone(),
            last: self.last.clone(),
            touched_ms: self.touched.0,
            reference: self.reference.as_ref().map(ToString::to_string),
            operator: self.operator.as_ref().map(ToString::to_string),
            page: self.page,
            count: self.count.as_ref().map(counting),
        };
        // Plain strings and numbers always serialise.
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// From its kept form.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, MemoryError> {
        let kept: Kept = serde_json::from_slice(bytes)?;
        if kept.version > VERSION {
            return Err(MemoryError::Newer(kept.version));
        }
        Ok(Self {
            mode: kept.mode.read()?,
            multiplier: kept.multiplier.max(1),
            reminded: kept.reminded,
            session: kept.session,
            counter: kept.counter,
            undoable: kept.undoable,
            last: kept.last,
            touched: Odometer(kept.touched_ms),
            reference: kept.reference.map(|text| Reference::new(&text)).transpose()?,
            operator: kept.operator.map(|text| Label::new(&text)).transpose()?,
            page: kept.page,
            count: kept.count.map(KeptCounting::read).transpose()?,
        })
    }
}

impl KeptMode {
    fn of(mode: &Mode) -> Self {
        match mode {
            Mode::Look => Self::Look,
            Mode::Sell => Self::Sell,
            Mode::Return => Self::Return,
            Mode::Receive => Self::Receive,
            Mode::Waste(reason) => Self::Waste { reason: reason.to_string() },
            Mode::Send(store) => Self::Send { store: store.to_string() },
            Mode::Count(Zone { count, name, sells, anew }) => {
                Self::Count { count: count.to_string(), zone: name.to_string(), sells: *sells, anew: *anew }
            }
        }
    }

    fn read(self) -> Result<Mode, TextError> {
        Ok(match self {
            Self::Look => Mode::Look,
            Self::Sell => Mode::Sell,
            Self::Return => Mode::Return,
            Self::Receive => Mode::Receive,
            Self::Waste { reason } => Mode::Waste(Label::new(&reason)?),
            Self::Send { store } => Mode::Send(Label::new(&store)?),
            Self::Count { count, zone, sells, anew } => {
                Mode::Count(Zone { count: Reference::new(&count)?, name: Label::new(&zone)?, sells, anew })
            }
        })
    }
}

impl KeptCounting {
    fn read(self) -> Result<Counting, TextError> {
        let zone = |(name, ended): (String, bool)| Ok((Label::new(&name)?, ended));
        let zones = self.zones.into_iter().map(zone).collect::<Result<_, TextError>>()?;
        Ok(Counting { name: Reference::new(&self.name)?, zones })
    }
}
