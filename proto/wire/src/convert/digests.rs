//! Digests of single records.

use tidemark_model::{BlockIndex, Epoch, SeqSet};
use tidemark_sync::message::{DigestPage, FetchDigests};

use super::field::store;
use super::seqs::{seqs, seqs_of};
use crate::error::DecodeError;
use crate::schema::sync::v1 as proto;

pub(crate) fn fetch(request: &FetchDigests) -> proto::FetchDigestsRequest {
    proto::FetchDigestsRequest {
        store: request.store.as_str().to_owned(),
        epoch: request.epoch.0,
        block: request.block.0,
    }
}

pub(crate) fn fetch_of(message: &proto::FetchDigestsRequest) -> Result<FetchDigests, DecodeError> {
    let block = BlockIndex(message.block);
    Ok(FetchDigests { store: store(&message.store)?, epoch: Epoch(message.epoch), block })
}

/// The digests ascend by seq.
pub(crate) fn page(page: &DigestPage) -> proto::FetchDigestsResponse {
    let set: SeqSet = page.digests.iter().map(|(seq, _)| *seq).collect();
    proto::FetchDigestsResponse {
        block: page.block.0,
        seqs: seqs(&set),
        digests: page.digests.iter().map(|(_, digest)| *digest).collect(),
    }
}

pub(crate) fn page_of(message: proto::FetchDigestsResponse) -> Result<DigestPage, DecodeError> {
    let block = BlockIndex(message.block);
    if message.seqs.is_empty() && message.digests.is_empty() {
        return Ok(DigestPage { block, digests: Vec::new() });
    }
    let set = seqs_of(&message.seqs, "digests.seqs")?;
    let (found, told) = (message.digests.len(), set.count());
    if u64::try_from(found).ok() != Some(told) {
        return Err(DecodeError::Range { field: "digests.seqs", found: told, bounds: "not as many as digests" });
    }
    Ok(DigestPage { block, digests: set.iter().zip(message.digests).collect() })
}
