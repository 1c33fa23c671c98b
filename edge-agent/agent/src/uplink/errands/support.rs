//! What helps somebody who is asked for help: kept beside the journal, told by
//! its path.

use serde_json::json;
use tidemark_daemon::conditions::Active;
use tidemark_journal::Journal;
use tidemark_model::Label;

use super::ErrandError;

/// The folder beside the journal's.
const FOLDER: &str = "support";

/// Writes what is known of this box; what was written, in words.
pub(super) async fn write(journal: &Journal, conditions: &Active, id: &Label) -> Result<String, ErrandError> {
    let identity = journal.identity();
    let held: Vec<_> =
        conditions.list().iter().map(|one| json!({ "code": one.code.to_string(), "detail": one.detail })).collect();
    let told = json!({
        "release": env!("CARGO_PKG_VERSION"),
        "store": identity.store.as_str(),
        "box": format!("{:?}", identity.box_id),
        "epoch": identity.epoch.to_string(),
        "tail": journal.tail(),
        "odometer_ms": journal.odometer().0,
        "boot_ms": journal.boot().0,
        "counts": format!("{:?}", journal.counts()),
        "syncs_of_storage": journal.syncs_of_storage(),
        "room": format!("{:?}", journal.room()),
        "ballast": journal.has_ballast(),
        "conditions": held,
    });
    let folder = journal.folder().parent().unwrap_or_else(|| journal.folder()).join(FOLDER);
    let path = folder.join(format!("{}.json", file_name(id)));
    let bytes = serde_json::to_vec_pretty(&told).unwrap_or_default();
    let (size, shown) = (bytes.len(), path.display().to_string());
    let written = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(&path, bytes)
    });
    match written.await {
        Ok(Ok(())) => Ok(format!("{size} bytes are at the box in {shown}")),
        Ok(Err(error)) => Err(ErrandError::Unfit(format!("{shown} can't be written: {error}"))),
        Err(_ended) => Err(ErrandError::Stopping),
    }
}

/// An id as the name of a file: nothing of it may lead elsewhere.
fn file_name(id: &Label) -> String {
    let plain = |one: char| if one.is_ascii_alphanumeric() || one == '-' { one } else { '_' };
    id.as_str().chars().map(plain).collect()
}
