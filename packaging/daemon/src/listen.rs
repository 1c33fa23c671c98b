//! HTTP and gRPC on one port: plaintext on loopback only, TLS elsewhere,
//! with the verified identity of a client certificate handed on.

mod tls;

pub use tls::{Tls, TlsError};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Connections that are served at once; more wait to be accepted.
const CONNECTIONS: usize = 16_384;
/// How long a TLS handshake may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How long the head of a request may take.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// How long open requests may take after the end was asked for.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
/// HTTP/2 streams of one connection.
const STREAMS: u32 = 256;
/// How often an idle HTTP/2 connection is asked whether it lives.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(20);

/// Who is at the other end of a connection; in the extensions of each
/// request.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The URIs of its verified client certificate.
    pub uris: Arc<[String]>,
}

impl Peer {
    /// Whether it is on this machine.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.address.ip().is_loopback()
    }
}

/// Why a daemon can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Plaintext off loopback.
    #[error(
        "{address} is not loopback and no certificate is given: give one with tls.certificate and tls.key, or listen on 127.0.0.1"
    )]
    PlaintextOffLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The address can't be had.
    #[error("{address} can't be listened on: {source}; is another process there?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The certificate files are no good.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A port that is open.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
}

impl Listener {
    /// Opens a port.
    pub async fn open(address: SocketAddr, tls: Option<Tls>) -> Result<Self, ListenError> {
        if tls.is_none() && !address.ip().is_loopback() {
            return Err(ListenError::PlaintextOffLoopback { address });
        }
        let bind = |source| ListenError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Self { listener, address, tls })
    }

    /// The address, with the port that was given if 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then drains.
    pub async fn serve(self, router: Router, stop: CancellationToken) -> Result<(), std::io::Error> {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = tokio::task::JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accept(&self.listener, &places) => accepted,
            };
            let Some((stream, address, place)) = accepted else { continue };
            let (router, tls) = (router.clone(), self.tls.clone());
            let stop = stop.clone();
            connections.spawn(async move {
                serve_one(stream, address, router, tls, stop).await;
                drop(place);
            });
        }
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_WITHIN, drained).await.is_err() {
            tracing::info!("open connections were closed at shutdown");
        }
        Ok(())
    }
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<Accepted> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => {
            // A socket that refuses the option is only slower.
            stream.set_nodelay(true).ok();
            Some((stream, address, place))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            // Out of descriptors or the like: give others time to close.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn serve_one(stream: TcpStream, address: SocketAddr, router: Router, tls: Option<Tls>, stop: CancellationToken) {
    let Some(tls) = tls else {
        let peer = Peer { address, tls: false, uris: Arc::from([]) };
        return converse(stream, peer, router, stop).await;
    };
    let acceptor = TlsAcceptor::from(tls.server());
    match tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let uris = certificate.map(tls::uris_of).unwrap_or_default();
            converse(stream, Peer { address, tls: true, uris: uris.into() }, router, stop).await;
        }
        Ok(Err(error)) => tracing::debug!(%address, %error, "a TLS handshake failed"),
        Err(_elapsed) => tracing::debug!(%address, "a TLS handshake took too long"),
    }
}

async fn converse<S>(stream: S, peer: Peer, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let address = peer.address;
    let service = TowerToHyperService::new(router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        request.map(Body::new)
    }));
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(KEEP_ALIVE_EVERY)
        .adaptive_window(true);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%address, error = %error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests;
