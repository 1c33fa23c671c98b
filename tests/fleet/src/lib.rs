//! Simulated shops and a link that can be throttled and cut.

pub mod relay;
