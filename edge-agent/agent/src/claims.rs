//! Lanes with a till in front: a scan is handed to the till that holds the
//! claim, and counts only if the till says so within 800 ms. Nothing is kept
//! and nothing waits: a scan that no till takes is dropped, and said to be.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

/// How long a till has to say that it takes a scan.
pub(crate) const FEEDBACK: Duration = Duration::from_millis(800);
/// Scans on their way to one till.
const QUEUE: usize = 8;

/// A scan as a till gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct HandedScan {
    /// What its feedback is posted under.
    pub(crate) id: String,
    /// The lane.
    pub(crate) lane: String,
    /// What was read, without symbology identifier and line end.
    pub(crate) data: String,
    /// How it was printed; `unknown` if the scanner does not say.
    pub(crate) symbology: String,
    /// The code of the item, if it is one: what a line of a document names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) item: Option<String>,
}

/// What became of a scan that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The till has it.
    Taken,
    /// The till refused it.
    Refused,
    /// The till did not say in time.
    Silent,
    /// No till is there.
    NoTill,
}

impl Outcome {
    /// The word in metrics.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::Silent => "no_feedback",
            Self::NoTill => "no_claim",
        }
    }
}

/// Feedback to a scan that is over: the till must not count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLate;

/// Who may claim a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Any till.
    Anybody,
    /// This one.
    Till(String),
}

/// Why a lane can't be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoClaim {
    /// No lane of this name has a till in front.
    NoLane,
    /// The lane belongs to another till.
    OtherTill,
}

/// The lanes with tills in front, and who holds them; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    seats: BTreeMap<String, (Seat, Option<Claim>)>,
    waiting: BTreeMap<String, Waiting>,
    run: u64,
    last: u64,
}

#[derive(Debug)]
struct Claim {
    holder: String,
    scans: mpsc::Sender<HandedScan>,
}

#[derive(Debug)]
struct Waiting {
    holder: String,
    answer: oneshot::Sender<bool>,
}

/// A scan that waits for its till's word.
#[derive(Debug)]
pub(crate) struct Handed {
    claims: Claims,
    id: String,
    answer: oneshot::Receiver<bool>,
}

