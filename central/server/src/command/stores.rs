//! Shops on the command line: all of them by the page's filters, one, and the
//! worst ones again and again.

use std::sync::mpsc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tidemark_daemon::output::{Rows, print};

use super::CommandError;
use super::client::{Asking, print_list};

const COLUMNS: [&str; 12] = [
    "store",
    "region",
    "sync",
    "committed",
    "applied",
    "parked",
    "pending",
    "lost",
    "lost_unsigned",
    "oldest_pending_seconds",
    "seen_at",
    "digest",
];
/// What the worst are told by.
const TOP_COLUMNS: [&str; 7] =
    ["store", "region", "sync", "pending", "oldest_pending_seconds", "conditions", "seen_at"];
/// Clears a terminal and begins at its top.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// How a shop is in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Standing {
    InSync,
    CatchingUp,
    Behind,
    Offline,
    Asleep,
    NeverSeen,
}

/// Which shops.
#[derive(Debug, Args)]
pub(super) struct StoresCommand {
    /// Only those that are so in step.
    #[arg(long, value_enum)]
    sync: Vec<Standing>,
    /// Only those of this region.
    #[arg(long)]
    region: Option<String>,
    /// Only those of this state: planned, open or closed.
    #[arg(long)]
    state: Option<String>,
    /// Only those about which this condition holds, such as TM-1009.
    #[arg(long)]
    condition: Option<String>,
    /// Only those with this in their id or name.
    #[arg(long)]
    search: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

/// The worst shops.
#[derive(Debug, Args)]
pub(super) struct TopCommand {
    /// How many.
    #[arg(long, default_value_t = 20)]
    most: usize,
    /// How often, in seconds.
    #[arg(long, default_value_t = 2)]
    every: u64,
    /// Once, and not again.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    asking: Asking,
}

/// One shop.
#[derive(Debug, Args)]
pub(super) struct StoreCommand {
    /// Its id.
    store: String,
    #[command(flatten)]
    asking: Asking,
}

fn text<'r>(row: &'r Value, name: &str) -> &'r str {
    row.get(name).and_then(Value::as_str).unwrap_or("")
}

impl StoresCommand {
    fn wants(&self, row: &Value) -> bool {
        let is = |name: &str, wanted: &Option<String>| wanted.as_deref().is_none_or(|wanted| text(row, name) == wanted);
        let sync =
            |wanted: &Standing| wanted.to_possible_value().is_some_and(|word| word.get_name() == text(row, "sync"));
        let mut conditions = row.get("conditions").and_then(Value::as_array).into_iter().flatten();
        let condition = self.condition.as_ref();
        let told = condition.is_none_or(|code| conditions.any(|told| text(told, "code").eq_ignore_ascii_case(code)));
        let found = self.search.as_ref().is_none_or(|wanted| {
            let wanted = wanted.to_lowercase();
            ["store", "name"].iter().any(|name| text(row, name).to_lowercase().contains(&wanted))
        });
        (self.sync.is_empty() || self.sync.iter().any(sync))
            && is("region", &self.region)
            && is("state", &self.state)
            && told
            && found
    }
}

fn fleet(asking: &Asking) -> Result<Vec<Value>, CommandError> {
    let fleet = asking.get("/v1/fleet")?;
    Ok(fleet.get("stores").and_then(Value::as_array).cloned().unwrap_or_default())
}

pub(super) fn list(command: &StoresCommand) -> Result<(), CommandError> {
    let rows: Vec<Value> = fleet(&command.asking)?.into_iter().filter(|row| command.wants(row)).collect();
    print_list(&command.asking, Some(&json!(rows)), &COLUMNS)
}

/// How bad it is: conditions first, then what waits and for how long.
fn badness(row: &Value) -> (usize, u64, u64) {
    let number = |name: &str| row.get(name).and_then(Value::as_u64).unwrap_or(0);
    let conditions = row.get("conditions").and_then(Value::as_array).map_or(0, Vec::len);
    (conditions, number("oldest_pending_seconds"), number("pending"))
}

fn worst(mut rows: Vec<Value>, most: usize) -> Vec<Value> {
    rows.sort_by_key(|row| std::cmp::Reverse(badness(row)));
    rows.truncate(most);
    for row in &mut rows {
        let codes: Vec<String> = row
            .get("conditions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|told| text(told, "code").to_owned())
            .collect();
        if let Some(members) = row.as_object_mut() {
            members.insert("conditions".to_owned(), json!(codes.join(" ")));
        }
    }
    rows
}

pub(super) fn top(command: &TopCommand) -> Result<(), CommandError> {
    // Nobody sends: a wait that ends by its time alone.
    let (_never, wait) = mpsc::sync_channel::<()>(0);
    loop {
        let rows = worst(fleet(&command.asking)?, command.most);
        if !command.once {
            print(CLEAR)?;
        }
        print_list(&command.asking, Some(&json!(rows)), &TOP_COLUMNS)?;
        if command.once {
            return Ok(());
        }
        if wait.recv_timeout(Duration::from_secs(command.every.max(1))).is_ok() {
            return Ok(());
        }
    }
}

/// A member a line.
pub(super) fn show(command: &StoreCommand) -> Result<(), CommandError> {
    let shown = command.asking.get(&format!("/v1/stores/{}", command.store))?;
    let mut rows = Rows::new(&["what", "value"]);
    for (name, value) in shown.as_object().into_iter().flatten() {
        match value.as_array() {
            Some(list) if name == "conditions" => {
                for told in list {
                    rows.add(vec![json!(text(told, "code")), json!(text(told, "detail"))]);
                }
            }
            Some(list) => rows.add(vec![json!(name), json!(list.len())]),
            None => rows.add(vec![json!(name), value.clone()]),
        }
    }
    Ok(rows.print(command.asking.output())?)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        stores: StoresCommand,
    }

    fn rows() -> Vec<Value> {
        vec![
            json!({"store": "S1", "name": "High Street", "region": "south", "sync": "in_sync", "state": "open", "pending": 0, "conditions": []}),
            json!({"store": "S2", "name": "Harbour", "region": "north", "sync": "offline", "state": "open", "pending": 9,
                   "oldest_pending_seconds": 70, "conditions": [{"code": "TM-1009", "detail": "silent"}]}),
            json!({"store": "S3", "name": "Hill", "region": "north", "sync": "behind", "state": "closed", "pending": 40,
                   "oldest_pending_seconds": 90, "conditions": []}),
        ]
    }

    #[test]
    fn the_filters_are_those_of_the_page() {
        let wanted = |flags: &[&str]| {
            let line = Line::parse_from([&["stores"], flags].concat());
            let rows = rows();
            let found: Vec<String> =
                rows.iter().filter(|row| line.stores.wants(row)).map(|row| text(row, "store").to_owned()).collect();
            found.join(" ")
        };
        assert_eq!(wanted(&[]), "S1 S2 S3");
        assert_eq!(wanted(&["--sync", "offline", "--sync", "behind"]), "S2 S3");
        assert_eq!(wanted(&["--region", "north", "--state", "open"]), "S2");
        assert_eq!(wanted(&["--condition", "tm-1009"]), "S2");
        assert_eq!(wanted(&["--search", "HIGH"]), "S1");
    }

    #[test]
    fn the_worst_come_first() {
        let order: Vec<String> = worst(rows(), 2).iter().map(|row| text(row, "store").to_owned()).collect();
        assert_eq!(order, ["S2", "S3"]);
        assert_eq!(text(&worst(rows(), 1)[0], "conditions"), "TM-1009");
    }
}
