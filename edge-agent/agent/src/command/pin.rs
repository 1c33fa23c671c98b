//! `pin set|remove`: who may take documents back on the box's page.

use std::io::stdin;

use clap::Subcommand;
use tidemark_daemon::disk;

use super::{CommandError, Told, say};
use crate::pin;

#[derive(Debug, Subcommand)]
pub(super) enum PinCommand {
    /// Reads a PIN of 4 to 12 digits from stdin and sets it.
    Set(Told),
    /// Nobody may take documents back any more.
    Remove(Told),
}

pub(super) fn carry_out(command: &PinCommand) -> Result<(), CommandError> {
    let (PinCommand::Set(told) | PinCommand::Remove(told)) = command;
    let settings = told.load()?.settings;
    let asked = |error: pin::PinError| CommandError::Asked(error.to_string());
    if disk::is_own(&settings.data).is_ok_and(|own| !own) {
        let data = settings.data.display();
        return Err(CommandError::Asked(format!("{data} belongs to another user; run this as its user")));
    }
    match command {
        PinCommand::Set(_) => {
            say("the PIN, then Enter:")?;
            let mut line = String::new();
            stdin().read_line(&mut line)?;
            pin::set(&settings.data, line.trim()).map_err(asked)
        }
        PinCommand::Remove(_) => match pin::remove(&settings.data).map_err(asked)? {
            true => Ok(()),
            false => Err(CommandError::Asked("no PIN is set".to_owned())),
        },
    }
}
