//! The box's page: server-rendered, readable without JavaScript and with the
//! line down. It asks for itself every five seconds: by a script that stays
//! where the reader is, or without one by loading anew.

mod days;
mod documents;
mod handhelds;
mod pairing;
mod scan_test;

pub(crate) use documents::{Undo, documents, encoded, undo_form, undo_told};
pub(crate) use handhelds::{Button, handheld, handhelds};
pub(crate) use pairing::{Pairs, join_form, pairing_form};
pub(crate) use scan_test::scan_test;

use std::fmt::Write as _;

use tidemark_daemon::openapi_page::escaped;
use tidemark_model::Kind;

use crate::status::{Centre, LaneStatus, Mark, Recent, ScannerStatus, Status, Trouble};
use crate::words::{Language, Word, trouble};

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");
/// Seconds until the page asks for itself.
const EVERY: u32 = 5;
/// Movements on the page.
const MOVEMENTS: usize = 10;

/// A page being written, in one language.
struct Page {
    text: String,
    language: Language,
    /// The last heading: a table that is wider than the screen is reached by
    /// the keyboard, under this name.
    section: Word,
}

impl Page {
    /// The head of a page and its first heading.
    fn begin(language: Language, store: &str, title: &str, head: &str) -> Self {
        let (tag, store, title) = (language.tag(), escaped(store), escaped(title));
        let text = format!(
            "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{head}\
             <title>{store}: {title}</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body><main>\
             <h1>{} {store}</h1>",
            escaped(language.say(Word::Store))
        );
        Self { text, language, section: Word::Store }
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        self.text.write_fmt(text).unwrap_or(());
    }

    /// A word, ready for the page.
    fn word(&self, word: Word) -> String {
        escaped(self.language.say(word))
    }

    fn heading(&mut self, word: Word) {
        self.section = word;
        let word = self.word(word);
        self.put(format_args!("<section><h2>{word}</h2>"));
    }

    /// A table's head; columns of numbers are marked.
    fn table(&mut self, columns: &[(Word, bool)]) {
        let section = self.word(self.section);
        self.put(format_args!("<div class=\"wide\" role=\"region\" aria-label=\"{section}\" tabindex=\"0\">"));
        self.text.push_str("<table><thead><tr>");
        for (column, is_number) in columns {
            let (word, class) = (self.word(*column), if *is_number { " class=\"number\"" } else { "" });
            self.put(format_args!("<th scope=\"col\"{class}>{word}</th>"));
        }
        self.text.push_str("</tr></thead><tbody>");
    }

    fn end_table(&mut self) {
        self.text.push_str("</tbody></table></div></section>");
    }

    /// The way back to another page.
    fn back(&mut self, to: &str) {
        let (word, tag) = (self.word(Word::Back), self.language.tag());
        self.put(format_args!("<nav><a href=\"{to}?language={tag}\">{word}</a></nav>"));
    }

    fn end(mut self) -> String {
        self.text.push_str("</main></body></html>\n");
        self.text
    }

    /// The end of a page that asks for itself.
    fn end_following(mut self, seconds: u32) -> String {
        let gone = self.word(Word::Gone);
        self.put(format_args!("</main><script data-seconds=\"{seconds}\" data-gone=\"{gone}\">{SCRIPT}</script>"));
        self.text.push_str("</body></html>\n");
        self.text
    }
}

/// In the head of a page that asks for itself, for browsers without scripts.
fn follows_itself(seconds: u32) -> String {
    format!("<noscript><meta http-equiv=\"refresh\" content=\"{seconds}\"></noscript>")
}

