//! One stream of a box: the shell around [`tidemark_sync::Receiver`].

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tidemark_model::{BoxId, Epoch, EpochOrdinal, Seq, StoreId};
use tidemark_stream::{Event, EventRecord};
use tidemark_sync::limits::OFFLINE_MS;
use tidemark_sync::message::{Batch, Heartbeat, Hello, Limits, OpeningTaken, ToBox, ToCentre, Unreadable};
use tidemark_sync::{
    Closing, Millis, Payload, Peer, ProduceId, Receiver, ReceiverConfig, ReceiverInput as Input,
    ReceiverOutput as Output,
};
use tidemark_wire::server::{Inbound, InboundError, Outbound, OutboundClosed};
use tidemark_wire::{Control, EpochOpened, Opener, PositionsLost, encode_control};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Ingest;
use super::looking::look_up;
use super::opening_said::OpeningSaid;
use crate::desk::{Seat, Welcomed};
use crate::openings::tills;

/// Inputs that wait for a stream's task.
const INPUTS: usize = 256;

/// One stream of a box.
pub(super) struct Conversation {
    ingest: Arc<Ingest>,
    receiver: Receiver,
    outbound: Outbound,
    inputs: mpsc::Receiver<Input>,
    give: mpsc::Sender<Input>,
    cut: CancellationToken,
    work: JoinSet<()>,
    seat: Option<Taken>,
    /// The tills that were kept last.
    tills: Option<String>,
    /// What the poller said while a look-up was under way: told after it, so
    /// that no change between both is lost.
    held: Option<Vec<Input>>,
}

/// The seat that was taken with `Hello`.
struct Taken {
    peer: Peer,
    store: StoreId,
    partition: u32,
    box_id: BoxId,
    epoch: Epoch,
    /// The lowest seq that its box still holds, as it says again and again.
    trimmed: watch::Sender<Seq>,
    opening: OpeningSaid,
    open: bool,
}

impl Conversation {
    pub(super) fn new(ingest: Arc<Ingest>, identity: Option<StoreId>, outbound: Outbound) -> Self {
        let (give, inputs) = mpsc::channel(INPUTS);
        let config = ReceiverConfig { identity, limits: Limits::default() };
        let receiver = Receiver::new(config, Millis(ingest.clock.millis()));
        let (cut, work) = (CancellationToken::new(), JoinSet::new());
        Self { ingest, receiver, outbound, inputs, give, cut, work, seat: None, tills: None, held: None }
    }

    /// Speaks with the box until the stream ends.
    pub(super) async fn run(mut self, mut inbound: Inbound) {
        loop {
            if let Some(closing) = self.perform_all().await {
                self.close(&closing);
                return;
            }
            let due = self.receiver.poll_timeout().map(|(at, _why)| at.0.saturating_sub(self.now().0));
            tokio::select! {
                heard = inbound.recv() => self.heard(heard),
                Some(input) = self.inputs.recv() => self.take(input),
                () = self.cut.cancelled() => self.tell(Input::Disconnected),
                () = self.ingest.stop.cancelled() => self.tell(Input::Stop),
                () = wait(due) => {
                    let now = self.now();
                    self.receiver.handle_timeout(now);
                }
                Some(_) = self.work.join_next() => {}
            }
        }
    }

    fn now(&self) -> Millis {
        Millis(self.ingest.clock.millis())
    }

    fn tell(&mut self, input: Input) {
        let now = self.now();
        self.receiver.handle_input(input, now);
    }

    fn heard(&mut self, heard: Result<Option<ToCentre>, InboundError>) {
        if let Some(seat) = &self.seat {
            self.ingest.desk.heard(seat.peer, self.now());
        }
        match heard {
            Ok(Some(message)) => self.tell(Input::Message(message)),
            Ok(None) | Err(InboundError::Lost(_)) => self.tell(Input::Disconnected),
            Err(InboundError::Refused(refusal)) => self.tell(Input::Unreadable(refusal)),
        }
    }

    /// Takes an input of another task; the poller's words wait while a
    /// look-up is under way.
    fn take(&mut self, input: Input) {
        match (&mut self.held, input) {
            (Some(held), polled @ Input::Polled { .. }) if held.len() < INPUTS => held.push(polled),
            (Some(_), Input::Polled { .. }) => self.cut.cancel(),
            (_, Input::LookedUp(lookup)) => {
                self.tell(Input::LookedUp(lookup));
                for polled in self.held.take().unwrap_or_default() {
                    self.tell(polled);
                }
            }
            (_, other) => self.tell(other),
        }
    }

