//! What callers have reserved, on the command line.

use clap::Subcommand;
use serde_json::{Value, json};

use super::CommandError;
use super::client::{Asking, Filter, print_list};
use crate::escape::escaped;

#[derive(Debug, Subcommand)]
pub(super) enum ReservationsCommand {
    /// Reservations, newest first.
    List {
        /// Of this shop.
        #[arg(long)]
        store: Option<String>,
        /// held, confirmed, fulfilled, released or expired; all without it.
        #[arg(long)]
        state: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        most: usize,
        #[command(flatten)]
        asking: Asking,
    },
    /// One reservation.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Keeps it until it is fulfilled or released.
    Confirm {
        /// Its id.
        id: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Gives back what it holds.
    Release {
        /// Its id.
        id: String,
        #[command(flatten)]
        asking: Asking,
    },
}

const COLUMNS: [&str; 9] = ["id", "store", "sku", "quantity", "state", "order", "request_id", "made_at", "expires_at"];

pub(super) fn carry_out(command: ReservationsCommand) -> Result<(), CommandError> {
    let one = |asking: &Asking, found: Value| print_list(asking, Some(&json!([found])), &COLUMNS);
    match command {
        ReservationsCommand::List { store, state, most, asking } => {
            let filter = [("store", &store), ("state", &state)];
            let wanted = Filter { path: "/v1/reservations", filter: &filter, most };
            print_list(&asking, Some(&asking.pages(&wanted, "reservations")?), &COLUMNS)
        }
        ReservationsCommand::Show { id, asking } => {
            one(&asking, asking.get(&format!("/v1/reservations/{}", escaped(&id)))?)
        }
        ReservationsCommand::Confirm { id, asking } => one(&asking, step(&asking, &id, "confirm")?),
        ReservationsCommand::Release { id, asking } => one(&asking, step(&asking, &id, "release")?),
    }
}

fn step(asking: &Asking, id: &str, how: &str) -> Result<Value, CommandError> {
    asking.post(&format!("/v1/reservations/{}:{how}", escaped(id)), "application/json", b"")
}
