//! The stream of movements: Kafka or embedded.
