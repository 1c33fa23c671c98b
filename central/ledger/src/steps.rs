//! Which levels changed, step by step, for those who follow the changes.
//!
//! Steps of a partition are taken one after the other, each in the
//! transaction that writes its levels; so who saw one has seen all before it.

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::{Generation, Sku, StoreId};

use crate::apply::{Known, Plan};
use crate::error::LedgerError;
use crate::ledger::{Ledger, on};
use crate::rows::LevelRow;
use crate::sqlite::{changed, kept};

/// Steps of a partition that are kept.
pub(crate) const KEPT: u64 = 20_000;
/// Steps are let go this many at a time.
pub(crate) const TOGETHER: u64 = 64;
/// Who is further behind than this is not followed up: the steps may go while
/// they are read.
const FOLLOWED: u64 = KEPT - 1_000;
/// Steps of one partition in one answer.
pub(crate) const STEPS: u32 = 16;
/// Levels in one answer, about.
const LEVELS: usize = 10_000;

/// Stores whose levels changed, each with its SKUs; none stands for all.
pub type ChangedLevels = BTreeMap<StoreId, Option<BTreeSet<Sku>>>;

/// How far somebody has followed the changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Of which history.
    pub generation: Generation,
    /// The last step of each partition.
    pub steps: BTreeMap<u32, u64>,
}

/// What came after that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Follow {
    /// These levels changed.
    Changed {
        /// Which.
        levels: ChangedLevels,
        /// How far that is.
        until: Followed,
        /// Whether there is more already.
        more: bool,
    },
    /// It was another history.
    AnotherGeneration,
    /// This history has not come so far.
    Ahead,
    /// So far back is not kept.
    TooOld,
}

/// A step of a partition as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct StepRow {
    pub(crate) partition: u32,
    pub(crate) step: u64,
    pub(crate) levels: String,
}

/// What a step changes, as it is kept; none if it changes no level.
pub(crate) fn levels_of_step(known: &Known, plan: &Plan) -> Option<String> {
    let mut levels: BTreeMap<&str, Option<Vec<&str>>> = BTreeMap::new();
    for (store, sku) in plan.balances.keys() {
        levels.entry(store.as_str()).or_insert_with(|| Some(Vec::new())).get_or_insert_default().push(sku.as_str());
    }
    for ((store, _), _) in changed(known, plan) {
        levels.insert(store.as_str(), None);
    }
    // Strings always serialise.
    (!levels.is_empty()).then(|| serde_json::to_string(&levels).unwrap_or_default())
}

fn read_levels(text: &str) -> Result<ChangedLevels, LedgerError> {
    let levels: BTreeMap<String, Option<Vec<String>>> = serde_json::from_str(text).map_err(kept)?;
    let skus = |skus: Vec<String>| skus.iter().map(|sku| Sku::new(sku).map_err(kept)).collect();
    let read = |(store, list): (String, Option<Vec<String>>)| {
        Ok((StoreId::new(&store).map_err(kept)?, list.map(skus).transpose()?))
    };
    levels.into_iter().map(read).collect()
}

/// Adds the levels of a step.
fn add(levels: &mut ChangedLevels, more: ChangedLevels) {
    for (store, skus) in more {
        let held = levels.entry(store).or_insert_with(|| Some(BTreeSet::new()));
        match (held.as_mut(), skus) {
            (Some(held), Some(skus)) => held.extend(skus),
            (None, _) | (Some(_), None) => *held = None,
        }
    }
}

impl Ledger {
    /// How far the changes have come.
    pub async fn followed_now(&self) -> Result<Followed, LedgerError> {
        on!(self, ledger => ledger.followed_now().await)
    }

    /// Levels in their order, after one of a store and a SKU, which need not
    /// be there.
    pub async fn levels_page(&self, after: Option<(&StoreId, &str)>, most: u32) -> Result<Vec<LevelRow>, LedgerError> {
        on!(self, ledger => ledger.levels_page(after, most).await)
    }

    /// Which levels changed since somebody looked last.
    pub async fn follow(&self, since: &Followed) -> Result<Follow, LedgerError> {
        let now = self.followed_now().await?;
        if now.generation != since.generation {
            return Ok(Follow::AnotherGeneration);
        }
        let step = |partition: &u32| now.steps.get(partition).copied().unwrap_or(0);
        if since.steps.iter().any(|(partition, told)| *told > step(partition)) {
            return Ok(Follow::Ahead);
        }
        let told = |partition: &u32| since.steps.get(partition).copied().unwrap_or(0);
        let news: Vec<(u32, u64)> = now.steps.keys().map(|part| (*part, told(part))).collect();
        let news: Vec<(u32, u64)> = news.into_iter().filter(|(part, told)| step(part) > *told).collect();
        if news.iter().any(|(part, told)| step(part).saturating_sub(*told) > FOLLOWED) {
            return Ok(Follow::TooOld);
        }
        let rows = if news.is_empty() { Vec::new() } else { on!(self, ledger => ledger.step_rows(&news).await)? };
        gather(now, since, &news, rows)
    }
}

