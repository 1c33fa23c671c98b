//! The live scan test: what scanners sent last and what it means.

use tidemark_daemon::openapi_page::escaped;

use super::{Page, follows_itself};
use crate::desk::Seen;
use crate::words::{Language, Word};

/// Seconds until the page asks for itself.
const EVERY: u32 = 1;

/// The last reads, newest first.
pub(crate) fn scan_test(store: &str, language: Language, reads: &[Seen]) -> String {
    let mut page = Page::begin(language, store, language.say(Word::ScanTest), &follows_itself(EVERY));
    page.back("/");
    page.heading(Word::ScanTest);
    let note = page.word(Word::ScanTestNote);
    page.put(format_args!("<p>{note}</p>"));
    if reads.is_empty() {
        let none = page.word(Word::NoReads);
        page.put(format_args!("<p>{none}</p></section>"));
        return page.end_following(EVERY);
    }
    let columns = [(Word::Port, false), (Word::Lane, false), (Word::Kind, false), (Word::Bytes, true)];
    page.table(&[&columns[..], &[(Word::Item, false), (Word::Meaning, false), (Word::Signal, false)]].concat());
    for seen in reads {
        row(&mut page, seen);
    }
    page.end_table();
    page.end_following(EVERY)
}

fn row(page: &mut Page, seen: &Seen) {
    let Seen { number, device, lane, read, said } = seen;
    let (device, lane) = (escaped(device), escaped(lane));
    let text = read.gtin14.as_deref().or(read.text.as_deref()).unwrap_or("–");
    let raw = read.raw.as_deref().map(|raw| format!("<br><small>{}</small>", escaped(raw))).unwrap_or_default();
    let elements = if read.elements.is_empty() { String::new() } else { format!("<br>{}", escaped(&read.elements)) };
    let (class, mark) = if read.ok { ("good", "✓") } else { ("bad", "✗") };
    let said = said.as_ref().map_or_else(|| "–".to_owned(), |said| said.say(page.language));
    let (symbology, length, text) = (read.symbology, read.length, escaped(text));
    let (verdict, said) = (escaped(&read.verdict), escaped(&said));
    page.put(format_args!(
        "<tr><td>{number}. {device}</td><td>{lane}</td><td>{symbology}</td><td class=\"number\">{length}</td>\
         <td>{text}{elements}{raw}</td><td class=\"{class}\" lang=\"en\">{mark} {verdict}</td><td>{said}</td></tr>"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Said;
    use crate::read_out::ReadOut;

    #[test]
    fn a_read_is_shown_with_its_meaning_and_what_may_be_a_card_is_not() {
        let seen = |bytes: &[u8], said| Seen {
            number: 7,
            device: "<usb>".to_owned(),
            lane: "counter".to_owned(),
            read: ReadOut::of(bytes),
            said,
        };
        let reads = [seen(b"]C1010400638133393110LOT7", Some(Said::Word(Word::SaidSaved))), seen(b"BADGE-77123", None)];
        let page = scan_test("S1", Language::De, &reads);
        assert!(page.contains("(01)04006381333931(10)LOT7") && page.contains("gespeichert"), "{page}");
        assert!(page.contains("&lt;usb&gt;") && !page.contains("77123") && !page.contains("<usb>"));
        assert!(scan_test("S1", Language::En, &[]).contains("Nothing was scanned yet."));
    }
}
