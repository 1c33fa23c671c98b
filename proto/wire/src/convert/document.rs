//! Names of documents and positions, shared by several messages.

use tidemark_model::{DocumentId, Epoch, Position, Source};

use super::field::text;
use crate::error::DecodeError;
use crate::schema::inventory::v1 as proto;

pub(super) fn name(source: &Source, id: &DocumentId) -> proto::DocumentName {
    proto::DocumentName { source: source.as_str().to_owned(), id: id.as_str().to_owned() }
}

pub(super) fn name_of(message: &proto::DocumentName) -> Result<(Source, DocumentId), DecodeError> {
    let source = text(&message.source, "document.source", Source::new)?;
    Ok((source, text(&message.id, "document.id", DocumentId::new)?))
}

pub(super) fn position(of: Position) -> proto::Position {
    proto::Position { epoch: of.epoch.0, seq: of.seq }
}

pub(super) fn position_of(message: &proto::Position) -> Position {
    Position { epoch: Epoch(message.epoch), seq: message.seq }
}
