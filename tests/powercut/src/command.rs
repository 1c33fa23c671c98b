//! The command line, and what it says.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::cut::Fate;
use crate::filesystem::FileSystem;
use crate::place::Place;
use crate::rounds::{Failure, IMAGES_A_DAY, Plan, Tally, run};
use crate::run::replay;
use crate::tools::Trouble;
use crate::workload::Build;

/// Cuts the power under the journal and looks at what is left.
#[derive(Debug, Parser)]
#[command(name = "tidemark-powercut")]
pub struct Options {
    /// How many images on each file system.
    #[arg(long, default_value_t = 100)]
    images: u64,
    /// On this file system; all three if not said.
    #[arg(long, value_enum)]
    fs: Vec<FileSystem>,
    /// Everything is drawn from it; a random one if not said.
    #[arg(long)]
    seed: Option<u64>,
    /// Bytes that the disk writes whole or not at all, 512 or 4096; by the
    /// file system if not said.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(["512", "4096"]))]
    sector: Option<String>,
    /// Look at this image alone.
    #[arg(long)]
    image: Option<u64>,
    /// Where failed images are kept.
    #[arg(long, default_value = "target/powercut")]
    keep: PathBuf,
    /// Look again at an image that was kept.
    #[arg(long)]
    replay: Option<PathBuf>,
    /// Only say whether this machine can do it.
    #[arg(long)]
    can: bool,
    /// Of a journal that answers before its sync: losses must be found.
    #[cfg(feature = "mutants")]
    #[arg(long)]
    unsynced: bool,
}

impl Options {
    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "with mutants it says which one")]
    const fn build(&self) -> Build {
        Build::Sound
    }

    #[cfg(feature = "mutants")]
    const fn build(&self) -> Build {
        if self.unsynced { Build::Unsynced } else { Build::Sound }
    }
}

/// Why this machine can't, if it can't.
#[must_use]
pub fn cannot(file_systems: &[FileSystem]) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("power cuts need root, to mount".to_owned());
    }
    let missing = ["/dev/fuse", "/dev/loop-control"].into_iter().find(|device| std::fs::File::open(device).is_err());
    if let Some(device) = missing {
        return Some(format!("power cuts need {device}, which can't be opened here"));
    }
    let known = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let unknown = file_systems.iter().find(|fs| !known.split_whitespace().any(|word| word == fs.name()));
    if let Some(unknown) = unknown {
        return Some(format!("power cuts need {unknown}, which the kernel does not know here"));
    }
    let programs = file_systems.iter().flat_map(|fs| fs.programs()).copied().chain(["mount", "umount", "losetup"]);
    let missing = programs.into_iter().find(|program| !is_installed(program));
    missing.map(|program| format!("power cuts need the program {program}, which is not installed here"))
}

fn is_installed(program: &str) -> bool {
    let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin"];
    folders.iter().any(|folder| Path::new(folder).join(program).exists())
}

/// Does what it is told; fails if an image does.
pub fn perform(options: &Options) -> Result<ExitCode, Trouble> {
    let file_systems = if options.fs.is_empty() { FileSystem::ALL.to_vec() } else { options.fs.clone() };
    if let Some(reason) = cannot(&file_systems) {
        complain(&reason);
        return Ok(ExitCode::FAILURE);
    }
    if options.can {
        return Ok(ExitCode::SUCCESS);
    }
    let place = Place::make()?;
    if let Some(kept) = &options.replay {
        return again(&place, kept);
    }
    let seed = options.seed.unwrap_or_else(any_seed);
    say(&format!("seed {seed}"));
    let mut sound = true;
    for file_system in file_systems {
        let (images, only, keep) = (options.images, options.image, Some(options.keep.clone()));
        let images = only.map_or(images, |only| images.max(only + 1));
        let sector = options.sector.as_ref().and_then(|sector| sector.parse().ok());
        let sector = sector.unwrap_or_else(|| file_system.sector());
        let (a_day, build) = (IMAGES_A_DAY, options.build());
        let plan = Plan { file_system, seed, images, a_day, sector, only, keep, build };
        let mut failures = 0;
        let tally = run(&place, &plan, &mut |tally| {
            for failure in tally.failures.get(failures..).unwrap_or_default() {
                say_failure(&plan, failure);
            }
            failures = tally.failures.len();
            if tally.looked_at().is_multiple_of(100) {
                say(&format!("{file_system}: {} images, {} with findings", tally.looked_at(), failures));
            }
        })?;
        sound &= tally.failures.is_empty();
        say_tally(&plan, &tally);
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn again(place: &Place, kept: &Path) -> Result<ExitCode, Trouble> {
    let (image, findings) = replay(place, kept)?;
    say(&format!("{} seed {} image {}, {:?}", image.file_system, image.seed, image.number, image.cut));
    for finding in &findings {
        say(&format!("  {finding}"));
    }
    say(if findings.is_empty() { "nothing is wrong with it" } else { "it fails as before" });
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn say_failure(plan: &Plan, failure: &Failure) {
    let Failure { image, cut, findings, kept } = failure;
    say(&format!("{} image {image}, cut after event {}, {}:", plan.file_system, cut.at, cut.fate.words()));
    for finding in findings.iter().take(FINDINGS_SAID) {
        say(&format!("  {finding}"));
    }
    if findings.len() > FINDINGS_SAID {
        say(&format!("  and {} more", findings.len() - FINDINGS_SAID));
    }
    if let Some(kept) = kept {
        say(&format!("  replay: ./dev powercut --replay {}", kept.display()));
    }
}

const FINDINGS_SAID: usize = 6;

fn say_tally(plan: &Plan, tally: &Tally) {
    let file_system = plan.file_system;
    let fates = Fate::ALL.map(|fate| format!("{} {}", tally.images.get(&fate).unwrap_or(&0), fate.words()));
    let (images, sector) = (tally.looked_at(), plan.sector);
    say(&format!("{file_system}, sectors of {sector} bytes: {images} images ({})", fates.join(", ")));
    say(&format!(
        "{file_system}: of {} days with {} writes and {} flushes; {} answers were asked after",
        tally.days, tally.writes, tally.flushes, tally.answered
    ));
    if tally.failures.is_empty() {
        say(&format!("{file_system}: all opened, nothing answered was lost, no epoch was spent"));
    }
    for (fault, images) in &tally.faults {
        say(&format!("{file_system}: {images} images: {}", fault.words()));
    }
}

fn any_seed() -> u64 {
    let mut bytes = [0; 4];
    // Without random bits the run is the first one's.
    let _filled = getrandom::fill(&mut bytes);
    u32::from_le_bytes(bytes).into()
}

#[expect(clippy::print_stdout, reason = "this program's output is what it says")]
fn say(line: &str) {
    println!("{line}");
}

/// Says what went wrong.
#[expect(clippy::print_stderr, reason = "why a program failed goes to stderr")]
pub fn complain(line: &str) {
    eprintln!("tidemark-powercut: {line}");
}
