//! `user add|list|role|passwd|link|sessions|sign-out|disable|enable`: works on the ledger
//! itself, whether the centre runs or not.

use std::io::{IsTerminal as _, Read as _};

use clap::Subcommand;
use serde_json::json;
use tidemark_daemon::output::{Form, Rows, print};
use tidemark_daemon::token::{TokenHash, generate};
use tidemark_ledger::{AuditEntry, Kept};

use super::token::with_ledger;
use super::{CommandError, Told};
use crate::api::{Role, time_text};
use crate::sign_in::{LINK_MS, checked, hash};

/// Bytes of a password that are read.
const PASSWORD_BYTES: u64 = 4 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Makes a user and prints a link by which the password is set, once,
    /// within a day.
    Add {
        /// The name.
        name: String,
        /// viewer, operator or admin
        #[arg(long)]
        role: Role,
        #[command(flatten)]
        told: Told,
    },
    /// The users there are.
    List {
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
        #[command(flatten)]
        told: Told,
    },
    /// Gives a user another role, at once.
    Role {
        /// The name.
        name: String,
        /// viewer, operator or admin
        role: Role,
        #[command(flatten)]
        told: Told,
    },
    /// Sets a password that is read from standard input; sessions end.
    Passwd {
        /// The name.
        name: String,
        #[command(flatten)]
        told: Told,
    },
    /// Prints another link by which the password is set, once, within a day.
    Link {
        /// The name.
        name: String,
        #[command(flatten)]
        told: Told,
    },
    /// Lets a user in no more; sessions end at once.
    Disable {
        /// The name.
        name: String,
        #[command(flatten)]
        told: Told,
    },
    /// Who is signed in, newest first; also people of the directory.
    Sessions {
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
        #[command(flatten)]
        told: Told,
    },
    /// Ends all sessions of a user, or of a person of the directory such as
    /// oidc:ana; whoever may sign in can do so again.
    SignOut {
        /// The name.
        name: String,
        #[command(flatten)]
        told: Told,
    },
    /// Lets a user in again.
    Enable {
        /// The name.
        name: String,
        #[command(flatten)]
        told: Told,
    },
}

pub(super) fn carry_out(command: UserCommand) -> Result<(), CommandError> {
    match command {
        UserCommand::Add { name, role, told } => add(&name, role, &told),
        UserCommand::List { output, told } => list(output, &told),
        UserCommand::Role { name, role, told } => {
            let by = by("user.role", &name).with(json!({ "role": role.word() }));
            there(&name, with_ledger(&told, async |ledger| ledger.by(&by).set_role(&name, role.word()).await)?)
        }
        UserCommand::Passwd { name, told } => passwd(&name, &told),
        UserCommand::Link { name, told } => link(&name, &told),
        UserCommand::Sessions { output, told } => sessions(output, &told),
        UserCommand::SignOut { name, told } => {
            let by = by("session.end", &name);
            let ended = with_ledger(&told, async |ledger| ledger.by(&by).end_sessions_of(&name).await)?;
            Ok(print(&format!("sessions ended: {ended}\n"))?)
        }
        UserCommand::Disable { name, told } => disable(&name, true, &told),
        UserCommand::Enable { name, told } => disable(&name, false, &told),
    }
}

fn by(action: &str, name: &str) -> AuditEntry {
    AuditEntry::of("command line", "admin", action).about(name)
}

fn there(name: &str, is_there: bool) -> Result<(), CommandError> {
    if is_there { Ok(()) } else { Err(CommandError::Asked(format!("there is no user {name}"))) }
}

/// A name that can stand in an address, a list and an audit.
fn add(name: &str, role: Role, told: &Told) -> Result<(), CommandError> {
    let plain = |character: char| character.is_alphanumeric() || "._-@+".contains(character);
    if name.is_empty() || name.chars().count() > 64 || !name.chars().all(plain) {
        let text = "a user's name has 1 to 64 letters, digits and . _ - @ +";
        return Err(CommandError::Asked(text.to_owned()));
    }
    let by = by("user.add", name).with(json!({ "role": role.word() }));
    with_ledger(told, async |ledger| ledger.by(&by).add_user(name, role.word()).await)?;
    link(name, told)
}

fn list(output: Form, told: &Told) -> Result<(), CommandError> {
    let users = with_ledger(told, async |ledger| ledger.users().await)?;
    let mut rows = Rows::new(&["name", "role", "state"]);
    for user in users {
        let state = match (user.disabled, user.password) {
            (true, _) => "disabled",
            (false, None) => "no password yet",
            (false, Some(_)) => "may sign in",
        };
        rows.add(vec![json!(user.name), json!(user.role), json!(state)]);
    }
    Ok(rows.print(output)?)
}

fn sessions(output: Form, told: &Told) -> Result<(), CommandError> {
    let open = with_ledger(told, async |ledger| ledger.sessions().await)?;
    let mut rows = Rows::new(&["name", "role", "since", "until"]);
    for session in open {
        let times = [time_text(session.began_at), time_text(session.ends_at)];
        rows.add([session.name, session.role].into_iter().chain(times).map(|cell| json!(cell)).collect());
    }
    Ok(rows.print(output)?)
}

fn passwd(name: &str, told: &Told) -> Result<(), CommandError> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let text =
            "the password is read from standard input, where a terminal would show it: pipe it in, or use `user link`";
        return Err(CommandError::Asked(text.to_owned()));
    }
    let mut given = String::new();
    stdin.take(PASSWORD_BYTES).read_to_string(&mut given)?;
    let given = given.trim_end_matches(['\r', '\n']);
    checked(name, given).map_err(|bad| CommandError::Asked(bad.to_string()))?;
    let hashed = hash(given).map_err(|error| CommandError::Asked(error.to_string()))?;
    let by = by("user.password", name);
    there(name, with_ledger(told, async |ledger| ledger.by(&by).set_password(name, &hashed).await)?)
}

fn link(name: &str, told: &Told) -> Result<(), CommandError> {
    let token = generate().map_err(|error| CommandError::Asked(error.to_string()))?;
    let kept = Kept { hash: TokenHash::of(&token).0, lives_ms: LINK_MS };
    let by = by("user.link", name);
    there(name, with_ledger(told, async |ledger| ledger.by(&by).add_link(name, kept).await)?)?;
    let settings = told.load()?.settings;
    let scheme = if settings.tls.certificate.is_some() { "https" } else { "http" };
    let (address, port) = (settings.http.address.ip(), settings.http.address.port());
    let host = if address.is_unspecified() { "HOST".to_owned() } else { address.to_string() };
    // Behind the #, so that no log on the way holds it.
    Ok(print(&format!("{scheme}://{host}:{port}/sign-in#link={token}\n"))?)
}

fn disable(name: &str, disabled: bool, told: &Told) -> Result<(), CommandError> {
    let by = by(if disabled { "user.disable" } else { "user.enable" }, name);
    there(name, with_ledger(told, async |ledger| ledger.by(&by).disable_user(name, disabled).await)?)
}
