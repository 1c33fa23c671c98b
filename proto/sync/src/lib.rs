//! The protocol between box and centre as state machines; pure.
//!
//! No clock, threads, async, files or chance of its own: facts go in, wishes
//! come out. [`Uplink`] is the box's end, [`Receiver`] the centre's, one per
//! stream; [`CreditOffice`] and [`Gate`] are shared by all streams of a centre
//! process. The messages between them are plain types in [`message`], the
//! numbers stand in [`limits`]. With the feature `testing`, `testing::Pair` runs
//! both ends on a virtual clock and a virtual line.
//!
//! Each core is driven alike: call a `handle_*` with the present reading of a
//! steady clock, drain `poll_output`, sleep until `poll_timeout`. Inputs and
//! outputs name every case; whoever gives an answer gives it once, and answers
//! to what is no longer wanted do no harm.
//!
//! # What holds
//!
//! - What is sent = committed − handled (by the centre's last word) − in
//!   flight − received. A received position is sent again only if the log's
//!   identity differs, or the applier passed it without its being handled, or
//!   the log's end lies at or below it: never by time.
//! - `Welcome` replaces what the box knew of handled positions, `Handled`
//!   replaces whole blocks; neither is ever united with what was known.
//! - Only the applier dedups: a receiver keeps nothing of what passed it.
//! - An applier that meets an epoch's control record twice changes nothing the
//!   second time; one that meets a movement of an epoch it has no ordinal for
//!   (a ledger set back behind a wiped log) passes it over, unhandled: the box
//!   sends it again.
//! - A box holds record bytes only between a read's answer and the `Send`
//!   that follows it.
//!
//! # The box's shell
//!
//! ```text
//! let mut uplink = Uplink::new(config, journal.facts()?, clock.now());
//! loop {
//!     while let Some(output) = uplink.poll_output() {
//!         match output {
//!             UplinkOutput::Connect { attempt } => connections.open(attempt),       // → Connected | Disconnected
//!             UplinkOutput::Abandon { attempt } => connections.drop(attempt),
//!             UplinkOutput::Disconnect { attempt, .. } => connections.close(attempt),
//!             UplinkOutput::Send(message) => connections.send(message).await,
//!             UplinkOutput::SyncSession(session) => journal.sync_session(session),  // → SessionSynced
//!             UplinkOutput::Read { read, epoch, seqs, max_bytes } => journal.read(..), // → Records
//!             UplinkOutput::RememberReceived { epoch, blocks } => journal.remember(epoch, blocks),
//!             UplinkOutput::Welcomed(welcome) => journal.replace_handled(welcome),  // → Differs, if the sums do
//!             UplinkOutput::Handled(handled) => journal.handle(handled, uplink.may_trim()), // → Trimmed | Differs
//!             UplinkOutput::EarlierHandled { epoch, through } => journal.settle(epoch, through), // → Earlier
//!             UplinkOutput::TakeFacts { oldest } => facts.gather(oldest),           // → Facts
//!             UplinkOutput::CatalogueVersion(version) => catalogue.fetch(version),
//!             UplinkOutput::Instruction(instruction) => instructions.take(instruction),
//!             UplinkOutput::OpeningReady(ready) => opening.fetch(ready),            // → OpeningTaken
//!             UplinkOutput::Raise(trouble) => conditions.raise(trouble),
//!             UplinkOutput::Clear(kind) => conditions.clear(kind),
//!         }
//!     }
//!     tokio::select! {
//!         input = inputs.next() => uplink.handle_input(input, clock.now()),
//!         () = clock.sleep_until(uplink.poll_timeout()) => uplink.handle_timeout(clock.now()),
//!     }
//! }
//! ```
//!
//! Inputs that come unasked: `Committed` after each synced batch of the
//! journal, `Message` and `Disconnected` with the attempt's name,
//! `ConditionsChanged`, `Earlier` when something of a damaged journal was taken
//! over, `Stop`.
//!
//! # The centre's shell, one task a stream
//!
//! ```text
//! let mut receiver = Receiver::new(config, clock.now());
//! loop {
//!     while let Some(output) = receiver.poll_output() {
//!         match output {
//!             ReceiverOutput::LookUp { hello, again: true } => ledger.look_up(hello),   // → LookedUp
//!             ReceiverOutput::LookUp { hello, again: false } => match gate.admit(&hello.store, clock.now()) {
//!                 Admission::Now => ledger.look_up(hello),                          // → LookedUp
//!                 Admission::Later { retry_after_ms } => Lookup::NotNow { retry_after_ms },
//!             },
//!             ReceiverOutput::RaiseGeneration { above } => ledger.raise_generation(above),
//!             ReceiverOutput::OpenEpoch { produce, hello } => stream.produce_control(..), // → Produced | NotProduced
//!             ReceiverOutput::Produce { produce, payload } => stream.produce(..),   // → Produced | NotProduced
//!             ReceiverOutput::Send(message) => connection.send(message).await,
//!             ReceiverOutput::Opened { .. } => { /* supersede older streams; give CatalogueVersion, Instruct */ }
//!             ReceiverOutput::Heard(heartbeat) => ledger.keep(heartbeat),
//!             ReceiverOutput::OpeningTaken(taken) => ledger.keep_opening_taken(taken),
//!             ReceiverOutput::Wants(wants) => office.wants(peer, partition, wants), // then office.grants → Granted
//!             ReceiverOutput::Close(closing) => { office.left(peer); return closing }
//!         }
//!     }
//!     tokio::select! {
//!         input = inputs.next() => receiver.handle_input(input, clock.now()),
//!         () = clock.sleep_until(receiver.poll_timeout()) => receiver.handle_timeout(clock.now()),
//!     }
//! }
//! ```
//!
//! One poller a process looks at the ledger every 100 ms, for all streams at
//! once: it notes the time, asks the stream's end, reads the positions of the
//! appliers, then the blocks changed since its cursor, and gives each receiver
//! its part as `Polled` and the office the positions as `reached`. A look-up
//! for a `Hello` reads in the same order; from its answer on, `Polled` brings
//! what changed since. A look that a held `Hello` repeats does not ask the gate.

mod credit_office;
mod gate;
pub mod limits;
pub mod message;
mod random;
mod receiver;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod time;
mod uplink;

pub use credit_office::{CreditOffice, Grant, Peer};
pub use gate::{Admission, Gate};
pub use random::Random;
pub use receiver::input::{
    Config as ReceiverConfig, Found, Input as ReceiverInput, Lookup, ProduceId, Reached, Rival, Standing,
};
pub use receiver::output::{Closing, Output as ReceiverOutput, Payload, Wants};
pub use receiver::{Receiver, ReceiverWake};
pub use time::Millis;
pub use uplink::input::{BoxFacts, Config as UplinkConfig, EarlierFacts, Facts, Input as UplinkInput, ReadId};
pub use uplink::outgoing::{ReceivedBlock, ReceivedBlocks};
pub use uplink::output::{Leaving, Output as UplinkOutput, Trouble, TroubleKind};
pub use uplink::search::Attempt;
pub use uplink::{LinkState, Uplink, UplinkStatus, Wake};