/// Puts steps together, as many partitions as one answer holds.
fn gather(now: Followed, since: &Followed, news: &[(u32, u64)], rows: Vec<StepRow>) -> Result<Follow, LedgerError> {
    let mut by_part: BTreeMap<u32, Vec<StepRow>> = BTreeMap::new();
    for row in rows {
        by_part.entry(row.partition).or_default().push(row);
    }
    let (mut levels, mut until, mut more, mut count) = (ChangedLevels::new(), now, false, 0);
    for (part, told) in news {
        if count > LEVELS {
            until.steps.insert(*part, *told);
            more = true;
            continue;
        }
        let rows = by_part.remove(part).unwrap_or_default();
        let last = rows.last().map_or(*told, |row| row.step);
        let steps: BTreeSet<u64> = rows.iter().map(|row| row.step).collect();
        let cut = steps.len() >= usize::try_from(STEPS).unwrap_or(usize::MAX);
        // What was taken after `now` was read may be among the rows.
        let reached = until.steps.get(part).copied().unwrap_or(0).max(last);
        until.steps.insert(*part, if cut { last } else { reached });
        more |= cut;
        for row in rows {
            let changed = read_levels(&row.levels)?;
            count += changed.values().map(|skus| skus.as_ref().map_or(1, BTreeSet::len)).sum::<usize>();
            add(&mut levels, changed);
        }
    }
    for (part, told) in &since.steps {
        until.steps.entry(*part).or_insert(*told);
    }
    Ok(Follow::Changed { levels, until, more })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(partition: u32, step: u64, levels: &str) -> StepRow {
        StepRow { partition, step, levels: levels.to_owned() }
    }

    fn at(steps: &[(u32, u64)]) -> Followed {
        Followed { generation: Generation(1), steps: steps.iter().copied().collect() }
    }

    #[test]
    fn a_sku_that_json_has_to_escape_is_read() {
        let levels = read_levels("{\"S1\": [\"a\\\"b\\\\c\"]}").unwrap();
        let skus = levels.into_values().next().flatten().unwrap();
        assert_eq!(skus.into_iter().next().unwrap().as_str(), "a\"b\\c");
    }

    #[test]
    fn all_of_a_store_is_more_than_some_of_it_whichever_comes_first() {
        for rows in [[r#"{"S1":null}"#, r#"{"S1":["a"]}"#], [r#"{"S1":["a"]}"#, r#"{"S1":null}"#]] {
            let mut levels = ChangedLevels::new();
            rows.iter().for_each(|row| add(&mut levels, read_levels(row).unwrap()));
            assert_eq!(levels, BTreeMap::from([(StoreId::new("S1").unwrap(), None)]));
        }
    }

    #[test]
    fn steps_that_do_not_fit_are_told_the_next_time() {
        let rows: Vec<StepRow> = (1..=u64::from(STEPS)).map(|step| row(0, step, r#"{"S1":["a"]}"#)).collect();
        let told = gather(at(&[(0, 90), (1, 7)]), &at(&[(0, 0), (1, 5)]), &[(0, 0), (1, 5)], rows).unwrap();
        let Follow::Changed { until, more, .. } = told else { panic!("{told:?}") };
        assert_eq!((until, more), (at(&[(0, u64::from(STEPS)), (1, 7)]), true));
    }

    #[test]
    fn a_full_answer_leaves_the_other_partitions_where_they_were() {
        let skus: Vec<String> = (0..=LEVELS).map(|number| format!("sku-{number}")).collect();
        let full = serde_json::to_string(&BTreeMap::from([("S1", skus)])).unwrap();
        let rows = vec![row(0, 3, &full), row(1, 6, r#"{"S2":["b"]}"#)];
        let told = gather(at(&[(0, 3), (1, 6)]), &at(&[(1, 5)]), &[(0, 0), (1, 5)], rows).unwrap();
        let Follow::Changed { until, more, levels } = told else { panic!("{told:?}") };
        assert_eq!((until, more, levels.len()), (at(&[(0, 3), (1, 5)]), true, 1));
    }
}
