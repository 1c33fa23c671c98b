//! Every condition of the centre, of the way between and of the storage is
//! provoked by a test, which reads it, and ends in a stated way. The table is
//! kept by hand; that its tests are there and speak of their condition is
//! looked at.

use std::collections::BTreeSet;

use crate::{Fault, Workspace};

/// Where the conditions have their names and numbers.
const REGISTRY: &str = "packaging/daemon/src/conditions/registry.rs";
/// Devices, documents and identity come later.
const CODES: std::ops::Range<u16> = 1_000..4_000;

/// How a test looks at what is over.
const CLEARED: [&str; 6] = ["the end of", "is_empty()", "[])", "!has(", "None)", "Ok(!"];

/// How a condition ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// With its cause; the same test sees it.
    Cleared,
    /// A daemon that says so has not started; the same test starts it once the
    /// cause is gone, or the cause is the call itself.
    Refused,
    /// After a stated time.
    InTime,
    /// When a person has seen to it.
    ByPerson,
}

/// Where a condition is provoked.
struct Provoked {
    code: u16,
    file: &'static str,
    test: &'static str,
    /// What the test calls it, if not by its name or number.
    word: &'static str,
    ends: Ends,
}

const fn by(code: u16, file: &'static str, test: &'static str, ends: Ends) -> Provoked {
    Provoked { code, file, test, word: "", ends }
}

const fn as_word(provoked: Provoked, word: &'static str) -> Provoked {
    Provoked { word, ..provoked }
}

const REGIONS: &str = "tests/e2e/tests/regions.rs";
const HALTED: &str = "tests/e2e/tests/halted.rs";
const OTHERS: &str = "tests/e2e/tests/conditions.rs";
const POISON: &str = "tests/e2e/tests/poison.rs";
const RESTORED: &str = "tests/e2e/tests/restored.rs";
const FULL: &str = "tests/e2e/tests/full_disks.rs";
const SHOP: &str = "central/server/src/fleet/troubles.rs";
const AGENT: &str = "edge-agent/agent/src/agent.rs";
const WATCH: &str = "edge-agent/agent/src/troubles.rs";
const JOURNALS: &str = "edge-agent/agent/src/troubles/journals.rs";
const DAMAGED: &str = "edge-agent/agent/tests/box/damaged.rs";
const SENTENCES: &str = "proto/sync/src/testing/tests/sentences.rs";

