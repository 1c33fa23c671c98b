//! How programs of this machine reach the running box, on whatever address
//! it listens: a file in its data folder says where, with a token of this
//! run. Who may read the folder may command the box.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tidemark_daemon::token::{TokenHash, generate};
use tidemark_model::Epoch;

/// The file in the data folder.
const FILE: &str = "control";

/// Where the box is, and the token that lets in; as kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contact {
    /// Its address, such as `https://127.0.0.1:8380`.
    pub(crate) url: String,
    /// The epoch of its journal: whoever answers there must be this box.
    pub(crate) epoch: String,
    /// The token of this run.
    pub(crate) token: String,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The hash of this run's token; none if there is no file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ControlHash(Option<TokenHash>);

impl ControlHash {
    /// Whether it is the token of this run.
    pub(crate) fn matches(&self, shown: &TokenHash) -> bool {
        self.0.is_some_and(|own| own.matches(shown))
    }
}

/// The file, as long as the box runs.
#[derive(Debug)]
pub(crate) struct Control {
    path: PathBuf,
}

impl Control {
    /// Writes the file. A box without it sells all the same.
    pub(crate) fn open(data: &Path, epoch: Epoch, address: SocketAddr, tls: bool) -> (Option<Self>, ControlHash) {
        match Self::write(data, epoch, address, tls) {
            Ok((control, hash)) => (Some(control), ControlHash(Some(hash))),
            Err(error) => {
                tracing::warn!(%error, "commands on this machine can't be given a way to the box");
                (None, ControlHash(None))
            }
        }
    }

    fn write(data: &Path, epoch: Epoch, address: SocketAddr, tls: bool) -> io::Result<(Self, TokenHash)> {
        let token = generate().map_err(io::Error::other)?;
        let hash = TokenHash::of(&token);
        let scheme = if tls { "https" } else { "http" };
        let url = format!("{scheme}://{}", reachable(address));
        let contact = Contact { url, epoch: epoch.to_string(), token };
        let (path, fresh) = (data.join(FILE), data.join(format!("{FILE}.new")));
        let mut file = private(&fresh)?;
        file.write_all(&serde_json::to_vec(&contact)?)?;
        drop(file);
        std::fs::rename(&fresh, &path)?;
        Ok((Self { path }, hash))
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // One that stays behind leads nowhere.
        let _left_behind = std::fs::remove_file(&self.path);
    }
}

impl Contact {
    /// The contact of the box that runs over a data folder; none if none
    /// runs, an error if who asks may not know.
    pub(crate) fn find(data: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(data.join(FILE)) {
            // One that is half written will be whole the next time.
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// An address that can be called: "any" is this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        SocketAddr::V4(_) | SocketAddr::V6(_) => address.ip(),
    };
    SocketAddr::new(ip, address.port())
}

/// A file that nobody else may read, from its beginning.
pub(crate) fn private(path: &Path) -> io::Result<std::fs::File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_where_the_box_is_to_its_own_user_alone_and_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (control, hash) = Control::open(folder.path(), Epoch(1), ([0, 0, 0, 0], 8380).into(), true);
        let contact = Contact::find(folder.path()).unwrap().unwrap();
        assert_eq!(contact.url, "https://127.0.0.1:8380");
        assert!(hash.matches(&TokenHash::of(&contact.token)) && !hash.matches(&TokenHash::of("tm_other")));
        assert!(!format!("{contact:?}").contains(&contact.token));
        #[cfg(unix)]
        {
            let mode = std::fs::metadata(folder.path().join(FILE)).unwrap();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
        }
        // A second start over what a killed box left behind.
        let (second, _) = Control::open(folder.path(), Epoch(1), ([127, 0, 0, 1], 1).into(), false);
        assert_eq!(Contact::find(folder.path()).unwrap().unwrap().url, "http://127.0.0.1:1");
        drop((control, second));
        assert_eq!(Contact::find(folder.path()).unwrap(), None);
    }

    #[test]
    fn a_box_that_cannot_write_it_runs_without() {
        let (control, hash) = Control::open(Path::new("/nonexistent"), Epoch(1), ([127, 0, 0, 1], 1).into(), false);
        assert!(control.is_none() && !hash.matches(&TokenHash::of("")));
    }
}
