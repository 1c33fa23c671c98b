//! How a till or handheld is let in, for whoever stands before the box.

use tidemark_daemon::openapi_page::escaped;

use super::Page;
use crate::pairing::Open;
use crate::words::{Language, Word};

/// How pairing stands.
#[derive(Debug)]
pub(crate) enum Pairs {
    /// Nobody waits.
    Nobody,
    /// A terminal may come.
    Till {
        /// As which till.
        till: String,
        /// With this code.
        code: String,
        /// For so long.
        seconds: u64,
    },
}

impl Pairs {
    pub(crate) fn of(open: Option<Open>, now_ms: u64) -> Self {
        open.map_or(Self::Nobody, |open| Self::Till {
            till: open.till.to_string(),
            code: open.code.to_string(),
            seconds: open.until_ms.saturating_sub(now_ms) / 1_000,
        })
    }
}

pub(super) fn pairing(page: &mut Page, pairs: &Pairs) {
    page.heading(Word::LetIn);
    if let Pairs::Till { till, code, seconds } = pairs {
        let (till, holds) = (escaped(till), page.word(Word::CodeHolds));
        page.put(format_args!("<p>{till}: <strong>{code}</strong> ({holds} {seconds} s)</p>"));
    }
    let (name, tag) = (page.word(Word::ShowCode), page.language.tag());
    page.put(format_args!("<p><a href=\"/pair?language={tag}\">{name}</a></p></section>"));
}

/// The page on which a person names a terminal that is to be let in.
pub(crate) fn pairing_form(store: &str, language: Language) -> String {
    let mut page = Page::begin(language, store, language.say(Word::LetIn), "");
    page.heading(Word::LetIn);
    let (name, show, back) = (page.word(Word::TillName), page.word(Word::ShowCode), page.word(Word::Back));
    let tag = language.tag();
    page.put(format_args!(
        "<form method=\"post\" action=\"/pair\"><p><label for=\"name\">{name}</label> \
         <input id=\"name\" name=\"name\" required maxlength=\"128\"> <button>{show}</button></p></form>\
         <p><a href=\"/?language={tag}\">{back}</a></p></section>"
    ));
    page.end()
}

/// The page on which a handheld shows the code of the box; `wrong` says that
/// it did not open.
pub(crate) fn join_form(store: &str, language: Language, wrong: Option<Word>) -> String {
    let mut page = Page::begin(language, store, language.say(Word::LetInHere), "");
    page.heading(Word::LetInHere);
    if let Some(wrong) = wrong {
        let wrong = page.word(wrong);
        page.put(format_args!("<p class=\"bad\" role=\"alert\">{wrong}</p>"));
    }
    let (ask, word, tag) = (page.word(Word::CodeOfBox), page.word(Word::LetInHere), language.tag());
    page.put(format_args!(
        "<form method=\"post\" action=\"/join\"><input type=\"hidden\" name=\"language\" value=\"{tag}\">\
         <p><label for=\"code\">{ask}</label><br><input id=\"code\" name=\"code\" inputmode=\"numeric\" \
         autocomplete=\"off\" required maxlength=\"16\"></p><p><button>{word}</button></p></form></section>"
    ));
    page.end()
}