/// The page for a status.
pub(crate) fn render(status: &Status, language: Language, pairs: Option<&Pairs>) -> String {
    let (class, word) = match status.mark() {
        Mark::Good => ("good", Word::Good),
        Mark::Warning => ("warn", Word::Warn),
        Mark::Bad => ("bad", Word::Bad),
    };
    let mut page = Page::begin(language, &status.store, language.say(word), &follows_itself(EVERY));
    let (word, sentence) = (page.word(word), escaped(&sentence(status, language)));
    page.put(format_args!("<p class=\"state {class}\" role=\"status\"><strong>{word}</strong> {sentence}</p>"));
    let (documents, sheet, tag) = (page.word(Word::Documents), page.word(Word::Sheet), language.tag());
    let (handheld, test) = (page.word(Word::Handheld), page.word(Word::ScanTest));
    page.put(format_args!(
        "<nav><a href=\"/documents?language={tag}\">{documents}</a> <a href=\"/sheet?language={tag}\">{sheet}</a> \
         <a href=\"/h?language={tag}\">{handheld}</a> <a href=\"/scan-test?language={tag}\">{test}</a> \
         <a href=\"/docs\">API</a>"
    ));
    for other in Language::ALL.into_iter().filter(|other| *other != language) {
        let tag = other.tag();
        page.put(format_args!(" <a href=\"/?language={tag}\" hreflang=\"{tag}\" lang=\"{tag}\">{tag}</a>"));
    }
    page.text.push_str("</nav>");
    troubles(&mut page, &status.conditions);
    lanes(&mut page, &status.lanes);
    scanners(&mut page, &status.scanners);
    to_count(&mut page, &status.count_list);
    days::days(&mut page, &status.days);
    recent(&mut page, &status.recent);
    if let Some(pairs) = pairs {
        pairing::pairing(&mut page, pairs);
    }
    facts(&mut page, status);
    page.end_following(EVERY)
}

/// The one sentence that people read.
fn sentence(status: &Status, language: Language) -> String {
    let say = |word| language.say(word);
    let saved = say(if status.saving { Word::Saved } else { Word::NotSaved });
    let reached = match (&status.centre, status.pending) {
        (Centre { address: None, .. }, _) => say(Word::Alone).to_owned(),
        (Centre { reached: true, .. }, 0) => say(Word::OfficeHasIt).to_owned(),
        (Centre { reached: true, .. }, waiting) => say(Word::OfficeGets).replace("{}", &waiting.to_string()),
        (Centre { reached: false, .. }, 0) => say(Word::OfficeAway).to_owned(),
        (Centre { reached: false, .. }, waiting) => say(Word::OfficeWaits).replace("{}", &waiting.to_string()),
    };
    format!("{saved}; {reached}")
}

fn troubles(page: &mut Page, troubles: &[Trouble]) {
    if troubles.is_empty() {
        return;
    }
    page.heading(Word::Troubles);
    page.text.push_str("<ul>");
    for told in troubles {
        let Trouble { code, title, detail, remedy, .. } = told;
        let (title, remedy) = trouble(code, page.language).unwrap_or((title, remedy));
        let [code, title, detail, remedy] = [code.as_str(), title, detail, remedy].map(escaped);
        // What is the case here is told in English alone.
        page.put(format_args!(
            "<li><strong>{title}</strong> ({code})<br><span lang=\"en\">{detail}</span><br><em>{remedy}</em></li>"
        ));
    }
    page.text.push_str("</ul></section>");
}

fn lanes(page: &mut Page, lanes: &[LaneStatus]) {
    if lanes.is_empty() {
        return;
    }
    page.heading(Word::Lanes);
    page.table(&[(Word::Lane, false), (Word::Mode, false), (Word::LastSaved, false), (Word::LastSignal, false)]);
    for lane in lanes {
        let last = lane.last_saved.as_deref().map_or_else(|| page.word(Word::NoneYet), escaped);
        let (name, signal) = (escaped(&lane.name), escaped(&lane.signal_in(page.language)));
        let mode = escaped(&lane.mode_in(page.language));
        page.put(format_args!("<tr><td>{name}</td><td>{mode}</td><td>{last}</td><td>{signal}</td></tr>"));
    }
    page.end_table();
}

