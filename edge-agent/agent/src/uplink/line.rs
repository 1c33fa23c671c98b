//! The way to the centre: its address and the papers the box shows there.

use std::path::PathBuf;

use axum::http::Uri;
use tidemark_daemon::listen::{ClientPapers, ShopIdentity, TlsError};
use tidemark_model::WallTime;
use tidemark_wire::client::{ClientConfig, ClientTls, ConfigError, Dialer};

use crate::settings::{CentreSettings, SettingsError, pair};

/// The way to the centre as it is configured; its files are read when they
/// are needed, so that a missing one does not stop the sales.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    address: String,
    files: Option<Files>,
}

/// Files of certificates.
#[derive(Clone, Debug)]
struct Files {
    authority: PathBuf,
    identity: Option<(PathBuf, PathBuf)>,
}

/// What the box's certificate says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// When its time is over.
    pub(crate) ends: WallTime,
    /// For which box it speaks, if it is of that form.
    pub(crate) shop: Option<ShopIdentity>,
}

/// Why there is no way to the centre: its configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// The address or the certificates can't be used.
    #[error("centre: {0}")]
    Config(#[from] ConfigError),
    /// One of a pair of files is missing.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Plaintext to another machine.
    #[error("`centre.address`: {0} is not this machine, and http is not encrypted; use https and give centre.ca")]
    Plaintext(String),
}

/// Why the files of the certificates can't be used at present.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PapersError {
    /// A file can't be read or does not fit.
    #[error(transparent)]
    Files(#[from] TlsError),
    /// They don't make a connection.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Line {
    /// The way to the centre of a configuration; none without an address.
    pub(crate) fn of(settings: &CentreSettings) -> Result<Option<Self>, LineError> {
        let identity =
            pair(("centre.certificate", "centre.key"), settings.certificate.as_ref(), settings.key.as_ref())?;
        let Some(address) = settings.address.clone() else { return Ok(None) };
        let no_address = || ConfigError::Url(address.clone());
        let uri: Uri = address.parse().map_err(|_reason| no_address())?;
        if uri.host().is_none_or(str::is_empty) || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(no_address().into());
        }
        let files = match (uri.scheme_str(), settings.ca.clone()) {
            (Some("https"), Some(authority)) => Some(Files { authority, identity }),
            (Some("https"), None) => return Err(ConfigError::NoAuthority.into()),
            (Some("http"), None) if identity.is_none() => {
                if !is_this_machine(&uri) {
                    return Err(LineError::Plaintext(address));
                }
                None
            }
            (Some("http"), _) => return Err(ConfigError::NotSecure(address).into()),
            (Some(_) | None, _) => return Err(no_address().into()),
        };
        Ok(Some(Self { address, files }))
    }

    /// The centre's address.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A dialer with the certificates as their files are now, and what the
    /// box's own one says.
    pub(crate) fn dialer(&self) -> Result<(Dialer, Option<Shown>), PapersError> {
        let (tls, shown) = match &self.files {
            None => (None, None),
            Some(Files { authority, identity: Some((certificate, key)) }) => {
                let papers = ClientPapers::from_files(authority, certificate, key)?;
                let shown = Shown { ends: papers.ends, shop: papers.shop };
                let identity = Some((papers.certificate, papers.key));
                (Some(ClientTls { authority: papers.authority, identity, server_name: None }), Some(shown))
            }
            Some(Files { authority, identity: None }) => {
                let unreadable = |error: std::io::Error| {
                    ConfigError::Certificates(format!("{} can't be read: {error}", authority.display()))
                };
                let authority = std::fs::read(authority).map_err(unreadable)?;
                (Some(ClientTls { authority, identity: None, server_name: None }), None)
            }
        };
        let agent_version = env!("CARGO_PKG_VERSION").to_owned();
        let dialer = Dialer::new(ClientConfig { tls, agent_version, ..ClientConfig::new(self.address.clone()) })?;
        Ok((dialer, shown))
    }
}

/// Whether an address names this machine.
fn is_this_machine(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or("").trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(address: &str) -> CentreSettings {
        let address = Some(address.to_owned()).filter(|address| !address.is_empty());
        CentreSettings { address, ..CentreSettings::default() }
    }

    fn line(address: &str) -> Result<Option<Line>, LineError> {
        Line::of(&settings(address))
    }

    #[tokio::test]
    async fn plaintext_goes_to_this_machine_only() {
        assert!(line("").unwrap().is_none());
        for here in ["http://127.0.0.1:8400", "http://localhost:8400", "http://[::1]:8400", "http://127.0.0.1:8400/"] {
            assert!(line(here).unwrap().unwrap().dialer().is_ok(), "{here}");
        }
        let away =
            ["http://10.0.0.1:8400", "HTTP://10.0.0.1:8400", "hTTp://centre", "http://127.0.0.1:80@10.0.0.1:8400"];
        for away in away {
            assert!(matches!(line(away), Err(LineError::Plaintext(_))), "{away}");
        }
    }

    #[test]
    fn an_address_and_its_certificates_belong_together() {
        assert!(matches!(line("https://centre.example"), Err(LineError::Config(ConfigError::NoAuthority))));
        for wrong in ["centre", "ftp://centre", "http://127.0.0.1:8400/v1", "http://127.0.0.1?x=1"] {
            assert!(matches!(line(wrong), Err(LineError::Config(ConfigError::Url(_)))), "{wrong}");
        }
        let given = |ca: bool, certificate: bool, key: bool, address: &str| {
            let file = |given: bool| given.then(|| PathBuf::from("/nonexistent/file.pem"));
            Line::of(&CentreSettings {
                ca: file(ca),
                certificate: file(certificate),
                key: file(key),
                ..settings(address)
            })
        };
        for (ca, pair) in [(true, false), (false, true), (true, true)] {
            let refused = given(ca, pair, pair, "http://127.0.0.1:8400");
            assert!(matches!(refused, Err(LineError::Config(ConfigError::NotSecure(_)))), "{refused:?}");
        }
        assert!(matches!(given(true, true, false, "https://centre"), Err(LineError::Settings(_))));
        // A file that is not there is no fault of the configuration.
        for pair in [true, false] {
            let line = given(true, pair, pair, "https://centre").unwrap().unwrap();
            assert!(line.dialer().unwrap_err().to_string().contains("/nonexistent/file.pem"));
        }
    }
}
