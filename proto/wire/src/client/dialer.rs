//! Opens connections to the centre.

use std::io;
use std::pin::Pin;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tower::{Service, service_fn};

use super::calls::Calls;
use super::config::{ClientConfig, ClientTls, ConfigError};
use super::link::{Link, LinkError};
use super::traffic::{Metered, Traffic};
use crate::limits::{CONNECTION_WINDOW_BYTES, QUEUED_MESSAGES, STREAM_WINDOW_BYTES};
use crate::status::with_sources;

/// Opens connections to one centre.
#[derive(Clone, Debug)]
pub struct Dialer {
    endpoint: Endpoint,
    config: ClientConfig,
}

impl Dialer {
    /// A dialer, if the configuration can be used.
    pub fn new(config: ClientConfig) -> Result<Self, ConfigError> {
        let uri = config.checked_url()?;
        let mut endpoint = Endpoint::from(uri)
            .connect_timeout(config.connect_timeout)
            .http2_keep_alive_interval(config.keep_alive)
            .keep_alive_timeout(config.keep_alive_timeout)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .user_agent(format!("tidemark-edge/{}", config.agent_version))
            .map_err(|error| ConfigError::Certificates(with_sources(&error)))?;
        if let Some(tls) = &config.tls {
            tls.check()?;
            endpoint = endpoint
                .tls_config(tls_config(tls))
                .map_err(|error| ConfigError::Certificates(with_sources(&error)))?;
        }
        Ok(Self { endpoint, config })
    }

    /// Connects over TCP and opens the stream.
    pub async fn dial(&self) -> Result<Link, LinkError> {
        let traffic = Traffic::default();
        let mut tcp = HttpConnector::new();
        // An https URL is TLS over the TCP that this connector gives.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let counted = traffic.clone();
        let connector = service_fn(move |uri: Uri| {
            let (connecting, traffic) = (tcp.call(uri), counted.clone());
            async move { connecting.await.map(|io| TokioIo::new(Metered::new(io.into_inner(), traffic))) }
        });
        self.within_time(self.endpoint.connect_with_connector(connector), traffic).await
    }

    /// Opens the stream over a connection that is there already (tests, the
    /// simulated fleet).
    pub async fn dial_over<T>(&self, io: T) -> Result<Link, LinkError>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let traffic = Traffic::default();
        let mut io = Some(TokioIo::new(Metered::new(io, traffic.clone())));
        let connector = service_fn(move |_uri: Uri| {
            let io = io.take().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected));
            async move { io }
        });
        self.within_time(self.endpoint.connect_with_connector(connector), traffic).await
    }

    /// A connection whose stream does not stand in time counts as no route.
    async fn within_time(
        &self,
        connecting: impl Future<Output = Result<Channel, tonic::transport::Error>> + Send,
        traffic: Traffic,
    ) -> Result<Link, LinkError> {
        let opening = async {
            let channel = connecting.await.map_err(|error| LinkError::NoRoute(with_sources(&error)))?;
            open(channel, traffic).await
        };
        // On the heap: a connection's state is large, and many are dialled.
        let opening: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(opening);
        match tokio::time::timeout(self.config.connect_timeout, opening).await {
            Ok(link) => link,
            Err(_elapsed) => Err(LinkError::NoRoute(format!("no answer within {:?}", self.config.connect_timeout))),
        }
    }
}

async fn open(channel: Channel, traffic: Traffic) -> Result<Link, LinkError> {
    let mut calls = Calls::over(channel);
    let (queue, queued) = mpsc::channel(QUEUED_MESSAGES);
    let stream = calls.exchange(ReceiverStream::new(queued)).await?;
    Ok(Link::new(queue, stream, calls, traffic))
}

fn tls_config(tls: &ClientTls) -> ClientTlsConfig {
    let mut config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&tls.authority));
    if let Some((certificate, key)) = &tls.identity {
        config = config.identity(Identity::from_pem(certificate, key));
    }
    match &tls.server_name {
        Some(name) => config.domain_name(name),
        None => config,
    }
}
