//! What is checked of a message before anything is done with it.

use std::collections::BTreeSet;

use tidemark_model::{Epoch, Seq, StoreId};

use crate::limits;
use crate::message::{Batch, EarlierEpoch, Hello, Limits, Refusal, RefusalCode, Unreadable};

/// Whether this box may speak at all.
pub(crate) fn check_hello(hello: &Hello, identity: Option<&StoreId>) -> Result<(), Refusal> {
    if !(limits::OLDEST_PROTOCOL..=limits::PROTOCOL).contains(&hello.protocol) {
        let detail = format!(
            "the box speaks version {}, this centre {} to {}",
            hello.protocol,
            limits::OLDEST_PROTOCOL,
            limits::PROTOCOL
        );
        return Err(Refusal::new(RefusalCode::Protocol, detail));
    }
    if let Some(identity) = identity.filter(|identity| **identity != hello.store) {
        let detail = format!("the box says it stands in {}, its certificate is for {identity}", hello.store);
        return Err(Refusal::new(RefusalCode::WrongStore, detail));
    }
    let numbers = [("tail", hello.tail), ("session", hello.session.0), ("generation", hello.generation.0)];
    if let Some((what, number)) = numbers.into_iter().find(|(_, number)| *number > limits::LAST_NUMBER) {
        // A generation that is believed is every box's from then on.
        let detail = format!("the {what} {number}, at most {} is believed", limits::LAST_NUMBER);
        return Err(Refusal::new(RefusalCode::Malformed, detail));
    }
    if hello.trimmed_below == 0 || hello.trimmed_below > hello.tail.saturating_add(1) {
        let detail = format!("trimmed below {} with the tail at {}", hello.trimmed_below, hello.tail);
        return Err(Refusal::new(RefusalCode::Malformed, detail));
    }
    let held = hello.tail.saturating_add(1).saturating_sub(hello.trimmed_below);
    if hello.handled > held {
        let detail = format!("{} positions handled of {held} that the box holds", hello.handled);
        return Err(Refusal::new(RefusalCode::Malformed, detail));
    }
    check_earlier(hello)
}

/// Whether what a box says of its earlier epochs can be.
fn check_earlier(hello: &Hello) -> Result<(), Refusal> {
    if hello.earlier.len() > limits::EARLIER_EPOCHS {
        let detail = format!("{} earlier epochs, at most {}", hello.earlier.len(), limits::EARLIER_EPOCHS);
        return Err(Refusal::new(RefusalCode::Malformed, detail));
    }
    let is_odd = |earlier: &&EarlierEpoch| {
        let span = 1..=earlier.tail.saturating_add(1);
        earlier.epoch == hello.epoch || earlier.tail > limits::LAST_NUMBER || !span.contains(&earlier.first)
    };
    if let Some(odd) = hello.earlier.iter().find(is_odd) {
        let detail = format!("seqs {} to {} of the earlier epoch {}", odd.first, odd.tail, odd.epoch);
        return Err(Refusal::new(RefusalCode::Malformed, detail));
    }
    Ok(())
}

/// Whether a batch is one that this stream may send.
pub(crate) fn check_batch(batch: &Batch, epochs: &BTreeSet<Epoch>, limits: &Limits) -> Result<(), Refusal> {
    check_epoch(batch.epoch, epochs)?;
    let movements = batch.records.len();
    if movements == 0 || u32::try_from(movements).map_or(true, |count| count > limits.batch_movements) {
        let detail = format!("a batch of {movements} movements, 1 to {} are taken", limits.batch_movements);
        return Err(Refusal::new(RefusalCode::TooLarge, detail));
    }
    let longest = batch.records.iter().map(|record| record.payload()).max().unwrap_or(0);
    if longest > u64::from(limits::RECORD_BYTES) {
        let detail = format!("a record of {longest} bytes, at most {} are taken", limits::RECORD_BYTES);
        return Err(Refusal::new(RefusalCode::TooLarge, detail));
    }
    if movements > 1 && batch.payload() > u64::from(limits.batch_bytes) {
        let detail = format!("a batch of {} bytes, at most {} are taken", batch.payload(), limits.batch_bytes);
        return Err(Refusal::new(RefusalCode::TooLarge, detail));
    }
    let seqs = batch.records.iter().map(|record| record.seq);
    if let Some((before, seq)) = std::iter::once(0).chain(seqs.clone()).zip(seqs).find(|(before, seq)| before >= seq) {
        let detail = format!("seq {seq} after {before} in one batch");
        return Err(Refusal::new(RefusalCode::Disorder, detail));
    }
    check_last(batch.records.last().map(|record| record.seq))
}

