//! Measures the figures beside the raw limits of the same run.
