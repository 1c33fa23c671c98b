//! What the centre says.

use bytes::Bytes;
use tidemark_model::{Epoch, Generation, StreamId, StreamPlace, WallTime};
use tidemark_sync::message::{AppliedThrough, Credit, Handled, Limits, OpeningReady, Received, Slow, ToBox, Welcome};

use super::blocks::{blocks, blocks_of};
use super::field::{array, needed, ordinal};
use super::instruction::{instruction, instruction_of};
use super::refusal::{refused, refused_of};
use super::seqs::{few, seqs, seqs_of};
use crate::error::DecodeError;
use crate::schema::sync::v1 as proto;
use crate::schema::sync::v1::to_box::Message;

pub(crate) fn to_box(message: &ToBox) -> proto::ToBox {
    let message = match message {
        ToBox::Welcome(welcome) => Message::Welcome(welcome_to(welcome)),
        ToBox::Received(received) => Message::Received(proto::Received {
            epoch: received.epoch.0,
            seqs: seqs(&received.seqs),
            stream: stream(received.place.stream),
            partition: received.place.partition,
            offset: received.place.offset,
        }),
        ToBox::Handled(handled) => Message::Handled(proto::Handled {
            generation: handled.generation.0,
            epoch: handled.epoch.0,
            blocks: blocks(&handled.blocks),
        }),
        ToBox::AppliedThrough(through) => Message::AppliedThrough(proto::AppliedThrough {
            stream: stream(through.stream),
            partition: through.partition,
            offset: through.offset,
            end: through.end,
        }),
        ToBox::Credit(credit) => Message::Credit(proto::Credit { bytes: credit.bytes }),
        ToBox::Slow(slow) => Message::Slow(proto::Slow { retry_after_ms: slow.retry_after_ms }),
        ToBox::Refused(refusal) => Message::Refused(refused(refusal)),
        ToBox::CatalogueVersion(version) => Message::CatalogueVersion(proto::CatalogueVersion { version: *version }),
        ToBox::Instruction(wanted) => Message::Instruction(instruction(wanted)),
        ToBox::OpeningReady(ready) => Message::OpeningReady(proto::OpeningReady {
            ordinal: ready.ordinal.0,
            bytes: ready.bytes,
            older_ms: ready.older_ms,
        }),
    };
    proto::ToBox { message: Some(message) }
}

/// The message; none if only a newer release knows it.
pub(crate) fn to_box_of(message: proto::ToBox) -> Result<Option<ToBox>, DecodeError> {
    Ok(Some(match message.message {
        None => return Ok(None),
        Some(Message::Welcome(welcome)) => ToBox::Welcome(welcome_of(welcome)?),
        Some(Message::Received(received)) => ToBox::Received(received_of(&received)?),
        Some(Message::Handled(handled)) => ToBox::Handled(Handled {
            generation: Generation(handled.generation),
            epoch: Epoch(handled.epoch),
            blocks: blocks_of(handled.blocks)?,
        }),
        Some(Message::AppliedThrough(through)) => ToBox::AppliedThrough(AppliedThrough {
            stream: StreamId(array(&through.stream, "applied_through.stream")?),
            partition: through.partition,
            offset: through.offset,
            end: through.end,
        }),
        Some(Message::Credit(credit)) => ToBox::Credit(Credit { bytes: credit.bytes }),
        Some(Message::Slow(slow)) => ToBox::Slow(Slow { retry_after_ms: slow.retry_after_ms }),
        Some(Message::Refused(refusal)) => ToBox::Refused(refused_of(refusal)?),
        Some(Message::CatalogueVersion(version)) => ToBox::CatalogueVersion(version.version),
        Some(Message::Instruction(wanted)) => ToBox::Instruction(instruction_of(wanted)?),
        Some(Message::OpeningReady(ready)) => ToBox::OpeningReady(OpeningReady {
            ordinal: ordinal(ready.ordinal, "opening_ready.ordinal")?,
            bytes: ready.bytes,
            older_ms: ready.older_ms,
        }),
    }))
}

fn stream(id: StreamId) -> Bytes {
    Bytes::copy_from_slice(&id.0)
}

fn welcome_to(welcome: &Welcome) -> proto::Welcome {
    proto::Welcome {
        generation: welcome.generation.0,
        suspect: welcome.suspect,
        closed: welcome.closed,
        ordinal: welcome.ordinal.0,
        blocks: blocks(&welcome.blocks),
        limits: Some(proto::Limits {
            batch_movements: welcome.limits.batch_movements,
            batch_bytes: welcome.limits.batch_bytes,
            in_flight_bytes: welcome.limits.in_flight_bytes,
            live_per_second: welcome.limits.live_per_second,
        }),
        server_time: welcome.server_time.0,
    }
}

fn welcome_of(message: proto::Welcome) -> Result<Welcome, DecodeError> {
    let limits = needed(message.limits, "welcome.limits")?;
    Ok(Welcome {
        generation: Generation(message.generation),
        suspect: message.suspect,
        closed: message.closed,
        ordinal: ordinal(message.ordinal, "welcome.ordinal")?,
        blocks: blocks_of(message.blocks)?,
        limits: limits_of(limits)?,
        server_time: WallTime(message.server_time),
    })
}

/// A limit of 0 would stop a box for ever.
fn limits_of(message: proto::Limits) -> Result<Limits, DecodeError> {
    let proto::Limits { batch_movements, batch_bytes, in_flight_bytes, live_per_second } = message;
    for (value, field) in [
        (u64::from(batch_movements), "limits.batch_movements"),
        (u64::from(batch_bytes), "limits.batch_bytes"),
        (in_flight_bytes, "limits.in_flight_bytes"),
    ] {
        if value == 0 {
            return Err(DecodeError::Missing { field });
        }
    }
    Ok(Limits { batch_movements, batch_bytes, in_flight_bytes, live_per_second })
}

fn received_of(message: &proto::Received) -> Result<Received, DecodeError> {
    let place = StreamPlace {
        stream: StreamId(array(&message.stream, "received.stream")?),
        partition: message.partition,
        offset: message.offset,
    };
    // What is acknowledged was one batch: the box goes through it seq by seq.
    let seqs = few(seqs_of(&message.seqs, "received.seqs")?, "received.seqs")?;
    Ok(Received { epoch: Epoch(message.epoch), seqs, place })
}
