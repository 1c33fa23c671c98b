//! Certificates from PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tidemark_model::WallTime;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::ShopIdentity;

/// Why certificate files are no good.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read as PEM.
    #[error("{file} can't be read as {what} in PEM: {detail}", file = file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What it was to hold.
        what: &'static str,
        /// Why.
        detail: String,
    },
    /// The files don't fit each other.
    #[error("{file} can't be used with its key: {detail}; do certificate and key belong together?", file = file.display())]
    Unusable {
        /// The certificate.
        file: PathBuf,
        /// Why.
        detail: String,
    },
}

/// A server's certificate, and the authority whose clients it believes.
#[derive(Clone, Debug)]
pub struct Tls {
    server: Arc<ServerConfig>,
    ends: WallTime,
}

impl Tls {
    /// From PEM files. With `clients`, a client may show a certificate of
    /// that authority; who must, is for the routes to say.
    pub fn from_files(certificate: &Path, key: &Path, clients: Option<&Path>) -> Result<Self, TlsError> {
        let chain = certificates(certificate, "a certificate")?;
        let ends = end_of(certificate, &chain)?;
        let key = private_key(key)?;
        let provider = Arc::new(ring::default_provider());
        let unusable = |error: rustls::Error| unusable(certificate, &error);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(authority)?), provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| TlsError::Unusable { file: authority.to_owned(), detail: error.to_string() })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut server = builder.with_single_cert(chain, key).map_err(unusable)?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { server: Arc::new(server), ends })
    }

    /// When the certificate's time is over.
    #[must_use]
    pub const fn ends(&self) -> WallTime {
        self.ends
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

/// What a box shows a centre and believes of it, checked: the PEM texts as
/// the gRPC client takes them.
#[derive(Clone)]
pub struct ClientPapers {
    /// The authority of the centre's certificate.
    pub authority: Vec<u8>,
    /// The box's certificate.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: Vec<u8>,
    /// When the certificate's time is over.
    pub ends: WallTime,
    /// For which box it speaks, if it is of that form.
    pub shop: Option<ShopIdentity>,
}

impl std::fmt::Debug for ClientPapers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientPapers").field("ends", &self.ends).field("shop", &self.shop).finish_non_exhaustive()
    }
}

impl ClientPapers {
    /// From PEM files, which must fit each other.
    pub fn from_files(authority: &Path, certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        roots(authority)?;
        let chain = certificates(certificate, "a certificate")?;
        let ends = end_of(certificate, &chain)?;
        let shop = chain.first().and_then(|first| ShopIdentity::of_uris(&uris_of(first)));
        let pair = CertifiedKey::from_der(chain, private_key(key)?, &ring::default_provider());
        pair.map_err(|error| unusable(certificate, &error))?;
        let text = |file: &Path| std::fs::read(file).map_err(|error| file_error(file, "a file", &error));
        Ok(Self { authority: text(authority)?, certificate: text(certificate)?, key: text(key)?, ends, shop })
    }
}

fn roots(authority: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for root in certificates(authority, "a certificate authority")? {
        roots.add(root).map_err(|error| file_error(authority, "a certificate authority", &error))?;
    }
    Ok(roots)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| file_error(file, "a private key", &error))
}

fn certificates(file: &Path, what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.map_err(|error| file_error(file, what, &error))?;
    if chain.is_empty() {
        let detail = "it holds none".to_owned();
        return Err(TlsError::File { file: file.to_owned(), what, detail });
    }
    Ok(chain)
}

/// The end of the first certificate's time: the one that is shown.
fn end_of(file: &Path, chain: &[CertificateDer<'_>]) -> Result<WallTime, TlsError> {
    let first = chain.first().map_or(&[][..], AsRef::as_ref);
    let (_, parsed) = X509Certificate::from_der(first).map_err(|error| file_error(file, "a certificate", &error))?;
    Ok(WallTime(parsed.validity().not_after.timestamp().saturating_mul(1_000)))
}

fn file_error(file: &Path, what: &'static str, error: &dyn std::fmt::Display) -> TlsError {
    TlsError::File { file: file.to_owned(), what, detail: error.to_string() }
}

fn unusable(file: &Path, error: &rustls::Error) -> TlsError {
    TlsError::Unusable { file: file.to_owned(), detail: error.to_string() }
}

/// The URIs in a certificate's subject alternative names.
pub(super) fn uris_of(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(names)) = parsed.subject_alternative_name() else { return Vec::new() };
    let uri = |name: &GeneralName<'_>| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::DNSName(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::IPAddress(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    };
    names.value.general_names.iter().filter_map(uri).collect()
}
