//! A Redis server that keeps nothing on disk.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use crate::program::{PartError, finish, free_port, system};
use crate::watched::Watched;

/// The server's program, if it is not `redis-server` on the path.
const SERVER: &str = "TIDEMARK_REDIS_SERVER";
/// How often another port is tried.
const PORTS: usize = 3;

/// A running server of its own, open to this machine only.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    server: Watched,
}

impl Redis {
    /// Starts a server.
    pub fn start() -> Result<Self, PartError> {
        let program = program()?;
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_start(&program) {
                Err(PartError::Failed { said, .. }) if tries < PORTS && said.contains("Address already in use") => {}
                other => return other,
            }
        }
    }

    fn try_start(program: &str) -> Result<Self, PartError> {
        let folder = tempfile::Builder::new().prefix("tm-redis").tempdir().map_err(system("make a folder"))?;
        let port = free_port()?;
        let listen = ["--port", &port.to_string(), "--bind", "127.0.0.1"].map(str::to_owned);
        let keep_nothing = ["--save", "", "--appendonly", "no"].map(str::to_owned);
        let command = [&[program.to_owned()], listen.as_slice(), keep_nothing.as_slice()].concat();
        let server = Watched::start("Redis", folder, "Ready to accept connections", &command)?;
        Ok(Self { port, server })
    }

    /// How it is reached.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// The port it listens on, at 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Kills the server without a shutdown; what it held is gone.
    pub fn kill(&self) -> Result<(), PartError> {
        self.server.kill()
    }

    /// Starts it again, empty, after it was killed.
    pub fn go_on(&self) -> Result<(), PartError> {
        self.server.go_on()
    }

    /// Halts it: nothing answers until it resumes.
    pub fn pause(&self) -> Result<(), PartError> {
        self.server.pause()
    }

    /// Lets it run on.
    pub fn resume(&self) -> Result<(), PartError> {
        self.server.resume()
    }

    /// Empties it.
    pub fn flush(&self) -> Result<(), PartError> {
        let mut line = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).map_err(system("reach Redis"))?;
        line.write_all(b"FLUSHALL\r\n").map_err(system("empty Redis"))?;
        let mut said = [0; 5];
        line.read_exact(&mut said).map_err(system("empty Redis"))?;
        if said.starts_with(b"+OK") {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&said).into_owned();
        Err(PartError::Failed { what: "emptying Redis".to_owned(), said })
    }
}

fn program() -> Result<String, PartError> {
    let named = std::env::var_os(SERVER).map_or_else(|| PathBuf::from("redis-server"), PathBuf::from);
    let remedy = "install the package redis-server, or name the program in TIDEMARK_REDIS_SERVER";
    let missing = |_error| PartError::Missing { what: "Redis server", place: named.clone(), remedy };
    finish("redis-server", Command::new(&named).arg("--version")).map_err(missing)?;
    Ok(named.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_answers_is_killed_goes_on_and_leaves_nothing_behind() {
        let redis = Redis::start().unwrap();
        let reach = || TcpStream::connect(("127.0.0.1", redis.port));
        reach().unwrap();
        redis.flush().unwrap();
        redis.pause().unwrap();
        redis.resume().unwrap();
        redis.flush().unwrap();
        redis.kill().unwrap();
        assert!(reach().is_err());
        redis.go_on().unwrap();
        reach().unwrap();
        let folder = redis.server.folder().to_owned();
        drop(redis);
        assert!(!folder.exists());
    }
}
