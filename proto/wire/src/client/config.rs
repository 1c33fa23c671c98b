//! How the centre is reached.

use std::fmt;
use std::time::Duration;

use http::Uri;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// How the centre is reached.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// `http://host:port` or `https://host:port`.
    pub url: String,
    /// Certificates for `https`.
    pub tls: Option<ClientTls>,
    /// Until a connection with its stream must stand.
    pub connect_timeout: Duration,
    /// Between two signs of life on an idle connection.
    pub keep_alive: Duration,
    /// Until a sign of life must be answered.
    pub keep_alive_timeout: Duration,
    /// The version of the program; a label.
    pub agent_version: String,
}

impl ClientConfig {
    /// The usual timings: 5 s to connect, a sign of life each 10 s, 10 s to
    /// answer it.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            tls: None,
            connect_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(10),
            keep_alive_timeout: Duration::from_secs(10),
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Certificates of a connection over TLS, each PEM.
#[derive(Clone)]
pub struct ClientTls {
    /// Whom to trust: the authority of the centre's certificate.
    pub authority: Vec<u8>,
    /// The box's own certificate and key, if the centre asks for one.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// The name in the centre's certificate, if it is not the URL's host.
    pub server_name: Option<String>,
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = self.identity.as_ref().map(|_| "(certificate, key)");
        f.debug_struct("ClientTls").field("identity", &identity).field("server_name", &self.server_name).finish()
    }
}

impl ClientTls {
    /// The library takes a file without certificates for an empty list and
    /// fails only when it connects.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        certificates(&self.authority, "the authority's file")?;
        let Some((certificate, key)) = &self.identity else { return Ok(()) };
        certificates(certificate, "the box's certificate file")?;
        match PrivateKeyDer::from_pem_slice(key) {
            Ok(_key) => Ok(()),
            Err(error) => Err(ConfigError::Certificates(format!("the box's key file: {error}"))),
        }
    }
}

fn certificates(pem: &[u8], file: &str) -> Result<(), ConfigError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err(ConfigError::Certificates(format!("{file} has no certificate in PEM form"))),
        Ok(_some) => Ok(()),
        Err(error) => Err(ConfigError::Certificates(format!("{file}: {error}"))),
    }
}

/// Why a configuration can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not a URL of the centre.
    #[error("{0:?} is not the centre's address: give http://HOST:PORT or https://HOST:PORT")]
    Url(String),
    /// TLS without certificates.
    #[error("https needs the file of the authority that signed the centre's certificate")]
    NoAuthority,
    /// Certificates without TLS.
    #[error("certificates are given but {0:?} is not https: they would not be used")]
    NotSecure(String),
    /// Certificates that can't be read.
    #[error("the certificates can't be used: {0}")]
    Certificates(String),
}

impl ClientConfig {
    /// The URL, if it and the certificates belong together.
    pub(super) fn checked_url(&self) -> Result<Uri, ConfigError> {
        let bad = || ConfigError::Url(self.url.clone());
        let uri: Uri = self.url.parse().map_err(|_reason| bad())?;
        let plain_path = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if uri.host().is_none_or(str::is_empty) || !plain_path {
            return Err(bad());
        }
        match (uri.scheme_str(), &self.tls) {
            (Some("http"), None) | (Some("https"), Some(_)) => Ok(uri),
            (Some("http"), Some(_)) => Err(ConfigError::NotSecure(self.url.clone())),
            (Some("https"), None) => Err(ConfigError::NoAuthority),
            (Some(_) | None, _) => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_scheme_host_or_with_a_path_is_refused() {
        for url in ["", "centre:8400", "ftp://centre", "http://", "http://centre:8400/v1", "http://centre?x=1"] {
            let error = ClientConfig::new(url).checked_url().unwrap_err();
            assert_eq!(error, ConfigError::Url(url.to_owned()), "{url}");
        }
        assert!(ClientConfig::new("http://127.0.0.1:8400").checked_url().is_ok());
    }

    #[test]
    fn certificates_and_https_belong_together() {
        let tls = Some(ClientTls { authority: Vec::new(), identity: None, server_name: None });
        let config = |url: &str, tls| ClientConfig { tls, ..ClientConfig::new(url) };
        assert_eq!(config("https://centre", None).checked_url(), Err(ConfigError::NoAuthority));
        assert!(matches!(config("http://centre", tls.clone()).checked_url(), Err(ConfigError::NotSecure(_))));
        assert!(config("https://centre", tls).checked_url().is_ok());
    }
}
