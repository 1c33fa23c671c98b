//! The printed sheet of command codes: what a lane is told by scanning.

use std::fmt::Write as _;

use barcoders::sym::code128::Code128;
use tidemark_barcode::{Command, CommandError, Verb};
use tidemark_daemon::openapi_page::escaped;
use tidemark_model::StoreId;

use crate::lane::seal;
use crate::words::{Language, Word};

const STYLE: &str = include_str!("../assets/sheet.css");
const QUANTITIES: [u16; 12] = [2, 3, 4, 5, 6, 8, 10, 12, 20, 24, 50, 100];

/// What a sheet has beside what every sheet has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Zones of counts.
    pub(crate) zones: Vec<String>,
    /// Other stores that goods are sent to.
    pub(crate) stores: Vec<String>,
    /// People, by their codes.
    pub(crate) people: Vec<String>,
    /// References, such as orders.
    pub(crate) references: Vec<String>,
}

/// One code of the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Printed {
    /// The section.
    pub(crate) section: Word,
    /// What it does, for people.
    pub(crate) label: String,
    /// The text of the code.
    pub(crate) text: String,
}

/// A sheet that can't be printed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SheetError {
    /// An argument that no code holds.
    #[error("`{argument}`: {cause}")]
    Command {
        /// The argument.
        argument: String,
        /// Why.
        cause: CommandError,
    },
    /// The library can't encode it.
    #[error("`{0}` can't be printed as Code 128")]
    Symbol(String),
}

/// Every code of a store's sheet.
pub(crate) fn codes(store: &StoreId, language: Language, wanted: &Wanted) -> Result<Vec<Printed>, SheetError> {
    let say = |word| language.say(word);
    let mut printed = Vec::new();
    let mut add = |section, verb, argument: &str, label: String| {
        let cause = |cause| SheetError::Command { argument: argument.to_owned(), cause };
        let text = Command::print(verb, argument, |body| seal(store.as_str(), body)).map_err(cause)?;
        printed.push(Printed { section, label, text });
        Ok::<(), SheetError>(())
    };
    for (verb, word) in [
        (Verb::Look, Word::Look),
        (Verb::Sell, Word::Sell),
        (Verb::Return, Word::Return),
        (Verb::Receive, Word::Receive),
    ] {
        add(Word::Modes, verb, "", say(word).to_owned())?;
    }
    for (reason, word) in Word::REASONS {
        add(Word::Waste, Verb::Waste, reason, format!("{}: {}", say(Word::Waste), say(word)))?;
    }
    for (section, verb, arguments) in [
        (Word::Send, Verb::Send, &wanted.stores),
        (Word::Count, Verb::Count, &wanted.zones),
        (Word::Who, Verb::Who, &wanted.people),
        (Word::Reference, Verb::Reference, &wanted.references),
    ] {
        for argument in arguments {
            add(section, verb, argument, format!("{}: {argument}", say(section)))?;
        }
    }
    for quantity in QUANTITIES {
        add(Word::Quantity, Verb::Quantity, &quantity.to_string(), format!("× {quantity}"))?;
    }
    for (verb, word) in [(Verb::Undo, Word::Undo), (Verb::End, Word::End), (Verb::Close, Word::Close)] {
        add(Word::Session, verb, "", say(word).to_owned())?;
    }
    Ok(printed)
}

/// The sheet as a page for printing.
pub(crate) fn render(store: &StoreId, language: Language, printed: &[Printed]) -> Result<String, SheetError> {
    let say = |word| language.say(word);
    let (tag, title, note) = (language.tag(), say(Word::Sheet), say(Word::SheetNote));
    let store = escaped(store.as_str());
    let mut page = format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" href=\"data:,\">\
         <style>{STYLE}</style></head><body><main><h1>{title}: {} {store}</h1><p>{note}</p>",
        say(Word::Store)
    );
    let mut section = None;
    for one in printed {
        if section != Some(one.section) {
            let end = if section.is_some() { "</ul></section>" } else { "" };
            // Writing to a string can't fail.
            write!(page, "{end}<section><h2>{}</h2><ul>", escaped(say(one.section))).unwrap_or(());
            section = Some(one.section);
        }
        let (label, text, bars) = (escaped(&one.label), escaped(&one.text), bars(&one.text)?);
        write!(page, "<li><strong>{label}</strong>{bars}<code>{text}</code></li>").unwrap_or(());
    }
    page.push_str("</ul></section></main></body></html>\n");
    Ok(page)
}

