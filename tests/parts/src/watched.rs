//! A server process that a shell watches, which also kills it, halts it and
//! starts it again when told so.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::program::{PartError, system};

/// Starts a program in the folder, says when its log holds the mark, obeys,
/// and ends the program when the pipe closes.
const WATCH: &str = r#"
mark=$1
shift
start() {
    # Here and not in the child: the mark of the run before must be gone.
    : >log
    "$@" >>log 2>&1 </dev/null &
    pid=$!
    tries=900
    until grep -q "$mark" log; do
        tries=$((tries - 1))
        kill -0 "$pid" 2>/dev/null && [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}
end() {
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}
trap '' INT TERM HUP
start "$@" || {
    end
    echo failed
    exit 1
}
echo ready
while read -r order; do
    case $order in
    kill) end && echo ready || echo ready ;;
    # One that runs goes on running.
    start) kill -0 "$pid" 2>/dev/null || start "$@" && echo ready || echo failed ;;
    pause) kill -STOP "$pid" && echo ready || echo failed ;;
    resume) kill -CONT "$pid" && echo ready || echo failed ;;
    esac
done
end
folder=$PWD
cd / && rm -rf -- "$folder"
"#;

#[derive(Debug)]
pub(crate) struct Watched {
    what: &'static str,
    folder: PathBuf,
    shell: Child,
    /// An order and its answer belong together.
    line: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
}

impl Watched {
    /// Starts a program in a folder; it serves when its log says the mark.
    /// A failure's text is the program's log.
    pub(crate) fn start(
        what: &'static str,
        folder: TempDir,
        mark: &str,
        command: &[String],
    ) -> Result<Self, PartError> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", WATCH, "watch", mark]).args(command).current_dir(folder.path());
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().map_err(system(what))?;
        let pipes = shell.stdin.take().zip(shell.stdout.take());
        let mut line = pipes.map(|(orders, answers)| (orders, BufReader::new(answers)));
        let ready = line.as_mut().is_some_and(|(_, answers)| answer(answers));
        if !ready {
            drop(line);
            let _ended = shell.wait().map_err(system(what))?;
            return Err(failed(what, folder.path()));
        }
        // From here on the shell removes the folder.
        Ok(Self { what, folder: folder.keep(), shell, line: Mutex::new(line) })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Kills the program without a shutdown.
    pub(crate) fn kill(&self) -> Result<(), PartError> {
        self.order("kill\n")
    }

    /// Starts it again, after it was killed.
    pub(crate) fn go_on(&self) -> Result<(), PartError> {
        self.order("start\n")
    }

    /// Halts the program where it is: its connections stay open and nothing
    /// answers.
    pub(crate) fn pause(&self) -> Result<(), PartError> {
        self.order("pause\n")
    }

    /// Lets it run on.
    pub(crate) fn resume(&self) -> Result<(), PartError> {
        self.order("resume\n")
    }

    fn order(&self, order: &str) -> Result<(), PartError> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((orders, answers)) = line.as_mut() else { return Err(failed(self.what, &self.folder)) };
        orders.write_all(order.as_bytes()).map_err(system(self.what))?;
        if answer(answers) { Ok(()) } else { Err(failed(self.what, &self.folder)) }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        drop(self.line.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        // A shell that can't be waited for is one that has ended.
        let _ended = self.shell.wait();
    }
}

fn answer(answers: &mut BufReader<ChildStdout>) -> bool {
    let mut said = String::new();
    answers.read_line(&mut said).is_ok() && said.trim() == "ready"
}

fn failed(what: &'static str, folder: &Path) -> PartError {
    let said = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    PartError::Failed { what: format!("starting {what}"), said }
}
