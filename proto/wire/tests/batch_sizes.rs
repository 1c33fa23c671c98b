//! What ordinary sales cost on the wire, frames reckoned; `over_tls.rs`
//! measures it on a socket.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "support/shop.rs"]
mod shop;

use shop::Shop;
use tidemark_model::SeqSet;
use tidemark_wire::batch;

/// What stands around a payload: message fields 25, gRPC 5, HTTP/2 9 and TLS
/// 22 for each 16 KiB.
fn framed(payload: usize) -> usize {
    payload + 25 + 5 + payload.div_ceil(16_384) * (9 + 22)
}

/// Asserts what a movement takes in batches of `size`, over some batches in
/// the middle of a shop's day.
fn assert_cost(size: usize, most: usize) {
    let mut shop = Shop::open();
    let batches = 20;
    let mut bytes = 0;
    for _ in 0..batches {
        let records = shop.records(size);
        let payload = batch::pack(&records).unwrap();
        let seqs: SeqSet = records.iter().map(|record| record.seq).collect();
        assert_eq!(batch::unpack(&payload, &seqs).unwrap(), records);
        bytes += framed(payload.len());
    }
    let movements = batches * size;
    assert!(bytes <= most * movements, "{bytes} bytes for {movements} movements");
}

#[test]
fn a_movement_of_a_batch_of_1000_takes_20_bytes_at_most() {
    assert_cost(1_000, 20);
}

#[test]
fn a_movement_of_a_batch_of_100_takes_40_bytes_at_most() {
    assert_cost(100, 40);
}

#[test]
fn a_single_movement_takes_150_bytes_at_most() {
    assert_cost(1, 150);
}

#[test]
fn a_receipt_by_itself_takes_less_than_its_lines() {
    assert_cost(3, 75);
}
