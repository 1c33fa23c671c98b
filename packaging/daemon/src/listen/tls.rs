//! Certificates from PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

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
    #[error("the certificate can't be used: {0}")]
    Unusable(String),
}

/// A server's certificate, and the authority whose clients it believes.
#[derive(Clone, Debug)]
pub struct Tls {
    server: Arc<ServerConfig>,
}

impl Tls {
    /// From PEM files. With `clients`, a client may show a certificate of
    /// that authority; who must, is for the routes to say.
    pub fn from_files(certificate: &Path, key: &Path, clients: Option<&Path>) -> Result<Self, TlsError> {
        let chain = certificates(certificate, "a certificate")?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| file_error(key, "a private key", &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let unusable = |error: rustls::Error| TlsError::Unusable(error.to_string());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                for root in certificates(authority, "a certificate authority")? {
                    roots.add(root).map_err(unusable)?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| TlsError::Unusable(error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut server = builder.with_single_cert(chain, key).map_err(unusable)?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { server: Arc::new(server) })
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
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

fn file_error(file: &Path, what: &'static str, error: &rustls_pki_types::pem::Error) -> TlsError {
    TlsError::File { file: file.to_owned(), what, detail: error.to_string() }
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
