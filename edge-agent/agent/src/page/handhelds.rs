//! Pages for handhelds: large, one field, commands as buttons.

use tidemark_daemon::openapi_page::escaped;

use super::{Page, encoded};
use crate::status::LaneStatus;
use crate::words::{Language, Word};

/// A command that is a button here.
#[derive(Clone, Debug)]
pub(crate) struct Button {
    /// A quantity: stands with the others of its kind.
    pub(crate) is_quantity: bool,
    /// What it does.
    pub(crate) label: String,
    /// What a scanner would have read.
    pub(crate) code: String,
}

/// The lanes to choose from.
pub(crate) fn handhelds(store: &str, language: Language, lanes: &[&str]) -> String {
    let mut page = Page::begin(language, store, language.say(Word::Handheld), "");
    page.heading(Word::Handheld);
    if lanes.is_empty() {
        let none = page.word(Word::NoLane);
        page.put(format_args!("<p>{none}</p>"));
    }
    page.text.push_str("<ul class=\"buttons\">");
    for lane in lanes {
        let (path, tag, name) = (encoded(lane), language.tag(), escaped(lane));
        page.put(format_args!("<li><a class=\"button\" href=\"/h/{path}?language={tag}\">{name}</a></li>"));
    }
    page.text.push_str("</ul></section>");
    page.end()
}

/// One lane's page; `number` tells it from every other, so that it counts
/// once.
pub(crate) fn handheld(store: &str, language: Language, lane: &LaneStatus, buttons: &[Button], number: u64) -> String {
    let mut page = Page::begin(language, store, &lane.name, "");
    let (name, mode) = (escaped(&lane.name), escaped(&lane.mode_in(language)));
    page.put(format_args!("<h2>{name}: {mode}</h2>"));
    let signal = escaped(&lane.signal_in(language));
    page.put(format_args!("<p class=\"state\" role=\"status\"><strong>{signal}</strong></p>"));
    let action = format!("/h/{}", encoded(&lane.name));
    let (tag, ask) = (language.tag(), page.word(Word::ScanHere));
    let hidden = format!(
        "<input type=\"hidden\" name=\"language\" value=\"{tag}\"><input type=\"hidden\" name=\"page\" value=\"{number}\">"
    );
    page.put(format_args!(
        "<form method=\"post\" action=\"{action}\">{hidden}<p><label>{ask}<br>\
         <input name=\"code\" autofocus autocomplete=\"off\" autocapitalize=\"off\" spellcheck=\"false\" maxlength=\"512\"></label></p></form>"
    ));
    let (last, none) = (page.word(Word::LastSaved), page.word(Word::NoneYet));
    let saved = lane.last_saved.as_deref().map_or(none, escaped);
    page.put(format_args!("<p>{last}: <strong>{saved}</strong></p><form method=\"post\" action=\"{action}\">{hidden}"));
    for quantities in [false, true] {
        page.text.push_str("<p class=\"buttons\">");
        for button in buttons.iter().filter(|button| button.is_quantity == quantities) {
            let (label, code) = (escaped(&button.label), escaped(&button.code));
            page.put(format_args!("<button name=\"code\" value=\"{code}\">{label}</button> "));
        }
        page.text.push_str("</p>");
    }
    page.text.push_str("</form>");
    page.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_its_number_in_both_forms_and_its_commands_as_buttons() {
        let lane = LaneStatus {
            name: "back \"room\"".to_owned(),
            mode: "receive".to_owned(),
            takes: true,
            last_saved: Some("<4711>".to_owned()),
            last_signal: Some("saved".to_owned()),
            does: None,
            said: None,
        };
        let button =
            |is_quantity, label: &str| Button { is_quantity, label: label.to_owned(), code: "]C0TMG".to_owned() };
        let page = handheld("S1", Language::Pt, &lane, &[button(false, "Entrada"), button(true, "× 2")], 77);
        assert_eq!(page.matches("name=\"page\" value=\"77\"").count(), 2);
        assert_eq!(page.matches("<button").count(), 2);
        assert!(page.contains("action=\"/h/back%20%22room%22\"") && page.contains("&lt;4711&gt;"), "{page}");
        let list = handhelds("S1", Language::En, &["a/b"]);
        assert!(list.contains("/h/a%2Fb?language=en") && handhelds("S1", Language::En, &[]).contains("[[lane]]"));
    }
}
