//! The code generated from `schema/`.

/// `tidemark.inventory.v1`: movements and control records.
pub mod inventory {
    tonic::include_proto!("tidemark.inventory.v1");
}