impl Claims {
    /// Nobody has claimed anything; `run` tells this run's scans from those of
    /// another.
    pub(crate) fn of(lanes: impl IntoIterator<Item = (String, Seat)>, run: u64) -> Self {
        let seats = lanes.into_iter().map(|(lane, seat)| (lane, (seat, None))).collect();
        let shared = Shared { seats, run, ..Shared::default() };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// No panic happens while it is held; one elsewhere must not stop scans.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims a lane. A till that begins anew takes its place from the one it
    /// was, whose line may not have ended yet.
    pub(crate) fn claim(
        &self,
        lane: &str,
        holder: &str,
        is_local: bool,
    ) -> Result<mpsc::Receiver<HandedScan>, NoClaim> {
        let mut shared = self.lock();
        let (seat, claim) = shared.seats.get_mut(lane).ok_or(NoClaim::NoLane)?;
        match seat {
            Seat::Till(till) if !is_local && till != holder => return Err(NoClaim::OtherTill),
            Seat::Till(_) | Seat::Anybody => {}
        }
        let (scans, queue) = mpsc::channel(QUEUE);
        *claim = Some(Claim { holder: holder.to_owned(), scans });
        Ok(queue)
    }

    /// Who holds a lane.
    pub(crate) fn holder(&self, lane: &str) -> Option<String> {
        let shared = self.lock();
        let claim = shared.seats.get(lane).and_then(|(_, claim)| claim.as_ref());
        claim.filter(|claim| !claim.scans.is_closed()).map(|claim| claim.holder.clone())
    }

    /// Hands a scan to the till that holds the lane; none if no till takes it.
    pub(crate) fn hand(&self, scan: impl FnOnce(String) -> HandedScan, lane: &str) -> Option<Handed> {
        let mut shared = self.lock();
        shared.last += 1;
        let id = format!("{:x}-{}", shared.run, shared.last);
        let (_, claim) = shared.seats.get(lane)?;
        let claim = claim.as_ref()?;
        claim.scans.try_send(scan(id.clone())).ok()?;
        let holder = claim.holder.clone();
        let (answer, answered) = oneshot::channel();
        shared.waiting.insert(id.clone(), Waiting { holder, answer });
        Some(Handed { claims: self.clone(), id, answer: answered })
    }

    /// A till's word about a scan: it counts only if this says so. `holder` is
    /// none for programs of this machine.
    pub(crate) fn feedback(&self, id: &str, holder: Option<&str>, takes: bool) -> Result<(), TooLate> {
        let mut shared = self.lock();
        let is_its = |waiting: &Waiting| holder.is_none_or(|holder| waiting.holder == holder);
        if !shared.waiting.get(id).is_some_and(is_its) {
            return Err(TooLate);
        }
        let waiting = shared.waiting.remove(id).ok_or(TooLate)?;
        waiting.answer.send(takes).map_err(|_gone| TooLate)
    }

    /// Every stream ends; no scan is handed over any more.
    pub(crate) fn close(&self) {
        let mut shared = self.lock();
        shared.seats.clear();
        shared.waiting.clear();
    }

    /// Takes a scan back; false if the till's word came first.
    fn withdraw(&self, id: &str) -> bool {
        self.lock().waiting.remove(id).is_some()
    }
}

impl Handed {
    /// What the till says, if it does so in time.
    pub(crate) async fn outcome(mut self) -> Outcome {
        let said = match tokio::time::timeout(FEEDBACK, &mut self.answer).await {
            Ok(said) => said.ok(),
            Err(_) if self.claims.withdraw(&self.id) => None,
            // It was answered 200 in this very moment: it counts.
            Err(_) => self.answer.try_recv().ok(),
        };
        match said {
            Some(true) => Outcome::Taken,
            Some(false) => Outcome::Refused,
            None => Outcome::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims::of([("1".to_owned(), Seat::Anybody), ("2".to_owned(), Seat::Till("till:2".to_owned()))], 7)
    }

    fn scan(id: String) -> HandedScan {
        HandedScan { id, lane: "1".into(), data: "x".into(), symbology: "unknown".into(), item: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_scan_counts_if_the_till_says_so_in_time() {
        let claims = claims();
        let mut queue = claims.claim("1", "till:1", false).unwrap();
        for takes in [true, false] {
            let handed = claims.hand(scan, "1").unwrap();
            let got = queue.recv().await.unwrap();
            assert_eq!(claims.feedback(&got.id, Some("till:1"), takes), Ok(()));
            assert_eq!(claims.feedback(&got.id, Some("till:1"), takes), Err(TooLate), "once");
            assert_eq!(handed.outcome().await, if takes { Outcome::Taken } else { Outcome::Refused });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_800_ms_it_is_too_late() {
        let claims = claims();
        let mut queue = claims.claim("1", "till:1", false).unwrap();
        let handed = claims.hand(scan, "1").unwrap();
        let id = queue.recv().await.unwrap().id;
        assert_eq!(handed.outcome().await, Outcome::Silent);
        assert_eq!(claims.feedback(&id, Some("till:1"), true), Err(TooLate));
    }

    #[tokio::test]
    async fn without_a_till_nothing_waits() {
        let claims = claims();
        assert!(claims.hand(scan, "1").is_none());
        assert!(claims.hand(scan, "3").is_none());
        drop(claims.claim("1", "till:1", false).unwrap());
        assert!(claims.hand(scan, "1").is_none(), "the till is gone");
        assert_eq!(claims.holder("1"), None);
        let _queue = claims.claim("1", "till:1", false).unwrap();
        let waiting: Vec<Option<Handed>> = (0..=QUEUE).map(|_| claims.hand(scan, "1")).collect();
        assert_eq!(waiting.iter().flatten().count(), QUEUE, "a till that does not read takes no more");
    }

    #[tokio::test]
    async fn the_newest_claim_holds_and_only_its_till_may_answer() {
        let claims = claims();
        let mut before = claims.claim("1", "till:1", false).unwrap();
        let mut after = claims.claim("1", "till:9", false).unwrap();
        assert_eq!(before.recv().await, None, "the older stream ends");
        let _handed = claims.hand(scan, "1").unwrap();
        let id = after.recv().await.unwrap().id;
        assert_eq!(claims.feedback(&id, Some("till:1"), true), Err(TooLate));
        assert_eq!(claims.feedback(&id, None, true), Ok(()), "a program of the box itself");
    }

    #[test]
    fn a_lane_of_one_till_is_not_claimed_by_another() {
        let claims = claims();
        assert_eq!(claims.claim("2", "till:1", false).err(), Some(NoClaim::OtherTill));
        assert_eq!(claims.claim("3", "till:1", false).err(), Some(NoClaim::NoLane));
        assert!(claims.claim("2", "till:2", false).is_ok());
        assert_eq!(claims.holder("2"), None, "its queue is gone at once");
    }
}