fn scanners(page: &mut Page, scanners: &[ScannerStatus]) {
    if scanners.is_empty() {
        return;
    }
    page.heading(Word::Scanners);
    page.table(&[(Word::Port, false), (Word::Lane, false), (Word::State, false), (Word::Scans, true)]);
    for scanner in scanners {
        let (class, word) = match (scanner.present, scanner.unanswered) {
            (_, 1..) => ("warn", Word::BeingSaved),
            (true, 0) => ("good", Word::Ready),
            (false, 0) => ("warn", Word::PlugIn),
        };
        let word = page.word(word);
        let (path, lane, scans) = (escaped(&scanner.path), escaped(&scanner.lane), scanner.scans);
        page.put(format_args!(
            "<tr><td>{path}</td><td>{lane}</td><td class=\"{class}\">{word}</td><td class=\"number\">{scans}</td></tr>"
        ));
    }
    page.end_table();
}

fn recent(page: &mut Page, recent: &[Recent]) {
    page.heading(Word::Movements);
    if recent.is_empty() {
        let none = page.word(Word::NoMovements);
        page.put(format_args!("<p>{none}</p></section>"));
        return;
    }
    let columns = [(Word::Time, false), (Word::What, false), (Word::Item, false), (Word::Amount, true)];
    page.table(&[&columns[..], &[(Word::OnHand, true), (Word::From, false)]].concat());
    for movement in recent.iter().take(MOVEMENTS) {
        let Recent { time, kind, item, quantity, on_hand, source, parked, note, .. } = movement;
        let [time, item, quantity, source] = [time, item, quantity, source].map(|text| escaped(text));
        let what = what(page, kind, *parked);
        let on_hand = escaped(on_hand.as_deref().unwrap_or("–"));
        let note = note.as_deref().map(|note| format!("<br>{}", escaped(note))).unwrap_or_default();
        page.put(format_args!(
            "<tr><td>{time}</td><td>{what}</td><td>{item}</td><td class=\"number\">{quantity}</td>\
             <td class=\"number\">{on_hand}</td><td>{source}{note}</td></tr>"
        ));
    }
    page.end_table();
}

/// Items that head office wants counted.
fn to_count(page: &mut Page, items: &[String]) {
    if items.is_empty() {
        return;
    }
    page.heading(Word::ToCount);
    let items: Vec<String> = items.iter().map(|item| escaped(item)).collect();
    page.put(format_args!("<p>{}</p></section>", items.join(", ")));
}

/// What a movement is, and whether it was kept aside.
fn what(page: &Page, kind: &str, parked: bool) -> String {
    let kind = Kind::from_word(kind).map_or_else(|| escaped(kind), |kind| page.word(Word::of_kind(kind)));
    if parked { format!("{kind} ({})", page.word(Word::Aside)) } else { kind }
}

