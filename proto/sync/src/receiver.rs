//! The centre's end of the protocol, one of these per stream.

pub(crate) mod checks;
mod greeting;
pub(crate) mod input;
pub(crate) mod output;
mod progress;
mod taking;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tidemark_model::{Epoch, Generation, SeqSet};

use crate::limits;
use crate::message::{Credit, Hello, Refusal, RefusalCode, Slow, ToBox, ToCentre};
use crate::time::Millis;
use input::{Config, Input, ProduceId};
use output::{Closing, Output, Wants};
use progress::Progress;

/// Decides for the centre what becomes of one box's stream.
#[derive(Debug)]
pub struct Receiver {
    config: Config,
    stage: Stage,
    heard_at: Millis,
    hello: Option<Hello>,
    hello_at: Millis,
    /// Whether the session number did not grow, as the first look told.
    suspect: Option<bool>,
    /// The stream's end as a suspect box's `Hello` saw it.
    suspect_end: Option<u64>,
    epochs: BTreeSet<Epoch>,
    /// Those for which a control record was asked.
    opening: BTreeSet<Epoch>,
    generation: Generation,
    progress: Option<Progress>,
    last_produce: u64,
    produces: BTreeMap<ProduceId, Produce>,
    producing_bytes: u64,
    wants: Wants,
    /// Thousandths of a live movement the box is ahead of its rate.
    live_ahead: u64,
    live_at: Millis,
    outputs: VecDeque<Output>,
}

/// How far the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was said yet.
    Fresh,
    /// The ledger is being asked.
    Looking,
    /// The ledger is asked again then.
    Held { look_at: Millis, until: Until },
    /// `Welcome` is sent.
    Open,
    /// Closed; whatever comes is late.
    Over,
}

/// What a held `Hello` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// The applier gives the epoch its ordinal, or the ledger its generation.
    Decided,
    /// The applier has passed the end that a suspect box's `Hello` saw.
    Applied { offset: u64 },
}

/// Something that is being produced.
#[derive(Clone, Debug)]
struct Produce {
    /// None for the control record of an epoch.
    epoch: Option<Epoch>,
    seqs: SeqSet,
    bytes: u64,
}

/// Why a receiver wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReceiverWake {
    /// The box was not heard for too long.
    Silence,
    /// A held `Hello` is looked at again.
    LookAgain,
}

impl Receiver {
    /// A receiver for a stream that was just accepted.
    #[must_use]
    pub fn new(config: Config, now: Millis) -> Self {
        Self {
            config,
            stage: Stage::Fresh,
            heard_at: now,
            hello: None,
            hello_at: now,
            suspect: None,
            suspect_end: None,
            epochs: BTreeSet::new(),
            opening: BTreeSet::new(),
            generation: Generation(0),
            progress: None,
            last_produce: 0,
            produces: BTreeMap::new(),
            producing_bytes: 0,
            wants: Wants::default(),
            live_ahead: 0,
            live_at: now,
            outputs: VecDeque::new(),
        }
    }

    /// Takes what the shell tells.
    pub fn handle_input(&mut self, input: Input, now: Millis) {
        if self.stage == Stage::Over {
            return;
        }
        match input {
            Input::Message(message) => {
                self.heard_at = now;
                if let Err(refusal) = self.hear(message, now) {
                    self.refuse(refusal);
                }
            }
            Input::Unreadable(refusal) => self.refuse(refusal),
            Input::LookedUp(lookup) => self.looked_up(lookup, now),
            Input::Produced { produce, place } => self.produced(produce, place, now),
            Input::NotProduced { produce, cause } => self.not_produced(produce, cause),
            Input::Polled { generation, reached, blocks } => self.polled(generation, reached, blocks, now),
            Input::Granted { bytes } => {
                if self.stage == Stage::Open {
                    self.wants.outstanding = self.wants.outstanding.saturating_add(bytes);
                    self.send(ToBox::Credit(Credit { bytes }));
                }
            }
            Input::CatalogueVersion(version) => self.tell(ToBox::CatalogueVersion(version)),
            Input::Instruct(instruction) => self.tell(ToBox::Instruction(instruction)),
            Input::OpeningReady(ready) => self.tell(ToBox::OpeningReady(ready)),
            Input::Superseded => self.close(Closing::Superseded),
            Input::Disconnected => self.close(Closing::Disconnected),
            Input::Stop => self.close(Closing::Stopping),
        }
    }

