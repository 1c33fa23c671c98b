//! Instructions on the command line.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::CommandError;
use super::client::{Asking, Filter, print_list};
use super::letters::{pair, put};

#[derive(Debug, Subcommand)]
pub(super) enum InstructCommand {
    /// What boxes were asked, newest first.
    List {
        /// Of this shop.
        #[arg(long)]
        store: Option<String>,
        /// waiting, taken, done or failed.
        #[arg(long)]
        state: Option<String>,
        /// Of this kind, such as correct.
        #[arg(long)]
        kind: Option<String>,
        /// By whom.
        #[arg(long)]
        author: Option<String>,
        /// Of this job.
        #[arg(long)]
        job: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        most: usize,
        #[command(flatten)]
        asking: Asking,
    },
    /// One instruction, with what its box answered.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// On-hand changes.
    Correct {
        /// By how much, as SKU=BY; an item each.
        #[arg(required = true, value_name = "SKU=BY")]
        lines: Vec<String>,
        /// The movement it is about, as EPOCH/SEQ.
        #[arg(long)]
        about: Option<String>,
        #[command(flatten)]
        of: Of,
    },
    /// Somebody in the shop is to count these items.
    Count {
        /// The items.
        #[arg(required = true)]
        skus: Vec<String>,
        #[command(flatten)]
        of: Of,
    },
    /// A document is reversed.
    Void {
        /// Who submitted it.
        source: String,
        /// Its id.
        document: String,
        #[command(flatten)]
        of: Of,
    },
    /// All that the centre does not hold is sent once more.
    Resend {
        #[command(flatten)]
        of: Of,
    },
    /// What helps somebody who is asked for help is kept at the box.
    SupportFile {
        #[command(flatten)]
        of: Of,
    },
}

/// Whom it is for, by whom and why.
#[derive(Debug, Args)]
pub(super) struct Of {
    /// The shop.
    #[arg(long)]
    store: String,
    /// Who wants it.
    #[arg(long)]
    author: Option<String>,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Its identity, by which it may be asked for again.
    #[arg(long)]
    id: Option<String>,
    /// Only show what would be done.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    asking: Asking,
}

const COLUMNS: [&str; 11] =
    ["id", "store", "kind", "state", "lines", "author", "reason", "created_at", "taken_at", "done_at", "answer"];

pub(super) fn carry_out(command: InstructCommand) -> Result<(), CommandError> {
    match command {
        InstructCommand::List { store, state, kind, author, job, most, asking } => {
            let filter = [("store", &store), ("state", &state), ("kind", &kind), ("author", &author), ("job", &job)];
            let rows = asking.pages(&Filter { path: "/v1/instructions", filter: &filter, most }, "instructions")?;
            print_list(&asking, Some(&rows), &COLUMNS)
        }
        InstructCommand::Show { id, asking } => {
            let row = asking.get(&format!("/v1/instructions/{}", crate::escape::escaped(&id)))?;
            print_list(&asking, Some(&json!([row])), &COLUMNS)
        }
        InstructCommand::Correct { lines, about, of } => {
            let lines = lines.iter().map(|line| pair(line)).collect::<Result<Vec<Value>, _>>()?;
            let mut request = json!({ "kind": "correct", "lines": lines });
            if let (Some(about), Some(members)) = (&about, request.as_object_mut()) {
                members.insert("about".to_owned(), position(about)?);
            }
            ask(request, &of)
        }
        InstructCommand::Count { skus, of } => ask(json!({ "kind": "count", "skus": skus }), &of),
        InstructCommand::Void { source, document, of } => {
            ask(json!({ "kind": "void", "document": { "source": source, "id": document } }), &of)
        }
        InstructCommand::Resend { of } => ask(json!({ "kind": "resend" }), &of),
        InstructCommand::SupportFile { of } => ask(json!({ "kind": "support_file" }), &of),
    }
}

fn position(given: &str) -> Result<Value, CommandError> {
    let parts = given.split_once('/').and_then(|(epoch, seq)| Some((epoch, seq.parse::<u64>().ok()?)));
    let (epoch, seq) = parts.ok_or_else(|| CommandError::Asked(format!("`{given}` is not EPOCH/SEQ")))?;
    Ok(json!({ "epoch": epoch, "seq": seq }))
}

fn ask(mut request: Value, of: &Of) -> Result<(), CommandError> {
    if let Some(members) = request.as_object_mut() {
        members.insert("dry_run".to_owned(), json!(of.dry_run));
    }
    put(&mut request, "store", Some(&of.store));
    put(&mut request, "reason", Some(&of.reason));
    put(&mut request, "author", of.author.as_ref());
    put(&mut request, "id", of.id.as_ref());
    let answer = of.asking.post("/v1/instructions", "application/json", request.to_string().as_bytes())?;
    if of.dry_run {
        return print_list(&of.asking, answer.get("preview"), &["sku", "by", "on_hand", "on_hand_then"]);
    }
    print_list(&of.asking, Some(&json!([answer.get("instruction")])), &COLUMNS)
}
