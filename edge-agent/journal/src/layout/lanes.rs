//! `lanes`: the state of each lane; its bytes are the agent's own.

use tidemark_model::Label;

pub(crate) fn key(lane: &Label) -> &[u8] {
    lane.as_str().as_bytes()
}
