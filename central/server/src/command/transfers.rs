//! Goods between shops on the command line.

use clap::Subcommand;
use serde_json::{Value, json};

use super::CommandError;
use super::client::{Asking, print_list};
use crate::escape::escaped;

#[derive(Debug, Subcommand)]
pub(super) enum TransfersCommand {
    /// Transfers, oldest first.
    List {
        /// in_transit, difference or settled; all without it.
        #[arg(long)]
        state: Option<String>,
        #[command(flatten)]
        asking: Asking,
    },
    /// The items of one transfer.
    Show {
        /// Its reference.
        reference: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Closes what is in transit of a transfer, as it is now, as a difference.
    Close {
        /// Its reference.
        reference: String,
        /// Who answers for it.
        #[arg(long)]
        author: String,
        /// Why it may rest.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        asking: Asking,
    },
}

const ITEM: [&str; 5] = ["sku", "sent", "received", "closed", "in_transit"];

pub(super) fn carry_out(command: TransfersCommand) -> Result<(), CommandError> {
    match command {
        TransfersCommand::List { state, asking } => {
            let state = state.map(|state| format!("&state={}", escaped(&state))).unwrap_or_default();
            let list = asking.get(&format!("/v1/transfers?page_size=1000{state}"))?;
            let columns = ["reference", "state", "open_items", "age_seconds", "first_at", "final", "stores"];
            print_list(&asking, list.get("transfers"), &columns)
        }
        TransfersCommand::Show { reference, asking } => {
            let shown = asking.get(&format!("/v1/transfers/{}", escaped(&reference)))?;
            print_list(&asking, shown.get("items"), &ITEM)
        }
        TransfersCommand::Close { reference, author, reason, asking } => {
            // What is closed is what was there when the command looked.
            let path = format!("/v1/transfers/{}", escaped(&reference));
            let shown = asking.get(&path)?;
            let open = |item: &&Value| item.get("in_transit").is_some_and(|left| *left != json!(0));
            let items: Vec<Value> = shown
                .get("items")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter(open)
                .map(|item| json!({ "sku": item.get("sku"), "in_transit": item.get("in_transit") }))
                .collect();
            let request = json!({ "author": author, "reason": reason, "items": items });
            let closed = asking.post(&format!("{path}:close"), "application/json", request.to_string().as_bytes())?;
            print_list(&asking, closed.get("items"), &ITEM)
        }
    }
}
