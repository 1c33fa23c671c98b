//! The stream over TLS with a certificate at either end, and what sales cost
//! on that socket: HTTP/2 and TLS included, TCP/IP not.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "support/centre.rs"]
mod centre;
#[path = "support/shop.rs"]
mod shop;

use std::net::SocketAddr;
use std::sync::Arc;

use centre::Centre;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use shop::Shop;
use tidemark_model::{Epoch, StoreId};
use tidemark_sync::message::{Batch, ToBox, ToCentre};
use tidemark_sync::testing::hello;
use tidemark_wire::client::{ClientConfig, ClientTls, Dialer, Link, LinkError};
use tidemark_wire::server::router;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// A box's certificates, as it has them in files.
    fn of_box(&self, identity: bool) -> ClientTls {
        let (certificate, key) = self.issue("box");
        ClientTls {
            authority: self.0.pem().into_bytes(),
            identity: identity.then(|| (certificate.pem().into_bytes(), key.serialize_pem().into_bytes())),
            server_name: Some("centre.example".to_owned()),
        }
    }
}

/// A centre that lets in only boxes of its authority.
async fn serve(authority: &Authority) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let (certificate, key) = authority.issue("centre.example");
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let app = router(Arc::new(Centre::default()));
        while let Ok((tcp, _from)) = listener.accept().await {
            let (acceptor, service) = (acceptor.clone(), TowerToHyperService::new(app.clone()));
            tokio::spawn(async move {
                let Ok(tls) = acceptor.accept(tcp).await else { return };
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                drop(builder.serve_connection(TokioIo::new(tls), service).await);
            });
        }
    });
    address
}

fn dialer(address: SocketAddr, tls: ClientTls) -> Dialer {
    let url = format!("https://{address}");
    Dialer::new(ClientConfig { tls: Some(tls), ..ClientConfig::new(url) }).unwrap()
}

async fn welcomed() -> Link {
    let authority = Authority::new();
    let address = serve(&authority).await;
    let mut link = dialer(address, authority.of_box(true)).dial().await.unwrap();
    let hello = hello(StoreId::new("S0001").unwrap(), Epoch(0xfeed_5678_90ab_cdef));
    link.send(ToCentre::Hello(hello)).await.unwrap();
    assert!(matches!(link.recv().await, Ok(Some(ToBox::Welcome(_)))));
    link
}

/// Asserts what a movement takes on the socket in batches of `size`, each
/// sent when the one before is received.
async fn assert_cost(size: usize, batches: usize, most: u64) {
    let mut link = welcomed().await;
    let mut shop = Shop::open();
    let before = link.traffic.sent();
    for _ in 0..batches {
        let batch = Batch { epoch: Epoch(0xfeed_5678_90ab_cdef), live: true, records: shop.records(size) };
        link.send(ToCentre::Batch(batch)).await.unwrap();
        let Ok(Some(ToBox::Received(received))) = link.recv().await else { panic!("not received") };
        assert_eq!(received.seqs.count(), u64::try_from(size).unwrap());
    }
    let bytes = link.traffic.sent() - before;
    let movements = u64::try_from(size * batches).unwrap();
    assert!(bytes <= most * movements, "{bytes} bytes for {movements} movements");
}

#[tokio::test]
async fn a_movement_of_a_batch_of_1000_takes_20_bytes_on_the_socket_at_most() {
    assert_cost(1_000, 10, 20).await;
}

#[tokio::test]
async fn a_movement_of_a_batch_of_100_takes_40_bytes_on_the_socket_at_most() {
    assert_cost(100, 40, 40).await;
}

#[tokio::test]
async fn a_single_movement_takes_150_bytes_on_the_socket_at_most() {
    assert_cost(1, 200, 150).await;
}

#[tokio::test]
async fn a_box_without_a_certificate_is_not_let_in() {
    let authority = Authority::new();
    let address = serve(&authority).await;
    let dialled = dialer(address, authority.of_box(false)).dial().await;
    let error = match dialled {
        Err(error) => error,
        // TLS 1.3 lets the client believe it is in until it reads.
        Ok(mut link) => link.recv().await.unwrap_err(),
    };
    assert!(matches!(error, LinkError::NoRoute(_) | LinkError::Lost(_)), "{error}");
}

#[tokio::test]
async fn a_centre_of_another_authority_is_not_believed() {
    let address = serve(&Authority::new()).await;
    let error = dialer(address, Authority::new().of_box(true)).dial().await.unwrap_err();
    assert!(matches!(&error, LinkError::NoRoute(cause) if cause.contains("certificate")), "{error}");
}

#[test]
fn certificates_that_are_none_are_named_before_anything_is_dialled() {
    let error = |tls| {
        let config = ClientConfig { tls: Some(tls), ..ClientConfig::new("https://centre") };
        Dialer::new(config).unwrap_err().to_string()
    };
    let good = Authority::new().of_box(true);
    let nonsense = || b"nonsense".to_vec();
    let authority = error(ClientTls { authority: nonsense(), ..good.clone() });
    assert_eq!(authority, "the certificates can't be used: the authority's file has no certificate in PEM form");
    let (certificate, key) = good.identity.clone().unwrap();
    let mine = error(ClientTls { identity: Some((nonsense(), key)), ..good.clone() });
    assert!(mine.contains("the box's certificate file"), "{mine}");
    let key = error(ClientTls { identity: Some((certificate, nonsense())), ..good });
    assert!(key.contains("the box's key file"), "{key}");
}
