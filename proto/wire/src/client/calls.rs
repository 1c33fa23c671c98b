//! The calls beside the stream.

use tidemark_sync::message::{
    CataloguePage, DigestPage, FetchCatalogue, FetchDigests, FetchInstruction, FetchOpening, InstructionPage,
    OpeningPage, OpeningSent, SendOpening,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;

use super::link::LinkError;
use super::pieces::Pieces;
use crate::convert::{catalogue, digests, instruction, opening};
use crate::limits::MESSAGE_BYTES;
use crate::schema::sync::v1 as proto;
use crate::schema::sync::v1::sync_client::SyncClient;

/// Calls to the centre, on the connection of the link they are of.
#[derive(Clone, Debug)]
pub struct Calls(SyncClient<Channel>);

impl Calls {
    pub(super) fn over(channel: Channel) -> Self {
        let client = SyncClient::new(channel);
        Self(client.max_decoding_message_size(MESSAGE_BYTES).max_encoding_message_size(MESSAGE_BYTES))
    }

    pub(super) async fn exchange(
        &mut self,
        messages: ReceiverStream<proto::ToCentre>,
    ) -> Result<Streaming<proto::ToBox>, LinkError> {
        Ok(self.0.exchange(messages).await?.into_inner())
    }

    /// One page of the catalogue.
    pub async fn fetch_catalogue(&mut self, request: &FetchCatalogue) -> Result<CataloguePage, LinkError> {
        let page = self.0.fetch_catalogue(catalogue::fetch(request)).await?;
        Ok(catalogue::page_of(page.into_inner())?)
    }

    /// The next piece of a page of the catalogue, or the page as a whole while
    /// the line lasts for it: the page once it is there. To be asked again
    /// with the same pieces until then, over any loss of the connection.
    pub async fn fetch_catalogue_on(
        &mut self,
        request: &FetchCatalogue,
        pieces: &mut Pieces,
    ) -> Result<Option<CataloguePage>, LinkError> {
        match self.0.fetch_catalogue(pieces.ask(request)).await {
            Ok(answer) => Ok(pieces.take(answer.into_inner())?),
            Err(status) => {
                pieces.shrink();
                Err(status.into())
            }
        }
    }

    /// A part of the body of an instruction.
    pub async fn fetch_instruction(&mut self, request: &FetchInstruction) -> Result<InstructionPage, LinkError> {
        let page = self.0.fetch_instruction(instruction::fetch(request)).await?;
        Ok(instruction::page_of(page.into_inner())?)
    }

    /// One page of the opening of the box's epoch.
    pub async fn fetch_opening(&mut self, request: &FetchOpening) -> Result<OpeningPage, LinkError> {
        let page = self.0.fetch_opening(opening::fetch(request)).await?;
        Ok(opening::page_of(page.into_inner())?)
    }

    /// Gives the centre one page of an opening that it lacks.
    pub async fn send_opening(&mut self, request: &SendOpening) -> Result<OpeningSent, LinkError> {
        let sent = self.0.send_opening(opening::send(request)).await?;
        Ok(opening::sent_of(sent.into_inner()))
    }

    /// The digests of one block's records.
    pub async fn fetch_digests(&mut self, request: &FetchDigests) -> Result<DigestPage, LinkError> {
        let page = self.0.fetch_digests(digests::fetch(request)).await?;
        Ok(digests::page_of(page.into_inner())?)
    }
}
