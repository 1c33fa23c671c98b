//! `till add|list|remove`: by way of the running box, or in its journal if it
//! does not run.

use clap::Subcommand;
use serde_json::{Value, json};
use tidemark_daemon::clock::Clock;
use tidemark_daemon::disk;
use tidemark_daemon::output::{Form, Rows, print};
use tidemark_daemon::token::{TokenHash, generate};
use tidemark_journal::{Journal, NotSaved};
use tidemark_model::Source;

use super::client::Caller;
use super::{CommandError, Told};
use crate::agent::open_journal;
use crate::checked::Checked;
use crate::http::till_name;
use crate::page::encoded;
use crate::settings::BoxSettings;

#[derive(Debug, Subcommand)]
pub(super) enum TillCommand {
    /// Lets a till in and prints its token, once.
    Add {
        /// Its source, such as till:3.
        #[arg(value_parser = till_name)]
        name: Source,
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
        #[command(flatten)]
        told: Told,
    },
    /// Opens a pairing and prints its six-digit code: the terminal that shows
    /// it within five minutes gets the token.
    Pair {
        /// Its source, such as till:3.
        #[arg(value_parser = till_name)]
        name: Source,
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
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
        TillCommand::Add { name, output, told } => {
            let token = generate().map_err(|error| CommandError::Asked(error.to_string()))?;
            add(&told.load()?.settings, &name, TokenHash::of(&token))?;
            if output == Form::Table {
                return Ok(print(&format!("{token}\n"))?);
            }
            let mut rows = Rows::new(&["till", "token"]);
            rows.add(vec![json!(name.as_str()), json!(token)]);
            Ok(rows.print(output)?)
        }
        TillCommand::Pair { name, output, told } => {
            let code = pair(&told.load()?.settings, &name)?;
            if output == Form::Table {
                return Ok(print(&format!("{code}\n"))?);
            }
            let mut rows = Rows::new(&["till", "code"]);
            rows.add(vec![json!(name.as_str()), json!(code)]);
            Ok(rows.print(output)?)
        }
        TillCommand::List { output, told } => {
            let mut rows = Rows::new(&["till", "added_ms"]);
            for (till, added_ms) in list(&told.load()?.settings)? {
                rows.add(vec![json!(till), json!(added_ms)]);
            }
            Ok(rows.print(output)?)
        }
        TillCommand::Remove { name, told } => remove(&told.load()?.settings, &name),
    }
}

/// The token itself stays here: the box is told its hash.
fn add(settings: &BoxSettings, name: &Source, hash: TokenHash) -> Result<(), CommandError> {
    let Some(running) = Caller::of_running(settings) else {
        let name = name.clone();
        return with_journal(settings, async |journal| journal.add_till(name, hash.0).await);
    };
    let hexadecimal = blake3::Hash::from_bytes(hash.0).to_hex().to_string();
    let till = json!({ "name": name.as_str(), "token_hash": hexadecimal });
    running.call("POST", "/v1/tills", Some(&till))?.good()?;
    Ok(())
}

/// Pairing needs the running box: a terminal comes to its door.
fn pair(settings: &BoxSettings, name: &Source) -> Result<String, CommandError> {
    let running = Caller::of_running(settings)
        .ok_or_else(|| CommandError::Asked("the box does not run; start it, or use `till add`".to_owned()))?;
    let told = running.call("POST", "/v1/pairings", Some(&json!({ "name": name.as_str() })))?.good()?;
    let code = told.get("code").and_then(Value::as_str).map(str::to_owned);
    code.ok_or_else(|| CommandError::Asked("the box told no code".to_owned()))
}

fn list(settings: &BoxSettings) -> Result<Vec<(String, u64)>, CommandError> {
    let Some(running) = Caller::of_running(settings) else {
        let tills = with_journal(settings, async |journal| Ok(journal.tills()?))?;
        return Ok(tills.into_iter().map(|till| (till.name.to_string(), till.added.0)).collect());
    };
    let told = running.call("GET", "/v1/tills", None)?.good()?;
    let tills = told.get("tills").and_then(Value::as_array).cloned().unwrap_or_default();
    let row = |till: &Value| Some((till.get("name")?.as_str()?.to_owned(), till.get("added_ms")?.as_u64()?));
    Ok(tills.iter().filter_map(row).collect())
}

fn remove(settings: &BoxSettings, name: &Source) -> Result<(), CommandError> {
    let Some(running) = Caller::of_running(settings) else {
        let asked = name.clone();
        let known = with_journal(settings, async |journal| journal.remove_till(asked).await)?;
        return if known { Ok(()) } else { Err(CommandError::Asked(format!("there is no till {name}"))) };
    };
    let path = format!("/v1/tills/{}", encoded(name.as_str()));
    running.call("DELETE", &path, None)?.good()?;
    Ok(())
}

fn with_journal<T>(
    settings: &BoxSettings,
    work: impl AsyncFnOnce(Journal) -> Result<T, NotSaved>,
) -> Result<T, CommandError> {
    let store = Checked::of(settings)?.store;
    if disk::is_own(&settings.data).is_ok_and(|own| !own) {
        let data = settings.data.display();
        let detail = format!("{data} belongs to another user, who could not open what is made there now");
        return Err(CommandError::Asked(format!("{detail}; start the box, or run this as its user")));
    }
    let (journal, writer) = open_journal(&settings.data, &store, Clock::start())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work(journal)).map_err(|error| CommandError::Asked(error.to_string()));
    writer.stop().map_err(|error| CommandError::Asked(error.to_string()))?;
    done
}
