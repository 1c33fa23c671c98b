//! Who has a port that is busy, as far as this user may see it.

use std::fs;
use std::path::Path;

/// Names the process that has a file open: `brltty (process 812)`. A service
/// that may not see other users' processes finds nobody; `doctor` as root does.
#[must_use]
pub fn holder_of(node: &Path) -> Option<String> {
    holder_in(Path::new("/proc"), node, std::process::id())
}

fn holder_in(proc: &Path, node: &Path, own: u32) -> Option<String> {
    let node = node.canonicalize().ok()?;
    let processes = fs::read_dir(proc).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let id = entry.file_name().to_str()?.parse::<u32>().ok()?;
        (id != own).then(|| (id, entry.path()))
    });
    let mut holding = processes.filter(|(_, folder)| has_open(folder, &node));
    let (id, folder) = holding.next()?;
    let name = fs::read_to_string(folder.join("comm")).unwrap_or_default();
    let name = if name.trim().is_empty() { "a program" } else { name.trim() };
    Some(format!("{name} (process {id})"))
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