    /// Performs what the receiver wants; why the stream ends, if it does.
    async fn perform_all(&mut self) -> Option<Closing> {
        while let Some(output) = self.receiver.poll_output() {
            if let Some(closing) = self.perform(output).await {
                return Some(closing);
            }
        }
        None
    }

    async fn perform(&mut self, output: Output) -> Option<Closing> {
        match output {
            Output::LookUp { hello, again } => self.look_up(hello, again),
            Output::RaiseGeneration { above } => {
                if let Err(error) = self.ingest.ledger.raise_generation(above).await {
                    tracing::error!(%error, "the generation could not be raised");
                }
            }
            Output::OpenEpoch { produce, hello } => self.open_epoch(produce, &hello),
            Output::Produce { produce, payload } => self.produce(produce, payload),
            Output::Send(message) => {
                if !self.say(message).await {
                    self.tell(Input::Disconnected);
                }
            }
            Output::Opened { ordinal, closed, .. } => self.opened(ordinal, closed),
            Output::Heard(heartbeat) => self.keep(&heartbeat),
            Output::OpeningTaken(taken) => self.took_opening(taken),
            Output::Wants(wants) => {
                if let Some(Taken { peer, partition, .. }) = self.seat {
                    self.ingest.desk.wants(peer, partition, wants, self.now());
                }
            }
            Output::Close(closing) => return Some(closing),
        }
        None
    }

    /// Sends to the box; false if it is gone, or takes nothing for so long
    /// that it is given up. A refusal is the stream's last word, said once
    /// even where the frame that is refused was found before this.
    async fn say(&self, message: ToBox) -> bool {
        if let ToBox::Refused(refusal) = message {
            self.outbound.refuse(refusal);
            return true;
        }
        with_patience(self.outbound.send(message), &self.cut, &self.ingest.stop).await
    }

    fn look_up(&mut self, hello: Hello, again: bool) {
        if self.seat.is_none() {
            let partition = self.ingest.stream.partition_of(&hello.store);
            let (store, epoch, opening) = (hello.store.clone(), hello.epoch, OpeningSaid::of(hello.opening));
            let seat = Seat {
                store: store.clone(),
                partition,
                box_id: hello.box_id,
                inputs: self.give.clone(),
                cut: self.cut.clone(),
                epoch,
                welcomed: Welcomed::NotYet,
                heard: self.now(),
            };
            let peer = self.ingest.desk.sit_down(seat);
            let (box_id, trimmed) = (hello.box_id, watch::Sender::new(hello.trimmed_below));
            self.seat = Some(Taken { peer, store, partition, box_id, epoch, trimmed, opening, open: false });
        }
        self.held.get_or_insert_default();
        let (ingest, give) = (Arc::clone(&self.ingest), self.give.clone());
        self.work.spawn(async move {
            let (lookup, untold) = look_up(&ingest, &hello, again).await;
            // The stream's task may have ended meanwhile.
            drop(give.send(Input::LookedUp(lookup)).await);
            if let Some(opening) = untold {
                ingest.took_opening(hello.store, hello.epoch, opening).await;
            }
        });
    }

    fn open_epoch(&mut self, produce: ProduceId, hello: &Hello) {
        let by = Opener::Box { box_id: hello.box_id, session: hello.session, opening: hello.opening };
        let (store, epoch, wall) = (hello.store.clone(), hello.epoch, self.ingest.clock.wall());
        let control = Control::EpochOpened(EpochOpened { store: store.clone(), epoch, by, wall });
        let event = Event::Control(encode_control(&control).into());
        self.append(produce, store.clone(), vec![EventRecord { store, event }]);
    }

    /// The box has taken its opening: put into the stream without an answer,
    /// because it is said again until the ledger knows.
    fn took_opening(&mut self, taken: OpeningTaken) {
        let Some(seat) = &mut self.seat else { return };
        seat.opening = OpeningSaid::of(Some(taken));
        tracing::info!(store = %seat.store, ordinal = taken.ordinal.0, seq = taken.seq, "a box has taken its opening");
        let (ingest, store, epoch) = (Arc::clone(&self.ingest), seat.store.clone(), seat.epoch);
        self.work.spawn(async move { ingest.took_opening(store, epoch, taken).await });
    }

