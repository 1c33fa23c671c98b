//! Files of tills: `inbox/<till>/`, read in a thread of their own.
//!
//! A file is taken when it was renamed in or has not changed for five
//! seconds. Its documents go the way of all documents, through intake and the
//! journal; only when all are on disk it moves to `done`, else to `bad` with
//! its reasons beside it. A box that is killed before that reads it again, and
//! what was saved is a duplicate then.
//!
//! `mapping.toml` in the till's folder says what its files mean; POSLog needs
//! none.

mod folder;
mod taking;
mod waiting;
mod why;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidemark_daemon::conditions::{Active, Code, registry};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::reception::Reception;
use crate::settings::BoxSettings;
use folder::{Folder, Told};
use taking::Taking;

/// How often the folders are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The folder of the tills' folders, unless another is named.
const INBOX: &str = "inbox";
/// Tills whose files are read.
const FOLDERS: usize = 256;

/// All folders of tills.
#[derive(Debug)]
pub(crate) struct Inbox {
    root: PathBuf,
    reads: bool,
    keep: Duration,
    reception: Reception,
    conditions: Active,
    tills: BTreeMap<String, Folder>,
}

impl Inbox {
    pub(crate) fn new(settings: &BoxSettings, reception: Reception, conditions: Active) -> Self {
        let files = &settings.files;
        Self {
            root: files.inbox.clone().unwrap_or_else(|| settings.data.join(INBOX)),
            reads: files.read,
            keep: files.keep.0,
            reception,
            conditions,
            tills: BTreeMap::new(),
        }
    }

    /// Looks and takes until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), io::Error> {
        if !self.reads {
            stop.cancelled().await;
            return Ok(());
        }
        let mut inbox = self;
        loop {
            let (runtime, asked) = (Handle::current(), stop.clone());
            let looking = move || {
                inbox.look(&runtime, &asked);
                inbox
            };
            inbox = tokio::task::spawn_blocking(looking).await.map_err(io::Error::other)?;
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    fn look(&mut self, runtime: &Handle, stop: &CancellationToken) {
        let mut troubles = Troubles::default();
        match tills(&self.root) {
            Ok(names) => self.look_at(&names, runtime, stop, &mut troubles),
            Err(error) => troubles.add(registry::FILE_FOLDER, &self.root.display().to_string(), error.to_string()),
        }
        // A look that was broken off knows nothing of the others.
        if !stop.is_cancelled() {
            troubles.tell(&self.conditions, self.reception.parts().clock.millis());
        }
    }

    fn look_at(&mut self, names: &[String], runtime: &Handle, stop: &CancellationToken, troubles: &mut Troubles) {
        self.tills.retain(|name, _| names.contains(name));
        for name in names.iter().take_while(|_| !stop.is_cancelled()) {
            let folder = self.tills.entry(name.clone()).or_insert_with(|| Folder::new(self.root.join(name), self.keep));
            let taking = Taking { reception: &self.reception, runtime, stop, till: name };
            let Told { folder, mapping, refused } = folder.look(&taking);
            for (code, detail) in
                [(registry::FILE_FOLDER, folder), (registry::FILE_MAPPING, mapping), (registry::FILE_REFUSED, refused)]
            {
                if let Some(detail) = detail {
                    troubles.add(code, name, detail);
                }
            }
        }
    }
}

/// The names of the tills that have a folder.
fn tills(root: &Path) -> io::Result<Vec<String>> {
    std::fs::create_dir_all(root)?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().filter(|name| !name.starts_with('.'));
        if let Some(name) = name.filter(|_| entry.path().is_dir()) {
            names.push(name);
        }
    }
    names.sort();
    names.truncate(FOLDERS);
    Ok(names)
}

/// What is wrong at a look, by what it is about.
#[derive(Debug, Default)]
struct Troubles(BTreeMap<(Code, String), String>);

impl Troubles {
    fn add(&mut self, code: Code, subject: &str, detail: String) {
        self.0.insert((code, subject.to_owned()), detail);
    }

    fn tell(self, conditions: &Active, now_ms: u64) {
        for code in [registry::FILE_FOLDER, registry::FILE_MAPPING, registry::FILE_REFUSED] {
            let of = |(known, _): &&(Code, String)| *known == code;
            let subjects: BTreeSet<String> = self.0.keys().filter(of).map(|(_, subject)| subject.clone()).collect();
            conditions.keep_about(code, &subjects);
        }
        for ((code, subject), detail) in self.0 {
            conditions.raise_about(code, &subject, detail, now_ms);
        }
    }
}
