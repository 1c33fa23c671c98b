//! What two ends say first when nothing is wrong. A test names only what is
//! other in its own case.

use tidemark_model::{BoxId, Epoch, EpochOrdinal, Generation, StoreId, WallTime};

use crate::limits::PROTOCOL;
use crate::message::{Blocks, Hello, Limits, Session, Welcome};

/// The greeting of a box with an empty journal at its first start.
#[must_use]
pub fn hello(store: StoreId, epoch: Epoch) -> Hello {
    Hello {
        store,
        box_id: BoxId([7; 16]),
        epoch,
        session: Session(1),
        tail: 0,
        trimmed_below: 1,
        opening: None,
        handled: 0,
        generation: Generation(0),
        protocol: PROTOCOL,
        agent_version: "0.1.0".to_owned(),
        earlier: Vec::new(),
    }
}

/// The answer to it: the first epoch of its store, of which nothing is
/// handled.
#[must_use]
pub fn welcome() -> Welcome {
    Welcome {
        generation: Generation(1),
        suspect: false,
        closed: false,
        ordinal: EpochOrdinal(1),
        blocks: Blocks::new(),
        limits: Limits::default(),
        server_time: WallTime(0),
    }
}