    fn produce(&mut self, produce: ProduceId, payload: Payload) {
        let Some(store) = self.seat.as_ref().map(|seat| seat.store.clone()) else { return };
        match payload {
            Payload::Records(Batch { epoch, records, .. }) => {
                let record = |record: tidemark_sync::message::Record| EventRecord {
                    store: store.clone(),
                    event: Event::Movement(tidemark_model::Position { epoch, seq: record.seq }, record.bytes),
                };
                let records = records.into_iter().map(record).collect();
                self.append(produce, store.clone(), records);
            }
            Payload::Unreadable(lost) => {
                self.ingest.unreadable(&store, lost.epoch, &lost.seqs);
                let Unreadable { epoch, seqs, digest } = lost;
                let control = Control::PositionsLost(PositionsLost { store: store.clone(), epoch, seqs, digest });
                let event = Event::Control(encode_control(&control).into());
                self.append(produce, store.clone(), vec![EventRecord { store, event }]);
            }
        }
    }

    fn append(&mut self, produce: ProduceId, store: StoreId, records: Vec<EventRecord>) {
        let (ingest, give) = (Arc::clone(&self.ingest), self.give.clone());
        self.work.spawn(async move {
            let partition = ingest.stream.partition_of(&store);
            let appended = ingest.stream.append(partition, &records).await;
            ingest.note_append(partition, appended.as_ref().err());
            let input = match appended {
                Ok(place) => {
                    let movements = records.iter().filter(|record| matches!(record.event, Event::Movement(..)));
                    ingest.events.received.inc_by(u64::try_from(movements.count()).unwrap_or(0));
                    Input::Produced { produce, place }
                }
                Err(error) => Input::NotProduced { produce, cause: error.to_string() },
            };
            drop(give.send(input).await);
        });
    }

    /// The stream is open: the catalogue's version and open instructions may
    /// be given.
    fn opened(&mut self, ordinal: EpochOrdinal, closed: bool) {
        let (now, wall) = (self.now(), self.ingest.clock.wall().0);
        let Some(seat) = &mut self.seat else { return };
        seat.open = true;
        self.ingest.desk.welcome(seat.peer, closed);
        self.ingest.events.streams_opened.inc();
        self.ingest.events.boxes.inc();
        self.ingest.fleet.connected(&seat.store, true, now, wall);
        tracing::info!(store = %seat.store, epoch = %seat.epoch, closed, "a box is connected");
        if !closed {
            let (ingest, told) = (Arc::clone(&self.ingest), seat.trimmed.subscribe());
            self.work.spawn(ingest.name_trimmed(seat.store.clone(), seat.epoch, told));
        }
        let waits = !closed && ordinal.0 > 1 && !seat.opening.is_taken();
        let (ingest, give, store) = (Arc::clone(&self.ingest), self.give.clone(), seat.store.clone());
        if waits {
            let (ingest, give, store) = (Arc::clone(&ingest), give.clone(), store.clone());
            self.work.spawn(async move {
                if let Ok(ready) = ingest.opening_ready(&store, ordinal).await {
                    drop(give.send(Input::OpeningReady(ready)).await);
                }
            });
        }
        self.work.spawn(async move {
            match ingest.ledger.catalogue_version().await {
                Ok(0) => {}
                Ok(version) => drop(give.send(Input::CatalogueVersion(version)).await),
                Err(error) => tracing::warn!(%error, "the catalogue's version can't be read"),
            }
            if closed {
                return;
            }
            ingest.hand_over_all(&store, &give).await;
        });
    }

