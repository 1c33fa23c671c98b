//! Dead letters on the command line: shown, grouped, repaired.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use tidemark_daemon::output::Form;

use super::CommandError;
use super::client::{Asking, Filter, print_list};

/// What is asked of dead letters; without a command they are listed.
#[derive(Debug, Args)]
pub(super) struct LettersCommand {
    #[command(subcommand)]
    command: Option<LettersAction>,
    #[command(flatten)]
    filter: LetterFilter,
    #[command(flatten)]
    asking: Asking,
}

/// Which letters are shown.
#[derive(Debug, Args)]
struct LetterFilter {
    /// Of this shop.
    #[arg(long)]
    store: Option<String>,
    /// For this reason, such as unit_unknown.
    #[arg(long = "for")]
    reason: Option<String>,
    /// Naming this code or item.
    #[arg(long)]
    code: Option<String>,
    /// open, waiting or closed.
    #[arg(long)]
    state: Option<String>,
    /// Parked from this moment on, such as 2026-11-27T22:00:00Z.
    #[arg(long)]
    from: Option<String>,
    /// Parked before this moment.
    #[arg(long)]
    until: Option<String>,
    /// Groups instead of letters: reason, or reason,code.
    #[arg(long)]
    group: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 1_000)]
    most: usize,
}

#[derive(Debug, Subcommand)]
enum LettersAction {
    /// Repairs letters: all of them, or none.
    Repair(Box<RepairCommand>),
    /// Jobs, newest first.
    Jobs {
        #[command(flatten)]
        asking: Asking,
    },
    /// How far a job is.
    Job {
        /// Its number.
        number: i64,
        #[command(flatten)]
        asking: Asking,
    },
}

/// What is done to letters.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    /// What was given means this item.
    Map,
    /// On-hand changes.
    Correct,
    /// The document counts after all.
    Count,
    /// Nothing is done.
    Discard,
    /// The centre applies what it had parked itself.
    Apply,
}

#[derive(Debug, Args)]
struct RepairCommand {
    /// What is done.
    action: Word,
    /// The letters, by number.
    letters: Vec<i64>,
    /// All open letters of this reason instead, 1,000 in a job; with --id the
    /// first 1,000.
    #[arg(long = "for", conflicts_with = "letters")]
    reason: Option<String>,
    /// Of these, those that name this code.
    #[arg(long, requires = "reason")]
    code: Option<String>,
    /// Of these, those of this shop.
    #[arg(long, requires = "reason")]
    store: Option<String>,
    /// Of map: the item.
    #[arg(long)]
    sku: Option<String>,
    /// Of map: base units in one of what was given.
    #[arg(long)]
    units_per_scan: Option<String>,
    /// Of map: how many it was.
    #[arg(long, allow_hyphen_values = true)]
    quantity: Option<String>,
    /// Of correct: by how much on-hand of an item changes, as SKU=BY.
    #[arg(long = "by", value_name = "SKU=BY", allow_hyphen_values = true)]
    lines: Vec<String>,
    /// Who wants it.
    #[arg(long)]
    author: Option<String>,
    /// Why.
    #[arg(long = "reason")]
    why: String,
    /// Its identity, by which it may be asked for again.
    #[arg(long)]
    id: Option<String>,
    /// Only show what would be done.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn carry_out(command: LettersCommand) -> Result<(), CommandError> {
    let LettersCommand { command, filter, asking } = command;
    match command {
        None => list(&filter, &asking),
        Some(LettersAction::Repair(command)) => repair(&command),
        Some(LettersAction::Jobs { asking }) => {
            let rows = asking.pages(&Filter { path: "/v1/jobs", filter: &[], most: 1_000 }, "jobs")?;
            print_list(&asking, Some(&rows), &JOB)
        }
        Some(LettersAction::Job { number, asking }) => {
            let job = asking.get(&format!("/v1/jobs/{number}"))?;
            print_list(&asking, Some(&json!([job])), &JOB)
        }
    }
}

const JOB: [&str; 9] = ["job", "created_at", "author", "reason", "action", "total", "done", "failed", "waiting"];

