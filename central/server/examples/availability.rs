//! Keeps what a web shop can sell from each shop, from the centre's changes:
//! `availability CENTRE FILE [SKU]`, such as
//! `availability http://127.0.0.1:8400 availability.json PEN-1`.
//!
//! Follows until there is nothing more, saves levels and cursor together in
//! the file, and prints the shops that have the item. A consumer that is
//! killed goes on where it was; one that runs for ever asks again with `wait`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// One level, as far as a web shop wants it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Level {
    store: String,
    sku: String,
    /// None while nobody knows: no opening stock and no count yet.
    available: Option<Number>,
    stale: bool,
    version: (u64, u64),
}

/// An answer of the centre.
#[derive(Debug, Deserialize)]
struct Page {
    changes: Vec<Level>,
    cursor: String,
    more: bool,
    restart: Option<String>,
}

/// Levels by store and SKU, and how far the changes are followed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Availability {
    cursor: String,
    levels: BTreeMap<String, Level>,
}

impl Availability {
    fn load(file: &Path) -> Result<Self, Box<dyn Error>> {
        if file.exists() { Ok(serde_json::from_slice(&std::fs::read(file)?)?) } else { Ok(Self::default()) }
    }

    /// Takes an answer in; the cursor counts once it is saved.
    fn take(&mut self, page: Page) {
        if page.restart.is_some() {
            // All levels follow anew, and replace what is here.
            self.levels.clear();
        }
        for level in page.changes {
            let key = format!("{}/{}", level.store, level.sku);
            // A level may come more than once; an older one says nothing.
            if self.levels.get(&key).is_none_or(|held| held.version < level.version) {
                self.levels.insert(key, level);
            }
        }
        self.cursor = page.cursor;
    }

    /// Replaces the file as a whole.
    fn save(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        let fresh = file.with_extension("new");
        let mut out = std::fs::File::create(&fresh)?;
        out.write_all(&serde_json::to_vec(self)?)?;
        out.sync_all()?;
        Ok(std::fs::rename(fresh, file)?)
    }

    /// Where there is something to sell of an item.
    fn shops_with(&self, sku: &str) -> BTreeMap<&str, &Number> {
        let of_it = self.levels.values().filter(|level| level.sku == sku);
        let sold = of_it.filter_map(|level| Some((level.store.as_str(), level.available.as_ref()?)));
        sold.filter(|(_, available)| available.as_f64().is_some_and(|some| some > 0.0)).collect()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [centre, file, rest @ ..] = arguments.as_slice() else {
        return Err("say which centre and which file: http://127.0.0.1:8400 availability.json".into());
    };
    let file = Path::new(file);
    let mut kept = Availability::load(file)?;
    loop {
        let url = format!("{centre}/v1/changes?wait=0&cursor={}", kept.cursor);
        let page: Page = serde_json::from_str(&ureq::get(&url).call()?.body_mut().read_to_string()?)?;
        let more = page.more;
        kept.take(page);
        kept.save(file)?;
        if !more {
            break;
        }
    }
    if let Some(sku) = rest.first() {
        let shops = serde_json::to_value(kept.shops_with(sku))?;
        writeln!(std::io::stdout(), "{}", serde_json::to_string::<Value>(&shops)?)?;
    }
    Ok(())
}
