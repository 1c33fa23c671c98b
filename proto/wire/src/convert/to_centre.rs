//! What a box says.

use bytes::Bytes;
use tidemark_model::limits::BLOCK_SEQS;
use tidemark_model::{BlockIndex, BoxId, Epoch, Generation, Label, Odometer, Source, WallTime};
use tidemark_sync::message::{
    Batch, ConditionReport, DeviceFacts, EarlierEpoch, Goodbye, Heartbeat, Hello, OpenBlock, OpeningTaken,
    ScannerFacts, Session, TillFacts, ToCentre, Unreadable,
};

use super::field::{all, array, at_most, needed, ordinal, spoken, store, text, words};
use super::seqs::{few, seqs, seqs_of};
use crate::batch;
use crate::error::{DecodeError, EncodeError};
use crate::limits::{CONDITIONS, EARLIER_EPOCHS, SCANNERS, TILLS};
use crate::schema::sync::v1 as proto;
use crate::schema::sync::v1::to_centre::Message;

/// Codes one stream's messages, in either direction: it remembers the epoch
/// of the `Hello`, so that batches need not repeat it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToCentreCoder {
    own: Option<Epoch>,
}

impl ToCentreCoder {
    pub(crate) fn encode(&mut self, message: ToCentre) -> Result<proto::ToCentre, EncodeError> {
        let message = match message {
            ToCentre::Hello(hello) => {
                self.own = Some(hello.epoch);
                Message::Hello(hello_to(&hello))
            }
            ToCentre::Batch(batch) => Message::Batch(proto::Batch {
                epoch: self.other(batch.epoch),
                live: batch.live,
                seqs: seqs(&batch.seqs()),
                payload: Bytes::from(batch::pack(&batch.records)?),
            }),
            ToCentre::Unreadable(unreadable) => Message::Unreadable(proto::Unreadable {
                epoch: self.other(unreadable.epoch),
                seqs: seqs(&unreadable.seqs),
                digest: unreadable.digest,
            }),
            ToCentre::Heartbeat(heartbeat) => Message::Heartbeat(heartbeat_to(&heartbeat)),
            ToCentre::OpeningTaken(taken) => Message::OpeningTaken(opening_taken(taken)),
            ToCentre::Goodbye(goodbye) => Message::Goodbye(proto::Goodbye { reason: spoken(&goodbye.reason) }),
        };
        Ok(proto::ToCentre { message: Some(message) })
    }

    /// The message; none if only a newer release knows it.
    pub(crate) fn decode(&mut self, message: proto::ToCentre) -> Result<Option<ToCentre>, DecodeError> {
        Ok(Some(match message.message {
            None => return Ok(None),
            Some(Message::Hello(hello)) => {
                let hello = hello_of(hello)?;
                self.own = Some(hello.epoch);
                ToCentre::Hello(hello)
            }
            Some(Message::Batch(message)) => {
                let seqs = seqs_of(&message.seqs, "batch.seqs")?;
                let epoch = self.own_or(message.epoch, "batch.epoch")?;
                let records = batch::unpack(&message.payload, &seqs)?;
                ToCentre::Batch(Batch { epoch, live: message.live, records })
            }
            Some(Message::Unreadable(message)) => ToCentre::Unreadable(Unreadable {
                epoch: self.own_or(message.epoch, "unreadable.epoch")?,
                seqs: few(seqs_of(&message.seqs, "unreadable.seqs")?, "unreadable.seqs")?,
                digest: message.digest,
            }),
            Some(Message::Heartbeat(heartbeat)) => ToCentre::Heartbeat(heartbeat_of(heartbeat)?),
            Some(Message::OpeningTaken(taken)) => ToCentre::OpeningTaken(opening_taken_of(taken)?),
            Some(Message::Goodbye(goodbye)) => {
                ToCentre::Goodbye(Goodbye { reason: words(goodbye.reason, "goodbye.reason")? })
            }
        }))
    }

