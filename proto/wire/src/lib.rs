//! Schemas, generated code and conversions of what travels and what is kept.
