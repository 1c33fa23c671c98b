//! The partition's log.

use bytes::Bytes;
use tidemark_ledger::apply::{ApplyRecord, Content};
use tidemark_model::{BoxId, Epoch, Position, StoreId, StreamId, StreamPlace, WallTime};
use tidemark_sync::Payload;
use tidemark_sync::message::{Hello, OpeningTaken, Session, Unreadable};
use tidemark_wire::{Control, EpochOpened, EpochTook, Opener, PositionsLost, encode_control};

/// One life of the log.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) id: StreamId,
    births: u64,
    entries: Vec<(Option<StoreId>, Content)>,
}

impl Log {
    /// A log that is born; its first record says so.
    pub(crate) fn born(birth: u64) -> Self {
        let mut uuid = [0; 16];
        uuid.iter_mut().zip(birth.to_be_bytes()).for_each(|(to, from)| *to = from);
        let id = StreamId(uuid);
        let born = Content::Control(Bytes::from(encode_control(&Control::StreamBorn(id))));
        Self { id, births: birth, entries: vec![(None, born)] }
    }

    /// The log is wiped: another life.
    pub(crate) fn wipe(&mut self) {
        *self = Self::born(self.births + 1);
    }

    /// The log loses so many of its newest records, but not the first; its end
    /// from then on.
    pub(crate) fn cut(&mut self, most: u64) -> u64 {
        let keep = self.end().saturating_sub(most).max(1);
        self.entries.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
        self.end()
    }

    /// The offset the log gives next.
    pub(crate) fn end(&self) -> u64 {
        u64::try_from(self.entries.len()).unwrap_or(u64::MAX)
    }

    /// Takes what a receiver produces; the place of the last record.
    pub(crate) fn produce(&mut self, store: &StoreId, payload: &Payload) -> StreamPlace {
        match payload {
            Payload::Records(batch) => {
                let movement = |record: &tidemark_sync::message::Record| {
                    let position = Position { epoch: batch.epoch, seq: record.seq };
                    (Some(store.clone()), Content::Movement(position, record.bytes.clone()))
                };
                self.entries.extend(batch.records.iter().map(movement));
            }
            Payload::Unreadable(Unreadable { epoch, seqs, digest }) => {
                let lost = PositionsLost { store: store.clone(), epoch: *epoch, seqs: seqs.clone(), digest: *digest };
                let lost = Content::Control(Bytes::from(encode_control(&Control::PositionsLost(lost))));
                self.entries.push((Some(store.clone()), lost));
            }
        }
        self.last()
    }

    pub(crate) fn open_epoch(&mut self, hello: &Hello) -> StreamPlace {
        let (box_id, session): (BoxId, Session) = (hello.box_id, hello.session);
        let by = Opener::Box { box_id, session, opening: hello.opening };
        let (store, epoch): (StoreId, Epoch) = (hello.store.clone(), hello.epoch);
        let control = Control::EpochOpened(EpochOpened { store: store.clone(), epoch, by, wall: WallTime(0) });
        self.entries.push((Some(store), Content::Control(Bytes::from(encode_control(&control)))));
        self.last()
    }

    /// A box has taken its opening.
    pub(crate) fn took_opening(&mut self, store: &StoreId, epoch: Epoch, opening: OpeningTaken) {
        let control = Control::OpeningTaken(EpochTook { store: store.clone(), epoch, opening });
        self.entries.push((Some(store.clone()), Content::Control(Bytes::from(encode_control(&control)))));
    }

    fn last(&self) -> StreamPlace {
        StreamPlace { stream: self.id, partition: 0, offset: self.end().saturating_sub(1) }
    }

    pub(crate) fn records(&self, from: u64, most: usize) -> Vec<ApplyRecord> {
        let first = usize::try_from(from).unwrap_or(usize::MAX);
        let records = self.entries.iter().enumerate().skip(first).take(most);
        let record = |(at, (store, content)): (usize, &(Option<StoreId>, Content))| {
            let store = store.clone()?;
            Some(ApplyRecord { offset: u64::try_from(at).unwrap_or(u64::MAX), store, content: content.clone() })
        };
        records.filter_map(record).collect()
    }
}
