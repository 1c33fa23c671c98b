//! `token add|list|revoke`: works on the ledger itself, whether the centre
//! runs or not.

use clap::Subcommand;
use serde_json::json;
use tidemark_daemon::clock::wall_now;
use tidemark_daemon::output::{Form, Rows, print};
use tidemark_daemon::token::{TokenHash, generate};
use tidemark_ledger::{AuditEntry, Ledger, LedgerError, TokenRow};

use super::{CommandError, Told};
use crate::api::Role;
use crate::centre::CentreError;
use crate::parts::open_ledger;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Makes a token and prints it, once.
    Add {
        /// What it is for.
        name: String,
        /// viewer, operator or admin
        #[arg(long)]
        role: Role,
        #[command(flatten)]
        told: Told,
    },
    /// The tokens there are.
    List {
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
        #[command(flatten)]
        told: Told,
    },
    /// Takes a token's right away, at once.
    #[command(alias = "remove")]
    Revoke {
        /// Its name.
        name: String,
        #[command(flatten)]
        told: Told,
    },
}

pub(super) fn carry_out(command: TokenCommand) -> Result<(), CommandError> {
    match command {
        TokenCommand::Add { name, role, told } => {
            let token = generate().map_err(|error| CommandError::Asked(error.to_string()))?;
            let row = TokenRow { name, hash: TokenHash::of(&token).0, role: role.word().to_owned() };
            with_ledger(&told, async |ledger| {
                ledger.by(&noted("token.add", &row.name, &row.role)).add_token(&row, wall_now().0).await
            })?;
            Ok(print(&format!("{token}\n"))?)
        }
        TokenCommand::List { output, told } => {
            let tokens = with_ledger(&told, async |ledger| ledger.tokens().await)?;
            let mut rows = Rows::new(&["name", "role"]);
            for token in tokens {
                rows.add(vec![json!(token.name), json!(token.role)]);
            }
            Ok(rows.print(output)?)
        }
        TokenCommand::Revoke { name, told } => {
            let known = with_ledger(&told, async |ledger| {
                ledger.by(&noted("token.revoke", &name, "")).remove_token(&name).await
            })?;
            if known { Ok(()) } else { Err(CommandError::Asked(format!("there is no token {name}"))) }
        }
    }
}

/// What is noted of a token: whoever may open the ledger may do all.
fn noted(action: &str, name: &str, role: &str) -> AuditEntry {
    AuditEntry::of("command line", Role::Admin.word(), action).about(name).with(json!({ "role": role }))
}

pub(super) fn with_ledger<T>(
    told: &Told,
    work: impl AsyncFnOnce(&Ledger) -> Result<T, LedgerError>,
) -> Result<T, CommandError> {
    let settings = told.load()?.settings;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let ledger = open_ledger(&settings).await.map_err(CentreError::from)?;
        let done = work(&ledger).await.map_err(|error| CommandError::Asked(error.to_string()));
        ledger.close().await;
        done
    })
}
