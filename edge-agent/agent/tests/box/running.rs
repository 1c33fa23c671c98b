//! A box that runs.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) const STORE: &str = "S0001";
pub(crate) const ONE: &str = "application/cloudevents+json";
pub(crate) const BATCH: &str = "application/cloudevents-batch+json";
const PATIENCE: Duration = Duration::from_secs(60);

/// The program.
pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tidemark-edge"));
    program.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    program
}

/// What a command said and ended with.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command to its end.
pub(crate) fn said(arguments: &[&str]) -> Said {
    let Output { status, stdout, stderr } = program().args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

/// A box that runs, until it is dropped.
pub(crate) struct Running {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) url: String,
    pub(crate) child: Child,
    _log: Receiver<String>,
}

impl Running {
    pub(crate) fn start() -> Self {
        Self::by(|data| {
            let mut run = program();
            run.args(arguments(data));
            run
        })
    }

    /// Starts it by a command of one's own over its data folder.
    pub(crate) fn by(command: impl FnOnce(&Path) -> Command) -> Self {
        Self::over(tempfile::tempdir().unwrap(), command)
    }

    /// Starts it anew over the same data.
    pub(crate) fn again(mut self) -> Self {
        let elsewhere = tempfile::tempdir().unwrap();
        let folder = std::mem::replace(&mut self.folder, elsewhere);
        drop(self);
        Self::over(folder, |data| {
            let mut run = program();
            run.args(arguments(data));
            run
        })
    }

    fn over(folder: tempfile::TempDir, command: impl FnOnce(&Path) -> Command) -> Self {
        let data = folder.path().join("data");
        let mut child = command(&data).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (line, log) = sync_channel(1_000);
        std::thread::spawn(move || {
            for text in stderr.lines().map_while(Result::ok) {
                // Nobody reads on once it is open.
                let _unread = line.try_send(text);
            }
        });
        let address = loop {
            let text = log.recv_timeout(PATIENCE).unwrap();
            if let Some((_, address)) = text.split_once("the box is open").and_then(|(_, of)| of.split_once("address="))
            {
                break address.trim().to_owned();
            }
        };
        Self { folder, url: format!("http://{address}"), child, _log: log }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A command of this box: with its data folder and store.
    pub(crate) fn command(&self, arguments: &[&str]) -> Said {
        let data = self.data().display().to_string();
        said(&[arguments, &["--data", &data, "--store", STORE]].concat())
    }

    fn agent() -> ureq::Agent {
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        config.build().into()
    }

    pub(crate) fn text(&self, path: &str) -> (u16, String) {
        let mut answer = Self::agent().get(format!("{}{path}", self.url)).call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, text) = self.text(path);
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn post(&self, kind: &str, body: impl AsRef<[u8]>) -> (u16, Value) {
        let request = Self::agent().post(format!("{}/v1/events", self.url)).header("content-type", kind);
        let mut answer = request.send(body.as_ref()).unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap())
    }

    /// Posts one event; its status, none if nobody answers.
    pub(crate) fn try_post(&self, kind: &str, event: &Value) -> Option<u16> {
        let request = Self::agent().post(format!("{}/v1/events", self.url)).header("content-type", kind);
        request.send(event.to_string()).ok().map(|answer| answer.status().as_u16())
    }

    /// Posts one event and gives its result.
    pub(crate) fn submit(&self, event: &Value) -> Value {
        let (status, answer) = self.post(ONE, event.to_string());
        assert_eq!(status, 200, "{answer}");
        answer["results"][0].clone()
    }

    /// A metric's value by its name with labels; 0 if it was never moved.
    pub(crate) fn counted(&self, metric: &str) -> u64 {
        let page = self.text("/metrics").1;
        let line = page.lines().find_map(|line| line.strip_prefix(&format!("tidemark_edge_{metric} ")));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// The codes of the conditions that hold.
    pub(crate) fn conditions(&self) -> Vec<String> {
        let status = self.get("/v1/status");
        status["conditions"].as_array().unwrap().iter().map(|c| c["code"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap_or(());
        drop(self.child.wait());
    }
}

/// How a box is run over a data folder.
pub(crate) fn arguments(data: &Path) -> Vec<String> {
    let data = data.display().to_string();
    ["run", "--data", &data, "--store", STORE, "--http", "127.0.0.1:0"].map(str::to_owned).to_vec()
}

/// An event as a till sends it.
pub(crate) fn event(kind: &str, id: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "type": kind, "source": "till:1", "id": id, "data": data})
}

/// A sale of one line.
pub(crate) fn sale(id: &str, item: &str, quantity: Value) -> Value {
    event("tidemark.sale", id, json!({"lines": [{"item": item, "quantity": quantity}]}))
}
