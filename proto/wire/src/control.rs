//! Control records: records of the topic `inventory-events` that are no
//! movements and have no position. Their CloudEvents type tells them apart.

use prost::Message;
use tidemark_model::{BoxId, Epoch, EpochOrdinal, SeqSet, StoreId, StreamId, WallTime};
use tidemark_sync::message::{OpeningTaken, Session};

use crate::convert::{few, seqs, seqs_of};
use crate::error::DecodeError;
use crate::schema::inventory::v1 as proto;
use crate::schema::inventory::v1::control::Record;

/// Bytes one control record may have.
pub const CONTROL_BYTES: usize = 16 * 1_024;

/// A control record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// The first record of a partition's log: together with the partition,
    /// its identity.
    StreamBorn(StreamId),
    /// A store's epoch begins; the applier that meets it closes the older
    /// ones.
    EpochOpened(EpochOpened),
    /// Positions of a store will never come.
    PositionsLost(PositionsLost),
    /// A store's box has taken the opening of its epoch.
    OpeningTaken(EpochTook),
}

/// A store's epoch begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochOpened {
    /// The shop.
    pub store: StoreId,
    /// The epoch that begins.
    pub epoch: Epoch,
    /// Who drew it.
    pub by: Opener,
    /// The centre's wall clock, a label.
    pub wall: WallTime,
}

/// Who drew an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// A box that the centre did not know with this epoch.
    Box {
        /// The box.
        box_id: BoxId,
        /// Its session by its `Hello`.
        session: Session,
        /// The opening it says it took: the centre lacks it and makes none.
        opening: Option<OpeningTaken>,
    },
    /// The centre, to close a store or a loss.
    Centre,
}

/// Positions that a box committed and can no longer read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionsLost {
    /// The shop.
    pub store: StoreId,
    /// Their epoch.
    pub epoch: Epoch,
    /// The seqs, at least one.
    pub seqs: SeqSet,
    /// Wrapping sum of their movement digests; none if it is lost too.
    pub digest: Option<u64>,
}

/// A box has taken the opening of its epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochTook {
    /// The shop.
    pub store: StoreId,
    /// The epoch.
    pub epoch: Epoch,
    /// Which opening, and the seq of its last restatement.
    pub opening: OpeningTaken,
}

/// The bytes of a control record.
#[must_use]
pub fn encode_control(control: &Control) -> Vec<u8> {
    let record = match control {
        Control::StreamBorn(stream) => {
            Record::StreamBorn(proto::StreamBorn { uuid: bytes::Bytes::copy_from_slice(&stream.0) })
        }
        Control::EpochOpened(opened) => Record::EpochOpened(epoch_opened(opened)),
        Control::PositionsLost(lost) => Record::PositionsLost(proto::PositionsLost {
            store: lost.store.as_str().to_owned(),
            epoch: lost.epoch.0,
            seqs: seqs(&lost.seqs),
            digest: lost.digest,
        }),
        Control::OpeningTaken(took) => Record::OpeningTaken(proto::OpeningTaken {
            store: took.store.as_str().to_owned(),
            epoch: took.epoch.0,
            opening: Some(proto::OpeningHeld { ordinal: took.opening.ordinal.0, seq: took.opening.seq }),
        }),
    };
    proto::Control { record: Some(record) }.encode_to_vec()
}

fn epoch_opened(opened: &EpochOpened) -> proto::EpochOpened {
    let mut message = proto::EpochOpened {
        store: opened.store.as_str().to_owned(),
        epoch: opened.epoch.0,
        wall: opened.wall.0,
        ..proto::EpochOpened::default()
    };
    if let Opener::Box { box_id, session, opening } = opened.by {
        message.box_id = bytes::Bytes::copy_from_slice(&box_id.0);
        message.session = session.0;
        message.opening = opening.map(|held| proto::OpeningHeld { ordinal: held.ordinal.0, seq: held.seq });
    }
    message
}

/// The control record of these bytes. One of a newer release is an error:
/// an applier that passed it over would go wrong without a word.
pub fn decode_control(message: &[u8]) -> Result<Control, DecodeError> {
    if message.len() > CONTROL_BYTES {
        return Err(DecodeError::TooLong { found: message.len(), max: CONTROL_BYTES });
    }
    match proto::Control::decode(message)?.record {
        None => Err(DecodeError::Missing { field: "record" }),
        Some(Record::StreamBorn(born)) => Ok(Control::StreamBorn(StreamId(uuid(&born.uuid, "stream_born.uuid")?))),
        Some(Record::EpochOpened(opened)) => opened_of(&opened).map(Control::EpochOpened),
        Some(Record::PositionsLost(lost)) => lost_of(&lost).map(Control::PositionsLost),
        Some(Record::OpeningTaken(took)) => took_of(&took).map(Control::OpeningTaken),
    }
}

fn uuid(bytes: &[u8], field: &'static str) -> Result<[u8; 16], DecodeError> {
    bytes.try_into().map_err(|_length| DecodeError::Length { field, found: bytes.len(), expected: 16 })
}