    fn other(&self, epoch: Epoch) -> Option<u64> {
        (self.own != Some(epoch)).then_some(epoch.0)
    }

    fn own_or(&self, told: Option<u64>, field: &'static str) -> Result<Epoch, DecodeError> {
        needed(told.map(Epoch).or(self.own), field)
    }
}

fn hello_to(hello: &Hello) -> proto::Hello {
    proto::Hello {
        store: hello.store.as_str().to_owned(),
        box_id: Bytes::copy_from_slice(&hello.box_id.0),
        epoch: hello.epoch.0,
        session: hello.session.0,
        tail: hello.tail,
        trimmed_below: hello.trimmed_below,
        opening: hello.opening.map(opening_taken),
        handled: hello.handled,
        generation: hello.generation.0,
        protocol: hello.protocol,
        agent_version: spoken(&hello.agent_version),
        earlier: hello.earlier.iter().map(earlier_to).collect(),
    }
}

const fn earlier_to(earlier: &EarlierEpoch) -> proto::EarlierEpoch {
    let EarlierEpoch { epoch, first, tail } = earlier;
    proto::EarlierEpoch { epoch: epoch.0, first: *first, tail: *tail }
}

fn hello_of(message: proto::Hello) -> Result<Hello, DecodeError> {
    Ok(Hello {
        store: store(&message.store)?,
        box_id: BoxId(array(&message.box_id, "hello.box_id")?),
        epoch: Epoch(message.epoch),
        session: Session(message.session),
        tail: message.tail,
        trimmed_below: message.trimmed_below,
        opening: message.opening.map(opening_taken_of).transpose()?,
        handled: message.handled,
        generation: Generation(message.generation),
        protocol: message.protocol,
        agent_version: words(message.agent_version, "hello.agent_version")?,
        earlier: earlier_of(&message.earlier)?,
    })
}

fn earlier_of(earlier: &[proto::EarlierEpoch]) -> Result<Vec<EarlierEpoch>, DecodeError> {
    at_most(earlier.len(), EARLIER_EPOCHS, "hello.earlier")?;
    let of = |earlier: &proto::EarlierEpoch| {
        let proto::EarlierEpoch { epoch, first, tail } = *earlier;
        EarlierEpoch { epoch: Epoch(epoch), first, tail }
    };
    Ok(earlier.iter().map(of).collect())
}

fn opening_taken(taken: OpeningTaken) -> proto::OpeningTaken {
    proto::OpeningTaken { ordinal: taken.ordinal.0, seq: taken.seq }
}

fn opening_taken_of(message: proto::OpeningTaken) -> Result<OpeningTaken, DecodeError> {
    Ok(OpeningTaken { ordinal: ordinal(message.ordinal, "opening_taken.ordinal")?, seq: message.seq })
}

fn heartbeat_to(heartbeat: &Heartbeat) -> proto::Heartbeat {
    proto::Heartbeat {
        tail: heartbeat.tail,
        trimmed_below: heartbeat.trimmed_below,
        open_block: heartbeat.open_block.map(|block| proto::OpenBlock {
            index: block.index.0,
            count: block.count,
            digest: block.digest,
            stock: block.stock,
        }),
        backlog: heartbeat.backlog,
        oldest_age_ms: heartbeat.oldest_age_ms,
        odometer: heartbeat.odometer.0,
        catalogue: heartbeat.catalogue,
        conditions: heartbeat.conditions.iter().take(CONDITIONS).map(condition).collect(),
        device: Some(device(&heartbeat.device)),
        tills: heartbeat.tills.iter().take(TILLS).map(till).collect(),
    }
}

