//! Centre and box are asked whatever their OpenAPI descriptions allow, and
//! some that they do not: no answer is undocumented, none is a fault of ours.

use std::path::Path;
use std::process::Stdio;

use tidemark_e2e::scene::{Scene, Trouble, sell};
use tidemark_fleet::patience::expect;
use tidemark_fleet::process::Daemon;
use tokio::process::Command;

/// Answers that do not end, which the tests of changes and lanes follow.
const ENDLESS: &str = "stream|/changes|/v1/scans$";

async fn ask_everything(daemon: &Daemon) -> Result<(), Trouble> {
    let tool =
        std::env::var_os("TIDEMARK_SCHEMATHESIS").ok_or("TIDEMARK_SCHEMATHESIS is not set: `./dev test` sets it")?;
    let folder = tempfile::tempdir()?;
    let mut asking = Command::new(tool);
    asking.arg("--config-file").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis.toml"));
    asking.args(["run", &daemon.url("/docs/openapi.json"), "--exclude-path-regex", ENDLESS, "--no-color"]);
    let output = asking.current_dir(folder.path()).stdin(Stdio::null()).kill_on_drop(true).output().await?;
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    expect(output.status.success(), || format!("{told}\n{}", daemon.log_tail()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_centre_answers_as_it_says() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    sell(&scene.edge, "a", scene.range[0].sku.as_str(), 2).await?;
    ask_everything(&scene.centre).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_box_answers_as_it_says() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    sell(&scene.edge, "a", scene.range[0].sku.as_str(), 2).await?;
    ask_everything(&scene.edge).await
}