const PROVOKED: &[Provoked] = &[
    by(1001, HALTED, "servers_that_are_halted_are_named_and_nothing_is_lost_or_doubled", Ends::Cleared),
    by(1002, HALTED, "servers_that_are_halted_are_named_and_nothing_is_lost_or_doubled", Ends::Cleared),
    by(1003, OTHERS, "a_database_that_does_not_sync_or_is_newer_is_refused_until_it_is_put_right", Ends::Refused),
    by(1004, OTHERS, "a_database_that_does_not_sync_or_is_newer_is_refused_until_it_is_put_right", Ends::Refused),
    by(1005, OTHERS, "a_topic_with_other_partitions_is_refused_until_it_is_put_right", Ends::Refused),
    by(1006, HALTED, "servers_that_are_halted_are_named_and_nothing_is_lost_or_doubled", Ends::Cleared),
    by(1007, POISON, "poison_is_parked_with_its_reason_and_holds_nobody_up", Ends::ByPerson),
    by(1008, OTHERS, "a_database_that_does_not_sync_or_is_newer_is_refused_until_it_is_put_right", Ends::Refused),
    by(1009, OTHERS, "a_box_that_left_is_missed_at_head_office_until_it_is_back", Ends::Cleared),
    by(1010, OTHERS, "a_refused_import_is_told_of_until_a_good_one_follows", Ends::Cleared),
    by(
        1011,
        "central/server/src/ingest/tests.rs",
        "a_loss_is_told_of_until_a_person_signs_whichever_process_looks",
        Ends::ByPerson,
    ),
    by(1012, SHOP, "digests_that_differ_are_told_of_until_they_match", Ends::Cleared),
    by(1013, POISON, "poison_is_parked_with_its_reason_and_holds_nobody_up", Ends::InTime),
    by(1014, SHOP, "what_the_books_wait_for_is_told_of_until_it_is_settled", Ends::Cleared),
    by(1015, "tests/e2e/tests/set_back.rs", "a_log_that_lost_its_newest_records_is_gone_on_with", Ends::InTime),
    by(1020, REGIONS, "a_region_that_is_cut_off_answers_what_it_knew_marked_stale_and_recovers", Ends::Cleared),
    by(2001, HALTED, "a_box_and_a_centre_that_are_halted_go_on_where_they_were", Ends::Cleared),
    as_word(
        by(2002, SENTENCES, "a_stranger_is_told_so_and_knocks_ever_more_seldom", Ends::Cleared),
        "TroubleKind::Refused",
    ),
    as_word(
        by(2003, "proto/sync/src/uplink/tests.rs", "slow_before_hello_is_obeyed", Ends::Cleared),
        "TroubleKind::Slowed",
    ),
    by(2004, OTHERS, "of_two_boxes_of_a_shop_each_says_how_it_stands", Ends::ByPerson),
    by(2005, OTHERS, "of_two_boxes_of_a_shop_each_says_how_it_stands", Ends::Cleared),
    by(2006, RESTORED, "what_both_lives_of_a_disk_sold_counts_once_each", Ends::Cleared),
    by(2007, RESTORED, "what_both_lives_of_a_disk_sold_counts_once_each", Ends::Cleared),
    by(2008, OTHERS, "of_two_boxes_of_a_shop_each_says_how_it_stands", Ends::Cleared),
    by(3001, FULL, "a_box_without_room_says_not_saved_and_goes_on", Ends::Cleared),
    by(3002, WATCH, "a_full_disk_is_told_by_how_full_it_is", Ends::Cleared),
    by(3003, WATCH, "a_full_disk_is_told_by_how_full_it_is", Ends::Cleared),
    by(3004, WATCH, "a_full_disk_is_told_by_how_full_it_is", Ends::Cleared),
    by(3005, AGENT, "a_journal_that_can_not_be_worked_with_is_named_by_its_condition", Ends::Refused),
    by(
        3006,
        "edge-agent/agent/tests/box/command_line.rs",
        "a_journal_in_use_refuses_to_start_and_names_its_condition",
        Ends::Refused,
    ),
    by(3007, AGENT, "a_journal_that_can_not_be_worked_with_is_named_by_its_condition", Ends::Refused),
    by(
        3008,
        "tests/e2e/tests/damaged.rs",
        "everything_readable_of_a_damaged_journal_reaches_the_ledger_and_the_box_sells_meanwhile",
        Ends::Cleared,
    ),
    by(3009, JOURNALS, "each_state_of_a_salvage_is_a_condition_until_it_is_over", Ends::Cleared),
    by(3010, JOURNALS, "each_state_of_a_salvage_is_a_condition_until_it_is_over", Ends::Cleared),
    by(3011, DAMAGED, "a_lost_side_file_is_told_and_nothing_else_changes", Ends::InTime),
    by(3012, AGENT, "what_the_disk_does_is_a_condition_until_it_is_over", Ends::Cleared),
    by(3013, FULL, "a_box_without_room_says_not_saved_and_goes_on", Ends::Cleared),
    by(
        3014,
        WATCH,
        "books_that_cannot_be_read_are_told_and_a_disk_that_cannot_be_written_is_told_elsewhere",
        Ends::InTime,
    ),
];

/// Conditions that no test provokes, and entries of the table that are wrong.
#[must_use]
pub fn provoked(workspace: &Workspace) -> Vec<Fault> {
    let Some(registry) = workspace.texts.iter().find(|text| text.path == REGISTRY) else {
        return vec![Fault::new(REGISTRY, "is not there".to_owned())];
    };
    let conditions: Vec<(u16, &str)> = registry.text.lines().filter_map(named).collect();
    let tabled: BTreeSet<u16> = PROVOKED.iter().map(|entry| entry.code).collect();
    let missing = conditions.iter().filter(|(code, _)| CODES.contains(code) && !tabled.contains(code));
    let mut faults: Vec<Fault> =
        missing.map(|(code, name)| Fault::new(REGISTRY, format!("TM-{code} {name} is provoked by no test"))).collect();
    for entry in PROVOKED {
        let name = conditions.iter().find(|(code, _)| *code == entry.code).map_or("", |(_, name)| name);
        faults.extend(wrong(workspace, entry, name));
    }
    faults
}