/// A Code 128 as an image of bars, with the quiet zone of ten modules.
fn bars(text: &str) -> Result<String, SheetError> {
    const QUIET: usize = 10;
    let unfit = || SheetError::Symbol(text.to_owned());
    // U+0181 begins in code set B: printable ASCII.
    let modules = Code128::new(format!("\u{181}{text}")).map_err(|_unfit| unfit())?.encode();
    let width = modules.len() + 2 * QUIET;
    let mut image = format!("<svg viewBox=\"0 0 {width} 40\" role=\"img\" aria-label=\"{}\">", escaped(text));
    let mut at = 0;
    for run in modules.chunk_by(|one, next| one == next) {
        if run.first() == Some(&1) {
            write!(image, "<rect x=\"{}\" width=\"{}\" height=\"40\"/>", QUIET + at, run.len()).unwrap_or(());
        }
        at += run.len();
    }
    image.push_str("</svg>");
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use tidemark_barcode::{Judgement, decode};

    fn store() -> StoreId {
        StoreId::new("S0001").unwrap()
    }

    fn wanted() -> Wanted {
        let one = |text: &str| vec![text.to_owned()];
        Wanted { zones: one("floor"), stores: one("S0002"), people: one("0815"), references: one("PO-7") }
    }

    #[test]
    fn every_code_of_the_sheet_is_a_command_of_this_store_and_no_two_are_alike() {
        let printed = codes(&store(), Language::De, &wanted()).unwrap();
        for one in &printed {
            let frame = format!("]C0{}", one.text);
            let scan = decode(frame.as_bytes()).unwrap();
            let Judgement::Command(command) = scan.judge() else { panic!("{one:?} is no command") };
            assert!(command.is_sealed_by(|body| seal("S0001", body)), "{one:?}");
        }
        assert_eq!(printed.iter().map(|one| &one.text).collect::<BTreeSet<_>>().len(), printed.len());
        assert_eq!(printed.iter().map(|one| &one.label).collect::<BTreeSet<_>>().len(), printed.len());
    }

    #[test]
    fn the_sheet_is_printed_in_the_stores_language() {
        let page = render(&store(), Language::De, &codes(&store(), Language::De, &wanted()).unwrap()).unwrap();
        assert!(page.contains("lang=\"de\"") && page.contains("Wareneingang") && page.contains("Zählen: floor"));
        assert_eq!(page.matches("<svg").count(), 4 + 6 + 4 + 12 + 3);
        assert_eq!(page.matches("<section>").count(), page.matches("</section>").count());
    }

    #[test]
    fn what_no_code_holds_is_told() {
        let zones = vec!["stock room".to_owned()];
        let error = codes(&store(), Language::En, &Wanted { zones, ..Wanted::default() }).unwrap_err();
        assert!(error.to_string().contains("stock room"), "{error}");
    }

    #[test]
    fn bars_are_those_of_the_standard() {
        // ISO/IEC 15417: start B is 211214, stop 2331112.
        let modules = Code128::new("\u{181}TM").unwrap().encode();
        let lengths: String = modules.chunk_by(|one, next| one == next).map(|run| run.len().to_string()).collect();
        assert!(lengths.starts_with("211214") && lengths.ends_with("2331112"), "{lengths}");
        assert_eq!(modules.len(), 11 * 4 + 13, "start, T, M, check, stop");
    }
}
