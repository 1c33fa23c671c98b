//! One till's folder: what lies in it, what becomes of it.

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidemark_files::Mapping;
use tidemark_files::limits::MAPPING_BYTES;

use super::taking::{Outcome, Taking};
use super::waiting::{Found, Waiting};

/// What says what the till's files mean.
const MAPPING: &str = "mapping.toml";
/// Where files lie that were taken, and those that were not.
const DONE: &str = "done";
const BAD: &str = "bad";
/// What lies beside a file in `bad`.
const WHY: &str = ".why.txt";
/// Files of a folder that are looked at.
const FILES: usize = 10_000;
/// Files of one name that are kept.
const NAMESAKES: u32 = 10_000;
/// How often old files are let go.
const LET_GO_EVERY_MS: u64 = 3_600_000;

/// One till's folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    keep: Duration,
    waiting: Waiting,
    let_go_ms: Option<u64>,
}

/// What is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) folder: Option<String>,
    pub(super) mapping: Option<String>,
    pub(super) refused: Option<String>,
}

impl Folder {
    pub(super) fn new(path: PathBuf, keep: Duration) -> Self {
        Self { path, keep, waiting: Waiting::default(), let_go_ms: None }
    }

    /// Looks once, and takes what is whole.
    pub(super) fn look(&mut self, taking: &Taking<'_>) -> Told {
        let mut told = Told::default();
        if let Err(error) = self.try_look(taking, &mut told) {
            told.folder = Some(error.to_string());
        } else if self.waiting.holds_some() {
            told.folder = Some("files that were taken can't be moved to `done` or `bad`".to_owned());
        }
        told.refused = refused(&self.path.join(BAD));
        told
    }

    fn try_look(&mut self, taking: &Taking<'_>, told: &mut Told) -> io::Result<()> {
        let clock = taking.reception.parts().clock;
        let ready = self.waiting.observe(found(&self.path)?, clock.millis());
        if !ready.is_empty() {
            let mapping = mapping(&self.path);
            for found in ready.iter().take_while(|_| !taking.stop.is_cancelled()) {
                match mapping_of(&found.name, mapping.as_ref()) {
                    Ok(mapping) => self.take(&found.name, &mapping, taking),
                    Err(why) => told.mapping = Some(why),
                }
            }
        }
        if self.let_go_ms.is_none_or(|last| clock.millis().saturating_sub(last) >= LET_GO_EVERY_MS) {
            self.let_go_ms = Some(clock.millis());
            let_go(&self.path.join(DONE), self.keep, clock.wall().0);
        }
        Ok(())
    }

    fn take(&mut self, name: &OsStr, mapping: &Mapping, taking: &Taking<'_>) {
        let events = &taking.reception.parts().events;
        let path = self.path.join(name);
        let moved = match taking.take(&path, mapping) {
            Outcome::Taken(documents) => {
                tracing::info!(file = %path.display(), documents, "a till's file was taken");
                events.files.of("taken").inc();
                self.done(name)
            }
            Outcome::Refused(documents, reasons) => {
                let first = reasons.codes().next().unwrap_or_default();
                tracing::warn!(file = %path.display(), documents, reason = first, "a till's file was not taken whole");
                events.files.of(first).inc();
                self.bad(name, &reasons.text(documents))
            }
            Outcome::Later(why) => {
                tracing::info!(file = %path.display(), why, "a till's file waits");
                self.waiting.later(name, taking.reception.parts().clock.millis());
                return;
            }
        };
        if let Err(error) = moved {
            tracing::warn!(file = %path.display(), %error, "a till's file can't be moved");
            self.waiting.hold(name);
        }
    }

    fn done(&self, name: &OsStr) -> io::Result<()> {
        let folder = self.path.join(DONE);
        fs::create_dir_all(&folder)?;
        let to = free(&folder, name);
        fs::rename(self.path.join(name), &to)?;
        touch(&to);
        Ok(())
    }

    /// The reasons first: a file in `bad` always has them beside it.
    fn bad(&self, name: &OsStr, why: &str) -> io::Result<()> {
        let folder = self.path.join(BAD);
        fs::create_dir_all(&folder)?;
        let to = free(&folder, name);
        let mut beside = to.clone().into_os_string();
        beside.push(WHY);
        fs::write(&beside, why)?;
        fs::rename(self.path.join(name), &to)
    }
}

/// How long it is kept counts from now. Should that fail, it goes earlier.
fn touch(path: &Path) {
    let now = tidemark_daemon::clock::wall_now().0;
    let now = std::time::UNIX_EPOCH + Duration::from_millis(u64::try_from(now).unwrap_or_default());
    let _kept_as_long_as_it_may = fs::File::options().append(true).open(path).and_then(|file| file.set_modified(now));
}

