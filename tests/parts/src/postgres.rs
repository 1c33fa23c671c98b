//! A PostgreSQL cluster.

mod disaster;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::disk::Disk;
use crate::program::{PartError, finish, first_words, free_port, system};

/// Where the server's programs are, if not where Debian puts them.
const BIN: &str = "TIDEMARK_POSTGRES_BIN";
const DEBIAN: &str = "/usr/lib/postgresql";
/// The user the server runs as when the test is root, which it refuses to be.
const USER: &str = "postgres";
/// How often another port is tried.
const PORTS: usize = 3;
/// How often it is asked whether it has left its recovery, every 50 ms.
const RECOVERY_LOOKS: u32 = 600;

/// Starts the server, says so, and stops it when the pipe closes.
const WATCH: &str = r#"
bin=$1 folder=$2
"$bin/pg_ctl" start --pgdata="$folder/data" --log="$folder/log" --wait --timeout=60 >"$folder/start" 2>&1 || {
    cat "$folder/start" "$folder/log"
    exit 1
}
trap '' INT TERM HUP
echo ready
cat >/dev/null
for data in "$folder/data" "$folder/replica"; do
    [ -e "$data/postmaster.pid" ] || continue
    # A server that was halted would not hear that it is to stop.
    pid=$(head -n 1 "$data/postmaster.pid")
    pkill -CONT -P "$pid"
    kill -CONT "$pid"
    "$bin/pg_ctl" stop --pgdata="$data" --mode=immediate >/dev/null 2>&1
done
cd / && rm -rf -- "$folder"
"#;

/// A running cluster of its own, open to this machine only.
#[derive(Debug)]
pub struct Postgres {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    watch: Child,
}

impl Postgres {
    /// Makes and starts a cluster.
    pub fn start() -> Result<Self, PartError> {
        Self::start_with(&[])
    }

    /// Makes and starts a cluster with settings.
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Self, PartError> {
        Self::start_somewhere(settings, None)
    }

    /// Makes and starts a cluster whose data lie on a disk, with settings.
    pub fn start_on(disk: &Disk, settings: &[(&str, &str)]) -> Result<Self, PartError> {
        Self::start_somewhere(settings, Some(disk))
    }

    fn start_somewhere(settings: &[(&str, &str)], disk: Option<&Disk>) -> Result<Self, PartError> {
        let bin = programs()?;
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_start(&bin, settings, disk) {
                Err(PartError::Failed { said, .. }) if tries < PORTS && said.contains("could not bind") => {}
                other => return other,
            }
        }
    }

    fn try_start(bin: &Path, settings: &[(&str, &str)], disk: Option<&Disk>) -> Result<Self, PartError> {
        let folder = tempfile::Builder::new().prefix("tm-pg").tempdir().map_err(system("make a folder"))?;
        if is_root()? {
            finish("chown the folder", Command::new("chown").arg(USER).arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        if let Some(disk) = disk {
            let there = disk.path().join("postgres");
            finish("mkdir", server_program(Path::new("mkdir"), disk.path())?.arg(&there))?;
            std::os::unix::fs::symlink(there, &data).map_err(system("link the data"))?;
        }
        let mut initdb = server_program(&bin.join("initdb"), folder.path())?;
        initdb.arg("--pgdata").arg(&data).args(["--username", USER, "--auth", "trust", "--encoding", "UTF8"]);
        finish("initdb", initdb.args(["--locale", "C", "--no-sync"]))?;
        let port = free_port()?;
        let conf = data.join("postgresql.conf");
        let mut text = std::fs::read_to_string(&conf).map_err(system("read postgresql.conf"))?;
        text.push_str(&configuration(folder.path(), port, settings));
        std::fs::write(&conf, text).map_err(system("write postgresql.conf"))?;
        let mut watch = server_program(Path::new("/bin/sh"), folder.path())?;
        watch.args(["-c", WATCH, "watch"]).arg(bin).arg(folder.path());
        let mut watch =
            watch.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(system("start the server"))?;
        let said = first_words(&mut watch)?;
        if said.trim() != "ready" {
            let _ended = watch.wait().map_err(system("wait for the server"))?;
            return Err(PartError::Failed { what: "starting PostgreSQL".to_owned(), said });
        }
        // From here on the watching shell removes the folder.
        Ok(Self { bin: bin.to_owned(), folder: folder.keep(), port, watch })
    }

    /// The port it listens on, at 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the server's programs.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.bin
    }

    /// How a database of it is reached.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Makes an empty database; how it is reached.
    pub fn database(&self, name: &str) -> Result<String, PartError> {
        let mut create = Command::new(self.bin.join("createdb"));
        create.args(["--host", "127.0.0.1", "--username", USER, "--port", &self.port.to_string(), name]);
        finish("createdb", &mut create)?;
        Ok(self.url(name))
    }

    /// Runs statements; what they give, a row a line.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, PartError> {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--set", "ON_ERROR_STOP=1"]);
        finish("psql", psql.args(["--dbname", &self.url(database), "--command", statements]))
    }

    /// Kills the server without a shutdown, and starts it again.
    pub fn crash(&self) -> Result<(), PartError> {
        self.kill()?;
        self.go_on()
    }

    /// Kills the server without a shutdown.
    pub fn kill(&self) -> Result<(), PartError> {
        self.stop("immediate")
    }

    /// Stops the server and starts it as one that was restored from its
    /// archive, which begins a new timeline.
    pub fn restore(&self) -> Result<(), PartError> {
        self.stop("fast")?;
        let signal = self.folder.join("data/recovery.signal");
        finish("touch", server_program(Path::new("touch"), &self.folder)?.arg(signal))?;
        self.go_on()?;
        self.await_primary()
    }

    /// Waits until it has left its recovery; it takes questions before.
    fn await_primary(&self) -> Result<(), PartError> {
        let mut tries = RECOVERY_LOOKS;
        while self.sql("postgres", "SELECT pg_is_in_recovery()")?.trim() != "f" {
            tries -= 1;
            if tries == 0 {
                let said = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(PartError::Failed { what: "leaving the recovery".to_owned(), said });
            }
            finish("sleep", Command::new("sleep").arg("0.05"))?;
        }
        Ok(())
    }

    fn stop(&self, mode: &str) -> Result<(), PartError> {
        let mut stop = self.control()?;
        finish("stopping PostgreSQL", stop.args(["stop", "--wait", "--mode", mode])).map(drop)
    }

    /// Starts it again with what it had, after it was killed; one that runs
    /// goes on running.
    pub fn go_on(&self) -> Result<(), PartError> {
        if finish("pg_ctl status", self.control()?.arg("status")).is_ok() {
            return Ok(());
        }
        let mut start = self.control()?;
        start.args(["start", "--wait", "--timeout", "60", "--log"]).arg(self.folder.join("log"));
        let done = start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if done.map_err(system("start PostgreSQL"))?.success() {
            return Ok(());
        }
        let said = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(PartError::Failed { what: "starting PostgreSQL again".to_owned(), said })
    }

    fn control(&self) -> Result<Command, PartError> {
        self.control_of("data")
    }

    fn control_of(&self, data: &str) -> Result<Command, PartError> {
        let mut control = server_program(&self.bin.join("pg_ctl"), &self.folder)?;
        control.arg("--pgdata").arg(self.folder.join(data));
        Ok(control)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        // A shell that can't be waited for is one that has ended.
        let _ended = self.watch.wait();
    }
}

