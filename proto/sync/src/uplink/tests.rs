use tidemark_model::{BoxId, Epoch, EpochOrdinal, Generation, Seq, SeqSet, StoreId};

use super::input::{Config, Facts, Input, ReadId};
use super::output::{Leaving, Output, TroubleKind};
use super::{LinkState, Uplink};
use crate::limits;
use crate::message::{Blocks, Credit, OpeningTaken, Record, Refusal, RefusalCode, Session, Slow, ToBox, ToCentre};
use crate::testing::welcome;
use crate::time::Millis;
use crate::uplink::outgoing::ReceivedBlocks;
use crate::uplink::search::Attempt;

/// An uplink with the shell around it reduced to a clock.
struct Alone {
    uplink: Uplink,
    now: u64,
    outputs: Vec<Output>,
}

impl Alone {
    fn start(tail: Seq) -> Self {
        let config = Config {
            store: StoreId::new("S0001").unwrap(),
            box_id: BoxId([7; 16]),
            agent_version: "0.1.0".to_owned(),
            metered: false,
            seed: 5,
        };
        let facts = Facts {
            epoch: Epoch(9),
            session: Session(0),
            tail,
            trimmed_below: 1,
            generation: Generation(0),
            handled: Blocks::new(),
            received: ReceivedBlocks::new(),
            opening: None,
            earlier: Vec::new(),
        };
        let mut alone = Self { uplink: Uplink::new(config, facts, Millis(0)), now: 0, outputs: Vec::new() };
        alone.drain();
        alone
    }

    fn drain(&mut self) {
        self.outputs.clear();
        while let Some(output) = self.uplink.poll_output() {
            self.outputs.push(output);
        }
    }

    fn tell(&mut self, input: Input) {
        self.uplink.handle_input(input, Millis(self.now));
        self.drain();
    }

    fn hear(&mut self, attempt: Attempt, message: ToBox) {
        self.tell(Input::Message { attempt, message });
    }

    /// Waits for the uplink's own time; how long that took.
    fn wait(&mut self) -> u64 {
        let (at, _why) = self.uplink.poll_timeout().unwrap();
        let waited = at.0.saturating_sub(self.now);
        self.now += waited;
        self.uplink.handle_timeout(Millis(self.now));
        self.drain();
        waited
    }

    fn dialled(&self) -> Option<Attempt> {
        self.outputs
            .iter()
            .find_map(|output| if let Output::Connect { attempt } = output { Some(*attempt) } else { None })
    }

    fn reads(&self) -> Vec<(ReadId, SeqSet)> {
        let asked = |output: &Output| {
            if let Output::Read { read, seqs, .. } = output { Some((*read, seqs.clone())) } else { None }
        };
        self.outputs.iter().filter_map(asked).collect()
    }

    /// The next attempt.
    fn attempt(&mut self) -> Attempt {
        loop {
            self.wait();
            if let Some(attempt) = self.dialled() {
                return attempt;
            }
        }
    }

    /// Lets an attempt become an open stream.
    fn welcome(&mut self, attempt: Attempt) {
        self.tell(Input::Connected { attempt });
        let session = self.uplink.status().session;
        self.tell(Input::SessionSynced(session));
        assert!(self.outputs.iter().any(|output| matches!(output, Output::Send(ToCentre::Hello(_)))));
        self.hear(attempt, ToBox::Welcome(welcome()));
        assert_eq!(self.link(), LinkState::Open);
    }

    fn link(&self) -> LinkState {
        self.uplink.status().link
    }

    fn troubles(&self) -> Vec<TroubleKind> {
        self.uplink.troubles.keys().copied().collect()
    }
}

fn refused(code: RefusalCode) -> ToBox {
    ToBox::Refused(Refusal::new(code, "so it is"))
}

const FIRST: Attempt = Attempt(1);

#[test]
fn a_refusal_while_the_session_is_being_synced_is_heeded() {
    let mut alone = Alone::start(0);
    alone.tell(Input::Connected { attempt: FIRST });
    alone.hear(FIRST, refused(RefusalCode::WrongStore));
    assert!(alone.outputs.contains(&Output::Disconnect { attempt: FIRST, because: Leaving::Refused }));
    assert_eq!((alone.link(), alone.troubles()), (LinkState::Waiting, vec![TroubleKind::Refused]));
    alone.tell(Input::SessionSynced(Session(1)));
    assert_eq!(alone.outputs, [], "there is nobody left to greet");
    assert!(alone.wait() >= limits::BACK_OFF_MS / 10);
}

#[test]
fn a_refusal_of_the_attempt_itself_is_heeded_and_the_other_attempts_are_let_go() {
    let mut alone = Alone::start(0);
    let second = alone.attempt();
    alone.hear(second, refused(RefusalCode::Protocol));
    let abandoned = [FIRST, second].map(|attempt| Output::Abandon { attempt });
    assert!(abandoned.iter().all(|output| alone.outputs.contains(output)), "{:?}", alone.outputs);
    assert_eq!((alone.link(), alone.troubles()), (LinkState::Waiting, vec![TroubleKind::Refused]));
    alone.tell(Input::Disconnected { attempt: second, cause: "its stream ended".to_owned() });
    assert_eq!(alone.link(), LinkState::Waiting);
}

#[test]
fn slow_before_hello_is_obeyed() {
    let mut alone = Alone::start(0);
    alone.hear(FIRST, ToBox::Slow(Slow { retry_after_ms: 4_000 }));
    assert_eq!(alone.troubles(), [TroubleKind::Slowed]);
    assert!((4_000..=5_000).contains(&alone.wait()));
    let next = alone.dialled().unwrap();
    alone.welcome(next);
    assert!(alone.troubles().is_empty());
}

