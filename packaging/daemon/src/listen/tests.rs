use std::path::{Path, PathBuf};

use axum::Extension;
use axum::routing::get;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use super::*;

const IDENTITY: &str = "spiffe://example/store/S0001/box/018f3a52-9c1b-7d40-8a11-0242ac120002";

/// An authority, a server's and a box's certificate, as files.
struct Papers {
    folder: tempfile::TempDir,
}

impl Papers {
    fn issue() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let mut client = CertificateParams::new(Vec::new()).unwrap();
        client.subject_alt_names.push(SanType::URI(IDENTITY.try_into().unwrap()));
        for (name, params) in [("server", server), ("box", client)] {
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap();
            std::fs::write(folder.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
            std::fs::write(folder.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tls(&self) -> Tls {
        Tls::from_files(&self.path("server.pem"), &self.path("server.key"), Some(&self.path("ca.pem"))).unwrap()
    }

    fn connector(&self, with_identity: bool) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("ca.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.unwrap().with_root_certificates(roots);
        let config = if with_identity {
            let chain = vec![CertificateDer::from_pem_file(self.path("box.pem")).unwrap()];
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(self.path("box.key")).unwrap()).unwrap()
        } else {
            builder.with_no_client_auth()
        };
        TlsConnector::from(Arc::new(config))
    }
}

fn who() -> Router {
    Router::new().route(
        "/",
        get(|Extension(peer): Extension<Peer>| async move { format!("{} {}", peer.tls, peer.uris.join(",")) }),
    )
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.rsplit("\r\n").next().unwrap_or("").to_owned()
}

async fn serve(tls: Option<Tls>) -> (SocketAddr, CancellationToken) {
    let listener = Listener::open(([127, 0, 0, 1], 0).into(), tls).await.unwrap();
    let (address, stop) = (listener.address(), CancellationToken::new());
    tokio::spawn(listener.serve(who(), stop.clone()));
    (address, stop)
}

#[tokio::test]
async fn plaintext_is_for_loopback_only() {
    let opened = Listener::open(([0, 0, 0, 0], 0).into(), None).await;
    assert!(matches!(opened, Err(ListenError::PlaintextOffLoopback { .. })));
    let (address, _stop) = serve(None).await;
    assert_eq!(ask(TcpStream::connect(address).await.unwrap()).await, "false ");
}

#[tokio::test]
async fn a_verified_identity_reaches_the_handler_and_a_stranger_has_none() {
    let papers = Papers::issue();
    let (address, _stop) = serve(Some(papers.tls())).await;
    let name = ServerName::try_from("localhost").unwrap();
    for (with_identity, expected) in [(true, format!("true {IDENTITY}")), (false, "true ".to_owned())] {
        let tcp = TcpStream::connect(address).await.unwrap();
        let stream = papers.connector(with_identity).connect(name.clone(), tcp).await.unwrap();
        assert_eq!(ask(stream).await, expected);
    }
    let other = Papers::issue();
    let tcp = TcpStream::connect(address).await.unwrap();
    assert!(other.connector(true).connect(name, tcp).await.is_err(), "another authority's server is not believed");
}

#[tokio::test]
async fn a_stopped_listener_ends_though_a_connection_is_open() {
    let listener = Listener::open(([127, 0, 0, 1], 0).into(), None).await.unwrap();
    let (address, stop) = (listener.address(), CancellationToken::new());
    let serving = tokio::spawn(listener.serve(who(), stop.clone()));
    let _idle = TcpStream::connect(address).await.unwrap();
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), serving).await.unwrap().unwrap().unwrap();
}

#[test]
fn files_that_are_no_certificates_are_named() {
    let missing = Tls::from_files(Path::new("/nonexistent/a.pem"), Path::new("/nonexistent/a.key"), None);
    let text = missing.map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("/nonexistent/a.pem"), "{text}");
}

#[test]
fn papers_of_a_box_are_checked_before_they_are_used() {
    let papers = Papers::issue();
    let read = |key: &str| ClientPapers::from_files(&papers.path("ca.pem"), &papers.path("box.pem"), &papers.path(key));
    let own = read("box.key").unwrap();
    assert_eq!(own.shop.as_ref().map(|shop| shop.store.as_str()), Some("S0001"));
    assert!(own.ends > tidemark_model::WallTime(1_700_000_000_000) && own.key.starts_with(b"-----BEGIN"));
    assert!(!format!("{own:?}").contains("45, 45"), "the key is not printed");
    let text = read("server.key").unwrap_err().to_string();
    assert!(text.contains("box.pem") && text.contains("belong together"), "{text}");
    assert!(read("ca.pem").unwrap_err().to_string().contains("a private key"));
}

#[tokio::test]
async fn what_comes_in_is_counted_and_a_panic_ends_one_connection_only() {
    let mut metrics = Metrics::new("box");
    let traffic = Traffic::declare(&mut metrics);
    let listener = Listener::open(([127, 0, 0, 1], 0).into(), None).await.unwrap().counted(traffic);
    let (address, stop) = (listener.address(), CancellationToken::new());
    let panicking = || async { assert_eq!(1, 2, "on purpose") };
    let serving = tokio::spawn(listener.serve(who().route("/panic", get(panicking)), stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
    assert_eq!(ask(TcpStream::connect(address).await.unwrap()).await, "false ");
    stop.cancel();
    serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
    let text = metrics.page().text();
    for line in ["connections_accepted_total 2", "connections_panicked_total 1", "connections_open 0"] {
        assert!(text.contains(&format!("box_{line}")), "{line}: {text}");
    }
}

#[tokio::test]
async fn who_speaks_plaintext_to_tls_is_counted() {
    let papers = Papers::issue();
    let mut metrics = Metrics::new("box");
    let traffic = Traffic::declare(&mut metrics);
    let listener = Listener::open(([127, 0, 0, 1], 0).into(), Some(papers.tls())).await.unwrap().counted(traffic);
    let (address, stop) = (listener.address(), CancellationToken::new());
    let serving = tokio::spawn(listener.serve(who(), stop.clone()));
    assert!(!ask(TcpStream::connect(address).await.unwrap()).await.contains("true"));
    stop.cancel();
    serving.await.unwrap().unwrap();
    assert!(metrics.page().text().contains("box_tls_handshakes_failed_total 1"));
}

#[tokio::test]
async fn http_2_is_spoken_on_the_same_port() {
    let (address, _stop) = serve(None).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&settings).await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "the first frame is SETTINGS");
}