/// The folder that holds initdb, postgres, pg_ctl, psql and createdb.
fn programs() -> Result<PathBuf, PartError> {
    if let Some(named) = std::env::var_os(BIN) {
        let named = PathBuf::from(named);
        return if named.join("initdb").exists() { Ok(named) } else { Err(missing(named)) };
    }
    let found = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path());
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = found.filter(|folder| folder.join("bin/initdb").exists()).max_by_key(version);
    newest.map(|folder| folder.join("bin")).ok_or_else(|| missing(PathBuf::from(DEBIAN)))
}

const fn missing(place: PathBuf) -> PartError {
    let remedy = "install the package postgresql, or name their folder in TIDEMARK_POSTGRES_BIN";
    PartError::Missing { what: "PostgreSQL programs", place, remedy }
}

/// A program as the user the server runs as, in the server's folder.
fn server_program(program: &Path, folder: &Path) -> Result<Command, PartError> {
    let mut command = if is_root()? {
        let mut command = Command::new("setpriv");
        command.args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder);
    Ok(command)
}

fn is_root() -> Result<bool, PartError> {
    Ok(finish("id", Command::new("id").arg("-u"))?.trim() == "0")
}

fn configuration(folder: &Path, port: u16, settings: &[(&str, &str)]) -> String {
    let mut text = format!(
        "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nrestore_command = 'false'\n",
        folder.display()
    );
    for (name, value) in settings {
        // Writing to a text does not fail.
        let _written = writeln!(text, "{name} = '{value}'");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_answers_outlives_a_crash_and_leaves_nothing_behind() {
        let postgres = Postgres::start_with(&[("work_mem", "5MB")]).unwrap();
        postgres.database("shops").unwrap();
        assert_eq!(postgres.sql("shops", "SHOW work_mem").unwrap().trim(), "5MB");
        postgres.sql("shops", "CREATE TABLE kept (number int)").unwrap();
        postgres.crash().unwrap();
        assert_eq!(postgres.sql("shops", "SELECT count(*) FROM kept").unwrap().trim(), "0");
        postgres.restore().unwrap();
        let timeline = postgres.sql("shops", "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 8, 1)").unwrap();
        assert_eq!(timeline.trim(), "2");
        postgres.pause().unwrap();
        postgres.resume().unwrap();
        assert_eq!(postgres.sql("shops", "SELECT count(*) FROM kept").unwrap().trim(), "0");
        let folder = postgres.folder.clone();
        drop(postgres);
        assert!(!folder.exists());
    }
    #[test]
    fn a_cluster_is_set_back_and_fails_over() {
        let postgres = Postgres::start().unwrap();
        let count = || postgres.sql("postgres", "SELECT count(*) FROM kept").unwrap().trim().to_owned();
        postgres.sql("postgres", "CREATE TABLE kept (number int); INSERT INTO kept VALUES (1)").unwrap();
        postgres.back_up().unwrap();
        postgres.sql("postgres", "INSERT INTO kept VALUES (2)").unwrap();
        postgres.set_back().unwrap();
        assert_eq!(count(), "1");
        postgres.stand_by().unwrap();
        postgres.sql("postgres", "INSERT INTO kept VALUES (3)").unwrap();
        postgres.fail_over().unwrap();
        // What was written just now may not have reached the replica.
        assert!(matches!(count().as_str(), "1" | "2"));
        postgres.sql("postgres", "INSERT INTO kept VALUES (4)").unwrap();
    }
}
