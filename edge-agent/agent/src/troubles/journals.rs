//! Damaged journals of this box, told as conditions: each holds until nothing
//! of it is left to be done.

use tidemark_daemon::conditions::{Active, registry};
use tidemark_journal::{EarlierEpoch, Journal, Salvage};
use tidemark_model::{Epoch, SeqSet};

use super::{DAY_MS, EXAMPLES};

/// Tells how it stands with damaged journals.
pub(super) fn tell(journal: &Journal, conditions: &Active, now_ms: u64) {
    tell_salvage(&journal.salvage(), conditions, now_ms);
    if journal.counts().side_files_lost > 0 && !conditions.holds(registry::SIDE_FILE_LOST) {
        let tail = journal.tail();
        let detail = format!("it was made anew; the journal is believed as it is, up to movement {tail}");
        conditions.raise_for(registry::SIDE_FILE_LOST, "", detail, now_ms, DAY_MS);
    }
}

fn tell_salvage(salvage: &Salvage, conditions: &Active, now_ms: u64) {
    match salvage.set_aside.last() {
        None => drop(conditions.clear(registry::JOURNAL_SET_ASIDE)),
        Some(newest) => {
            let detail = format!("aside/{:06}: {}", newest.number, newest.cause);
            conditions.raise(registry::JOURNAL_SET_ASIDE, detail, now_ms);
        }
    }
    if salvage.done {
        conditions.clear(registry::SALVAGE_RUNS);
    } else {
        let detail = format!("{} % of what was committed is found so far", salvage.percent);
        conditions.raise(registry::SALVAGE_RUNS, detail, now_ms);
    }
    if salvage.missing() == 0 {
        conditions.clear(registry::MOVEMENTS_UNREADABLE);
    } else {
        conditions.raise(registry::MOVEMENTS_UNREADABLE, missing_words(salvage), now_ms);
    }
}

fn missing_words(salvage: &Salvage) -> String {
    let of_epoch = |(epoch, kept): (&Epoch, &EarlierEpoch)| {
        let named = named(&kept.missing);
        format!("{} of {} to {} of epoch {epoch}: {named}", kept.missing.count(), kept.first, kept.tail)
    };
    let epochs: Vec<String> =
        salvage.epochs.iter().filter(|(_, kept)| !kept.missing.is_empty()).map(of_epoch).collect();
    epochs.join("; ")
}

/// The first positions of a set, in words.
pub(crate) fn named(seqs: &SeqSet) -> String {
    let range = |first, last| if first == last { format!("{first}") } else { format!("{first}–{last}") };
    let mut named: Vec<String> = seqs.ranges().take(EXAMPLES).map(|seqs| range(*seqs.start(), *seqs.end())).collect();
    if seqs.ranges().count() > named.len() {
        named.push("…".to_owned());
    }
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidemark_journal::SetAside;

    #[test]
    fn each_state_of_a_salvage_is_a_condition_until_it_is_over() {
        let conditions = Active::default();
        let mut salvage = Salvage {
            set_aside: vec![SetAside { number: 2, cause: "checksum mismatch".to_owned() }],
            percent: 40,
            ..Salvage::default()
        };
        let told = |salvage: &Salvage| {
            tell_salvage(salvage, &conditions, 0);
            conditions.list().into_iter().map(|raised| (raised.code, raised.detail)).collect::<Vec<_>>()
        };
        let set_aside = (registry::JOURNAL_SET_ASIDE, "aside/000002: checksum mismatch".to_owned());
        let running = (registry::SALVAGE_RUNS, "40 % of what was committed is found so far".to_owned());
        assert_eq!(told(&salvage), [set_aside.clone(), running]);
        salvage.done = true;
        let missing = [3, 4, 9].into_iter().collect();
        salvage.epochs.insert(Epoch(1), EarlierEpoch { first: 1, tail: 9, missing });
        let lost = (registry::MOVEMENTS_UNREADABLE, "3 of 1 to 9 of epoch 0000000000000001: 3–4, 9".to_owned());
        assert_eq!(told(&salvage), [set_aside, lost]);
        assert_eq!(told(&Salvage { done: true, ..Salvage::default() }), []);
    }
}
