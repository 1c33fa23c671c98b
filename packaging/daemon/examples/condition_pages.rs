//! Writes the documentation of all conditions into a folder.

use std::path::PathBuf;

use tidemark_daemon::conditions::pages::pages;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| std::io::Error::other("say into which folder, such as docs/conditions"))?;
    std::fs::create_dir_all(&folder)?;
    for (name, text) in pages() {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
