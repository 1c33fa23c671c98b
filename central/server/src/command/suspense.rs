//! Codes that nobody knows, on the command line.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::CommandError;
use super::client::{Asking, Filter, print_list};

#[derive(Debug, Subcommand)]
pub(super) enum SuspenseCommand {
    /// One row a code, with what shops scanned under it.
    List {
        /// Those that are ignored, too.
        #[arg(long)]
        ignored: bool,
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        most: usize,
        #[command(flatten)]
        asking: Asking,
    },
    /// It is this item: what was scanned counts, and the catalogue has the code.
    Map {
        #[command(flatten)]
        deciding: Deciding,
        /// The item.
        #[arg(long)]
        sku: String,
        /// Base units in one scan.
        #[arg(long, default_value = "1")]
        units: String,
    },
    /// No stock is kept of what it names.
    Untracked {
        #[command(flatten)]
        deciding: Deciding,
        /// The item; one of its own without it.
        #[arg(long)]
        sku: Option<String>,
    },
    /// It is listed no more.
    Ignore {
        #[command(flatten)]
        deciding: Deciding,
    },
}

/// A decision, and who answers for it.
#[derive(Debug, Args)]
pub(super) struct Deciding {
    /// The code, as it was scanned.
    code: String,
    /// Who answers for it.
    #[arg(long)]
    author: String,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    asking: Asking,
}

impl Deciding {
    fn decide(&self, how: &str, more: &[(&str, &str)]) -> Result<(), CommandError> {
        let mut request = json!({ "code": self.code, "author": self.author, "reason": self.reason });
        for (name, text) in more {
            if let Some(members) = request.as_object_mut() {
                members.insert((*name).to_owned(), json!(text));
            }
        }
        let path = format!("/v1/suspense:{how}");
        let decided = self.asking.post(&path, "application/json", request.to_string().as_bytes())?;
        print_list(&self.asking, Some(&json!([decided])), &["code", "decision", "catalogue_version"])
    }
}

pub(super) fn carry_out(command: SuspenseCommand) -> Result<(), CommandError> {
    match command {
        SuspenseCommand::List { ignored, most, asking } => {
            let ignored = ignored.then(|| "true".to_owned());
            let wanted = Filter { path: "/v1/suspense", filter: &[("ignored", &ignored)], most };
            let codes = with_shops(asking.pages(&wanted, "codes")?);
            let columns = ["code", "decision", "lines", "packs", "base_units", "first_seen", "last_seen", "shops"];
            print_list(&asking, Some(&codes), &columns)
        }
        SuspenseCommand::Map { deciding, sku, units } => {
            deciding.decide("map", &[("sku", &sku), ("units_per_scan", &units)])
        }
        SuspenseCommand::Untracked { deciding, sku } => {
            let sku = sku.as_deref().map(|sku| ("sku", sku));
            deciding.decide("untracked", sku.as_slice())
        }
        SuspenseCommand::Ignore { deciding } => deciding.decide("ignore", &[]),
    }
}

/// Each code with the ids of its shops as one text.
fn with_shops(mut codes: Value) -> Value {
    for code in codes.as_array_mut().into_iter().flatten() {
        let stores = code.get("stores").and_then(Value::as_array).into_iter().flatten();
        let names: Vec<&str> = stores.filter_map(|store| store.get("store")?.as_str()).collect();
        let names = json!(names.join(" "));
        if let Some(members) = code.as_object_mut() {
            members.insert("shops".to_owned(), names);
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shops_of_a_code_are_one_column() {
        let codes = json!([{"code": "x", "stores": [{"store": "S1"}, {"store": "S2"}]}, {"code": "y", "stores": []}]);
        let shown = with_shops(codes);
        assert_eq!((&shown[0]["shops"], &shown[1]["shops"]), (&json!("S1 S2"), &json!("")));
    }
}
