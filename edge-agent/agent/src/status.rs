//! How the box is, in one document: `/v1/status`, the page and
//! `tidemark-edge status` show the same facts.

use serde::{Deserialize, Serialize};
use tidemark_daemon::conditions::Severity;

use crate::days::DayStatus;
use crate::desk::{Does, Said};
use crate::words::Language;

/// The schema this release writes.
pub(crate) const SCHEMA: &str = "tidemark.status/v1";

/// How the box is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    /// [`SCHEMA`].
    pub(crate) schema: String,
    /// The shop.
    pub(crate) store: String,
    /// The box's own identity.
    pub(crate) box_id: String,
    /// The life of its journal.
    pub(crate) epoch: String,
    /// The program's version.
    pub(crate) version: String,
    /// Whether what is submitted gets to disk.
    pub(crate) saving: bool,
    /// How it stands with the centre.
    pub(crate) centre: Centre,
    /// The last committed seq.
    pub(crate) tail: u64,
    /// Movements that the centre has not yet handled.
    pub(crate) pending: u64,
    /// How old the oldest of them is.
    pub(crate) oldest_pending_seconds: Option<u64>,
    /// Days of trading at 20,000 movements that still fit on the disk; none if
    /// that can't be told here.
    #[serde(default)]
    pub(crate) trading_days_left: Option<u64>,
    /// Milliseconds the box has run.
    pub(crate) odometer_ms: u64,
    /// The catalogue in use; 0 without one.
    pub(crate) catalogue: u64,
    /// Troubles.
    pub(crate) conditions: Vec<Trouble>,
    /// Lanes.
    pub(crate) lanes: Vec<LaneStatus>,
    /// Scanners.
    pub(crate) scanners: Vec<ScannerStatus>,
    /// The newest trading days, newest first.
    #[serde(default)]
    pub(crate) days: Vec<DayStatus>,
    /// Items that head office wants counted and nobody has counted since.
    #[serde(default)]
    pub(crate) count_list: Vec<String>,
    /// The newest movements, newest first.
    pub(crate) recent: Vec<Recent>,
}

/// How it stands with the centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Centre {
    /// Whether the stream is open.
    pub(crate) reached: bool,
    /// Where it is.
    pub(crate) address: Option<String>,
    /// Seconds since it was last heard; none if never.
    pub(crate) heard_seconds: Option<u64>,
    /// Whether another box took this shop over.
    pub(crate) closed: bool,
}

/// A condition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// `TM-nnnn`.
    pub(crate) code: String,
    /// What it is called.
    pub(crate) title: String,
    /// `info`, `warning` or `critical`.
    pub(crate) severity: String,
    /// What is the case here.
    pub(crate) detail: String,
    /// What to do.
    pub(crate) remedy: String,
    /// Seconds since it was raised.
    pub(crate) since_seconds: u64,
}

impl Trouble {
    /// Whether somebody should look.
    fn is_urgent(&self) -> bool {
        self.severity != Severity::Info.to_string()
    }
}

/// A lane.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LaneStatus {
    /// Its name.
    pub(crate) name: String,
    /// What an item does on it.
    pub(crate) mode: String,
    /// Whether a handheld may work on it.
    #[serde(default)]
    pub(crate) takes: bool,
    /// The last saved scan.
    pub(crate) last_saved: Option<String>,
    /// What was signalled last.
    pub(crate) last_signal: Option<String>,
    /// What an item does, for the page's own language.
    #[serde(skip)]
    pub(crate) does: Option<Does>,
    /// What was signalled last, likewise.
    #[serde(skip)]
    pub(crate) said: Option<Said>,
}

impl LaneStatus {
    /// What an item does, in a language.
    pub(crate) fn mode_in(&self, language: Language) -> String {
        self.does.as_ref().map_or_else(|| self.mode.clone(), |does| does.say(language))
    }

    /// What was signalled last, in a language.
    pub(crate) fn signal_in(&self, language: Language) -> String {
        let told = || self.last_signal.clone().unwrap_or_else(|| "–".to_owned());
        self.said.as_ref().map_or_else(told, |said| said.say(language))
    }
}

/// A scanner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ScannerStatus {
    /// Its port.
    pub(crate) path: String,
    /// Its lane.
    pub(crate) lane: String,
    /// Whether it answers.
    pub(crate) present: bool,
    /// Scans since the start.
    pub(crate) scans: u64,
    /// Those of them that are being saved: their signal is still to come.
    #[serde(default)]
    pub(crate) unanswered: u64,
}

