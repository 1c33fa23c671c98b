//! `changes`: follows what changes in the stock of all shops.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use tidemark_daemon::output::print;

use super::CommandError;
use super::client::{Asking, print_list};

/// What to follow, and from where.
#[derive(Debug, Args)]
pub(super) struct ChangesCommand {
    /// Where to go on: a cursor, or `now`; without it all levels come first.
    #[arg(long, conflicts_with = "cursor_file")]
    cursor: Option<String>,
    /// A file that keeps the cursor: one goes on where the last call ended.
    #[arg(long)]
    cursor_file: Option<PathBuf>,
    /// End when there is nothing more, instead of waiting.
    #[arg(long)]
    once: bool,
    /// A line for each answer with its cursor, instead of one for each level.
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    asking: Asking,
}

impl ChangesCommand {
    /// Where to begin.
    fn start(&self) -> Result<String, CommandError> {
        let Some(file) = &self.cursor_file else { return Ok(self.cursor.clone().unwrap_or_default()) };
        match std::fs::read_to_string(file) {
            Ok(kept) => Ok(kept.trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(CommandError::Asked(format!("{}: {error}", file.display()))),
        }
    }

    /// Keeps the cursor once what came before it is printed.
    fn keep(&self, cursor: &str) -> Result<(), CommandError> {
        let Some(file) = &self.cursor_file else { return Ok(()) };
        let kept = std::fs::write(file, format!("{cursor}\n"));
        kept.map_err(|error| CommandError::Asked(format!("{}: {error}", file.display())))
    }
}

pub(super) fn carry_out(command: &ChangesCommand) -> Result<(), CommandError> {
    let mut cursor = command.start()?;
    let wait = if command.once { 0 } else { 20 };
    loop {
        let page = command.asking.get(&format!("/v1/changes?wait={wait}&cursor={cursor}"))?;
        let told = page.get("cursor").and_then(Value::as_str).unwrap_or("");
        if let Some(why) = page.get("restart").and_then(Value::as_str) {
            complain(why);
        }
        let changes = page.get("changes");
        let is_empty = changes.and_then(Value::as_array).is_none_or(Vec::is_empty);
        if command.raw {
            print(&format!("{page}\n"))?;
        } else if !is_empty {
            let columns = ["store", "sku", "on_hand", "basis", "effect_sum", "as_of", "stale", "version"];
            print_list(&command.asking, changes, &columns)?;
        }
        command.keep(told)?;
        if command.once && page.get("more") != Some(&Value::Bool(true)) {
            return Ok(());
        }
        told.clone_into(&mut cursor);
    }
}

#[expect(clippy::print_stderr, reason = "messages of the command line go to stderr")]
fn complain(why: &str) {
    eprintln!("tidemark-central: the cursor can't be followed ({why}); all levels come anew");
}