fn list(wanted: &LetterFilter, asking: &Asking) -> Result<(), CommandError> {
    let filter = [
        ("store", &wanted.store),
        ("reason", &wanted.reason),
        ("code", &wanted.code),
        ("state", &wanted.state),
        ("from", &wanted.from),
        ("until", &wanted.until),
        ("group", &wanted.group),
    ];
    let wanted_rows = Filter { path: "/v1/dead-letters", filter: &filter, most: wanted.most };
    if wanted.group.is_some() {
        let groups = asking.pages(&wanted_rows, "groups")?;
        return print_list(
            asking,
            Some(&groups),
            &["reason", "code", "count", "waiting", "shops", "stores", "since", "until"],
        );
    }
    let letters = asking.pages(&wanted_rows, "dead_letters")?;
    if asking.output == Form::Table {
        let groups = asking.get("/v1/dead-letters?page_size=1")?;
        print_list(asking, groups.get("groups"), &["reason", "count"])?;
        tidemark_daemon::output::print("\n")?;
    }
    let columns =
        ["number", "parked_at", "store", "reason", "code", "source", "id", "detail", "state", "settled", "failure"];
    print_list(asking, Some(&letters), &columns)
}

fn repair(command: &RepairCommand) -> Result<(), CommandError> {
    let mut lines = Vec::with_capacity(command.lines.len());
    for line in &command.lines {
        lines.push(pair(line)?);
    }
    let action = match command.action {
        Word::Map => "map",
        Word::Correct => "correct",
        Word::Count => "count",
        Word::Discard => "discard",
        Word::Apply => "apply",
    };
    let mut request = json!({
        "action": action,
        "letters": command.letters,
        "lines": lines,
        "reason": command.why,
        "dry_run": command.dry_run,
    });
    let group = command.reason.as_ref().map(|reason| {
        let mut group = json!({ "reason": reason });
        put(&mut group, "code", command.code.as_ref());
        put(&mut group, "store", command.store.as_ref());
        group
    });
    if let (Some(group), Some(members)) = (group, request.as_object_mut()) {
        members.insert("group".to_owned(), group);
    }
    for (name, value) in [
        ("sku", &command.sku),
        ("units_per_scan", &command.units_per_scan),
        ("quantity", &command.quantity),
        ("author", &command.author),
        ("id", &command.id),
    ] {
        put(&mut request, name, value.as_ref());
    }
    let body = request.to_string().into_bytes();
    let mut jobs = Vec::new();
    loop {
        let answer = command.asking.post("/v1/dead-letters:repair", "application/json", &body)?;
        let left = answer.get("left").and_then(Value::as_u64).unwrap_or(0);
        if command.dry_run {
            print_list(&command.asking, answer.get("preview"), &["letter", "store", "instruction", "effects"])?;
            if left > 0 {
                tell_left(left);
            }
            return Ok(());
        }
        jobs.extend(answer.get("job").cloned());
        // A repair with an identity is one job.
        if left == 0 || command.id.is_some() {
            return print_list(&command.asking, Some(&Value::Array(jobs)), &JOB);
        }
    }
}

#[expect(clippy::print_stderr, reason = "messages of the command line go to stderr")]
fn tell_left(left: u64) {
    eprintln!("tidemark-central: {left} more letters of the group follow in jobs of their own");
}

/// `SKU=BY` as a line of a correction.
pub(super) fn pair(given: &str) -> Result<Value, CommandError> {
    let parts = given.rsplit_once('=').filter(|(sku, by)| !sku.is_empty() && !by.is_empty());
    let (sku, by) = parts.ok_or_else(|| CommandError::Asked(format!("`{given}` is not SKU=BY, such as A00001=-3")))?;
    Ok(json!({ "sku": sku, "by": by }))
}

/// Sets a member of an object, if there is a value.
pub(super) fn put(object: &mut Value, name: &str, value: Option<&String>) {
    if let (Some(value), Some(members)) = (value, object.as_object_mut()) {
        members.insert(name.to_owned(), json!(value));
    }
}