fn heartbeat_of(message: proto::Heartbeat) -> Result<Heartbeat, DecodeError> {
    at_most(message.conditions.len(), CONDITIONS, "heartbeat.conditions")?;
    at_most(message.tills.len(), TILLS, "heartbeat.tills")?;
    Ok(Heartbeat {
        tail: message.tail,
        trimmed_below: message.trimmed_below,
        open_block: message.open_block.map(open_block_of).transpose()?,
        backlog: message.backlog,
        oldest_age_ms: message.oldest_age_ms,
        odometer: Odometer(message.odometer),
        catalogue: message.catalogue,
        conditions: all(message.conditions, condition_of)?,
        device: message.device.map(device_of).transpose()?.unwrap_or_default(),
        tills: all(message.tills, till_of)?,
    })
}

fn open_block_of(message: proto::OpenBlock) -> Result<OpenBlock, DecodeError> {
    let found = u64::from(message.count);
    if found > BLOCK_SEQS {
        return Err(DecodeError::Range { field: "open_block.count", found, bounds: "more than a block has" });
    }
    let proto::OpenBlock { index, count, digest, stock } = message;
    Ok(OpenBlock { index: BlockIndex(index), count, digest, stock })
}

fn condition(report: &ConditionReport) -> proto::Condition {
    proto::Condition { code: report.code.into(), detail: spoken(&report.detail) }
}

fn condition_of(message: proto::Condition) -> Result<ConditionReport, DecodeError> {
    let (field, found) = ("conditions.code", u64::from(message.code));
    let bounds = "beyond four digits";
    let code = u16::try_from(message.code).ok().filter(|code| *code <= 9_999);
    Ok(ConditionReport {
        code: code.ok_or(DecodeError::Range { field, found, bounds })?,
        detail: words(message.detail, "conditions.detail")?,
    })
}

fn device(facts: &DeviceFacts) -> proto::Device {
    proto::Device {
        system: spoken(&facts.system),
        agent_version: spoken(&facts.agent_version),
        wall: facts.wall.0,
        disk_free_mib: facts.disk_free_mib,
        disk_total_mib: facts.disk_total_mib,
        journal_mib: facts.journal_mib,
        memory_mib: facts.memory_mib,
        metered: facts.metered,
        scanners: facts.scanners.iter().take(SCANNERS).map(scanner).collect(),
    }
}

fn device_of(message: proto::Device) -> Result<DeviceFacts, DecodeError> {
    at_most(message.scanners.len(), SCANNERS, "device.scanners")?;
    Ok(DeviceFacts {
        system: words(message.system, "device.system")?,
        agent_version: words(message.agent_version, "device.agent_version")?,
        wall: WallTime(message.wall),
        disk_free_mib: message.disk_free_mib,
        disk_total_mib: message.disk_total_mib,
        journal_mib: message.journal_mib,
        memory_mib: message.memory_mib,
        metered: message.metered,
        scanners: all(message.scanners, scanner_of)?,
    })
}

fn scanner(facts: &ScannerFacts) -> proto::Scanner {
    proto::Scanner {
        lane: facts.lane.as_str().to_owned(),
        path: spoken(&facts.path),
        present: facts.present,
        scans: facts.scans,
    }
}

fn scanner_of(message: proto::Scanner) -> Result<ScannerFacts, DecodeError> {
    Ok(ScannerFacts {
        lane: text(&message.lane, "scanners.lane", Label::new)?,
        path: words(message.path, "scanners.path")?,
        present: message.present,
        scans: message.scans,
    })
}

pub(super) fn till(facts: &TillFacts) -> proto::Till {
    proto::Till {
        source: facts.source.as_str().to_owned(),
        token: facts.token.map(|token| Bytes::copy_from_slice(&token)).unwrap_or_default(),
        heard_ms: facts.heard_ms,
        documents: facts.documents,
    }
}

pub(super) fn till_of(message: proto::Till) -> Result<TillFacts, DecodeError> {
    let token = (!message.token.is_empty()).then(|| array(&message.token, "tills.token")).transpose()?;
    Ok(TillFacts {
        source: text(&message.source, "tills.source", Source::new)?,
        token,
        heard_ms: message.heard_ms,
        documents: message.documents,
    })
}