    /// Keeps what the box said, and compares its open block with the
    /// centre's.
    fn keep(&mut self, heartbeat: &Heartbeat) {
        let (now, wall) = (self.now(), self.ingest.clock.wall().0);
        let Some(seat) = &self.seat else { return };
        let (store, epoch) = (seat.store.clone(), seat.epoch);
        seat.trimmed.send_modify(|below| *below = heartbeat.trimmed_below.max(*below));
        let body = self.ingest.fleet.hear(&store, (seat.box_id, epoch), heartbeat, now, wall);
        let (ingest, tail, told) = (Arc::clone(&self.ingest), heartbeat.tail, heartbeat.open_block);
        let tills = tills::kept(&heartbeat.tills).filter(|tills| self.tills.as_ref() != Some(tills));
        self.tills = tills.clone().or(self.tills.take());
        self.work.spawn(seat.opening.clone().say_again(Arc::clone(&ingest), store.clone(), epoch));
        self.work.spawn(async move {
            if let Some(tills) = tills
                && let Err(error) = ingest.ledger.keep_tills(&store, epoch, &tills).await
            {
                tracing::warn!(%error, "which tills a box lets in is not kept");
            }
            match ingest.ledger.hear(&store, epoch, &body, tail).await {
                Ok(kept_at) => ingest.fleet.kept(&store, kept_at),
                Err(error) => tracing::warn!(%error, "a heartbeat is not kept"),
            }
            let Some(told) = told else { return };
            match ingest.ledger.block(&store, epoch, told.index).await {
                Ok(Some(block)) => ingest.fleet.compare(&store, epoch, told.index, &block),
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "a block can't be compared"),
            }
        });
    }

    fn close(self, closing: &Closing) {
        let now = self.now();
        if let Closing::Refused(code) = closing {
            self.ingest.events.streams_refused.of(code.as_str()).inc();
            tracing::warn!(code = code.as_str(), "a box was refused");
        }
        let Some(seat) = &self.seat else { return };
        self.ingest.desk.leave(seat.peer, now);
        if seat.open {
            self.ingest.events.boxes.dec();
            tracing::info!(store = %seat.store, ?closing, "a box is gone");
            let (ingest, store) = (Arc::clone(&self.ingest), seat.store.clone());
            drop(tokio::spawn(async move { ingest.take_back(&store).await }));
            match closing {
                Closing::Goodbye => self.ingest.fleet.left(&seat.store),
                // A later stream of the same box took over.
                Closing::Superseded => {}
                Closing::Refused(_)
                | Closing::Slowed
                | Closing::NotProduced { .. }
                | Closing::OtherGeneration
                | Closing::Silent
                | Closing::Disconnected
                | Closing::Stopping => {
                    let wall = self.ingest.clock.wall().0;
                    self.ingest.fleet.connected(&seat.store, false, now, wall);
                }
            }
        }
    }
}

/// Sends; false if it failed, was cut short, or waits for so long that who
/// should take it is given up.
async fn with_patience(
    sending: impl Future<Output = Result<(), OutboundClosed>>,
    cut: &CancellationToken,
    stop: &CancellationToken,
) -> bool {
    tokio::select! {
        biased;
        sent = sending => sent.is_ok(),
        () = cut.cancelled() => false,
        () = stop.cancelled() => false,
        () = wait(Some(OFFLINE_MS)) => {
            tracing::warn!("a box that takes nothing is given up");
            cut.cancel();
            false
        }
    }
}

async fn wait(millis: Option<u64>) {
    match millis {
        Some(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_box_that_takes_nothing_is_given_up_after_the_time_of_a_silent_one() {
        let (cut, stop, began) = (CancellationToken::new(), CancellationToken::new(), Instant::now());
        assert!(!with_patience(pending(), &cut, &stop).await);
        assert_eq!(began.elapsed(), Duration::from_millis(OFFLINE_MS));
        assert!(cut.is_cancelled(), "its stream ends");
    }

    #[tokio::test(start_paused = true)]
    async fn what_goes_out_in_time_cuts_nobody() {
        let (cut, stop) = (CancellationToken::new(), CancellationToken::new());
        let slow = async {
            tokio::time::sleep(Duration::from_millis(OFFLINE_MS - 1)).await;
            Ok(())
        };
        assert!(with_patience(slow, &cut, &stop).await);
        assert!(!with_patience(ready(Err(OutboundClosed)), &cut, &stop).await);
        assert!(!cut.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_when_the_stream_or_the_centre_ends() {
        let began = Instant::now();
        for ends_the_centre in [false, true] {
            let (cut, stop) = (CancellationToken::new(), CancellationToken::new());
            if ends_the_centre {
                stop.cancel()
            } else {
                cut.cancel()
            }
            assert!(!with_patience(pending(), &cut, &stop).await);
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
