//! The cache of levels: Redis or in process.
