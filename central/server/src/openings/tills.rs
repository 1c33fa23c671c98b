//! Which tills a box lets in, as it is kept for the box after it.

use serde::{Deserialize, Serialize};
use tidemark_model::Source;
use tidemark_sync::message::TillFacts;

/// A till that a box lets in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptTill {
    source: String,
    token: Option<[u8; 32]>,
}

/// Tills as they are kept; none if the box told none.
pub(crate) fn kept(tills: &[TillFacts]) -> Option<String> {
    let kept = |till: &TillFacts| KeptTill { source: till.source.to_string(), token: till.token };
    let kept: Vec<KeptTill> = tills.iter().map(kept).collect();
    if kept.is_empty() { None } else { serde_json::to_string(&kept).ok() }
}

/// The tills of what was kept. What another release kept is only not known.
pub(super) fn told(body: &str) -> Vec<TillFacts> {
    let kept: Vec<KeptTill> = serde_json::from_str(body).unwrap_or_default();
    let till = |kept: KeptTill| {
        let source = Source::new(&kept.source).ok()?;
        Some(TillFacts { source, token: kept.token, heard_ms: None, documents: 0 })
    };
    kept.into_iter().filter_map(till).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tills_are_read_as_they_were_kept_without_what_only_their_box_knows() {
        let till =
            |name: &str, token| TillFacts { source: Source::new(name).unwrap(), token, heard_ms: None, documents: 0 };
        let tills = [till("till:1", Some([7; 32])), till("till:2", None)];
        assert_eq!(told(&kept(&tills).unwrap()), tills);
        assert_eq!(kept(&[]), None);
        assert!(told("of another release").is_empty());
    }
}
