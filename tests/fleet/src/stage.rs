//! A stage for the daemons: a temporary folder, free ports, and the recipes
//! by which a centre and a box are started on it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::{Recipe, free_address};

/// Where the two programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `tidemark-edge`.
    pub edge: PathBuf,
    /// `tidemark-central`.
    pub central: PathBuf,
}

impl Programs {
    /// The programs that were built beside the one that runs, as cargo lays
    /// them out.
    pub fn beside_this() -> std::io::Result<Self> {
        let this = std::env::current_exe()?;
        let mut folder = this.parent().map(Path::to_path_buf).unwrap_or_default();
        if folder.ends_with("deps") {
            folder.pop();
        }
        let programs = Self { edge: folder.join("tidemark-edge"), central: folder.join("tidemark-central") };
        for program in [&programs.edge, &programs.central] {
            if !program.is_file() {
                let missing = format!("{} is missing: build it first, as ./dev test does", program.display());
                return Err(std::io::Error::new(std::io::ErrorKind::NotFound, missing));
            }
        }
        Ok(programs)
    }
}

/// Where daemons run; removed with everything on it when dropped.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    programs: Programs,
}

impl Stage {
    /// An empty stage.
    pub fn new(programs: Programs) -> std::io::Result<Self> {
        Ok(Self { folder: tempfile::Builder::new().prefix("tidemark-").tempdir()?, programs })
    }

    /// The stage's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A centre with all roles; `parts` are the flags that switch its parts
    /// to the real thing, none for the embedded ones.
    pub fn centre(&self, parts: &[String]) -> std::io::Result<Recipe> {
        self.process_of_the_centre("centre", parts)
    }

    /// A process of the centre by a name of its own.
    pub fn process_of_the_centre(&self, name: &str, parts: &[String]) -> std::io::Result<Recipe> {
        let http = free_address()?;
        let data = self.folder().join(name);
        let mut arguments: Vec<OsString> = vec!["serve".into(), "--data".into(), data.into()];
        arguments.extend(["--http".into(), http.to_string().into()]);
        arguments.extend(parts.iter().map(OsString::from));
        let log = self.folder().join(format!("{name}.log"));
        Ok(Recipe { name: name.to_owned(), program: self.programs.central.clone(), arguments, http, log })
    }

    /// A box of a store that finds its centre at an address; `more` are
    /// further arguments.
    pub fn edge(&self, store: &str, centre: SocketAddr, more: &[String]) -> std::io::Result<Recipe> {
        let http = free_address()?;
        let data = self.folder().join(format!("box-{store}"));
        let mut arguments: Vec<OsString> = vec!["run".into(), "--data".into(), data.into()];
        arguments.extend(["--store".into(), store.into()]);
        arguments.extend(["--centre".into(), format!("http://{centre}").into()]);
        arguments.extend(["--http".into(), http.to_string().into()]);
        arguments.extend(more.iter().map(OsString::from));
        let log = self.folder().join(format!("box-{store}.log"));
        Ok(Recipe { name: format!("box of {store}"), program: self.programs.edge.clone(), arguments, http, log })
    }
}