fn opened_of(message: &proto::EpochOpened) -> Result<EpochOpened, DecodeError> {
    let field = "epoch_opened.store";
    let store = StoreId::new(&message.store).map_err(|cause| DecodeError::Text { field, cause })?;
    let by = if message.box_id.is_empty() {
        Opener::Centre
    } else {
        Opener::Box {
            box_id: BoxId(uuid(&message.box_id, "epoch_opened.box_id")?),
            session: Session(message.session),
            opening: message.opening.as_ref().map(opening_of).transpose()?,
        }
    };
    Ok(EpochOpened { store, epoch: Epoch(message.epoch), by, wall: WallTime(message.wall) })
}

fn lost_of(message: &proto::PositionsLost) -> Result<PositionsLost, DecodeError> {
    let (field, of_seqs) = ("positions_lost.store", "positions_lost.seqs");
    let store = StoreId::new(&message.store).map_err(|cause| DecodeError::Text { field, cause })?;
    let seqs = few(seqs_of(&message.seqs, of_seqs)?, of_seqs)?;
    Ok(PositionsLost { store, epoch: Epoch(message.epoch), seqs, digest: message.digest })
}

fn took_of(message: &proto::OpeningTaken) -> Result<EpochTook, DecodeError> {
    let field = "opening_taken.store";
    let store = StoreId::new(&message.store).map_err(|cause| DecodeError::Text { field, cause })?;
    let held = message.opening.as_ref().ok_or(DecodeError::Missing { field: "opening_taken.opening" })?;
    Ok(EpochTook { store, epoch: Epoch(message.epoch), opening: opening_of(held)? })
}

fn opening_of(held: &proto::OpeningHeld) -> Result<OpeningTaken, DecodeError> {
    if held.ordinal == 0 {
        return Err(DecodeError::Missing { field: "opening.ordinal" });
    }
    Ok(OpeningTaken { ordinal: EpochOrdinal(held.ordinal), seq: held.seq })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn opened(by: Opener) -> Control {
        let store = StoreId::new("S0001").unwrap();
        Control::EpochOpened(EpochOpened { store, epoch: Epoch(7), by, wall: WallTime(1_787_219_472_000) })
    }

    #[test]
    fn a_control_record_is_read_back_from_its_bytes() {
        let opening = Some(OpeningTaken { ordinal: EpochOrdinal(3), seq: 812 });
        for control in [
            Control::StreamBorn(StreamId([7; 16])),
            opened(Opener::Centre),
            opened(Opener::Box { box_id: BoxId([9; 16]), session: Session(4), opening: None }),
            opened(Opener::Box { box_id: BoxId([0; 16]), session: Session(0), opening }),
        ] {
            assert_eq!(decode_control(&encode_control(&control)), Ok(control));
        }
    }

    #[test]
    fn the_most_positions_that_one_may_name_fit_however_they_lie() {
        let store = StoreId::new("S0001-a-name-as-long-as-one-gets").unwrap();
        let seqs: SeqSet = (0..1_000_u64).map(|number| (1 << 61) + (1 << 51) * number).collect();
        let lost = Control::PositionsLost(PositionsLost { store, epoch: Epoch(u64::MAX), seqs, digest: Some(1) });
        let bytes = encode_control(&lost);
        assert_eq!(decode_control(&bytes), Ok(lost), "{} bytes", bytes.len());
    }

    #[test]
    fn a_taken_opening_is_read_back_and_one_without_its_opening_is_refused() {
        let (store, opening) = (StoreId::new("S1").unwrap(), OpeningTaken { ordinal: EpochOrdinal(2), seq: 0 });
        let took = Control::OpeningTaken(EpochTook { store, epoch: Epoch(9), opening });
        assert_eq!(decode_control(&encode_control(&took)), Ok(took));
        let record = Record::OpeningTaken(proto::OpeningTaken { store: "S1".into(), ..Default::default() });
        let bytes = proto::Control { record: Some(record) }.encode_to_vec();
        assert_eq!(decode_control(&bytes), Err(DecodeError::Missing { field: "opening_taken.opening" }));
    }

    #[test]
    fn positions_that_name_nothing_are_refused() {
        let record = Record::PositionsLost(proto::PositionsLost { store: "S1".into(), ..Default::default() });
        let bytes = proto::Control { record: Some(record) }.encode_to_vec();
        assert_eq!(decode_control(&bytes), Err(DecodeError::Missing { field: "positions_lost.seqs" }));
    }

    #[test]
    fn one_of_a_newer_release_is_refused() {
        let mut bytes = Vec::new();
        crate::protobuf::put_message(&mut bytes, 9, b"new");
        assert_eq!(decode_control(&bytes), Err(DecodeError::Missing { field: "record" }));
    }

    #[test]
    fn an_identity_of_another_length_is_refused() {
        let record = Record::StreamBorn(proto::StreamBorn { uuid: vec![1; 15].into() });
        let bytes = proto::Control { record: Some(record) }.encode_to_vec();
        let error = decode_control(&bytes).unwrap_err();
        assert_eq!(error.to_string(), "`stream_born.uuid` has 15 bytes, not 16");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            drop(decode_control(&bytes));
        }
    }
}
