//! The box's page: server-rendered, readable without JavaScript and with the
//! line down. It asks for itself every five seconds.

use std::fmt::Write as _;

use tidemark_daemon::openapi_page::escaped;

use crate::status::{LaneStatus, Mark, Recent, ScannerStatus, Status, Trouble};

const STYLE: &str = include_str!("../assets/page.css");

/// The page for a status.
pub(crate) fn render(status: &Status) -> String {
    let mut page = String::with_capacity(8 * 1024);
    let (class, word) = match status.mark() {
        Mark::Good => ("good", "OK"),
        Mark::Warning => ("warn", "Look"),
        Mark::Bad => ("bad", "NOT SAVED"),
    };
    let store = escaped(&status.store);
    let sentence = escaped(&status.sentence());
    push(
        &mut page,
        format_args!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"refresh\" content=\"5\"><title>{store}: {word}</title>\
         <link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body><main>\
         <h1>Store {store}</h1><p class=\"state {class}\" role=\"status\"><strong>{word}</strong> {sentence}</p>"
        ),
    );
    troubles(&mut page, &status.conditions);
    lanes(&mut page, &status.lanes);
    scanners(&mut page, &status.scanners);
    recent(&mut page, &status.recent);
    facts(&mut page, status);
    page.push_str("</main></body></html>\n");
    page
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    page.write_fmt(text).unwrap_or(());
}

fn troubles(page: &mut String, troubles: &[Trouble]) {
    if troubles.is_empty() {
        return;
    }
    page.push_str("<section><h2>What needs a look</h2><ul>");
    for trouble in troubles {
        let [code, title, detail, remedy] =
            [&trouble.code, &trouble.title, &trouble.detail, &trouble.remedy].map(|text| escaped(text));
        push(page, format_args!("<li><strong>{title}</strong> ({code})<br>{detail}<br><em>{remedy}</em></li>"));
    }
    page.push_str("</ul></section>");
}

fn lanes(page: &mut String, lanes: &[LaneStatus]) {
    if lanes.is_empty() {
        return;
    }
    page.push_str("<section><h2>Lanes</h2><table><thead><tr><th scope=\"col\">Lane</th><th scope=\"col\">Mode</th><th scope=\"col\">Last saved scan</th><th scope=\"col\">Last signal</th></tr></thead><tbody>");
    for lane in lanes {
        let last = escaped(lane.last_saved.as_deref().unwrap_or("none yet"));
        let signal = escaped(lane.last_signal.as_deref().unwrap_or("–"));
        let (name, mode) = (escaped(&lane.name), escaped(&lane.mode));
        push(page, format_args!("<tr><td>{name}</td><td>{mode}</td><td>{last}</td><td>{signal}</td></tr>"));
    }
    page.push_str("</tbody></table></section>");
}

fn scanners(page: &mut String, scanners: &[ScannerStatus]) {
    if scanners.is_empty() {
        return;
    }
    page.push_str("<section><h2>Scanners</h2><table><thead><tr><th scope=\"col\">Port</th><th scope=\"col\">Lane</th><th scope=\"col\">State</th><th scope=\"col\" class=\"number\">Scans</th></tr></thead><tbody>");
    for scanner in scanners {
        let (class, word) = if scanner.present { ("good", "ready") } else { ("warn", "not there; plug it in") };
        let (path, lane, scans) = (escaped(&scanner.path), escaped(&scanner.lane), scanner.scans);
        push(
            page,
            format_args!(
                "<tr><td>{path}</td><td>{lane}</td><td class=\"{class}\">{word}</td><td class=\"number\">{scans}</td></tr>"
            ),
        );
    }
    page.push_str("</tbody></table></section>");
}

fn recent(page: &mut String, recent: &[Recent]) {
    page.push_str("<section><h2>Last movements</h2>");
    if recent.is_empty() {
        page.push_str("<p>None yet. Scan something, or post a receipt.</p></section>");
        return;
    }
    page.push_str("<table><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">What</th><th scope=\"col\">Item</th><th scope=\"col\" class=\"number\">Quantity</th><th scope=\"col\" class=\"number\">On hand</th><th scope=\"col\">From</th></tr></thead><tbody>");
    for movement in recent.iter().take(10) {
        let Recent { time, kind, item, quantity, on_hand, source, parked, .. } = movement;
        let [time, kind, item, quantity, source] = [time, kind, item, quantity, source].map(|text| escaped(text));
        let on_hand = escaped(on_hand.as_deref().unwrap_or("–"));
        let aside = if *parked { " (kept aside)" } else { "" };
        push(
            page,
            format_args!(
                "<tr><td>{time}</td><td>{kind}{aside}</td><td>{item}</td><td class=\"number\">{quantity}</td>\
             <td class=\"number\">{on_hand}</td><td>{source}</td></tr>"
            ),
        );
    }
    page.push_str("</tbody></table></section>");
}

fn facts(page: &mut String, status: &Status) {
    let centre = escaped(status.centre.address.as_deref().unwrap_or("none configured"));
    let heard = match status.centre.heard_seconds {
        None => "never".to_owned(),
        Some(seconds) => format!("{seconds} s ago"),
    };
    let Status { tail, pending, catalogue, version, epoch, .. } = status;
    let (version, epoch) = (escaped(version), escaped(epoch));
    push(
        page,
        format_args!(
            "<section><h2>This box</h2><dl><dt>Saved movements</dt><dd>{tail}</dd><dt>Not yet at head office</dt><dd>{pending}</dd>\
         <dt>Head office</dt><dd>{centre}, heard {heard}</dd><dt>Catalogue</dt><dd>version {catalogue}</dd>\
         <dt>Program</dt><dd>{version}, epoch {epoch}</dd></dl></section>"
        ),
    );
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
            })
            .collect();
        let page = render(&status);
        assert!(page.contains("Everything is saved, and head office has it."));
        assert!(page.contains("item-10") && !page.contains("item-11"), "ten movements, no more");
    }

    #[test]
    fn whatever_a_till_sends_is_text_and_never_markup() {
        let mut status = example();
        status.store = "<script>alert(1)</script>".to_owned();
        status.lanes = vec![LaneStatus {
            name: "\"><img src=x>".to_owned(),
            mode: "look".to_owned(),
            last_saved: Some("a&b'".to_owned()),
            last_signal: None,
        }];
        let page = render(&status);
        assert!(!page.contains("<script>") && !page.contains("<img"));
        assert!(page.contains("a&amp;b&#39;"));
    }
}
