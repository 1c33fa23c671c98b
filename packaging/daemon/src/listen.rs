//! HTTP and gRPC on one port: plaintext on loopback only, TLS elsewhere,
//! with the verified identity of a client certificate handed on.

mod identity;
mod prompt;
mod tls;

pub use identity::ShopIdentity;
pub use tls::{ClientPapers, Tls, TlsError};

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
use tokio::task::{JoinError, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::metrics::{Counter, Gauge, Metrics};
use prompt::Prompt;

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
    pub fn is_loopback(&self) -> bool {
        // A port open for IPv4 and IPv6 sees 127.0.0.1 as ::ffff:127.0.0.1.
        self.address.ip().to_canonical().is_loopback()
    }

    /// The box of a store for which its certificate speaks.
    #[must_use]
    pub fn shop(&self) -> Option<ShopIdentity> {
        ShopIdentity::of_uris(&self.uris)
    }
}

/// What comes in at a port, counted.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    accepted: Counter,
    not_accepted: Counter,
    handshakes_failed: Counter,
    ended_early: Counter,
    panicked: Counter,
    open: Gauge,
}

impl Traffic {
    /// Traffic that shows among a daemon's metrics.
    pub fn declare(metrics: &mut Metrics) -> Self {
        Self {
            accepted: metrics.counter("connections_accepted", "Connections accepted"),
            not_accepted: metrics.counter("connections_not_accepted", "Connections the system could not hand over"),
            handshakes_failed: metrics.counter("tls_handshakes_failed", "TLS handshakes that failed or took too long"),
            ended_early: metrics.counter("connections_ended_early", "Connections that ended in an error"),
            panicked: metrics.counter("connections_panicked", "Connections whose handler panicked: a fault of ours"),
            open: metrics.gauge("connections_open", "Connections open now"),
        }
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
    traffic: Traffic,
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
        Ok(Self { listener, address, tls, traffic: Traffic::default() })
    }

    /// Counts what comes in.
    #[must_use]
    pub fn counted(self, traffic: Traffic) -> Self {
        Self { traffic, ..self }
    }

    /// The address, with the port that was given if 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then drains.
    pub async fn serve(self, router: Router, stop: CancellationToken) -> Result<(), std::io::Error> {
        let Self { listener, tls, traffic, .. } = self;
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            while let Some(ended) = connections.try_join_next() {
                traffic.note(ended);
            }
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accept(&listener, &places, &traffic) => accepted,
            };
            let Some((stream, address, place)) = accepted else { continue };
            let door = Door { router: router.clone(), tls: tls.clone(), traffic: traffic.clone(), stop: stop.clone() };
            connections.spawn(async move {
                door.serve(stream, address).await;
                drop(place);
            });
            traffic.open.inc();
        }
        // Who calls now is refused at once instead of waiting for nobody.
        drop(listener);
        let drained = async {
            while let Some(ended) = connections.join_next().await {
                traffic.note(ended);
            }
        };
        if tokio::time::timeout(DRAIN_WITHIN, drained).await.is_err() {
            tracing::info!(left = connections.len(), "open connections were closed at shutdown");
        }
        Ok(())
    }
}

/// A connection that is not HTTP.
pub trait Conversation: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Conversation for S {}

impl Listener {
    /// Hands each connection to `each`, at most so many at once, until
    /// `stop`; those that are open then are cut.
    pub async fn serve_each<F, W>(self, places: usize, each: F, stop: CancellationToken) -> Result<(), std::io::Error>
    where
        F: Fn(Box<dyn Conversation>, Peer) -> W + Clone + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let Self { listener, tls, traffic, .. } = self;
        let places = Arc::new(Semaphore::new(places));
        let mut connections = JoinSet::new();
        loop {
            while let Some(ended) = connections.try_join_next() {
                traffic.note(ended);
            }
            let accepted = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                accepted = accept(&listener, &places, &traffic) => accepted,
            };
            let Some((stream, address, place)) = accepted else { continue };
            let (tls, each, failed) = (tls.clone(), each.clone(), traffic.handshakes_failed.clone());
            connections.spawn(async move {
                match shaken(tls.as_ref(), stream, address).await {
                    Some((stream, peer)) => each(stream, peer).await,
                    None => drop(failed.inc()),
                }
                drop(place);
            });
            traffic.open.inc();
        }
    }
}

/// A connection behind its handshake, if there is one; none if that failed.
async fn shaken(tls: Option<&Tls>, stream: TcpStream, address: SocketAddr) -> Option<(Box<dyn Conversation>, Peer)> {
    let Some(tls) = tls else {
        return Some((Box::new(stream), Peer { address, tls: false, uris: Arc::from([]) }));
    };
    let shaking = TlsAcceptor::from(tls.server()).accept(stream);
    let stream = tokio::time::timeout(HANDSHAKE_WITHIN, shaking).await.ok()?.ok()?;
    Some((Box::new(stream), Peer { address, tls: true, uris: Arc::from([]) }))
}

impl Traffic {
    fn note(&self, ended: Result<(), JoinError>) {
        self.open.dec();
        if let Err(error) = ended {
            self.panicked.inc();
            tracing::error!(%error, "a connection's handler panicked");
        }
    }
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>, traffic: &Traffic) -> Option<Accepted> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => {
            traffic.accepted.inc();
            // A socket that refuses the option is only slower.
            stream.set_nodelay(true).ok();
            Some((stream, address, place))
        }
        Err(error) => {
            traffic.not_accepted.inc();
            tracing::warn!(%error, "a connection could not be accepted");
            // Out of descriptors or the like: give others time to close.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// What one connection is served with.
struct Door {
    router: Router,
    tls: Option<Tls>,
    traffic: Traffic,
    stop: CancellationToken,
}

impl Door {
    async fn serve(self, stream: TcpStream, address: SocketAddr) {
        let Some(tls) = &self.tls else {
            let peer = Peer { address, tls: false, uris: Arc::from([]) };
            return self.converse(stream, peer).await;
        };
        let acceptor = TlsAcceptor::from(tls.server());
        let shaken = tokio::select! {
            () = self.stop.cancelled() => return,
            shaken = tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)) => shaken,
        };
        match shaken {
            Ok(Ok(stream)) => {
                let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let uris = certificate.map(tls::uris_of).unwrap_or_default();
                self.converse(stream, Peer { address, tls: true, uris: uris.into() }).await;
            }
            Ok(Err(error)) => {
                self.traffic.handshakes_failed.inc();
                tracing::debug!(%address, %error, "a TLS handshake failed");
            }
            Err(_elapsed) => {
                self.traffic.handshakes_failed.inc();
                tracing::debug!(%address, "a TLS handshake took too long");
            }
        }
    }

    async fn converse<S>(self, stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let address = peer.address;
        let service = TowerToHyperService::new(self.router.map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            request.map(Body::new)
        }));
        let builder = protocol();
        let stream = Prompt::new(stream, HEAD_WITHIN);
        let mut connection = std::pin::pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            self.traffic.ended_early.inc();
            tracing::debug!(%address, %error, "a connection ended early");
        }
    }
}

/// HTTP/1.1 and HTTP/2, told apart by the first bytes.
fn protocol() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(KEEP_ALIVE_EVERY)
        .adaptive_window(true);
    builder
}

#[cfg(test)]
mod tests;
