//! The protocol between box and centre as state machines; pure.

pub mod limits;
pub mod message;
mod random;
mod time;
mod uplink;

pub use random::Random;
pub use time::Millis;
pub use uplink::input::{BoxFacts, Config as UplinkConfig, Facts, Input as UplinkInput, ReadId};
pub use uplink::outgoing::{ReceivedBlock, ReceivedBlocks};
pub use uplink::output::{Leaving, Output as UplinkOutput, Trouble, TroubleKind};
pub use uplink::search::Attempt;
pub use uplink::{LinkState, Uplink, UplinkStatus, Wake};
