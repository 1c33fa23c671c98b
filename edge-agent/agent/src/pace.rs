//! How fast one terminal may ask: a till that goes wild makes no other wait.

use tidemark_daemon::pace;
use tidemark_model::Source;

/// Requests a second of one terminal.
const A_SECOND: u32 = 50;
/// How many seconds' worth of them may come at once.
const AHEAD_S: u64 = 10;

/// The pace of all terminals; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pace(pace::Pace<Source>);

impl Default for Pace {
    fn default() -> Self {
        Self(pace::Pace::of(A_SECOND, AHEAD_S))
    }
}

impl Pace {
    /// Lets a request in, or says after how many milliseconds it may come
    /// again.
    pub(crate) fn admit(&self, terminal: &Source, now_ms: u64) -> Result<(), u64> {
        self.0.admit(terminal, now_ms)
    }
}
