//! What a receiver takes and what it refuses, a sentence each.

mod greeting;
mod refusing;
mod taking;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use tidemark_model::{BoxId, Epoch, EpochOrdinal, Generation, Seq, StoreId, StreamId, StreamPlace, WallTime};

use super::Receiver;
use super::input::{Config, Found, Input, Lookup, ProduceId, Reached, Standing};
use super::output::{Closing, Output};
use crate::limits;
use crate::message::{Batch, Blocks, Hello, Limits, Record, RefusalCode, Session, ToBox, ToCentre};
use crate::testing;
use crate::time::Millis;

const EPOCH: Epoch = Epoch(0xfeed);
const STREAM: StreamId = StreamId([1; 16]);

fn store(name: &str) -> StoreId {
    StoreId::new(name).unwrap()
}

fn hello() -> Hello {
    let first = testing::hello(store("S0001"), EPOCH);
    Hello { session: Session(5), tail: 100, generation: Generation(1), ..first }
}

fn reached(offset: u64) -> Reached {
    Reached { stream: STREAM, partition: 3, offset, end: Some(10), asked_at: Millis(0) }
}

/// A store whose epoch is open.
fn found() -> Found {
    Found {
        generation: Generation(1),
        standing: Standing::Open(EpochOrdinal(1)),
        epochs: BTreeSet::from([EPOCH]),
        last_session: Some(Session(4)),
        blocks: Blocks::new(),
        earlier: BTreeMap::new(),
        reached: reached(10),
        rival: None,
        server_time: WallTime(0),
    }
}

fn batch(seqs: impl IntoIterator<Item = Seq>, live: bool, bytes: usize) -> Batch {
    let record = |seq| Record { seq, digest: None, bytes: Bytes::from(vec![1; bytes]) };
    Batch { epoch: EPOCH, live, records: seqs.into_iter().map(record).collect() }
}

/// A receiver with the shell around it reduced to a clock.
struct Alone {
    receiver: Receiver,
    now: u64,
    outputs: Vec<Output>,
}

impl Alone {
    fn fresh() -> Self {
        let config = Config { identity: Some(store("S0001")), limits: Limits::default() };
        Self { receiver: Receiver::new(config, Millis(0)), now: 0, outputs: Vec::new() }
    }

    /// After a `Hello` that the ledger is being asked about.
    fn looking(hello: Hello) -> Self {
        let mut alone = Self::fresh();
        alone.hear(ToCentre::Hello(hello));
        alone
    }

    /// On an open stream.
    fn open() -> Self {
        let mut alone = Self::looking(hello());
        alone.find(found());
        assert!(alone.receiver.is_open());
        alone
    }

    fn tell(&mut self, input: Input) {
        self.receiver.handle_input(input, Millis(self.now));
        self.drain();
    }

    fn drain(&mut self) {
        self.outputs.clear();
        while let Some(output) = self.receiver.poll_output() {
            self.outputs.push(output);
        }
    }

    fn hear(&mut self, message: ToCentre) {
        self.tell(Input::Message(message));
    }

    fn find(&mut self, found: Found) {
        self.tell(Input::LookedUp(Lookup::Found(Box::new(found))));
    }

    fn poll(&mut self, generation: u64, offset: u64) {
        let (generation, reached) = (Generation(generation), reached(offset));
        self.tell(Input::Polled { generation, reached, blocks: BTreeMap::new() });
    }

    fn wait(&mut self, millis: u64) {
        self.now += millis;
        self.receiver.handle_timeout(Millis(self.now));
        self.drain();
    }

    fn said(&self) -> impl Iterator<Item = &ToBox> {
        self.outputs.iter().filter_map(|output| if let Output::Send(message) = output { Some(message) } else { None })
    }

    fn produces(&self) -> Vec<ProduceId> {
        let named = |output: &Output| {
            let (Output::Produce { produce, .. } | Output::OpenEpoch { produce, .. }) = output else { return None };
            Some(*produce)
        };
        self.outputs.iter().filter_map(named).collect()
    }

    fn closing(&self) -> Option<&Closing> {
        self.outputs.iter().find_map(|output| if let Output::Close(closing) = output { Some(closing) } else { None })
    }

    /// The code and the detail with which the stream was refused; the box was
    /// told so, and nothing else was done.
    #[track_caller]
    fn refused(&self) -> (RefusalCode, &str) {
        let [Output::Send(ToBox::Refused(refusal)), Output::Close(Closing::Refused(code))] = self.outputs.as_slice()
        else {
            panic!("not refused: {:?}", self.outputs)
        };
        assert_eq!(refusal.code, *code);
        assert!(!refusal.detail.is_empty() && !refusal.code.remedy().is_empty());
        (*code, &refusal.detail)
    }

    fn slowed(&self) -> Option<u32> {
        self.said().find_map(|message| if let ToBox::Slow(slow) = message { Some(slow.retry_after_ms) } else { None })
    }
}

fn place(offset: u64) -> StreamPlace {
    StreamPlace { stream: STREAM, partition: 3, offset }
}