fn check_last(last: Option<Seq>) -> Result<(), Refusal> {
    match last.filter(|last| *last > limits::LAST_NUMBER) {
        None => Ok(()),
        Some(last) => {
            let detail = format!("seq {last}, at most {} is believed", limits::LAST_NUMBER);
            Err(Refusal::new(RefusalCode::Disorder, detail))
        }
    }
}

/// Whether these may be named as lost.
pub(crate) fn check_unreadable(lost: &Unreadable, epochs: &BTreeSet<Epoch>) -> Result<(), Refusal> {
    check_epoch(lost.epoch, epochs)?;
    let count = lost.seqs.count();
    if count == 0 || count > u64::from(limits::BATCH_MOVEMENTS) || lost.seqs.has(0) {
        let detail = format!("{count} seqs named unreadable, 1 to {} from 1 on are taken", limits::BATCH_MOVEMENTS);
        return Err(Refusal::new(RefusalCode::Disorder, detail));
    }
    check_last(lost.seqs.last())
}

fn check_epoch(epoch: Epoch, epochs: &BTreeSet<Epoch>) -> Result<(), Refusal> {
    if epochs.contains(&epoch) {
        return Ok(());
    }
    // So are movements of another store: an epoch is of one store only.
    Err(Refusal::new(RefusalCode::WrongEpoch, format!("the store has no epoch {epoch}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Record;
    use bytes::Bytes;

    fn batch(seqs: &[u64], size: usize) -> Batch {
        let record = |seq: &u64| Record { seq: *seq, digest: None, bytes: Bytes::from(vec![0; size]) };
        Batch { epoch: Epoch(1), live: true, records: seqs.iter().map(record).collect() }
    }

    fn code(batch: &Batch) -> Option<RefusalCode> {
        check_batch(batch, &[Epoch(1)].into(), &Limits::default()).err().map(|refusal| refusal.code)
    }

    #[test]
    fn an_ascending_batch_with_gaps_is_taken() {
        assert_eq!(code(&batch(&[1, 2, 7], 100)), None);
    }

    #[test]
    fn a_seq_twice_out_of_order_or_zero_is_disorder() {
        for seqs in [[1, 1], [2, 1], [0, 1]] {
            assert_eq!(code(&batch(&seqs, 100)), Some(RefusalCode::Disorder), "{seqs:?}");
        }
    }

    #[test]
    fn an_empty_or_too_large_batch_is_refused() {
        assert_eq!(code(&batch(&[], 0)), Some(RefusalCode::TooLarge));
        assert_eq!(code(&batch(&(1..=1_001).collect::<Vec<_>>(), 10)), Some(RefusalCode::TooLarge));
        assert_eq!(code(&batch(&(1..=6).collect::<Vec<_>>(), 48 * 1024)), Some(RefusalCode::TooLarge));
        assert_eq!(code(&batch(&[1], 48 * 1024 + 1)), Some(RefusalCode::TooLarge));
        assert_eq!(code(&batch(&[1], 48 * 1024)), None);
    }

    #[test]
    fn an_epoch_the_store_does_not_know_is_refused() {
        let stranger = Batch { epoch: Epoch(2), ..batch(&[1], 10) };
        assert_eq!(code(&stranger), Some(RefusalCode::WrongEpoch));
    }
}
