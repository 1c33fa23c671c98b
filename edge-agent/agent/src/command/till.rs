//! `till add|list|remove`: the journal belongs to the running box, so these
//! work while it is stopped; a running one is told to stop first.

use clap::Subcommand;
use serde_json::json;
use tidemark_daemon::clock::Clock;
use tidemark_daemon::output::{Form, Rows, print};
use tidemark_daemon::token::{TokenHash, generate};
use tidemark_journal::Journal;
use tidemark_model::Source;

use super::{CommandError, Told};
use crate::agent::open_journal;

#[derive(Debug, Subcommand)]
pub(super) enum TillCommand {
    /// Lets a till in and prints its token, once.
    Add {
        /// Its source, such as till:3.
        name: Source,
        #[command(flatten)]
        told: Told,
    },
    /// The tills that are let in.
    List {
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
        #[command(flatten)]
        told: Told,
    },
    /// Lets a till in no more.
    Remove {
        /// Its source.
        name: Source,
        #[command(flatten)]
        told: Told,
    },
}

pub(super) fn carry_out(command: TillCommand) -> Result<(), CommandError> {
    match command {
        TillCommand::Add { name, told } => {
            let token = generate().map_err(|error| CommandError::Asked(error.to_string()))?;
            let hash = TokenHash::of(&token).0;
            with_journal(&told, async |journal| journal.add_till(name, hash).await)?;
            Ok(print(&format!("{token}\n"))?)
        }
        TillCommand::List { output, told } => {
            let tills = with_journal(&told, async |journal| Ok(journal.tills()?))?;
            let mut rows = Rows::new(&["till", "added_ms"]);
            for till in tills {
                rows.add(vec![json!(till.name.as_str()), json!(till.added.0)]);
            }
            Ok(rows.print(output)?)
        }
        TillCommand::Remove { name, told } => {
            let asked = name.clone();
            let known = with_journal(&told, async |journal| journal.remove_till(asked).await)?;
            if known { Ok(()) } else { Err(CommandError::Asked(format!("there is no till {name}"))) }
        }
    }
}

fn with_journal<T>(
    told: &Told,
    work: impl AsyncFnOnce(Journal) -> Result<T, tidemark_journal::NotSaved>,
) -> Result<T, CommandError> {
    let settings = told.load()?.settings;
    let (journal, writer) = open_journal(&settings, Clock::start())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work(journal)).map_err(|error| CommandError::Asked(error.to_string()));
    writer.stop().map_err(|error| CommandError::Asked(error.to_string()))?;
    done
}
