//! The page of the documentation that has the table of the last run.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::Trouble;
use crate::report::{Report, Trial};

const BEGIN: &str = "<!-- the last run of ./dev lab -->";
const END: &str = "<!-- end of the last run -->";

/// What a run came to, as a part of the page.
pub(crate) fn part(report: &Report) -> String {
    let mut text = String::from("\n");
    let mut add = |line: &str| text.write_str(line).unwrap_or(());
    for about in &report.about {
        add(&format!("{about}\n"));
    }
    add("\nThe number is how many codes became movements, each once.\n\n");
    add(&report.table(&Trial::ALL));
    match &report.books {
        Some(Ok(movements)) => {
            add(&format!("\nAt the end the box had {movements} movements, those that were scanned and no other.\n"));
        }
        Some(Err(why)) => add(&format!("\n**At the end the books were wrong:** {why}.\n")),
        None => add("\nThe books were not looked at.\n"),
    }
    add("\nWhat the box said meanwhile:\n\n");
    for (model, trial, words) in said(report) {
        add(&format!("- {model}, {}: {words}\n", trial.words()));
    }
    text
}

/// Each trial's words, once for those that say the same.
fn said(report: &Report) -> Vec<(crate::model::Model, Trial, String)> {
    let mut said: Vec<(crate::model::Model, Trial, String)> = Vec::new();
    for cell in &report.cells {
        for words in &cell.words {
            if !said.iter().any(|(model, _, earlier)| *model == cell.model && earlier == words) {
                said.push((cell.model, cell.trial, words.clone()));
            }
        }
    }
    said
}

/// Puts it into the page between its marks.
pub(crate) fn write(path: &Path, report: &Report) -> Result<(), Trouble> {
    let page = fs::read_to_string(path)?;
    Ok(fs::write(path, between(&page, &part(report))?)?)
}

fn between(page: &str, part: &str) -> Result<String, Trouble> {
    let (before, rest) = page.split_once(BEGIN).ok_or_else(|| format!("the page has no {BEGIN}"))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| format!("the page has no {END}"))?;
    Ok(format!("{before}{BEGIN}\n{part}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_run_takes_the_place_of_the_one_before() {
        let page = format!("# Page\n\n{BEGIN}\nold\n{END}\n\nmore\n");
        let new = between(&page, "new").unwrap();
        assert_eq!(new, format!("# Page\n\n{BEGIN}\nnew\n{END}\n\nmore\n"));
        assert_eq!(between(&new, "new").unwrap(), new);
        assert!(between("# Page", "new").is_err());
    }
}
