//! Checks the shape of the workspace: who may use what, and that pure crates are pure.
