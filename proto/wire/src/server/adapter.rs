//! From the generated service to the handler.

use std::sync::Arc;

use http::Request as HttpRequest;
use tokio::sync::mpsc;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::{Request, Response, Status, Streaming};
use tower::ServiceExt;

use super::outgoing::Outgoing;
use super::streams::{FrameFault, Inbound, LastWord, Outbound, refusal_of};
use super::{Exchange, Failure, Peer};
use crate::convert::{catalogue, digests, instruction, opening};
use crate::error::DecodeError;
use crate::limits::{MESSAGE_BYTES, QUEUED_MESSAGES};
use crate::schema::sync::v1 as proto;
use crate::schema::sync::v1::sync_server::{Sync, SyncServer};
use crate::status::{refused, slow, troubled};

/// The service as a router without a fallback, to be merged with others. What
/// the layers before put into a request's extensions comes as the [`Peer`].
pub fn router<H: Exchange>(handler: Arc<H>) -> axum::Router {
    let service = SyncServer::new(Adapter(handler))
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES);
    let path = format!("/{}/{{*call}}", <SyncServer<Adapter<H>> as NamedService>::NAME);
    let service = service.map_request(|request: HttpRequest<axum::body::Body>| request.map(Body::new));
    axum::Router::new().route_service(&path, service)
}

/// The generated service over a handler.
#[derive(Debug)]
struct Adapter<H>(Arc<H>);

impl<H: Exchange> Adapter<H> {
    /// A request's peer and content.
    fn open<P, T>(
        &self,
        request: Request<P>,
        convert: impl FnOnce(P) -> Result<T, DecodeError>,
    ) -> Result<(Peer, T), Box<Status>> {
        let (_metadata, extensions, message) = request.into_parts();
        let peer = Peer(extensions);
        match convert(message) {
            Ok(request) => Ok((peer, request)),
            Err(error) => {
                let fault = FrameFault::Undecodable(error.to_string());
                self.0.fault(&peer, &fault);
                Err(Box::new(refused(&refusal_of(&fault))))
            }
        }
    }
}

fn answer<T, P>(answered: Result<T, Failure>, convert: impl FnOnce(&T) -> P) -> Result<Response<P>, Status> {
    match answered {
        Ok(answered) => Ok(Response::new(convert(&answered))),
        Err(Failure::Refused(refusal)) => Err(refused(&refusal)),
        Err(Failure::Slow(later)) => Err(slow(later)),
        Err(Failure::Trouble(cause)) => Err(troubled(&cause)),
    }
}

#[tonic::async_trait]
impl<H: Exchange> Sync for Adapter<H> {
    type ExchangeStream = Outgoing;

    async fn exchange(
        &self,
        request: Request<Streaming<proto::ToCentre>>,
    ) -> Result<Response<Self::ExchangeStream>, Status> {
        let (_metadata, extensions, stream) = request.into_parts();
        let peer = Peer(extensions);
        let last_word = LastWord::default();
        let (queue, queued) = mpsc::channel(QUEUED_MESSAGES);
        let (counting, of) = (Arc::clone(&self.0), peer.clone());
        let on_fault = Box::new(move |fault: &FrameFault| counting.fault(&of, fault));
        let inbound = Inbound::new(stream, Arc::clone(&last_word), on_fault);
        let outbound = Outbound::new(queue, Arc::clone(&last_word));
        let handler = tokio::spawn(Arc::clone(&self.0).exchange(peer, inbound, outbound));
        Ok(Response::new(Outgoing::new(queued, handler, last_word)))
    }

    async fn fetch_catalogue(
        &self,
        request: Request<proto::FetchCatalogueRequest>,
    ) -> Result<Response<proto::FetchCatalogueResponse>, Status> {
        let (from, most) = (request.get_ref().from, request.get_ref().most);
        let (peer, request) = self.open(request, |message| catalogue::fetch_of(&message)).map_err(|status| *status)?;
        answer(self.0.fetch_catalogue(&peer, request).await, |page| catalogue::page_from(page, from, most))
    }

    async fn fetch_instruction(
        &self,
        request: Request<proto::FetchInstructionRequest>,
    ) -> Result<Response<proto::FetchInstructionResponse>, Status> {
        let (peer, request) =
            self.open(request, |message| instruction::fetch_of(&message)).map_err(|status| *status)?;
        answer(self.0.fetch_instruction(&peer, request).await, instruction::page)
    }

    async fn fetch_opening(
        &self,
        request: Request<proto::FetchOpeningRequest>,
    ) -> Result<Response<proto::FetchOpeningResponse>, Status> {
        let (peer, request) = self.open(request, opening::fetch_of).map_err(|status| *status)?;
        answer(self.0.fetch_opening(&peer, request).await, opening::page)
    }

    async fn send_opening(
        &self,
        request: Request<proto::SendOpeningRequest>,
    ) -> Result<Response<proto::SendOpeningResponse>, Status> {
        let (peer, request) = self.open(request, opening::send_of).map_err(|status| *status)?;
        answer(self.0.send_opening(&peer, request).await, |sent| opening::sent(*sent))
    }

    async fn fetch_digests(
        &self,
        request: Request<proto::FetchDigestsRequest>,
    ) -> Result<Response<proto::FetchDigestsResponse>, Status> {
        let (peer, request) = self.open(request, |message| digests::fetch_of(&message)).map_err(|status| *status)?;
        answer(self.0.fetch_digests(&peer, request).await, digests::page)
    }
}
