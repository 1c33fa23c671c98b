//! The code generated from `schema/`, under the names of its packages.

/// Movements and control records.
pub mod inventory {
    /// `tidemark.inventory.v1`.
    pub mod v1 {
        tonic::include_proto!("tidemark.inventory.v1");
    }
}

/// The protocol between box and centre.
pub mod sync {
    /// `tidemark.sync.v1`.
    #[expect(
        unused_qualifications,
        clippy::allow_attributes,
        clippy::excessive_nesting,
        clippy::too_many_lines,
        reason = "generated"
    )]
    pub mod v1 {
        tonic::include_proto!("tidemark.sync.v1");
    }
}
