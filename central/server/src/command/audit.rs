//! The audit on the command line.

use clap::Args;

use super::CommandError;
use super::client::{Asking, Filter, print_list};

/// Which changes are shown.
#[derive(Debug, Args)]
pub(super) struct AuditCommand {
    /// By whom: a token's name, a user, `local` or `command line`.
    #[arg(long)]
    who: Option<String>,
    /// What was done, such as letters.repair; `letters` is all of them.
    #[arg(long)]
    action: Option<String>,
    /// About which shop.
    #[arg(long)]
    store: Option<String>,
    /// About what: a token's name, a job's number.
    #[arg(long)]
    subject: Option<String>,
    /// From this moment on, such as 2026-11-27T22:00:00Z.
    #[arg(long)]
    from: Option<String>,
    /// Before this moment.
    #[arg(long)]
    until: Option<String>,
    /// At most so many, newest first.
    #[arg(long, default_value_t = 100)]
    most: usize,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn carry_out(command: &AuditCommand) -> Result<(), CommandError> {
    let filter = [
        ("who", &command.who),
        ("action", &command.action),
        ("store", &command.store),
        ("subject", &command.subject),
        ("from", &command.from),
        ("until", &command.until),
    ];
    let wanted = Filter { path: "/v1/audit", filter: &filter, most: command.most };
    let rows = command.asking.pages(&wanted, "audit")?;
    let columns = ["at", "who", "role", "action", "store", "subject", "reason", "detail"];
    print_list(&command.asking, Some(&rows), &columns)
}
