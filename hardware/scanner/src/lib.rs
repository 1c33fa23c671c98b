//! Barcode scanners: ports, framing, re-open, feedback.
