//! Who has a port that is busy, as far as this user may see it.

use std::path::Path;
use std::{fmt, fs};

/// A process that has a file open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub process: u32,
    /// What it is called; empty if that can't be read.
    pub name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "a program" } else { &self.name };
        write!(f, "{name} (process {})", self.process)
    }
}

/// Names the process that has a file open: `brltty (process 812)`. A service
/// that may not see other users' processes finds nobody; `doctor` as root does.
#[must_use]
pub fn holder_of(node: &Path) -> Option<String> {
    holder_in(Path::new("/proc"), node, |_any| true).map(|holder| holder.to_string())
}

/// The process other than this one that has a file open, of those that are
/// asked for; `proc` is where the system tells of its processes.
#[must_use]
pub fn holder_in(proc: &Path, node: &Path, is_asked_for: impl Fn(&Holder) -> bool) -> Option<Holder> {
    let node = node.canonicalize().ok()?;
    let mut holding = fs::read_dir(proc).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let process = entry.file_name().to_str()?.parse::<u32>().ok()?;
        let is_holding = process != std::process::id() && has_open(&entry.path(), &node);
        let name = || fs::read_to_string(entry.path().join("comm")).unwrap_or_default().trim().to_owned();
        is_holding.then(|| Holder { process, name: name() })
    });
    holding.find(is_asked_for)
}

fn has_open(process: &Path, node: &Path) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
    files.filter_map(|file| fs::read_link(file.ok()?.path()).ok()).any(|target| target == node)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_process_that_has_a_file_open_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("port");
        fs::write(&file, "").unwrap();
        assert_eq!(holder_of(&file), None);
        let open = fs::File::open(&file).unwrap();
        assert_eq!(holder_of(&file), None, "this process itself is no other program");
        let mut other = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(open).spawn().unwrap();
        // By another name: links lead to the same file.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let holder = holder_of(&link);
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(holder, Some(format!("cat (process {})", other.id())));
    }
}
