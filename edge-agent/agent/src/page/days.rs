//! Trading days on the page: which are complete, and what is missing.

use tidemark_daemon::openapi_page::escaped;

use super::Page;
use crate::days::{DayStatus, TillStatus};
use crate::words::Word;

pub(super) fn days(page: &mut Page, days: &[DayStatus]) {
    if days.is_empty() {
        return;
    }
    page.heading(Word::Days);
    page.table(&[(Word::Day, false), (Word::State, false), (Word::Tills, false)]);
    for DayStatus { business_day, complete, open, tills } in days {
        let open: Vec<String> = open.iter().map(|words| escaped(words)).collect();
        let (class, state) = if *complete { ("good", page.word(Word::Complete)) } else { ("warn", open.join("<br>")) };
        let tills: Vec<String> = tills.iter().map(|till| told(page, till)).collect();
        let (day, tills) = (escaped(business_day), tills.join("<br>"));
        page.put(format_args!("<tr><td>{day}</td><td class=\"{class}\">{state}</td><td>{tills}</td></tr>"));
    }
    page.end_table();
}

fn told(page: &Page, till: &TillStatus) -> String {
    let closed = page.word(if till.closed { Word::Closed } else { Word::StillOpen });
    let (documents, units) = (page.word(Word::Documents), page.word(Word::Amount));
    format!("{}: {} {documents}, {} {units}, {closed}", escaped(&till.till), till.documents, escaped(&till.units))
}
