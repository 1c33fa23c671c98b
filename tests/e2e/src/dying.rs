//! Processes that die by SIGKILL at a stated call of theirs: between two
//! bytes of a line, before a sync, after the commit was sent. A small library
//! in C does it from outside (`dying/die_at.c`), loaded by the system's
//! loader; the daemons are those that are released.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tidemark_fleet::patience::{Trouble, expect};
use tidemark_fleet::process::Daemon;
use tokio::time::Instant;

use crate::scene::HANG;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/dying/die_at.c");
const SIGKILL: i32 = 9;
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Before or after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It is not made.
    Before,
    /// It is made, and nobody learns what came of it.
    After,
}

/// What a process asks of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// To write or send.
    Write,
    /// To read or receive.
    Read,
    /// To sync a file.
    Sync,
}

/// A moment in the life of a process.
#[derive(Clone, Debug)]
pub struct Point {
    when: When,
    call: Call,
    place: String,
    text: &'static str,
    /// How many go by before; none: it dies of each.
    skip: Option<u32>,
    unless: &'static str,
}

impl Point {
    /// At a call in a file; `part` is a part of its path.
    #[must_use]
    pub fn file(when: When, call: Call, part: &str) -> Self {
        Self { when, call, place: part.to_owned(), text: "", skip: Some(0), unless: "" }
    }

    /// At a call on a connection to a port.
    #[must_use]
    pub fn to(when: When, call: Call, port: u16) -> Self {
        Self::file(when, call, &format!("peer={port};"))
    }

    /// At a call on a connection that came in at a port.
    #[must_use]
    pub fn at(when: When, call: Call, port: u16) -> Self {
        Self::file(when, call, &format!("local={port};"))
    }

    /// Only what holds this text.
    #[must_use]
    pub fn with(self, text: &'static str) -> Self {
        Self { text, ..self }
    }

    /// After so many of them.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip: Some(skip), ..self }
    }

    /// After so many more of them.
    #[must_use]
    pub fn later(self, more: u32) -> Self {
        Self { skip: self.skip.map(|skip| skip.saturating_add(more)), ..self }
    }

    /// Whenever it comes there, unless this text is there too.
    #[must_use]
    pub fn always_unless(self, unless: &'static str) -> Self {
        Self { skip: None, unless, ..self }
    }

    fn line(&self) -> String {
        let when = match self.when {
            When::Before => "before",
            When::After => "after",
        };
        let call = match self.call {
            Call::Write => "write",
            Call::Read => "read",
            Call::Sync => "sync",
        };
        let skip = self.skip.map_or_else(|| "always".to_owned(), |skip| skip.to_string());
        format!("{when}|{call}|{}|{}|{skip}|{}\n", self.place, self.text, self.unless)
    }
}

/// The means by which one process dies.
#[derive(Clone, Debug)]
pub struct Death {
    library: PathBuf,
    rule: PathBuf,
}

impl Death {
    /// Makes it ready in a folder, for the process of that name.
    pub fn prepare(folder: &Path, name: &str) -> Result<Self, Trouble> {
        let library = folder.join("die_at.so");
        if !library.is_file() {
            let mut compile = Command::new("cc");
            compile.args(["-O2", "-shared", "-fPIC", SOURCE, "-ldl", "-o"]).arg(&library);
            let made = compile.output()?;
            expect(made.status.success(), || {
                format!("cc can't compile {SOURCE}: {}", String::from_utf8_lossy(&made.stderr))
            })?;
        }
        Ok(Self { library, rule: folder.join(format!("{name}.dies")) })
    }

    /// What the process is to find in its environment.
    #[must_use]
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let pair = |name: &str, path: &Path| (OsString::from(name), path.as_os_str().to_owned());
        vec![pair("LD_PRELOAD", &self.library), pair("DIE_AT", &self.rule)]
    }

    /// Starts a daemon anew so that it can die.
    pub async fn given_to(daemon: &mut Daemon, folder: &Path) -> Result<Self, Trouble> {
        let death = Self::prepare(folder, &daemon.recipe().name)?;
        daemon.stop().await?;
        let mut recipe = daemon.recipe().clone();
        recipe.environment.extend(death.environment());
        *daemon = Daemon::start(recipe).await?;
        Ok(death)
    }

    /// The process, which lives for a while already, is to die there next.
    pub fn arm(&self, point: &Point) -> Result<(), Trouble> {
        match std::fs::remove_file(self.died()) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let fresh = self.rule.with_extension("new");
        std::fs::write(&fresh, point.line())?;
        Ok(std::fs::rename(fresh, &self.rule)?)
    }

    /// Waits until it is dead by that and nothing else; where it died.
    pub async fn met(&self, daemon: &mut Daemon) -> Result<String, Trouble> {
        let deadline = Instant::now() + HANG;
        let status = loop {
            if let Some(status) = daemon.ended() {
                break status;
            }
            expect(Instant::now() < deadline, || {
                let rule = std::fs::read_to_string(&self.rule).unwrap_or_default();
                format!("{} never came to {}:\n{}", daemon.recipe().name, rule.trim(), daemon.log_tail())
            })?;
            tokio::time::sleep(LOOK_EVERY).await;
        };
        let by_signal = status.signal() == Some(SIGKILL);
        expect(by_signal, || format!("{} ended with {status}:\n{}", daemon.recipe().name, daemon.log_tail()))?;
        Ok(std::fs::read_to_string(self.died())?)
    }

    /// Whether it dies of that within a time.
    pub async fn met_within(&self, daemon: &mut Daemon, time: Duration) -> Result<bool, Trouble> {
        let deadline = Instant::now() + time;
        while daemon.ended().is_none() {
            if Instant::now() > deadline {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.met(daemon).await.map(|_place| true)
    }

    fn died(&self) -> PathBuf {
        let mut name = self.rule.clone().into_os_string();
        name.push(".died");
        name.into()
    }
}
