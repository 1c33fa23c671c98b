//! `/v1/instructions`: what head office wants boxes to do.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::{Instructed, InstructionFilter, InstructionRow, LevelRow};
use tidemark_model::{DocumentId, Epoch, Label, Position, Quantity, Sku, Source, StoreId};
use tidemark_sync::message::{InstructionBody, InstructionLine};
use tidemark_wire::encode_instruction_body;

use super::given::{self, line_quantity, sku};
use super::paging::{PageQuery, paged};
use super::stores::known;
use super::{Caller, Door, ledger_problem, number, time_text};

const SHAPE: &str = "{\"store\":…,\"kind\":…,\"reason\":…} and what the kind needs";
/// Items of one correction or count.
const LINES: usize = 1_000;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Its identity, by which it may be asked for again.
    id: Option<String>,
    store: String,
    kind: String,
    author: Option<String>,
    reason: String,
    /// Of a correction.
    #[serde(default)]
    lines: Vec<AskedLine>,
    /// The movement that a correction is about.
    about: Option<AskedPosition>,
    /// Of a count.
    #[serde(default)]
    skus: Vec<String>,
    /// The document that is voided.
    document: Option<AskedDocument>,
    /// Only looked at.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedLine {
    sku: String,
    by: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedPosition {
    epoch: String,
    seq: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedDocument {
    source: String,
    id: String,
}

/// Keeps an instruction for the box of a store.
pub(super) async fn ask(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let asked: Asked = given::json(&headers, body, SHAPE).await?;
    let store = known(&door, &asked.store).await?;
    let (author, reason) =
        (given::author_at_box(asked.author.as_deref(), &caller.name)?, given::reason_at_box(&asked.reason)?);
    let id = id_of(asked.id.as_deref())?;
    let (wanted, lines) = wanted(&asked).map_err(|why| invalid(vec![json!({ "why": why })]))?;
    let mut preview = Vec::new();
    if let InstructionBody::Correct { lines, .. } = &wanted {
        preview = check_sums(&door, &store, lines).await?;
    }
    let row = InstructionRow::new(&id, store.clone(), &asked.kind, lines, encode_instruction_body(&wanted));
    let row = row.by(&author, &reason);
    if asked.dry_run {
        return Ok((StatusCode::OK, Json(json!({ "instruction": shown(&row), "preview": preview, "dry_run": true }))));
    }
    let what = json!({ "id": id, "kind": asked.kind, "author": author, "lines": preview });
    let by = caller.does("instruct").at(store.as_str()).about(&id).because(&reason).with(what);
    let kept = door.parts.ledger.by(&by).instruct(std::slice::from_ref(&row), door.clock.wall().0).await;
    let status = match kept.map_err(|error| ledger_problem(&error))? {
        Instructed::Kept => StatusCode::ACCEPTED,
        Instructed::Again => StatusCode::OK,
        Instructed::OtherContent => return Err(other_content(&id)),
    };
    tracing::info!(%store, id, kind = asked.kind, author, "a box is asked for something");
    let row = door.parts.ledger.instruction(&id).await.map_err(|error| ledger_problem(&error))?.unwrap_or(row);
    Ok((status, Json(json!({ "instruction": shown(&row), "preview": preview, "dry_run": false }))))
}

/// The id was used for something else.
pub(super) fn other_content(id: &str) -> Problem {
    Problem::of(&problem::ID_TAKEN, format!("{id} was asked for before, with something else"))
}

/// What can't be done, with one entry per fault.
pub(super) fn invalid(errors: Vec<Value>) -> Problem {
    Problem::of(&problem::INSTRUCTION_INVALID, format!("{} faults; nothing is done", errors.len())).with_errors(errors)
}

/// An id that was given, or a new one of 128 random bits.
pub(super) fn id_of(asked: Option<&str>) -> Result<String, Problem> {
    let Some(id) = asked else { return given::new_id("i") };
    let ours = ["late-", "repair-"].iter().any(|prefix| id.starts_with(prefix));
    if ours || Label::new(id).is_err() {
        let why = "`id` has 1 to 64 bytes, no control characters, and begins neither with late- nor with repair-";
        return Err(Problem::of(&problem::BROKEN_JSON, why));
    }
    Ok(id.to_owned())
}

/// What is wanted of the box, and in how many lines.
fn wanted(asked: &Asked) -> Result<(InstructionBody, usize), String> {
    let about = asked.about.as_ref().map(position).transpose()?;
    Ok(match asked.kind.as_str() {
        "correct" => {
            let lines = lines_of(&asked.lines)?;
            let count = lines.len();
            (InstructionBody::Correct { about, lines }, count)
        }
        "count" => {
            let skus: Vec<Sku> = asked.skus.iter().map(|given| sku("skus", given)).collect::<Result<_, _>>()?;
            if skus.is_empty() || skus.len() > LINES {
                return Err(format!("`skus` names 1 to {LINES} items"));
            }
            let count = skus.len();
            (InstructionBody::Count { skus }, count)
        }
        "void" => {
            let Some(document) = &asked.document else { return Err("`document` names what is voided".to_owned()) };
            let source = Source::new(&document.source).map_err(|error| format!("`source`: {error}"))?;
            let id = DocumentId::new(&document.id).map_err(|error| format!("`id` of the document: {error}"))?;
            (InstructionBody::Void { source, id }, 1)
        }
        "resend" => (InstructionBody::Resend, 1),
        "support_file" => (InstructionBody::SupportFile, 1),
        "accept" => {
            return Err(
                "a parked document is let count by its letter: POST /v1/dead-letters:repair, action count".into()
            );
        }
        other => return Err(format!("`{other}` is no kind: correct, count, void, resend or support_file")),
    })
}

fn position(given: &AskedPosition) -> Result<Position, String> {
    let epoch = u64::from_str_radix(&given.epoch, 16).map_err(|_no_epoch| "`epoch` has 16 hexadecimal digits")?;
    Ok(Position { epoch: Epoch(epoch), seq: given.seq })
}

/// The lines of a correction: each item once, by something that is not 0.
pub(crate) fn lines_of(given: &[AskedLine]) -> Result<Vec<InstructionLine>, String> {
    if given.is_empty() || given.len() > LINES {
        return Err(format!("`lines` has 1 to {LINES} entries"));
    }
    let mut lines: Vec<InstructionLine> = Vec::with_capacity(given.len());
    for line in given {
        let (sku, by) = (sku("sku", &line.sku)?, line_quantity("by", &line.by)?);
        if by == Quantity::ZERO {
            return Err(format!("`by` of {sku} is 0"));
        }
        if lines.iter().any(|other| other.sku == sku) {
            return Err(format!("{sku} stands twice in `lines`"));
        }
        lines.push(InstructionLine { sku, quantity: by });
    }
    Ok(lines)
}

/// What on-hand would be then; refused if an item is not known or a sum would
/// leave its bounds.
pub(super) async fn check_sums(door: &Door, store: &StoreId, lines: &[InstructionLine]) -> Result<Vec<Value>, Problem> {
    let pairs: Vec<_> = lines.iter().map(|line| (store.clone(), line.sku.clone())).collect();
    let levels = door.parts.ledger.levels(&pairs).await.map_err(|error| ledger_problem(&error))?;
    let (mut preview, mut faults) = (Vec::new(), Vec::new());
    for InstructionLine { sku, quantity: by } in lines {
        let level: Option<&LevelRow> = levels.iter().find(|level| level.sku == *sku);
        if level.is_none() && !door.parts.ledger.has_item(sku).await.map_err(|error| ledger_problem(&error))? {
            faults.push(json!({ "sku": sku.as_str(), "why": "neither the catalogue nor the shop knows this item" }));
            continue;
        }
        let (on_hand, sum) = level.map_or((Quantity::ZERO, Quantity::ZERO), |level| (level.on_hand, level.effect_sum));
        let Some(after) = on_hand.checked_add(*by).filter(|_| sum.checked_add(*by).is_some()) else {
            faults.push(json!({ "sku": sku.as_str(), "why": "on-hand would leave the range of 64 bits" }));
            continue;
        };
        preview.push(json!({
            "sku": sku.as_str(), "by": number(*by), "on_hand": number(on_hand), "on_hand_then": number(after),
        }));
    }
    if faults.is_empty() { Ok(preview) } else { Err(invalid(faults)) }
}

/// Which instructions are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    state: Option<String>,
    kind: Option<String>,
    author: Option<String>,
    job: Option<String>,
}

