//! A stage for the daemons: a temporary folder, free ports, and the recipes
//! by which a centre and a box are started on it.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::papers::Papers;
use crate::patience::Trouble;
use crate::process::{Recipe, free_address_at};

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
    host: IpAddr,
    /// If the daemons speak TLS.
    papers: Option<Papers>,
}

impl Stage {
    /// An empty stage on loopback.
    pub fn new(programs: Programs) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("tidemark-").tempdir()?;
        Ok(Self { folder, programs, host: Ipv4Addr::LOCALHOST.into(), papers: None })
    }

    /// An empty stage on an address of this machine, with an authority whose
    /// certificates all daemons get.
    pub fn with_tls(programs: Programs, host: IpAddr) -> Result<Self, Trouble> {
        let stage = Self::new(programs)?;
        let papers = Papers::of_a_new_authority(&stage.folder().join("papers"))?;
        Ok(Self { host, papers: Some(papers), ..stage })
    }

    /// The stage's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder where it is when the stage is dropped.
    pub fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }

    /// The authority, with TLS.
    #[must_use]
    pub const fn papers(&self) -> Option<&Papers> {
        self.papers.as_ref()
    }

    /// A centre with all roles; `parts` are the flags that switch its parts
    /// to the real thing, none for the embedded ones.
    pub fn centre(&self, parts: &[String]) -> Result<Recipe, Trouble> {
        self.process_of_the_centre("centre", parts)
    }

    /// A process of the centre by a name of its own.
    pub fn process_of_the_centre(&self, name: &str, parts: &[String]) -> Result<Recipe, Trouble> {
        let mut recipe = self.recipe(name, "serve", &self.programs.central)?;
        if let Some(papers) = &self.papers {
            recipe.arguments.extend(set("tls.boxes", &papers.authority()));
        }
        recipe.arguments.extend(parts.iter().map(OsString::from));
        Ok(recipe)
    }

    /// A box of a store that finds its centre at an address; `more` are
    /// further arguments.
    pub fn edge(&self, store: &str, centre: SocketAddr, more: &[String]) -> Result<Recipe, Trouble> {
        let mut recipe = self.recipe(&format!("box-{store}"), "run", &self.programs.edge)?;
        let scheme = if self.papers.is_some() { "https" } else { "http" };
        recipe.arguments.extend(["--store".into(), store.into()]);
        recipe.arguments.extend(["--centre".into(), format!("{scheme}://{centre}").into()]);
        if let Some(papers) = &self.papers {
            let own = papers.of_a_box(store)?;
            recipe.arguments.extend(set("centre.ca", &papers.authority()));
            recipe.arguments.extend(set("centre.certificate", &own.certificate));
            recipe.arguments.extend(set("centre.key", &own.key));
        }
        recipe.arguments.extend(more.iter().map(OsString::from));
        Ok(recipe)
    }

    /// What both daemons are told.
    fn recipe(&self, name: &str, command: &str, program: &Path) -> Result<Recipe, Trouble> {
        let http = free_address_at(self.host)?;
        let data = self.folder().join(name);
        let mut arguments: Vec<OsString> = vec![command.into(), "--data".into(), data.into()];
        arguments.extend(["--http".into(), http.to_string().into()]);
        let mut authority = None;
        if let Some(papers) = &self.papers {
            let own = papers.of_a_server(name, self.host)?;
            arguments.extend(set("tls.certificate", &own.certificate));
            arguments.extend(set("tls.key", &own.key));
            authority = Some(std::fs::read(papers.authority())?);
        }
        let log = self.folder().join(format!("{name}.log"));
        let (name, program) = (name.to_owned(), program.to_owned());
        Ok(Recipe { name, program, arguments, environment: Vec::new(), http, authority, log })
    }
}

/// A flag that names a file.
fn set(key: &str, file: &Path) -> [OsString; 2] {
    ["--set".into(), format!("{key}={}", file.display()).into()]
}