fn facts(page: &mut Page, status: &Status) {
    let centre = status.centre.address.as_deref().map_or_else(|| page.word(Word::NoneConfigured), escaped);
    let heard = match status.centre.heard_seconds {
        None => page.word(Word::Never),
        Some(seconds) => format!("{seconds} s"),
    };
    let days = status.trading_days_left.map_or_else(|| "–".to_owned(), |days| days.to_string());
    let days = page.word(Word::DaysFit).replace("{}", &days);
    let Status { tail, pending, catalogue, version, epoch, .. } = status;
    page.heading(Word::ThisBox);
    page.text.push_str("<dl>");
    for (word, value) in [
        (Word::SavedMovements, tail.to_string()),
        (Word::NotYetThere, pending.to_string()),
        (Word::HeadOffice, format!("{centre}, {} {heard}", page.word(Word::Heard))),
        (Word::Catalogue, format!("{} {catalogue}", page.word(Word::Version))),
        (Word::Room, days),
        (Word::Program, format!("{}, {} {}", escaped(version), page.word(Word::Epoch), escaped(epoch))),
    ] {
        let word = page.word(word);
        page.put(format_args!("<dt>{word}</dt><dd>{value}</dd>"));
    }
    page.text.push_str("</dl></section>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::example;

    #[test]
    fn the_page_says_the_sentence_and_the_last_movements() {
        let mut status = example();
        status.recent = (1..=12)
            .map(|seq| Recent {
                seq,
                kind: "sale".to_owned(),
                item: format!("item-{seq}"),
                quantity: "1".to_owned(),
                on_hand: None,
                source: "till:1".to_owned(),
                time: "10:00".to_owned(),
                parked: false,
                note: Some("Anna: <b>typed wrong</b>".to_owned()),
            })
            .collect();
        let page = render(&status, Language::En, None);
        assert!(page.contains("Everything is saved; head office has it."));
        assert!(page.contains("item-10") && !page.contains("item-11"), "ten movements, no more");
        assert!(page.contains("Anna: &lt;b&gt;typed wrong"), "who and why, as text");
        assert!(!page.contains("To be counted"));
        status.count_list = vec!["A<1>".to_owned(), "B2".to_owned()];
        let page = render(&status, Language::En, None);
        assert!(page.contains("To be counted") && page.contains("A&lt;1&gt;, B2"), "{page}");
        let german = render(&status, Language::De, None);
        assert!(german.contains("lang=\"de\"") && german.contains("<td>Verkauf</td>"), "{german}");
    }

    #[test]
    fn every_state_of_line_and_disk_has_its_sentence_in_every_language() {
        let mut sentences = std::collections::BTreeSet::new();
        for language in [Language::En, Language::Pl] {
            for (saving, address, reached, pending) in [
                (true, true, true, 0),
                (true, true, true, 3),
                (true, true, false, 0),
                (true, true, false, 3),
                (true, false, false, 3),
                (false, true, true, 0),
            ] {
                let mut status = example();
                (status.saving, status.pending, status.centre.reached) = (saving, pending, reached);
                status.centre.address = address.then(|| "https://centre".to_owned());
                sentences.insert(sentence(&status, language));
            }
        }
        assert_eq!(sentences.len(), 12);
        assert!(sentences.iter().all(|sentence| !sentence.contains("{}")));
    }

    #[test]
    fn conditions_modes_and_signals_are_told_in_the_language_of_the_page() {
        let mut status = example();
        status.conditions = vec![Trouble {
            code: "TM-4001".to_owned(),
            title: "A scanner is not there".to_owned(),
            severity: "warning".to_owned(),
            detail: "usb-0:2: there is no such port".to_owned(),
            remedy: "Plug it in.".to_owned(),
            since_seconds: 1,
        }];
        status.lanes = vec![LaneStatus {
            name: "counter".to_owned(),
            mode: "receive".to_owned(),
            takes: true,
            last_saved: None,
            last_signal: Some("saved".to_owned()),
            does: Some(crate::desk::Does::Work(crate::lane::Mode::Receive)),
            said: Some(crate::desk::Said::Word(Word::SaidSaved)),
        }];
        let page = render(&status, Language::Es, None);
        for words in
            ["Falta un lector", "Conéctelo", "Entrada de mercancía", "<td>guardado</td>", "there is no such port"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(!page.contains("A scanner is not there") && page.contains("<span lang=\"en\">"));
    }

    #[test]
    fn whatever_a_till_sends_is_text_and_never_markup() {
        let mut status = example();
        status.store = "<script>alert(1)</script>".to_owned();
        status.lanes = vec![LaneStatus {
            name: "\"><img src=x>".to_owned(),
            mode: "look".to_owned(),
            takes: true,
            last_saved: Some("a&b'".to_owned()),
            last_signal: None,
            does: None,
            said: None,
        }];
        let page = render(&status, Language::Fr, None);
        assert!(!page.contains("<script>alert") && !page.contains("<img"));
        assert!(page.contains("a&amp;b&#39;"));
    }
}
