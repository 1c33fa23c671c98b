//! The box in the guest, as its own user, and what it says of itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde_json::Value;
use tidemark_fleet::books::thousandths;
use tidemark_fleet::process::{Daemon, ProcessError, Recipe};
use tokio::runtime::Runtime;

use super::places::{CONFIGURATION, EDGE, LOG, USER};
use crate::Trouble;
use crate::bus::Port;
use crate::pause::wait_for;

/// A slow guest may take several of the limits of a start.
const STARTS: u8 = 4;

/// The box.
#[derive(Debug)]
pub(crate) struct Edge {
    runtime: Runtime,
    recipe: Recipe,
    daemon: Option<Daemon>,
}

/// A condition that the box tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) remedy: String,
}

impl Edge {
    /// A box that does not run yet.
    pub(crate) fn new() -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        // As the unit of the package starts it, but for its sandbox.
        let arguments = [
            "--reuid",
            USER,
            "--regid",
            USER,
            "--init-groups",
            "--no-new-privs",
            "--inh-caps=-all",
            "--bounding-set=-all",
            EDGE,
            "run",
            "--config",
            CONFIGURATION,
        ];
        let recipe = Recipe {
            name: "the box".to_owned(),
            program: PathBuf::from("/usr/bin/setpriv"),
            arguments: arguments.map(Into::into).to_vec(),
            environment: Vec::new(),
            http: SocketAddr::from((Ipv4Addr::LOCALHOST, 8380)),
            authority: None,
            log: PathBuf::from(LOG),
        };
        Ok(Self { runtime, recipe, daemon: None })
    }

    pub(crate) const fn runs(&self) -> bool {
        self.daemon.is_some()
    }

    /// Starts it, if it does not run, and waits until it answers.
    pub(crate) fn start(&mut self) -> Result<(), Trouble> {
        if self.runs() {
            return Ok(());
        }
        let recipe = self.recipe.clone();
        self.daemon = Some(self.runtime.block_on(async {
            let mut daemon = Daemon::spawn(recipe)?;
            for _ in 1..STARTS {
                match daemon.wait_ready().await {
                    Err(ProcessError::Silent { .. }) => {}
                    other => return other.map(|()| daemon),
                }
            }
            daemon.wait_ready().await.map(|()| daemon)
        })?);
        Ok(())
    }

    /// Asks it to stop; it has to end well.
    pub(crate) fn stop(&mut self) -> Result<(), Trouble> {
        let Some(mut daemon) = self.daemon.take() else { return Ok(()) };
        let status = self.runtime.block_on(daemon.stop())?;
        if status.success() { Ok(()) } else { Err(format!("the box ended with {status}").into()) }
    }

    /// Kills it in the middle of whatever it does.
    pub(crate) fn kill(&mut self) -> Result<(), Trouble> {
        let Some(mut daemon) = self.daemon.take() else { return Ok(()) };
        Ok(self.runtime.block_on(daemon.kill())?)
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, Trouble> {
        let daemon = self.daemon.as_ref().ok_or("the box does not run")?;
        Ok(self.runtime.block_on(daemon.get(path))?)
    }

    /// The end of its log.
    pub(crate) fn log_tail(&self) -> String {
        self.daemon.as_ref().map(Daemon::log_tail).unwrap_or_default()
    }

    /// Waits until it has opened the scanner at a port.
    pub(crate) fn wait_ready(&self, port: Port) -> Result<(), Trouble> {
        self.wait_present(port, true)
    }

    /// Waits until it says that the scanner at a port is there, or is not.
    pub(crate) fn wait_present(&self, port: Port, present: bool) -> Result<(), Trouble> {
        let what = format!("scanner {} to be {}", port.0, if present { "ready" } else { "gone" });
        wait_for(&what, || {
            let status = self.get("/v1/status")?;
            let found =
                of(&status, "/scanners", "path", &port.path()).and_then(|scanner| scanner.get("present")?.as_bool());
            if found == Some(present) { Ok(()) } else { Err(status_words(&status).into()) }
        })
    }

    /// Waits until a condition about a port holds, and gives its words.
    pub(crate) fn wait_condition(&self, code: &str, port: Port) -> Result<Told, Trouble> {
        wait_for(&format!("{code} about port {}", port.0), || {
            let status = self.get("/v1/status")?;
            condition(&status, code, port).ok_or_else(|| status_words(&status).into())
        })
    }

    /// Waits until no condition says that a scanner cannot be heard.
    pub(crate) fn wait_untroubled(&self, port: Port) -> Result<(), Trouble> {
        wait_for(&format!("the conditions about port {} to end", port.0), || {
            let status = self.get("/v1/status")?;
            let still = super::trials::UNHEARD.iter().find_map(|code| condition(&status, code, port));
            still.map_or(Ok(()), |told| Err(told.detail.into()))
        })
    }

    /// The last saved scan of a lane, as it was read.
    pub(crate) fn last_saved(&self, lane: &str) -> Result<Option<String>, Trouble> {
        let status = self.get("/v1/status")?;
        let lane = of(&status, "/lanes", "name", lane).ok_or_else(|| format!("no lane {lane}"))?;
        Ok(lane.get("last_saved").and_then(Value::as_str).map(str::to_owned))
    }

    /// How many movements there are.
    pub(crate) fn tail(&self) -> Result<u64, Trouble> {
        let status = self.get("/v1/status")?;
        Ok(status.get("tail").and_then(Value::as_u64).ok_or("no tail")?)
    }

    /// The sum of an item's movements, in thousandths.
    pub(crate) fn effect_sum(&self, code: &str) -> Result<i64, Trouble> {
        let item = self.get(&format!("/v1/items/{code}"))?;
        Ok(item.get("effect_sum").and_then(thousandths).unwrap_or(0))
    }
}

/// The one of a list whose member is this.
fn of<'s>(status: &'s Value, list: &str, member: &str, is: &str) -> Option<&'s Value> {
    let list = status.pointer(list)?.as_array()?;
    list.iter().find(|one| one.get(member).and_then(Value::as_str) == Some(is))
}

fn condition(status: &Value, code: &str, port: Port) -> Option<Told> {
    let about = format!("{}: ", port.path());
    status.get("conditions")?.as_array()?.iter().find_map(|condition| {
        let text = |name: &str| Some(condition.get(name)?.as_str()?.to_owned());
        let detail = text("detail")?.strip_prefix(&about)?.to_owned();
        (text("code")? == code).then_some(Told { title: text("title")?, detail, remedy: text("remedy")? })
    })
}

/// What the box says of scanners, for one who waits for something else.
fn status_words(status: &Value) -> String {
    let of = |name: &str| status.get(name).map(Value::to_string).unwrap_or_default();
    format!("scanners {}, conditions {}", of("scanners"), of("conditions"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_is_found_by_its_code_and_the_port_it_is_about() {
        let told = |port: u8, code: &str| {
            let detail = format!("{}: end of file", Port(port).path());
            json!({ "code": code, "title": "gone", "detail": detail, "remedy": "plug it in" })
        };
        let status = json!({ "conditions": [told(11, "TM-4001"), told(1, "TM-4003"), told(1, "TM-4001")] });
        let found = condition(&status, "TM-4001", Port(1)).unwrap();
        assert_eq!((found.title.as_str(), found.detail.as_str()), ("gone", "end of file"));
        assert_eq!(condition(&status, "TM-4002", Port(1)), None);
        assert_eq!(condition(&status, "TM-4001", Port(2)), None);
    }
}
