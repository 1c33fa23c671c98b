//! The daemons as real processes: started, asked over HTTP, killed.

use std::ffi::OsString;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// How long a daemon may take until it answers; a hang limit, not a figure.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often a daemon that does not answer yet is asked.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// How long one request may take; a hang limit too.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Lines of a log that are shown when its daemon fails.
const LOG_TAIL_LINES: usize = 40;

/// Why a daemon is not there.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started or asked.
    #[error("{name}: {source}")]
    Io {
        /// Which daemon.
        name: String,
        /// What happened.
        source: std::io::Error,
    },
    /// It ended before it answered.
    #[error("{name} ended with {status} before it answered; the end of its log:\n{log}")]
    Ended {
        /// Which daemon.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// It did not answer in time.
    #[error("{name} did not answer {url} within {READY_WITHIN:?}; the end of its log:\n{log}")]
    Silent {
        /// Which daemon.
        name: String,
        /// What was asked.
        url: String,
        /// The end of its log.
        log: String,
    },
    /// It answered something else than was asked for.
    #[error("{url}: {detail}")]
    Answer {
        /// What was asked.
        url: String,
        /// What came.
        detail: String,
    },
}

/// How a daemon is started, again and again.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What people call it.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables of its environment, beside those of this process.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it answers.
    pub http: SocketAddr,
    /// The authority of its certificate, in PEM form, if it speaks TLS.
    pub authority: Option<Vec<u8>>,
    /// Where its output goes, appended.
    pub log: PathBuf,
}

impl Recipe {
    /// A client that believes the daemon's certificate.
    #[must_use]
    pub fn client(&self) -> reqwest::Client {
        let authority = self.authority.as_deref().and_then(|pem| reqwest::Certificate::from_pem(pem).ok());
        built(authority.into_iter().fold(bare(), reqwest::ClientBuilder::add_root_certificate))
    }
}

/// A daemon that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Daemon {
    recipe: Recipe,
    child: Child,
    client: reqwest::Client,
}

impl Daemon {
    /// Starts a daemon and waits until `/readyz` answers.
    pub async fn start(recipe: Recipe) -> Result<Self, ProcessError> {
        let mut daemon = Self::spawn(recipe)?;
        daemon.wait_ready().await?;
        Ok(daemon)
    }

    /// Starts a daemon and does not wait.
    pub fn spawn(recipe: Recipe) -> Result<Self, ProcessError> {
        let io = |source| ProcessError::Io { name: recipe.name.clone(), source };
        let log = File::options().create(true).append(true).open(&recipe.log).map_err(io)?;
        let both = log.try_clone().map_err(io)?;
        let child = Command::new(&recipe.program)
            .args(&recipe.arguments)
            .envs(recipe.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(both)
            .kill_on_drop(true)
            .spawn()
            .map_err(io)?;
        let client = recipe.client();
        Ok(Self { recipe, child, client })
    }

    /// Waits until it says it is ready.
    pub async fn wait_ready(&mut self) -> Result<(), ProcessError> {
        let url = self.url("/readyz");
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(ProcessError::Ended { name: self.recipe.name.clone(), status, log: self.log_tail() });
            }
            let answer = self.client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(ProcessError::Silent { name: self.recipe.name.clone(), url, log: self.log_tail() });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Kills it at once, as a power cut of the process would, and waits until
    /// it is gone.
    pub async fn kill(&mut self) -> Result<(), ProcessError> {
        let killed = self.child.kill().await;
        killed.map_err(|source| ProcessError::Io { name: self.recipe.name.clone(), source })
    }

    /// Halts it where it is: its connections stay open and nothing answers.
    pub fn pause(&self) -> Result<(), ProcessError> {
        self.signal(Signal::STOP)
    }

    /// Lets it run on.
    pub fn resume(&self) -> Result<(), ProcessError> {
        self.signal(Signal::CONT)
    }

    /// Whether it has ended by itself, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends a signal if it runs.
    fn signal(&self, signal: Signal) -> Result<(), ProcessError> {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let sent = id.map_or(Ok(()), |id| kill_process(id, signal));
        sent.map_err(|error| ProcessError::Io { name: self.recipe.name.clone(), source: error.into() })
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(&mut self) -> Result<ExitStatus, ProcessError> {
        let io = |source| ProcessError::Io { name: self.recipe.name.clone(), source };
        self.signal(Signal::TERM)?;
        match tokio::time::timeout(READY_WITHIN, self.child.wait()).await {
            Ok(status) => status.map_err(io),
            Err(_elapsed) => {
                let (url, log) = ("SIGTERM".to_owned(), self.log_tail());
                Err(ProcessError::Silent { name: self.recipe.name.clone(), url, log })
            }
        }
    }

    /// Starts it again after a kill or stop.
    pub async fn restart(&mut self) -> Result<(), ProcessError> {
        let fresh = Self::spawn(self.recipe.clone())?;
        self.child = fresh.child;
        self.wait_ready().await
    }

    /// Its process id while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// How it is started.
    #[must_use]
    pub const fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The address of one of its pages.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.recipe.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.recipe.http)
    }

