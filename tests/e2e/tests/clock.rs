//! The wall clock of a box jumps by years while it sells.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tidemark_e2e::scene::{Scene, Trouble, wait_for};
use tidemark_e2e::selling::Selling;
use tidemark_fleet::process::Daemon;
use tidemark_fleet::receipts::Sums;
use tidemark_fleet::relay::Link;

/// Puts the wall clock of programs off that start with it.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";
/// What the clock is off, one after the other.
const JUMPS: [&str; 4] = ["+10y", "-10y", "+1d", "-40y"];

/// Where the library is; the test can't do without it.
fn library() -> Result<PathBuf, Trouble> {
    let folders = std::fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path().join(LIBRARY));
    let found = folders.into_iter().chain([Path::new("/usr/lib").join(LIBRARY)]).find(|path| path.is_file());
    found.ok_or_else(|| format!("{LIBRARY} is missing: install the package faketime").into())
}

/// Sets the clock, whole or not at all.
fn set_clock(file: &Path, by: &str) -> Result<(), Trouble> {
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, by)?;
    Ok(std::fs::rename(fresh, file)?)
}

/// The line is gone for a moment: clocks are compared when head office is met.
async fn meet_again(scene: &Scene) {
    scene.line.set(Link::Cut);
    tokio::time::sleep(Duration::from_millis(200)).await;
    scene.line.set(Link::FREE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_years_off_is_named_and_changes_no_stock() -> Result<(), Trouble> {
    let library = library()?;
    let mut scene = Scene::set(&[], &[]).await?;
    let clock = scene.stage.folder().join("clock");
    set_clock(&clock, "+0")?;
    scene.edge.stop().await?;
    let mut recipe = scene.edge.recipe().clone();
    recipe.environment = vec![
        ("LD_PRELOAD".into(), library.into()),
        ("FAKETIME_TIMESTAMP_FILE".into(), clock.clone().into()),
        // It is looked at anew with each question.
        ("FAKETIME_NO_CACHE".into(), "1".into()),
        ("FAKETIME_DONT_FAKE_MONOTONIC".into(), "1".into()),
    ];
    scene.edge = Daemon::start(recipe).await?;
    let mut sums = Sums::default();
    for (life, jump) in (1..).zip(JUMPS) {
        let selling = Selling::open(&scene, life);
        set_clock(&clock, jump)?;
        // Found while the line is up as well as when it comes back.
        if life % 2 == 0 {
            meet_again(&scene).await;
        }
        wait_for("the condition of the clock", || scene.box_says("TM-4005")).await?;
        if life == 2 {
            scene.edge.kill().await?;
            scene.edge.restart().await?;
        }
        set_clock(&clock, "+0")?;
        if life % 2 == 0 {
            meet_again(&scene).await;
        }
        wait_for("the end of the clock's condition", || async { Ok(!scene.box_says("TM-4005").await?) }).await?;
        sums.merge(&selling.close().await?);
        scene.prove(&sums).await?;
    }
    Ok(())
}
