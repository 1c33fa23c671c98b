//! The box's pages in a real browser; what is looked at stands in
//! `tests/browser/box.mjs`.

use std::path::Path;
use std::process::{Command, Stdio};

use tidemark_e2e::scene::Trouble;
use tidemark_fleet::patience::expect;
use tidemark_fleet::stage::Programs;

#[test]
fn the_pages_of_the_box_are_for_everybody() -> Result<(), Trouble> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../browser/box.mjs");
    let mut browser = Command::new("node");
    browser.arg(script).arg("--edge").arg(Programs::beside_this()?.edge).stdin(Stdio::null());
    let missing = |error| format!("node can't be run: {error}; `./dev test` installs it");
    let output = browser.output().map_err(missing)?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    expect(output.status.success() && said.contains("all well"), || said)
}
