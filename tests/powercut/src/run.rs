//! A day is recorded once; then many cuts of it are looked at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::answers::{Answers, Known};
use crate::check::{Fault, Finding, check};
use crate::cut::Cut;
use crate::disk::Disk;
use crate::filesystem::FileSystem;
use crate::place::Place;
use crate::record::{Record, Recording};
use crate::recorder::Recorder;
use crate::tools::Trouble;
use crate::workload::{Build, broken, day};

/// The journal's folder on the disk.
const JOURNAL: &str = "journal";

/// A day with its record.
#[derive(Debug)]
pub struct Day {
    /// What the disk was asked to do.
    pub record: Record,
    /// What was answered.
    pub answers: Answers,
}

/// Mounts a disk over the recorder and lets a day happen on it.
pub fn record_day(
    place: &Place,
    file_system: FileSystem,
    base: Disk,
    (before, build, seed): (Answers, Build, u64),
) -> Result<Day, Trouble> {
    let recording = Arc::new(Recording::of(base));
    let recorder = Recorder::mount(Arc::clone(&recording), &place.folder("recorder")?);
    let recorder = recorder.map_err(Trouble::io("mounting the recorder"))?;
    let mounted = file_system.mount(&recorder.disk(), &place.folder("shop")?)?;
    let answers = day(&recording, mounted.folder().join(JOURNAL), (before, build), seed)?;
    mounted.unmount()?;
    recorder.stop()?;
    let record = Arc::into_inner(recording).ok_or_else(|| broken("the recorder is still in use"))?.into_record();
    Ok(Day { record, answers })
}

/// What an image was made of and must hold; kept when it fails.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Image {
    /// On which file system.
    pub file_system: FileSystem,
    /// The run's seed.
    pub seed: u64,
    /// Its number in the run.
    pub number: u64,
    /// When the power went.
    pub cut: Cut,
    /// What must be on it.
    pub known: Known,
}

/// Looks at one image: mounts it, checks it, unmounts it.
pub fn look_at(place: &Place, image: &Image, disk: &Disk) -> Result<Vec<Finding>, Trouble> {
    let path = place.path("image");
    disk.write_to(&path).map_err(Trouble::io("writing the image"))?;
    let mounted = match image.file_system.mount(&path, &place.folder("look")?) {
        Ok(mounted) => mounted,
        Err(error) => return Ok(vec![Finding { fault: Fault::NotMounted, seen: error.to_string() }]),
    };
    let findings = check(&mounted.folder().join(JOURNAL), &image.known);
    mounted.unmount()?;
    Ok(findings)
}

/// Keeps a failed image beside what it must hold.
pub fn keep(folder: &Path, image: &Image, disk: &Disk) -> Result<PathBuf, Trouble> {
    let name = format!("{}-seed{}-image{}", image.file_system, image.seed, image.number);
    let kept = folder.join(name);
    std::fs::create_dir_all(&kept).map_err(Trouble::io("keeping the image"))?;
    disk.write_to(&kept.join("disk")).map_err(Trouble::io("keeping the image"))?;
    let words = serde_json::to_vec_pretty(image).map_err(|error| Trouble::Workload(error.to_string()))?;
    std::fs::write(kept.join("image.json"), words).map_err(Trouble::io("keeping the image"))?;
    Ok(kept)
}

/// Looks at a kept image again.
pub fn replay(place: &Place, kept: &Path) -> Result<(Image, Vec<Finding>), Trouble> {
    let words = std::fs::read(kept.join("image.json")).map_err(Trouble::io("reading the kept image"))?;
    let image: Image = serde_json::from_slice(&words).map_err(|error| Trouble::Workload(error.to_string()))?;
    let disk = Disk::read_from(&kept.join("disk")).map_err(Trouble::io("reading the kept image"))?;
    let findings = look_at(place, &image, &disk)?;
    Ok((image, findings))
}

/// The cuts of the images of a day, in the order of the record.
#[must_use]
pub fn cuts(record: &Record, sector: u64, seed: u64, images: std::ops::Range<u64>) -> Vec<(u64, Cut)> {
    let mut cuts: Vec<(u64, Cut)> = images.map(|image| (image, Cut::draw(record, sector, seed, image))).collect();
    cuts.sort_by_key(|(image, cut)| (cut.at, *image));
    cuts
}
