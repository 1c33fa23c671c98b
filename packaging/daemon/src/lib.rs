//! What both daemons share: configuration, logging, clock, retry, listening, shutdown, service managers.
