//! `tidemark-edge sheet`: the command codes of a store, for printing.

use clap::{Args, ValueEnum};
use serde_json::json;
use tidemark_daemon::output::print;

use super::{CommandError, Told};
use crate::checked::Checked;
use crate::sheet::{Printed, Wanted, codes, render};
use crate::words::Language;

/// What is to be printed, and how.
#[derive(Debug, Args)]
pub(super) struct SheetCommand {
    #[command(flatten)]
    told: Told,
    /// en, de, fr, es, pl or pt; the configuration's without it
    #[arg(long)]
    language: Option<String>,
    /// A zone of counts; those of the configuration without it
    #[arg(long = "zone")]
    zones: Vec<String>,
    /// A store that goods are sent to
    #[arg(long = "send")]
    stores: Vec<String>,
    /// Somebody's code
    #[arg(long = "who")]
    people: Vec<String>,
    /// A reference, such as an order
    #[arg(long = "reference")]
    references: Vec<String>,
    /// html for printing, jsonl for a program
    #[arg(short, long, default_value = "html")]
    output: SheetForm,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SheetForm {
    Html,
    Jsonl,
}

pub(super) fn carry_out(command: &SheetCommand) -> Result<(), CommandError> {
    let settings = command.told.load()?.settings;
    let store = Checked::of(&settings)?.store;
    let unfit = |detail: String| CommandError::Usage(detail);
    let language = match &command.language {
        None => settings.language,
        Some(tag) => Language::of(tag).ok_or_else(|| unfit(format!("`{tag}` is no language of a sheet")))?,
    };
    let wanted = Wanted {
        zones: if command.zones.is_empty() { settings.count.on_sheet() } else { command.zones.clone() },
        stores: command.stores.clone(),
        people: command.people.clone(),
        references: command.references.clone(),
    };
    let printed = codes(&store, language, &wanted).map_err(|error| unfit(error.to_string()))?;
    let text = match command.output {
        SheetForm::Html => render(&store, language, &printed).map_err(|error| unfit(error.to_string()))?,
        SheetForm::Jsonl => printed.iter().map(|one| line_of(one, language)).collect(),
    };
    Ok(print(&text)?)
}

fn line_of(printed: &Printed, language: Language) -> String {
    let section = language.say(printed.section);
    format!("{}\n", json!({ "section": section, "label": printed.label, "text": printed.text }))
}