    /// Asks the daemon for a text, whatever its status.
    pub async fn text(&self, path: &str) -> Result<String, ProcessError> {
        let url = self.url(path);
        let wrong = |error: reqwest::Error| ProcessError::Answer { url: url.clone(), detail: error.to_string() };
        self.client.get(&url).send().await.map_err(wrong)?.text().await.map_err(wrong)
    }

    /// Reads a JSON page.
    pub async fn get(&self, path: &str) -> Result<Value, ProcessError> {
        get_json(&self.client, &self.url(path)).await
    }

    /// Posts a body.
    pub async fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Result<(u16, Value), ProcessError> {
        post(&self.client, &self.url(path), content_type, body).await
    }

    /// The end of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        log_tail(&self.recipe.log)
    }
}

/// An HTTP client with the hang limit of tests.
#[must_use]
pub fn client() -> reqwest::Client {
    built(bare())
}

fn bare() -> reqwest::ClientBuilder {
    reqwest::Client::builder().timeout(ANSWER_WITHIN).redirect(reqwest::redirect::Policy::none()).no_proxy()
}

fn built(builder: reqwest::ClientBuilder) -> reqwest::Client {
    builder.build().unwrap_or_default()
}

/// Reads a JSON page.
pub async fn get_json(client: &reqwest::Client, url: &str) -> Result<Value, ProcessError> {
    let wrong = |detail: String| ProcessError::Answer { url: url.to_owned(), detail };
    let answer = client.get(url).send().await.map_err(|error| wrong(error.to_string()))?;
    let status = answer.status();
    let text = answer.text().await.map_err(|error| wrong(error.to_string()))?;
    if !status.is_success() {
        return Err(wrong(format!("{status}: {text}")));
    }
    serde_json::from_str(&text).map_err(|error| wrong(format!("{error}: {text}")))
}

/// Posts a body; the answer's status and JSON, or null where it has none.
pub async fn post(
    client: &reqwest::Client,
    url: &str,
    content_type: &str,
    body: Vec<u8>,
) -> Result<(u16, Value), ProcessError> {
    let wrong = |error: reqwest::Error| ProcessError::Answer { url: url.to_owned(), detail: error.to_string() };
    let request = client.post(url).header("content-type", content_type).body(body);
    let answer = request.send().await.map_err(wrong)?;
    let status = answer.status().as_u16();
    let text = answer.text().await.map_err(wrong)?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}

fn log_tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LOG_TAIL_LINES);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// An address of loopback that was free a moment ago.
pub fn free_address() -> std::io::Result<SocketAddr> {
    free_address_at(Ipv4Addr::LOCALHOST.into())
}

/// An address of this machine with a port that was free a moment ago.
pub fn free_address_at(host: IpAddr) -> std::io::Result<SocketAddr> {
    Ok(SocketAddr::new(host, tidemark_parts::free_port(host)?))
}
