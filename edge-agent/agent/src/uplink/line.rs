//! The way to the centre: its address and the papers the box shows there.

use tidemark_daemon::listen::{ClientPapers, TlsError};
use tidemark_wire::client::{ClientConfig, ClientTls, ConfigError, Dialer};

use crate::settings::{CentreSettings, SettingsError, pair};

/// The way to the centre; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    address: String,
    dialer: Dialer,
}

/// Why there is no way to the centre.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// The address or the certificates can't be used.
    #[error("centre: {0}")]
    Config(#[from] ConfigError),
    /// A file can't be read.
    #[error("centre: {0}")]
    Tls(#[from] TlsError),
    /// One of a pair of files is missing.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Plaintext to another machine.
    #[error("`centre.address`: {0} is not this machine, and http is not encrypted; use https and give centre.ca")]
    Plaintext(String),
}

impl Line {
    /// The way to the centre of a configuration; none without an address.
    pub(crate) fn of(settings: &CentreSettings) -> Result<Option<Self>, LineError> {
        let Some(address) = settings.address.clone() else { return Ok(None) };
        if address.starts_with("http://") && !is_this_machine(&address) {
            return Err(LineError::Plaintext(address));
        }
        let names = ("centre.certificate", "centre.key");
        let identity = pair(names, settings.certificate.as_ref(), settings.key.as_ref())?;
        let tls = match (&settings.ca, identity) {
            (Some(ca), Some((certificate, key))) => {
                let papers = ClientPapers::from_files(ca, &certificate, &key)?;
                let identity = Some((papers.certificate, papers.key));
                Some(ClientTls { authority: papers.authority, identity, server_name: None })
            }
            (Some(ca), None) => {
                let unreadable =
                    |error: std::io::Error| ConfigError::Certificates(format!("{}: {error}", ca.display()));
                let authority = std::fs::read(ca).map_err(unreadable)?;
                Some(ClientTls { authority, identity: None, server_name: None })
            }
            (None, _) => None,
        };
        let agent_version = env!("CARGO_PKG_VERSION").to_owned();
        let dialer = Dialer::new(ClientConfig { tls, agent_version, ..ClientConfig::new(address.clone()) })?;
        Ok(Some(Self { address, dialer }))
    }

    /// The centre's address.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(super) const fn dialer(&self) -> &Dialer {
        &self.dialer
    }
}

/// Whether an address names this machine.
fn is_this_machine(address: &str) -> bool {
    let host = address.trim_start_matches("http://");
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']', '/']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(address: &str) -> Result<Option<Line>, LineError> {
        let address = Some(address.to_owned()).filter(|address| !address.is_empty());
        Line::of(&CentreSettings { address, ca: None, certificate: None, key: None })
    }

    #[tokio::test]
    async fn plaintext_goes_to_this_machine_only() {
        assert!(line("").unwrap().is_none());
        assert!(line("http://127.0.0.1:8400").unwrap().is_some());
        assert!(line("http://localhost:8400").unwrap().is_some());
        assert!(matches!(line("http://10.0.0.1:8400"), Err(LineError::Plaintext(_))));
        assert!(matches!(line("https://centre.example"), Err(LineError::Config(ConfigError::NoAuthority))));
        assert!(matches!(line("centre"), Err(LineError::Config(ConfigError::Url(_)))));
    }
}
