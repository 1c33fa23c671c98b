//! A page of documentation for each condition, made of the registry.

use super::{CONDITIONS, Code, Condition, find};

/// What the thousands of a code stand for.
const KINDS: [(u16, &str); 6] = [
    (1, "The centre"),
    (2, "Between box and centre"),
    (3, "Storage"),
    (4, "Devices"),
    (5, "Documents"),
    (6, "Identity"),
];

/// The name and the text of every page, the list of all first.
#[must_use]
pub fn pages() -> Vec<(String, String)> {
    let list = ("README.md".to_owned(), list());
    std::iter::once(list).chain(CONDITIONS.iter().map(|condition| (file(condition.code), page(condition)))).collect()
}

fn file(code: Code) -> String {
    format!("{code}.md")
}

fn list() -> String {
    let mut text = String::from(
        "# Conditions\n\nWhat can be the matter, at a box or at the centre, with cause, effect and remedy. The same \
         table gives `tidemark-edge explain`, `tidemark-central explain`, the pages and the alerts. Made by `cargo run \
         --package tidemark-daemon --example condition_pages -- docs/conditions`.\n",
    );
    for (thousand, kind) in KINDS {
        let of_kind: Vec<&Condition> =
            CONDITIONS.iter().filter(|condition| condition.code.0 / 1_000 == thousand).collect();
        if of_kind.is_empty() {
            continue;
        }
        text.push_str(&format!("\n## {kind}\n\n| code | | severity |\n|---|---|---|\n"));
        for Condition { code, title, severity, .. } in of_kind {
            text.push_str(&format!("| [{code}]({}) | {title} | {severity} |\n", file(*code)));
        }
    }
    text
}

fn page(condition: &Condition) -> String {
    let Condition { code, title, severity, cause, effect, remedy, visible_after_s, depends_on } = condition;
    let mut text = format!("# {code} {title}\n\nSeverity: {severity}\n\n");
    for (name, said) in [("Cause", cause), ("Effect", effect), ("Remedy", remedy)] {
        text.push_str(&format!("## {name}\n\n{said}\n\n"));
    }
    if *visible_after_s > 0 {
        text.push_str(&format!("It shows within {visible_after_s} s.\n\n"));
    }
    for other in depends_on.iter().filter_map(|code| find(*code)) {
        text.push_str(&format!("Look first at [{} {}]({}).\n\n", other.code, other.title, file(other.code)));
    }
    text.push_str("[All conditions](README.md)\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_leads_to_what_explains_it() {
        let text = page(find(super::super::registry::REGION_CUT_OFF).unwrap());
        assert!(text.starts_with("# TM-1020 ") && text.contains("](TM-1002.md)"), "{text}");
        assert!(list().contains("| [TM-3001](TM-3001.md) |"));
    }
}
