//! One file a rule.

pub mod direction;
pub mod manifests;
pub mod mutants;
pub mod names;
pub mod owners;
pub mod provoked;
pub mod purity;
pub mod sizes;
pub mod traces;

#[cfg(test)]
mod made_up;