/// `pub const NAME: Code = Code(1001);`
fn named(line: &str) -> Option<(u16, &str)> {
    let (name, rest) = line.strip_prefix("pub const ")?.split_once(": Code = Code(")?;
    Some((rest.strip_suffix(");")?.parse().ok()?, name))
}

fn wrong(workspace: &Workspace, entry: &Provoked, name: &str) -> Option<Fault> {
    let code = format!("TM-{}", entry.code);
    let fault = |what: String| Some(Fault::new(entry.file, what));
    if name.is_empty() {
        return fault(format!("{code} is no condition"));
    }
    let file = workspace.texts.iter().find(|text| text.path == entry.file);
    let Some(body) = file.and_then(|file| body_of(&file.text, entry.test)) else {
        return fault(format!("{code}: no test {}", entry.test));
    };
    let words = [code.as_str(), name, entry.word];
    if !words.iter().any(|word| !word.is_empty() && body.contains(word)) {
        return fault(format!("{code}: {} does not speak of it", entry.test));
    }
    let seen = match entry.ends {
        Ends::Cleared => CLEARED.iter().any(|word| body.contains(word)),
        // Its cause is the start itself, a day, or a person who is not there.
        Ends::Refused | Ends::InTime | Ends::ByPerson => true,
    };
    if seen { None } else { fault(format!("{code}: {} does not see it end", entry.test)) }
}

/// The text of a test, up to the next one.
fn body_of<'t>(text: &'t str, test: &str) -> Option<&'t str> {
    let (_, body) = text.split_once(&format!("fn {test}("))?;
    let ends = ["#[test]", "#[tokio::test"].iter().filter_map(|next| body.find(next)).min();
    Some(body.get(..ends.unwrap_or(body.len())).unwrap_or(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    fn workspace(registry: &str, of_shop: &str) -> Workspace {
        let text = |path: &str, text: &str| Text { path: path.to_owned(), text: text.to_owned() };
        Workspace { texts: vec![text(REGISTRY, registry), text(SHOP, of_shop)], ..Workspace::default() }
    }

    /// What is said of TM-1012.
    fn said(of_shop: &str) -> Vec<String> {
        let registry = "pub const DIGEST_DIFFERS: Code = Code(1012);\n";
        let faults = provoked(&workspace(registry, of_shop)).into_iter().map(|fault| fault.what);
        faults.filter(|what| what.starts_with("TM-1012")).collect()
    }

    #[test]
    fn a_condition_without_a_test_is_found() {
        let faults = provoked(&workspace("pub const NEW: Code = Code(1999);\n", ""));
        assert!(faults.iter().any(|fault| fault.what == "TM-1999 NEW is provoked by no test"));
        let later = provoked(&workspace("pub const LATER: Code = Code(5999);\n", ""));
        assert!(!later.iter().any(|fault| fault.what.contains("5999")));
    }

    #[test]
    fn a_test_that_is_gone_or_does_not_look_is_found() {
        let test = |body: &str| format!("fn digests_that_differ_are_told_of_until_they_match() {{{body}}}\n#[test]");
        assert_eq!(said("").len(), 1);
        assert!(said(&test(""))[0].ends_with("does not speak of it"));
        assert!(said(&test("holds(DIGEST_DIFFERS)"))[0].ends_with("does not see it end"));
        assert!(said(&test("holds(DIGEST_DIFFERS); list().is_empty()")).is_empty());
        assert!(said(&format!("{} list().is_empty()", test("holds(DIGEST_DIFFERS)")))[0].ends_with("end"), "another's");
    }
}
