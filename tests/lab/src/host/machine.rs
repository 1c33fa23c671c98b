//! QEMU, without the processor's help: it runs everywhere, slowly.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use tidemark_daemon::clock::Clock;

use crate::Trouble;

const QEMU: &str = "qemu-system-x86_64";
/// Lines of the console that wait to be read.
const LINES: usize = 1_024;

/// The machine; dropped, it is switched off.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        // It may have switched itself off.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Runs a guest to its end, and hands over each line of its console.
pub(crate) fn run(kernel: &Path, archive: &Path, limit: Duration, mut each: impl FnMut(&str)) -> Result<(), Trouble> {
    // It is nice to whoever works here, and ends with this program.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "nice", "-n", "10"]);
    // Its clock counts instructions: gaps between packets are as long as ever
    // while others have the processor, and what nobody waits for is skipped.
    let clock = ["-icount", "shift=2,sleep=off", "-rtc", "clock=vm"];
    command.args([QEMU, "-machine", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "512M"]).args(clock);
    command.args(["-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel"]).arg(kernel);
    command.arg("-initrd").arg(archive);
    // A panic ends the machine; nobody is there to read it longer.
    command.args(["-append", "console=ttyS0 quiet mitigations=off panic=-1 random.trust_cpu=on"]);
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut machine = Machine(spawned.map_err(|error| format!("{QEMU}: {error}"))?);
    let console = machine.0.stdout.take().ok_or("a machine without a console")?;
    let (send, lines) = sync_channel(LINES);
    Builder::new().name("console".to_owned()).spawn(move || {
        for line in BufReader::new(console).split(b'\n') {
            let Ok(line) = line else { return };
            if send.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                return;
            }
        }
    })?;
    let clock = Clock::start();
    loop {
        match lines.recv_timeout(limit.saturating_sub(clock.elapsed())) {
            Ok(line) => each(&line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!("the guest was not done within {} s", limit.as_secs()).into());
            }
        }
    }
    let status = machine.0.wait()?;
    if status.success() { Ok(()) } else { Err(format!("{QEMU} ended with {status}").into()) }
}
