//! The last documents, and taking one back: a page of its own, which does not
//! ask for itself, so that nobody's PIN is lost in the typing.

use tidemark_daemon::openapi_page::escaped;
use tidemark_journal::DocumentView;
use tidemark_model::Kind;
use tidemark_model::document::TradeKind;

use super::{Page, what};
use crate::reporter::time_text;
use crate::words::{Language, Word};

/// A document to be taken back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Undo<'a> {
    /// Who submitted it.
    pub(crate) source: &'a str,
    /// Its id.
    pub(crate) id: &'a str,
}

/// The newest documents, newest first; `older` leads to those before.
pub(crate) fn documents(
    store: &str,
    language: Language,
    views: &[DocumentView],
    older: Option<u64>,
    may_undo: bool,
) -> String {
    let mut page = Page::begin(language, store, language.say(Word::Documents), "");
    page.back("/");
    page.heading(Word::Documents);
    if !may_undo {
        let why = page.word(Word::NoPin);
        page.put(format_args!("<p>{why}</p>"));
    }
    let columns = [(Word::Time, false), (Word::What, false), (Word::Lines, true), (Word::From, false)];
    page.table(&[&columns[..], &[(Word::Id, false), (Word::UndoIt, false)]].concat());
    for view in views {
        let (time, what) = (escaped(&time_text(view.wall)), what(&page, view.kind.word(), view.parked > 0));
        let (lines, source, id) = (view.lines, escaped(view.source.as_str()), escaped(view.id.as_str()));
        let undo = if may_undo && is_undone(view.kind) { link(&page, view) } else { String::new() };
        page.put(format_args!(
            "<tr><td>{time}</td><td>{what}</td><td class=\"number\">{lines}</td><td>{source}</td><td>{id}</td><td>{undo}</td></tr>"
        ));
    }
    page.text.push_str("</tbody></table></div>");
    if let Some(before) = older {
        let (word, tag) = (page.word(Word::Older), language.tag());
        page.put(format_args!("<p><a href=\"/documents?language={tag}&amp;before={before}\">{word}</a></p>"));
    }
    page.text.push_str("</section>");
    page.end()
}

/// Whether a void reverses documents of this kind.
fn is_undone(kind: Kind) -> bool {
    TradeKind::of(kind).is_some() || kind == Kind::Tally
}

fn link(page: &Page, view: &DocumentView) -> String {
    let (source, id) = (encoded(view.source.as_str()), encoded(view.id.as_str()));
    let (word, tag) = (page.word(Word::UndoIt), page.language.tag());
    let label = format!("{word} {} {}", escaped(view.source.as_str()), escaped(view.id.as_str()));
    format!(
        "<a href=\"/documents/undo?language={tag}&amp;source={source}&amp;id={id}\" aria-label=\"{label}\">{word}</a>"
    )
}

/// A text as one part of a path or query (RFC 3986, section 2.1).
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let shown = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(shown).collect()
}

/// Asks for the PIN; `wrong` says why it is asked again.
pub(crate) fn undo_form(store: &str, language: Language, undo: Undo<'_>, wrong: Option<Word>) -> String {
    let mut page = Page::begin(language, store, language.say(Word::UndoIt), "");
    page.back("/documents");
    page.heading(Word::UndoIt);
    let (source, id, tag) = (escaped(undo.source), escaped(undo.id), language.tag());
    let (ask, pin, word) = (page.word(Word::UndoAsk), page.word(Word::Pin), page.word(Word::UndoIt));
    page.put(format_args!("<p><strong>{source} {id}</strong></p><p>{ask}</p>"));
    if let Some(wrong) = wrong {
        let wrong = page.word(wrong);
        page.put(format_args!("<p class=\"bad\" role=\"alert\">{wrong}</p>"));
    }
    page.put(format_args!(
        "<form method=\"post\" action=\"/documents/undo\"><input type=\"hidden\" name=\"language\" value=\"{tag}\">\
         <input type=\"hidden\" name=\"source\" value=\"{source}\"><input type=\"hidden\" name=\"id\" value=\"{id}\">\
         <p><label>{pin} <input name=\"pin\" type=\"password\" inputmode=\"numeric\" autocomplete=\"off\" required></label></p>\
         <p><button>{word}</button></p></form></section>"
    ));
    page.end()
}

/// What became of it.
pub(crate) fn undo_told(store: &str, language: Language, undo: Undo<'_>, told: Word) -> String {
    let mut page = Page::begin(language, store, language.say(Word::UndoIt), "");
    page.back("/documents");
    page.heading(Word::UndoIt);
    let (source, id, told) = (escaped(undo.source), escaped(undo.id), page.word(told));
    page.put(format_args!("<p><strong>{source} {id}</strong></p><p role=\"status\">{told}</p></section>"));
    page.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_model::{DocumentId, Epoch, Odometer, Position, Source, WallTime};

    fn view(id: &str, kind: Kind) -> DocumentView {
        DocumentView {
            source: Source::new("till:1").unwrap(),
            id: DocumentId::new(id).unwrap(),
            kind,
            first: Position { epoch: Epoch(1), seq: 7 },
            lines: 2,
            parked: 0,
            committed: Odometer(1),
            wall: WallTime(0),
        }
    }

    #[test]
    fn a_name_is_one_part_of_a_path_whatever_stands_in_it() {
        assert_eq!(encoded("till:3/é"), "till%3A3%2F%C3%A9");
    }

    #[test]
    fn only_what_a_void_reverses_can_be_taken_back_and_only_with_a_pin() {
        let views = [view("a b&c", Kind::Sale), view("d", Kind::Void)];
        let page = documents("S1", Language::En, &views, Some(7), true);
        assert_eq!(page.matches("/documents/undo?").count(), 1);
        assert!(page.contains("source=till%3A1&amp;id=a%20b%26c") && page.contains("before=7"), "{page}");
        let page = documents("S1", Language::En, &views, None, false);
        assert!(!page.contains("/documents/undo?") && page.contains("tidemark-edge pin set"));
    }

    #[test]
    fn a_form_keeps_what_it_is_about_as_text() {
        let undo = Undo { source: "till:1", id: "\"><script>" };
        let form = undo_form("S1", Language::Es, undo, Some(Word::PinWrong));
        assert!(!form.contains("<script>") && form.contains("El PIN es incorrecto."));
        assert!(undo_told("S1", Language::En, undo, Word::UndoDone).contains("It is taken back."));
    }
}
