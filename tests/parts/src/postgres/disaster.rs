//! What befalls a cluster beyond a crash: it is halted, set back by a base
//! backup, or gives way to its replica.

use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use super::{Postgres, USER, server_program};
use crate::program::{PartError, finish, free_port, system};

/// The folder of the base backup, beside the data.
const BACKUP: &str = "backup";
/// The folder of the replica.
const REPLICA: &str = "replica";

impl Postgres {
    /// Halts the server with all its processes: connections stay open and
    /// nothing answers.
    pub fn pause(&self) -> Result<(), PartError> {
        let server = self.server()?;
        // The one that starts others first.
        signal("-STOP", &server)?;
        signal_children("-STOP", &server)
    }

    /// Lets it run on.
    pub fn resume(&self) -> Result<(), PartError> {
        let server = self.server()?;
        signal_children("-CONT", &server)?;
        signal("-CONT", &server)
    }

    /// Takes a base backup of what there is now.
    pub fn back_up(&self) -> Result<(), PartError> {
        self.copy_to(BACKUP, self.port, &["--no-sync"])
    }

    /// Kills the server and starts it with what the base backup holds, on the
    /// same port. The cluster's identity and its timeline are those of
    /// before: nothing in it tells that it was set back.
    pub fn set_back(&self) -> Result<(), PartError> {
        self.kill()?;
        self.replace_data(BACKUP)?;
        self.go_on()
    }

    /// Starts a replica that streams from the server.
    pub fn stand_by(&self) -> Result<(), PartError> {
        self.stand_by_through(self.port).map(drop)
    }

    /// Starts a replica that streams from the server through another port,
    /// such as that of a line which can be cut; the replica's own port.
    pub fn stand_by_through(&self, through: u16) -> Result<u16, PartError> {
        self.copy_to(REPLICA, through, &["--write-recovery-conf"])?;
        let own = free_port()?;
        let port = format!("--options=-p {own}");
        let mut start = self.control_of(REPLICA)?;
        start.args(["start", "--wait", "--timeout", "60", &port, "--log"]).arg(self.folder.join("replica.log"));
        let done = start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if done.map_err(system("start the replica"))?.success() {
            return Ok(own);
        }
        let said = std::fs::read_to_string(self.folder.join("replica.log")).unwrap_or_default();
        Err(PartError::Failed { what: "starting the replica".to_owned(), said })
    }

    /// Kills the server and lets the replica take its place and its port: a
    /// new timeline, without what had not reached the replica.
    pub fn fail_over(&self) -> Result<(), PartError> {
        self.kill()?;
        finish("stopping the replica", self.control_of(REPLICA)?.args(["stop", "--wait", "--mode", "fast"]))?;
        self.replace_data(REPLICA)?;
        self.go_on()?;
        finish("promoting the replica", self.control()?.args(["promote", "--wait"]))?;
        self.await_primary()
    }

    fn copy_to(&self, folder: &str, port: u16, more: &[&str]) -> Result<(), PartError> {
        let mut copy = server_program(&self.bin.join("pg_basebackup"), &self.folder)?;
        copy.arg("--pgdata").arg(self.folder.join(folder));
        copy.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--username", USER]);
        copy.args(["--wal-method", "stream", "--checkpoint", "fast"]).args(more);
        finish("pg_basebackup", &mut copy).map(drop)
    }

    /// Puts a folder in the place of the data.
    fn replace_data(&self, folder: &str) -> Result<(), PartError> {
        let data = self.data();
        std::fs::remove_dir_all(&data).map_err(system("remove the data"))?;
        std::fs::rename(self.folder.join(folder), &data).map_err(system("put the copy in its place"))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The id of the server's first process.
    fn server(&self) -> Result<String, PartError> {
        let note = std::fs::read_to_string(self.data().join("postmaster.pid")).map_err(system("find PostgreSQL"))?;
        Ok(note.lines().next().unwrap_or_default().to_owned())
    }
}

fn signal(which: &str, process: &str) -> Result<(), PartError> {
    finish("kill", Command::new("kill").args([which, process])).map(drop)
}

fn signal_children(which: &str, process: &str) -> Result<(), PartError> {
    finish("pkill", Command::new("pkill").args([which, "-P", process])).map(drop)
}
