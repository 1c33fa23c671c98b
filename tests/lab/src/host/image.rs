//! The files of the guest: Debian's udev and a few programs from this
//! machine with their libraries, the kernel's modules, what the package of
//! the box installs, the box and our own program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::archive::{Archive, Rights};
use super::users::{self, BOX};
use super::{modules, seed};
use crate::Trouble;
use crate::guest::places;

const INIT: &str = include_str!("../../guest/init");
const RULES: &str = include_str!("../../../../packaging/udev/70-tidemark-scanners.rules");
const MODULES: &str = include_str!("../../../../packaging/systemd/modules-load.conf");
const SYSUSERS: &str = include_str!("../../../../packaging/systemd/tidemark-edge.sysusers");
/// Programs of this machine: of udev, and those that its rules and the unit of
/// the box call.
const PROGRAMS: [&str; 5] = ["/bin/busybox", "/bin/udevadm", "/bin/kmod", "/bin/grep", "/usr/bin/setpriv"];
const UDEV_RULES: &str = "/lib/udev/rules.d";
/// The rules of Debian's packages `udev` that are about what is here.
const OF_UDEV: [&str; 9] = [
    "50-udev-default.rules",
    "60-autosuspend.rules",
    "60-evdev.rules",
    "60-input-id.rules",
    "60-persistent-input.rules",
    "60-serial.rules",
    "80-drivers.rules",
    "90-hidraw.rules",
    "99-systemd.rules",
];

/// What depmod writes, in the forms that udev and modprobe read.
const TABLES: [&str; 9] = [
    "modules.alias",
    "modules.alias.bin",
    "modules.builtin",
    "modules.builtin.bin",
    "modules.dep",
    "modules.dep.bin",
    "modules.order",
    "modules.softdep",
    "modules.symbols.bin",
];

/// What the guest is made of.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// The box.
    pub(crate) edge: PathBuf,
    /// Our own program.
    pub(crate) guest: PathBuf,
    /// The folder of the kernel's modules, with `modules.dep`.
    pub(crate) modules: PathBuf,
    /// What our program is told.
    pub(crate) arguments: Vec<String>,
}

/// Packs the guest; `work` is a folder for what is made on the way.
pub(crate) fn pack(parts: &Parts, work: &Path) -> Result<Vec<u8>, Trouble> {
    let mut archive = Archive::default();
    for folder in ["/proc", "/sys", "/run", "/tmp", "/root", "/var/log", "/etc/tidemark"] {
        archive.folder(folder, Rights::RUN);
    }
    archive.device("/dev/console", (5, 1));
    archive.file("/init", Rights::RUN, INIT.as_bytes());
    archive.link("/bin/sh", "busybox");
    archive.link("/sbin/modprobe", "/bin/kmod");
    archive.file(places::ARGUMENTS, Rights::READ, parts.arguments.join("\n").as_bytes());
    let (passwd, group) = users::users(SYSUSERS)?;
    archive.file("/etc/passwd", Rights::READ, passwd.as_bytes());
    archive.file("/etc/group", Rights::READ, group.as_bytes());
    archive.file("/etc/nsswitch.conf", Rights::READ, b"passwd: files\ngroup: files\n");
    archive.file("/etc/lab/modules", Rights::READ, MODULES.as_bytes());
    pack_rules(&mut archive)?;
    pack_programs(&mut archive, parts, work)?;
    pack_modules(&mut archive, &parts.modules)?;
    let data = work.join("data");
    fs::create_dir_all(&data)?;
    seed::plant(&data.join("journal"))?;
    archive.folder(places::DATA, Rights { owner: BOX, mode: 0o750 });
    pack_folder(&mut archive, &data, places::DATA)?;
    Ok(archive.finish())
}

fn pack_rules(archive: &mut Archive) -> Result<(), Trouble> {
    for name in OF_UDEV {
        // Some are of later releases.
        if let Ok(rules) = fs::read(Path::new(UDEV_RULES).join(name)) {
            archive.file(&format!("{UDEV_RULES}/{name}"), Rights::READ, &rules);
        }
    }
    archive.file(&format!("{UDEV_RULES}/70-tidemark-scanners.rules"), Rights::READ, RULES.as_bytes());
    archive.folder("/lib/systemd", Rights::RUN);
    archive.link("/lib/systemd/systemd-udevd", "/bin/udevadm");
    Ok(())
}

fn pack_programs(archive: &mut Archive, parts: &Parts, work: &Path) -> Result<(), Trouble> {
    let mut libraries = BTreeSet::new();
    for program in PROGRAMS {
        archive.file(program, Rights::RUN, &read(Path::new(program))?);
        libraries.extend(libraries_of(Path::new(program))?);
    }
    for (built, place) in [(&parts.edge, places::EDGE), (&parts.guest, places::GUEST)] {
        let small = work.join(place.rsplit('/').next().unwrap_or("program"));
        // What debuggers read would fill the guest's memory.
        run(Command::new("strip").arg("-o").arg(&small).arg(built))?;
        archive.file(place, Rights::RUN, &read(&small)?);
        libraries.extend(libraries_of(built)?);
    }
    for library in libraries {
        archive.file(&library, Rights::RUN, &read(Path::new(&library))?);
    }
    Ok(())
}

/// The files that a program is linked with, by the names the loader knows.
fn libraries_of(program: &Path) -> Result<Vec<String>, Trouble> {
    let output = Command::new("ldd").arg(program).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.contains("not found") {
        return Err(format!("{} lacks libraries: {text}", program.display()).into());
    }
    // A program without any is said to be none that can be asked.
    Ok(text.lines().filter_map(library).collect())
}

/// `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)`, or a path alone.
fn library(line: &str) -> Option<String> {
    let words = line.split_ascii_whitespace();
    words.into_iter().find(|word| word.starts_with('/')).map(str::to_owned)
}

fn pack_modules(archive: &mut Archive, folder: &Path) -> Result<(), Trouble> {
    let release = folder.file_name().and_then(|name| name.to_str()).ok_or("a kernel without a release")?;
    let place = format!("/lib/modules/{release}");
    let needs = String::from_utf8(read(&folder.join("modules.dep"))?)?;
    for file in modules::files(&needs)? {
        archive.file(&format!("{place}/{file}"), Rights::READ, &read(&folder.join(&file))?);
    }
    for table in TABLES {
        archive.file(&format!("{place}/{table}"), Rights::READ, &read(&folder.join(table))?);
    }
    Ok(())
}

/// All files of a folder, as the box's own.
fn pack_folder(archive: &mut Archive, folder: &Path, place: &str) -> Result<(), Trouble> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let place = format!("{place}/{}", name.to_str().ok_or("a name that is no text")?);
        if entry.file_type()?.is_dir() {
            archive.folder(&place, Rights { owner: BOX, mode: 0o750 });
            pack_folder(archive, &entry.path(), &place)?;
        } else {
            archive.file(&place, Rights { owner: BOX, mode: 0o640 }, &read(&entry.path())?);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    Ok(fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?)
}

fn run(command: &mut Command) -> Result<(), Trouble> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_found_in_what_the_loader_says() {
        assert_eq!(library("\tlinux-vdso.so.1 (0x00007ffd)"), None);
        assert_eq!(library("\tlibc.so.6 => /lib/x/libc.so.6 (0x00007f)").as_deref(), Some("/lib/x/libc.so.6"));
        assert_eq!(library("\t/lib64/ld-linux-x86-64.so.2 (0x7f)").as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
        assert_eq!(library("\tstatically linked"), None);
    }
}
