//! A hand scanner on a pseudo-terminal, at a path that stays the same when
//! it is plugged anew, as the system links one.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::{Errno, FdFlags};
use rustix::pty::OpenptFlags;
use tokio::time::Instant;

/// The byte that the box is configured to send for a saved scan.
const GOOD: u8 = 0x06;
/// The byte for a scan of which nothing was kept.
const ERROR: u8 = 0x15;
/// Between two looks for a signal.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What the person with the scanner heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is on disk.
    Good,
    /// Nothing was kept.
    Error,
    /// No signal: it may be on disk or not.
    Nothing,
}

/// A scanner.
#[derive(Debug)]
pub struct Gun {
    cable: OwnedFd,
    link: PathBuf,
}

impl Gun {
    /// Plugs a scanner in at a path.
    pub fn plug(link: &Path) -> io::Result<Self> {
        Ok(Self { cable: connect(link)?, link: link.to_path_buf() })
    }

    /// Plugs a scanner in at a lane; `folder` gets its port and the box's
    /// configuration, which the flags name.
    pub fn plug_at(lane: &str, folder: &Path) -> io::Result<(Self, [String; 2])> {
        let gun = Self::plug(&folder.join("scanner"))?;
        let configuration = folder.join("box.toml");
        std::fs::write(&configuration, gun.configuration(lane))?;
        Ok((gun, ["--config".to_owned(), configuration.display().to_string()]))
    }

    /// Pulls the cable and plugs it in again at the same path.
    pub fn replug(&mut self) -> io::Result<()> {
        self.cable = connect(&self.link)?;
        Ok(())
    }

    /// The part of a box's configuration that is about this scanner.
    #[must_use]
    pub fn configuration(&self, lane: &str) -> String {
        let path = self.link.display();
        format!(
            "[[scanner]]\npath = \"{path}\"\nlane = \"{lane}\"\n\
             feedback = {{ good = \"{GOOD:02x}\", error = \"{ERROR:02x}\" }}\n\n\
             [[lane]]\nname = \"{lane}\"\nrole = \"work\"\nmode = \"sell\"\n"
        )
    }

    /// Reads a code and waits for the signal.
    pub async fn scan(&self, code: &str, within: Duration) -> io::Result<Heard> {
        while self.signal()?.is_some() {}
        let text = format!("{code}\r");
        match rustix::io::write(&self.cable, text.as_bytes()) {
            Ok(written) if written == text.len() => {}
            // The port is full or nobody has it open.
            Ok(_) | Err(Errno::AGAIN | Errno::IO) => return Ok(Heard::Nothing),
            Err(error) => return Err(error.into()),
        }
        let deadline = Instant::now() + within;
        while Instant::now() < deadline {
            match self.signal()? {
                Some(GOOD) => return Ok(Heard::Good),
                Some(ERROR) => return Ok(Heard::Error),
                // Another byte says nothing to this scanner.
                Some(_) => {}
                None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
        Ok(Heard::Nothing)
    }

    /// The next byte from the box, if there is one.
    fn signal(&self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        match rustix::io::read(&self.cable, &mut byte) {
            Ok(0) | Err(Errno::AGAIN | Errno::IO) => Ok(None),
            Ok(_) => Ok(byte.first().copied()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A new port behind the link.
fn connect(link: &Path) -> io::Result<OwnedFd> {
    let cable = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    // A daemon that is started later must not hold the cable: it would never
    // be unplugged.
    rustix::io::fcntl_setfd(&cable, FdFlags::CLOEXEC)?;
    rustix::pty::grantpt(&cable)?;
    rustix::pty::unlockpt(&cable)?;
    let mut modes = rustix::termios::tcgetattr(&cable)?;
    modes.make_raw();
    rustix::termios::tcsetattr(&cable, rustix::termios::OptionalActions::Now, &modes)?;
    let flags = rustix::fs::fcntl_getfl(&cable)?;
    rustix::fs::fcntl_setfl(&cable, flags | OFlags::NONBLOCK)?;
    let port = rustix::pty::ptsname(&cable, Vec::new())?;
    let port = String::from_utf8(port.into_bytes()).map_err(|error| io::Error::other(error.to_string()))?;
    match std::fs::remove_file(link) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    std::os::unix::fs::symlink(port, link)?;
    Ok(cable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    #[tokio::test]
    async fn what_is_scanned_comes_out_of_the_port_and_its_answer_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let gun = Gun::plug(&folder.path().join("scanner")).unwrap();
        assert_eq!(gun.scan("1", Duration::from_millis(10)).await.unwrap(), Heard::Nothing);
        let mut port = std::fs::File::options().read(true).write(true).open(&gun.link).unwrap();
        let answering = std::thread::spawn(move || {
            let mut heard = Vec::new();
            while !heard.ends_with(b"96385074\r") {
                let mut byte = [0];
                port.read_exact(&mut byte).unwrap();
                heard.push(byte[0]);
            }
            port.write_all(&[GOOD]).unwrap();
            port
        });
        assert_eq!(gun.scan("96385074", Duration::from_secs(10)).await.unwrap(), Heard::Good);
        drop(answering.join());
    }
}