#[test]
fn what_is_said_on_an_attempt_that_was_let_go_changes_nothing() {
    let mut alone = Alone::start(0);
    let second = alone.attempt();
    alone.welcome(second);
    alone.hear(FIRST, refused(RefusalCode::WrongStore));
    assert_eq!((alone.link(), alone.troubles()), (LinkState::Open, vec![]));
}

#[test]
fn one_refusal_takes_the_place_of_another_and_of_not_reached() {
    let mut alone = Alone::start(0);
    assert_eq!(alone.troubles(), [TroubleKind::NotReached]);
    alone.hear(FIRST, refused(RefusalCode::SecondBox));
    assert_eq!(alone.troubles(), [TroubleKind::SecondBox]);
    let next = alone.attempt();
    alone.hear(next, refused(RefusalCode::UnknownStore));
    assert_eq!(alone.troubles(), [TroubleKind::Refused]);
    let next = alone.attempt();
    alone.tell(Input::Disconnected { attempt: next, cause: "no route".to_owned() });
    assert_eq!(alone.troubles(), [TroubleKind::NotReached, TroubleKind::Refused]);
    let next = alone.attempt();
    alone.welcome(next);
    assert_eq!(alone.troubles(), []);
}

#[test]
fn refusals_that_follow_each_welcome_are_waited_for_longer_and_longer() {
    let mut alone = Alone::start(0);
    let mut attempt = FIRST;
    let mut waits = Vec::new();
    for _ in 0..20 {
        alone.welcome(attempt);
        alone.hear(attempt, refused(RefusalCode::Malformed));
        waits.push(alone.wait());
        attempt = alone.dialled().unwrap();
    }
    assert!(waits.iter().skip(8).sum::<u64>() >= 12 * 5_000, "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= limits::BACK_OFF_CAP_MS), "{waits:?}");
    // One that stood well ends the row.
    alone.welcome(attempt);
    alone.now += limits::STEADY_MS;
    alone.hear(attempt, refused(RefusalCode::Malformed));
    assert!(alone.wait() <= limits::BACK_OFF_MS * 11 / 10);
}

#[test]
fn streams_that_end_as_soon_as_they_are_open_do_not_keep_the_quick_pace() {
    let mut alone = Alone::start(0);
    let mut attempt = FIRST;
    let mut waits = Vec::new();
    while alone.now < limits::QUICK_SEARCH_MS + 60_000 {
        alone.welcome(attempt);
        alone.tell(Input::Disconnected { attempt, cause: "reset".to_owned() });
        waits.push((alone.now, alone.wait()));
        attempt = alone.dialled().unwrap();
    }
    let of = |late: bool| waits.iter().filter(move |(at, _)| (*at >= limits::QUICK_SEARCH_MS) == late);
    assert!(of(false).all(|(_, wait)| *wait <= 450));
    assert!(of(true).all(|(_, wait)| *wait >= 500), "{:?}", of(true).collect::<Vec<_>>());
    // One that stood well is searched for at once.
    alone.welcome(attempt);
    alone.now += limits::STEADY_MS;
    alone.tell(Input::Disconnected { attempt, cause: "reset".to_owned() });
    assert!(alone.wait() <= 450);
}

#[test]
fn while_the_journal_can_not_read_the_uplink_sleeps() {
    let mut alone = Alone::start(0);
    alone.welcome(FIRST);
    alone.hear(FIRST, ToBox::Credit(Credit { bytes: 1_000_000 }));
    // Live uses its allowance up, then the disk gives nothing for backlog.
    alone.tell(Input::Committed { tail: 2_000 });
    let mut wakes = 0;
    let mut reads = alone.reads();
    assert_eq!(reads.len(), 2);
    while alone.now < 5_000 {
        for (read, seqs) in std::mem::take(&mut reads) {
            let records = if read == ReadId(1) { records_at(&seqs) } else { Vec::new() };
            alone.tell(Input::Records { read, records, unreadable: SeqSet::new(), unreadable_digest: None });
            reads.extend(alone.reads());
        }
        if reads.is_empty() {
            alone.wait();
            reads.extend(alone.reads());
            wakes += 1;
        }
        assert!(wakes < 100, "it is woken again and again at {}", alone.now);
    }
}

fn records_at(seqs: &SeqSet) -> Vec<Record> {
    seqs.iter().map(|seq| Record { seq, digest: None, bytes: vec![1; 120].into() }).collect()
}

#[test]
fn an_opening_that_is_taken_between_hello_and_welcome_is_told_with_the_welcome_and_once() {
    let told = |alone: &Alone| -> Vec<OpeningTaken> {
        let said = |output: &Output| {
            if let Output::Send(ToCentre::OpeningTaken(taken)) = output { Some(*taken) } else { None }
        };
        alone.outputs.iter().filter_map(said).collect()
    };
    let mut alone = Alone::start(3);
    let attempt = alone.attempt();
    alone.tell(Input::Connected { attempt });
    let session = alone.uplink.status().session;
    alone.tell(Input::SessionSynced(session));
    let taken = OpeningTaken { ordinal: EpochOrdinal(2), seq: 3 };
    alone.tell(Input::OpeningTaken(taken));
    assert_eq!(told(&alone), [], "the centre does not listen before its welcome");
    alone.hear(attempt, ToBox::Welcome(welcome()));
    assert_eq!(told(&alone), [taken]);
    alone.tell(Input::Disconnected { attempt, cause: "a test".to_owned() });
    let attempt = alone.attempt();
    alone.welcome(attempt);
    assert_eq!(told(&alone), [], "hello said it");
}
