use proptest::collection::vec;
use proptest::prelude::*;
use tidemark_model::Movement;

use super::*;
use crate::{arbitrary, encode_movement};

fn record(seq: Seq, bytes: Vec<u8>) -> Record {
    Record { seq, digest: None, bytes: bytes.into() }
}

fn seqs(records: &[Record]) -> SeqSet {
    records.iter().map(|record| record.seq).collect()
}

/// Records at growing seqs, with gaps.
fn records(contents: Vec<(Vec<u8>, u64)>) -> Vec<Record> {
    let mut seq = 0;
    contents
        .into_iter()
        .map(|(bytes, skip)| {
            seq += skip;
            record(seq, bytes)
        })
        .collect()
}

/// Movements of few documents and items, so that guesses hit and miss.
fn resembling() -> impl Strategy<Value = Vec<(Vec<u8>, u64)>> {
    let pool = vec(arbitrary::movement(), 1..4);
    let picks = vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1_u64..5, -3_i64..3), 1..40);
    (pool, picks).prop_map(|(pool, picks)| {
        let pick = |(one, other, skip, change): (prop::sample::Index, prop::sample::Index, u64, i64)| {
            let (one, other) = (one.get(&pool), other.get(&pool));
            let wall = tidemark_model::WallTime(one.wall.0.wrapping_add(change));
            let (sku, document) = (other.sku.clone(), other.document.clone());
            (encode_movement(&Movement { sku, document, wall, ..one.clone() }), skip)
        };
        picks.into_iter().map(pick).collect()
    })
}

proptest! {
    #[test]
    fn records_come_out_as_they_went_in(contents in vec((arbitrary::movement(), 1_u64..3000), 1..30)) {
        let contents = contents.into_iter().map(|(movement, skip)| (encode_movement(&movement), skip)).collect();
        let records = records(contents);
        let payload = pack(&records).unwrap();
        prop_assert_eq!(unpack(&payload, &seqs(&records)), Ok(records));
    }

    #[test]
    fn records_that_resemble_each_other_come_out_as_they_went_in(contents in resembling()) {
        let records = records(contents);
        let payload = pack(&records).unwrap();
        prop_assert_eq!(unpack(&payload, &seqs(&records)), Ok(records));
    }

    #[test]
    fn any_bytes_come_out_as_they_went_in(contents in vec((vec(any::<u8>(), 1..60), 1_u64..4), 1..30)) {
        let records = records(contents);
        let payload = pack(&records).unwrap();
        prop_assert_eq!(unpack(&payload, &seqs(&records)), Ok(records));
    }

    #[test]
    fn no_payload_makes_it_panic(form in 0_u8..5, payload: Vec<u8>, count in 1_u64..40) {
        let payload: Vec<u8> = std::iter::once(form).chain(payload).collect();
        drop(unpack(&payload, &std::iter::once(1..=count).collect()));
    }

    #[test]
    fn no_changed_byte_makes_it_panic(contents in resembling(), at: prop::sample::Index, byte: u8) {
        let records = records(contents);
        let mut payload = pack(&records).unwrap();
        let at = at.index(payload.len());
        payload[at] = byte;
        if let Ok(changed) = unpack(&payload, &seqs(&records)) {
            prop_assert_eq!(changed.len(), records.len());
        }
    }
}

#[test]
fn a_newer_writers_record_travels_as_it_stands() {
    let mut bytes = vec![0x08, 0x01, 0x08, 0x02];
    bytes.extend([0xf8, 0x07, 0x01]);
    let records = [record(5, bytes)];
    let payload = pack(&records).unwrap();
    assert_eq!(unpack(&payload, &seqs(&records)).unwrap(), records);
}

#[test]
fn what_can_not_be_a_batch_is_refused_by_name() {
    assert_eq!(pack(&[]), Err(PackError::Count(0)));
    assert_eq!(pack(&vec![record(1, vec![1]); 1_001]), Err(PackError::Count(1_001)));
    assert_eq!(pack(&[record(0, vec![1])]), Err(PackError::Disorder(0)));
    assert_eq!(pack(&[record(2, vec![1]), record(2, vec![1])]), Err(PackError::Disorder(2)));
    assert_eq!(pack(&[record(3, vec![])]), Err(PackError::Record { seq: 3, found: 0 }));
    let long = vec![1; RECORD_BYTES + 1];
    assert_eq!(pack(&[record(3, long)]), Err(PackError::Record { seq: 3, found: RECORD_BYTES + 1 }));
    let many: Vec<Record> = (1..=30).map(|seq| record(seq, vec![1; RECORD_BYTES])).collect();
    assert_eq!(pack(&many), Err(PackError::TooLong(30 * RECORD_BYTES)));
}

#[test]
fn what_is_not_a_batch_is_refused_by_name() {
    let one: SeqSet = std::iter::once(1..=1).collect();
    assert_eq!(unpack(&[0], &SeqSet::new()), Err(UnpackError::Count(0)));
    assert_eq!(unpack(&[0], &std::iter::once(1..=u64::MAX).collect()), Err(UnpackError::Count(u64::MAX)));
    assert_eq!(unpack(&[], &one), Err(UnpackError::Broken));
    assert_eq!(unpack(&[9], &one), Err(UnpackError::Form(9)));
    assert_eq!(unpack(&[0], &one), Err(UnpackError::Broken));
}

#[test]
fn a_record_without_a_byte_is_refused() {
    let one: SeqSet = std::iter::once(1..=1).collect();
    let (rows, whole, length) = (Form::Rows as u8, 1, 0);
    assert_eq!(unpack(&[rows, whole, length], &one), Err(UnpackError::Broken));
}

#[test]
fn bytes_left_over_are_refused() {
    let records = [record(1, vec![7; 9])];
    let mut payload = pack(&records).unwrap();
    payload.push(0);
    assert_eq!(unpack(&payload, &seqs(&records)), Err(UnpackError::Broken));
}

/// Two rows can name each other's text: the second takes no bytes of the
/// payload but makes as many.
#[test]
fn a_small_payload_that_makes_much_is_stopped() {
    let head = vec![b'x'; 40_000];
    let mut lines = Vec::new();
    for seq in 1..=1_000 {
        let sku = shape::Shape { head: &head, ending: shape::Ending::Number, number: seq };
        lines.push(Line { seq, bytes: b"", fields: Some((Row { sku: Some(sku), ..Row::default() }, b"")) });
    }
    let payload = write(&lines);
    assert!(payload.len() < 10_000, "{}", payload.len());
    let all: SeqSet = std::iter::once(1..=1_000).collect();
    assert_eq!(unpack(&payload, &all), Err(UnpackError::TooLong));
}

#[test]
fn a_payload_that_expands_beyond_measure_is_stopped() {
    let zeros = zstd::bulk::compress(&vec![0; 50 << 20], 19).unwrap();
    let payload: Vec<u8> = std::iter::once(Form::RowsCompressed as u8).chain(zeros).collect();
    assert_eq!(unpack(&payload, &std::iter::once(1..=9).collect()), Err(UnpackError::Broken));
}