/// A movement on the page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Recent {
    /// Its seq.
    pub(crate) seq: u64,
    /// What it is.
    pub(crate) kind: String,
    /// The item or code.
    pub(crate) item: String,
    /// How many.
    pub(crate) quantity: String,
    /// On-hand after it; none if unknown.
    pub(crate) on_hand: Option<String>,
    /// Who submitted it.
    pub(crate) source: String,
    /// The wall clock's label, RFC 3339.
    pub(crate) time: String,
    /// Whether it was kept aside.
    pub(crate) parked: bool,
    /// Of what head office asked for: who, and why.
    #[serde(default)]
    pub(crate) note: Option<String>,
}

impl Status {
    /// The one sentence that people read.
    pub(crate) fn sentence(&self) -> String {
        let saved = if self.saving {
            "Everything is saved"
        } else {
            "NOT SAVED: the disk of this box fails, keep every receipt"
        };
        if self.centre.address.is_none() {
            return format!("{saved}. This box works alone: no head office is configured.");
        }
        let reached = match (self.centre.reached, self.pending) {
            (true, 0) => "and head office has it.".to_owned(),
            (true, pending) => format!("and {} on the way to head office.", movements(pending)),
            (false, 0) => "and head office has it, but can't be reached now.".to_owned(),
            (false, pending) => {
                format!("but head office can't be reached: {} here until the line is back.", waits(pending))
            }
        };
        format!("{saved}, {reached}")
    }

    /// How bad it is, for the mark beside the sentence.
    pub(crate) fn mark(&self) -> Mark {
        if !self.saving {
            Mark::Bad
        } else if (self.centre.reached || self.centre.address.is_none())
            && !self.conditions.iter().any(Trouble::is_urgent)
        {
            Mark::Good
        } else {
            Mark::Warning
        }
    }
}

fn movements(count: u64) -> String {
    if count == 1 { "1 movement is".to_owned() } else { format!("{count} movements are") }
}

fn waits(count: u64) -> String {
    if count == 1 { "1 movement waits".to_owned() } else { format!("{count} movements wait") }
}

/// A mark with a shape and a word, so that it is not told by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// All is well.
    Good,
    /// Something needs a look.
    Warning,
    /// Nothing is saved.
    Bad,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn example() -> Status {
        Status {
            schema: SCHEMA.to_owned(),
            store: "S0001".to_owned(),
            box_id: "b".to_owned(),
            epoch: "0000000000000001".to_owned(),
            version: "0.1.0".to_owned(),
            saving: true,
            centre: Centre {
                reached: true,
                address: Some("https://centre".to_owned()),
                heard_seconds: Some(1),
                closed: false,
            },
            tail: 10,
            pending: 0,
            oldest_pending_seconds: None,
            trading_days_left: Some(400),
            odometer_ms: 1,
            catalogue: 1,
            conditions: Vec::new(),
            lanes: Vec::new(),
            scanners: Vec::new(),
            days: Vec::new(),
            count_list: Vec::new(),
            recent: Vec::new(),
        }
    }

    #[test]
    fn one_sentence_says_whether_all_is_saved_and_head_office_reached() {
        let mut status = example();
        assert_eq!(status.sentence(), "Everything is saved, and head office has it.");
        assert_eq!(status.mark(), Mark::Good);
        status.pending = 1;
        assert_eq!(status.sentence(), "Everything is saved, and 1 movement is on the way to head office.");
        status.centre.reached = false;
        status.pending = 412;
        assert_eq!(
            status.sentence(),
            "Everything is saved, but head office can't be reached: 412 movements wait here until the line is back."
        );
        assert_eq!(status.mark(), Mark::Warning);
        status.saving = false;
        assert!(status.sentence().starts_with("NOT SAVED"));
        assert_eq!(status.mark(), Mark::Bad);
    }

    #[test]
    fn a_box_alone_waits_for_nobody() {
        let mut status = example();
        status.centre = Centre { reached: false, address: None, heard_seconds: None, closed: false };
        assert_eq!(status.sentence(), "Everything is saved. This box works alone: no head office is configured.");
        assert_eq!(status.mark(), Mark::Good);
    }

    #[test]
    fn what_is_only_worth_knowing_calls_nobody() {
        let mut status = example();
        let trouble = |severity: Severity| Trouble {
            code: "TM-4003".to_owned(),
            title: String::new(),
            severity: severity.to_string(),
            detail: String::new(),
            remedy: String::new(),
            since_seconds: 0,
        };
        status.conditions = vec![trouble(Severity::Info)];
        assert_eq!(status.mark(), Mark::Good);
        status.conditions.push(trouble(Severity::Warning));
        assert_eq!(status.mark(), Mark::Warning);
    }
}
