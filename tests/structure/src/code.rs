//! Rust text with what is not production code taken out.

/// The code without comments, without the content of texts, and without
/// modules under `#[cfg(test)]`. Line breaks stay.
pub(crate) fn production(text: &str) -> String {
    without_tests(&bare(text))
}

/// The lines that are production: all but test modules.
pub(crate) fn production_lines(text: &str) -> usize {
    // Blanking keeps the line breaks, so that line numbers agree.
    let bare = bare(text);
    let cut: usize =
        test_spans(&bare).iter().map(|&(from, to)| bare.get(from..to).unwrap_or_default().lines().count()).sum();
    text.lines().count().saturating_sub(cut)
}

/// Comments and the insides of texts become spaces.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = no_code(rest, out.chars().next_back());
        if taken == 0 {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        } else {
            let (gone, left) = rest.split_at(taken);
            out.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = left;
        }
    }
    out
}

/// The length of the comment, text or character that starts here; 0 of code.
fn no_code(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |at| at + 2);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    raw_text(rest, before).or_else(|| character(rest)).unwrap_or_default()
}

/// The length of `r"…"`, `r#"…"#`, if that is what stands here.
fn raw_text(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() && c != 'b' || c == '_') {
        return None;
    }
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(1 + hashes + 1 + length)
}

/// The length of a text or character up to its closing mark.
fn quoted(rest: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// The length of `'x'` or `'\n'`; a lifetime is neither.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    let mut letters = body.chars();
    let first = letters.next()?;
    (first == '\\' || letters.next() == Some('\'')).then(|| quoted(rest, '\''))
}

fn without_tests(bare: &str) -> String {
    let mut out = String::with_capacity(bare.len());
    let mut at = 0;
    for (from, to) in test_spans(bare) {
        out.push_str(bare.get(at..from).unwrap_or_default());
        at = to;
    }
    out.push_str(bare.get(at..).unwrap_or_default());
    out
}

/// Where items under `#[cfg(test)]` stand, in bytes of bare code.
fn test_spans(bare: &str) -> Vec<(usize, usize)> {
    const MARK: &str = "#[cfg(test)]";
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(found) = bare.get(at..).and_then(|rest| rest.find(MARK)) {
        let from = at + found;
        let body = from + MARK.len();
        at = body + item(bare.get(body..).unwrap_or_default());
        spans.push((from, at));
    }
    spans
}

/// The length of the item that starts here: to its `;` or its last brace.
fn item(rest: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_no_code() {
        let code = production("let a = \"std::fs \\\" tokio\"; // Mutex\n/* async */ let b = 'x'; let c = r#\"env\"#;");
        for word in ["fs", "tokio", "Mutex", "async", "env"] {
            assert!(!code.contains(word), "{word} in {code}");
        }
        assert!(code.contains("let b") && code.contains("let c"));
    }

    #[test]
    fn lifetimes_do_not_open_a_text() {
        assert!(production("fn f<'a>(x: &'a str) -> &'a str { tokio(x) }").contains("tokio"));
    }

    #[test]
    fn a_test_module_is_left_out_and_what_follows_stays() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { Mutex }\n}\nfn c() {}\n";
        let code = production(text);
        assert!(!code.contains("Mutex") && code.contains("fn c"));
        assert_eq!(production_lines(text), 2);
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_costs_two_lines() {
        assert_eq!(production_lines("fn a() {}\n#[cfg(test)]\nmod tests;\n"), 1);
    }
}
