//! Lost positions on the command line.

use clap::Subcommand;
use serde_json::{Value, json};

use super::CommandError;
use super::client::{Asking, print_list};

#[derive(Debug, Subcommand)]
pub(super) enum LossesCommand {
    /// The lost positions of a shop, by range; unsigned ones first.
    List {
        /// The shop.
        store: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Signs the losses of a shop as they are now: their condition clears.
    Sign {
        /// The shop.
        store: String,
        /// Who answers for it.
        #[arg(long)]
        author: String,
        /// Why they may rest, such as the count that was made.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        asking: Asking,
    },
}

pub(super) fn carry_out(command: LossesCommand) -> Result<(), CommandError> {
    match command {
        LossesCommand::List { store, asking } => {
            let shown = asking.get(&format!("/v1/stores/{store}"))?;
            let columns = ["epoch", "first", "last", "cause", "named_at", "signed"];
            print_list(&asking, shown.get("losses"), &columns)
        }
        LossesCommand::Sign { store, author, reason, asking } => {
            // What is signed is what was there when the command looked.
            let shown = asking.get(&format!("/v1/stores/{store}"))?;
            let positions = shown.get("lost_unsigned").and_then(Value::as_u64);
            let request = json!({ "author": author, "reason": reason, "positions": positions });
            let path = format!("/v1/stores/{store}/losses:sign");
            let signed = asking.post(&path, "application/json", request.to_string().as_bytes())?;
            print_list(&asking, Some(&json!([signed])), &["store", "positions"])
        }
    }
}
