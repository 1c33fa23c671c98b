//! What the centre has received and handled, in `meta`.

use tidemark_model::{Bitmap, Block, EpochOrdinal, Generation, Odometer, Seq, StreamId, StreamPlace};
use tidemark_sync::ReceivedBlock;

use super::bytes::{LayoutError, Packer, Reader, Value};

/// By whose word, and up to which seq everything is handled and proven; and
/// which of its store's epochs the centre says this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HandledHead {
    pub(crate) generation: Generation,
    pub(crate) through: Seq,
    pub(crate) ordinal: Option<EpochOrdinal>,
}

impl Value for HandledHead {
    const WHAT: &'static str = "handled";

    fn pack(&self, to: &mut Packer) {
        to.number(self.generation.0);
        to.number(self.through);
        to.maybe(self.ordinal, |to, ordinal| to.number(ordinal.0.into()));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let (generation, through) = (Generation(from.number()?), from.number()?);
        let ordinal = from.maybe(|from| from.number32().map(EpochOrdinal))?;
        Ok(Self { generation, through, ordinal })
    }
}

/// What the centre says of a block, and whether the box's own records have
/// the same sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HandledBlock {
    pub(crate) told: Block,
    pub(crate) proven: bool,
}

impl Value for HandledBlock {
    const WHAT: &'static str = "handled blocks";

    fn pack(&self, to: &mut Packer) {
        to.fixed(&self.told.bitmap.to_bytes());
        to.fixed64(self.told.digest);
        to.fixed64(self.told.stock);
        to.flag(self.proven);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let bitmap = Bitmap::from_bytes(&from.fixed()?);
        let told = Block { bitmap, digest: from.fixed64()?, stock: from.fixed64()? };
        Ok(Self { told, proven: from.flag()? })
    }
}

impl Value for ReceivedBlock {
    const WHAT: &'static str = "received blocks";

    fn pack(&self, to: &mut Packer) {
        to.fixed(&self.bitmap.to_bytes());
        to.fixed(&self.place.stream.0);
        to.number(self.place.partition.into());
        to.number(self.place.offset);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let bitmap = Bitmap::from_bytes(&from.fixed()?);
        let stream = StreamId(from.fixed()?);
        let place = StreamPlace { stream, partition: from.number32()?, offset: from.number()? };
        Ok(Self { bitmap, place })
    }
}

/// By which odometer reading everything up to which seq was handled,
/// ascending in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GraceMarks(pub(crate) Vec<(Odometer, Seq)>);

impl Value for GraceMarks {
    const WHAT: &'static str = "grace marks";

    fn pack(&self, to: &mut Packer) {
        to.length(self.0.len());
        for (odometer, seq) in &self.0 {
            to.odometer(*odometer);
            to.number(*seq);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        from.many(|from| Ok((from.odometer()?, from.number()?))).map(Self)
    }
}
