//! Programs that are started, and why one may not do.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::ports;

/// Why there is no server to test with.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The programs are not there.
    #[error("no {what} in {}: {remedy}", place.display())]
    Missing {
        /// What is not there.
        what: &'static str,
        /// Where it was looked for.
        place: PathBuf,
        /// What to do.
        remedy: &'static str,
    },
    /// The system refused something.
    #[error("can't {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A program did not do what it was started for.
    #[error("{what} failed: {said}")]
    Failed {
        /// What was tried.
        what: String,
        /// What the program said.
        said: String,
    },
}

/// A port that nobody listens on just now.
pub(crate) fn free_port() -> Result<u16, PartError> {
    ports::free_port(Ipv4Addr::LOCALHOST.into()).map_err(system("find a free port"))
}

/// The first line of what a program says; if it is not that it is ready, all.
pub(crate) fn first_words(watch: &mut Child) -> Result<String, PartError> {
    let mut said = String::new();
    let Some(out) = watch.stdout.take() else { return Ok(said) };
    let mut out = BufReader::new(out);
    out.read_line(&mut said).map_err(system("hear the server"))?;
    if said.trim() != "ready" {
        out.read_to_string(&mut said).map_err(system("hear the server"))?;
    }
    Ok(said)
}

/// Runs a program to its end; what it said.
pub(crate) fn finish(what: &str, command: &mut Command) -> Result<String, PartError> {
    let output = command.stdin(Stdio::null()).output().map_err(system(what))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(PartError::Failed { what: what.to_owned(), said })
}

pub(crate) fn system(what: &str) -> impl FnOnce(std::io::Error) -> PartError + use<> {
    let what = what.to_owned();
    move |source| PartError::System { what, source }
}