/// A name in a folder that nothing has yet.
fn free(folder: &Path, name: &OsStr) -> PathBuf {
    let with = |number: u32| {
        let mut name = name.to_os_string();
        name.push(format!(".{number}"));
        folder.join(name)
    };
    let plain = folder.join(name);
    if !plain.exists() {
        return plain;
    }
    (2..NAMESAKES).map(with).find(|path| !path.exists()).unwrap_or(plain)
}

/// The files of a folder.
fn found(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)?.take(FILES) {
        let entry = entry?;
        // One that went meanwhile is none.
        if let Ok(file) = of(&entry)
            && ![MAPPING, DONE, BAD].iter().any(|own| entry.file_name() == *own)
        {
            found.extend(file);
        }
    }
    Ok(found)
}

fn of(entry: &DirEntry) -> io::Result<Option<Found>> {
    let about = entry.metadata()?;
    #[cfg(unix)]
    let node = Some(std::os::unix::fs::MetadataExt::ino(&about));
    #[cfg(not(unix))]
    let node = None;
    let found = Found { name: entry.file_name(), size: about.len(), modified: about.modified().ok(), node };
    Ok(about.is_file().then_some(found))
}

/// The folder's mapping; none if there is none, and why if it is no good.
fn mapping(folder: &Path) -> Result<Option<Mapping>, String> {
    let path = folder.join(MAPPING);
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{MAPPING} can't be read: {error}")),
        Ok(about) if about.len() > u64::try_from(MAPPING_BYTES).unwrap_or(u64::MAX) => {
            return Err(format!("{MAPPING} has {} bytes, at most {MAPPING_BYTES} are read", about.len()));
        }
        Ok(_) => {}
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("{MAPPING} can't be read: {error}"))?;
    Mapping::parse(&text).map(Some).map_err(|error| error.to_string())
}

/// What a file is read by.
fn mapping_of(name: &OsStr, mapping: Result<&Option<Mapping>, &String>) -> Result<Mapping, String> {
    let is_xml = name.to_string_lossy().to_ascii_lowercase().ends_with(".xml");
    match mapping {
        Err(why) => Err(why.clone()),
        Ok(Some(mapping)) if !is_xml || matches!(mapping.format, tidemark_files::Format::PosLog(_)) => {
            Ok(mapping.clone())
        }
        Ok(_) if is_xml => Ok(Mapping::poslog()),
        Ok(_) => Err(format!("there is no {MAPPING}, by which {} could be read", name.display())),
    }
}

/// What lies in `bad`, in words.
fn refused(folder: &Path) -> Option<String> {
    let names = fs::read_dir(folder).ok()?.take(FILES).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(WHY)).collect();
    names.sort();
    let first = names.first()?;
    let why = fs::read_to_string(folder.join(format!("{first}{WHY}"))).unwrap_or_default();
    let why = why.lines().skip_while(|line| !line.is_empty()).filter(|line| !line.is_empty()).take(2);
    let why: Vec<&str> = why.map(|line| line.trim().trim_start_matches("Cause:").trim()).collect();
    let many = if names.len() == 1 { "1 file".to_owned() } else { format!("{} files, such as", names.len()) };
    Some(format!("{many} {first}: {}", why.join(": ")))
}

/// Lets go of what was taken long ago. What can't be removed stays.
fn let_go(folder: &Path, keep: Duration, now_ms: i64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let modified = entry.metadata().ok().filter(fs::Metadata::is_file).and_then(|about| about.modified().ok());
        let since = modified.and_then(|modified| modified.duration_since(std::time::UNIX_EPOCH).ok());
        let age = since.and_then(|since| now_ms.checked_sub(i64::try_from(since.as_millis()).ok()?));
        if age.and_then(|age| u64::try_from(age).ok()).is_some_and(|age| Duration::from_millis(age) > keep) {
            let _stays = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_file_of_a_name_takes_no_others_place() {
        let folder = tempfile::tempdir().unwrap();
        let name = OsStr::new("a.csv");
        for expected in ["a.csv", "a.csv.2", "a.csv.3"] {
            let path = free(folder.path(), name);
            assert_eq!(path, folder.path().join(expected));
            fs::write(path, "").unwrap();
        }
    }

    #[test]
    fn what_was_taken_goes_after_its_time_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "").unwrap();
        touch(&path);
        let (now, keep) = (tidemark_daemon::clock::wall_now().0, Duration::from_secs(60));
        let_go(folder.path(), keep, now);
        assert!(path.exists());
        let_go(folder.path(), keep, now + 62_000);
        assert!(!path.exists());
    }
}