    /// What the receiver wants done next; drain it after each `handle_*`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When, and why, [`Self::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Millis, ReceiverWake)> {
        let silence = (self.heard_at.after(limits::OFFLINE_MS), ReceiverWake::Silence);
        match self.stage {
            Stage::Over => None,
            Stage::Held { look_at, .. } => Some((look_at, ReceiverWake::LookAgain).min(silence)),
            Stage::Fresh | Stage::Looking | Stage::Open => Some(silence),
        }
    }

    /// The time of [`Self::poll_timeout`] has come; early calls do no harm.
    pub fn handle_timeout(&mut self, now: Millis) {
        if self.stage != Stage::Over && self.heard_at.after(limits::OFFLINE_MS) <= now {
            return self.close(Closing::Silent);
        }
        if let Stage::Held { look_at, .. } = self.stage
            && look_at <= now
        {
            self.look_again(now);
        }
    }

    /// Whether `Welcome` was sent and the stream has not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    fn hear(&mut self, message: ToCentre, now: Millis) -> Result<(), Refusal> {
        match (message, self.stage) {
            (ToCentre::Hello(hello), Stage::Fresh) => self.greet(hello, now),
            (ToCentre::Hello(_), _) => Err(Refusal::new(RefusalCode::OutOfTurn, "a second hello on one stream")),
            (_, Stage::Fresh) => Err(Refusal::new(RefusalCode::OutOfTurn, "a message before hello")),
            (ToCentre::Batch(batch), Stage::Open) => self.take_batch(batch, now),
            (ToCentre::Unreadable(lost), Stage::Open) => self.take_unreadable(lost),
            (ToCentre::Batch(_) | ToCentre::Unreadable(_), Stage::Looking | Stage::Held { .. }) => {
                Err(Refusal::new(RefusalCode::OutOfTurn, "movements before welcome"))
            }
            (ToCentre::Heartbeat(heartbeat), _) => {
                self.take_heartbeat(heartbeat);
                Ok(())
            }
            (ToCentre::OpeningTaken(taken), Stage::Open) => {
                self.outputs.push_back(Output::OpeningTaken(taken));
                Ok(())
            }
            (ToCentre::Goodbye(_), _) => {
                self.close(Closing::Goodbye);
                Ok(())
            }
            // `Hello` told it already.
            (ToCentre::OpeningTaken(_), Stage::Looking | Stage::Held { .. }) => Ok(()),
            // It was closed: what comes is late.
            (ToCentre::Batch(_) | ToCentre::Unreadable(_) | ToCentre::OpeningTaken(_), Stage::Over) => Ok(()),
        }
    }

    fn send(&mut self, message: ToBox) {
        self.outputs.push_back(Output::Send(message));
    }

    /// Sends what is only for an open stream; the shell gives it again with
    /// the next `Opened`.
    fn tell(&mut self, message: ToBox) {
        if self.stage == Stage::Open {
            self.send(message);
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        let code = refusal.code;
        self.send(ToBox::Refused(refusal));
        self.close(Closing::Refused(code));
    }

    fn slow(&mut self, retry_after_ms: u32, closing: Closing) {
        self.send(ToBox::Slow(Slow { retry_after_ms }));
        self.close(closing);
    }

    fn close(&mut self, closing: Closing) {
        self.stage = Stage::Over;
        self.produces.clear();
        self.outputs.push_back(Output::Close(closing));
    }

    fn name_produce(&mut self, produce: Produce) -> ProduceId {
        self.last_produce = self.last_produce.saturating_add(1);
        let id = ProduceId(self.last_produce);
        self.producing_bytes = self.producing_bytes.saturating_add(produce.bytes);
        self.produces.insert(id, produce);
        id
    }
}

#[cfg(test)]
mod tests;
