//! What a scanned text says: symbology, GTIN, elements; pure.