pub(super) async fn list(
    State(door): State<Door>,
    Query(page): Query<PageQuery>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Problem> {
    let size = page.size()?;
    let below = page.number()?;
    let store = match &page.store {
        Some(store) => Some(known(&door, store).await?),
        None => None,
    };
    let filter = |detail: &str| Problem::of(&problem::FILTER, detail);
    let state = wanted.state;
    if state.as_deref().is_some_and(|state| !["waiting", "taken", "done", "failed"].contains(&state)) {
        return Err(filter("`state` is waiting, taken, done or failed"));
    }
    let job = wanted.job.map(|job| job.parse::<i64>().map_err(|_no_number| filter("`job` is a number"))).transpose()?;
    let filter = InstructionFilter { store, state, kind: wanted.kind, job, author: wanted.author, below };
    let rows = door.parts.ledger.instructions(&filter, size).await.map_err(|error| ledger_problem(&error))?;
    let full = u32::try_from(rows.len()).is_ok_and(|found| found == size);
    let next = rows.last().filter(|_| full).map(|row| row.number.to_string());
    Ok(paged(json!({ "instructions": rows.iter().map(shown).collect::<Vec<_>>() }), next))
}

pub(super) async fn show(State(door): State<Door>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let row = door.parts.ledger.instruction(&id).await.map_err(|error| ledger_problem(&error))?;
    let row = row.ok_or_else(|| Problem::not_found(format!("there is no instruction {id}")))?;
    Ok(Json(shown(&row)))
}

/// An instruction as callers see it.
pub(super) fn shown(row: &InstructionRow) -> Value {
    let taken = row.state == "waiting" && row.times.taken.is_some();
    json!({
        "id": row.id,
        "store": row.store.as_str(),
        "kind": row.kind,
        "state": if taken { "taken" } else { row.state.as_str() },
        "lines": row.lines,
        "author": row.author,
        "reason": row.reason,
        "job": row.job,
        "created_at": time_text(row.times.created),
        "taken_at": row.times.taken.map(time_text),
        "done_at": row.times.done.map(time_text),
        "answer": row.answer,
        "epoch": row.position.map(|position| position.epoch.to_string()),
        "seq": row.position.map(|position| position.seq),
    })
}
