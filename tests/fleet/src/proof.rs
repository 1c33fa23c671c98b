//! The checker: what was answered against all that the centre holds and
//! tells. Of each shop it looks at
//!
//! - the books: nothing waits or is lost, as many are there as were submitted,
//!   the digests of box and centre match;
//! - every balance, read through the cache and past it, to the thousandth;
//! - in PostgreSQL, every epoch: its blocks name as many positions as it has
//!   rows, dead letters and losses;
//! - in Kafka, the newest level of each item.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tidemark_parts::Real;
use tokio::time::Instant;

use crate::books::{Books, Totals, thousandths};
use crate::patience::Trouble;
use crate::receipts::Sums;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Findings that are told.
const TOLD: usize = 20;
/// Epochs whose blocks, rows and letters don't agree; a forked letter is no
/// position of its own.
const EPOCHS_THAT_DIFFER: &str = "\
    SELECT s.store || ' epoch ' || to_hex(e.epoch) || ': handled ' || e.handled || ', in blocks ' || b.held || \
           ', rows ' || m.rows || ', letters ' || d.letters || ', parked ' || e.parked || ', lost ' || e.lost \
    FROM epochs e JOIN stores s ON s.key = e.store, \
         LATERAL (SELECT coalesce(sum(bit_count(bitmap)), 0) AS held FROM blocks WHERE store = e.store AND epoch = e.epoch) b, \
         LATERAL (SELECT count(*) AS rows FROM movements WHERE store = e.store AND ordinal = e.ordinal) m, \
         LATERAL (SELECT count(*) AS letters FROM dead_letters WHERE store = e.store AND epoch = e.epoch AND reason <> 'forked') d \
    WHERE e.handled <> b.held OR e.handled <> m.rows + e.parked + e.lost OR d.letters <> e.parked";

/// What has to be there.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// All effects that were answered, the opening stock among them.
    pub sums: &'a Sums,
    /// Movements that nobody could understand.
    pub parked: u64,
}

impl Expected<'_> {
    const fn committed(&self) -> u64 {
        self.sums.movements() + self.parked
    }
}

/// Looks until nothing is found or the time is over; the books, or what was
/// found last.
pub async fn prove(
    books: &Books,
    real: Option<&Real>,
    expected: &Expected<'_>,
    within: Duration,
) -> Result<Totals, Trouble> {
    let deadline = Instant::now() + within;
    loop {
        let findings = match look(books, real, expected).await {
            Ok((totals, findings)) if findings.is_empty() => return Ok(totals),
            Ok((_, findings)) => findings,
            Err(trouble) => vec![trouble.to_string()],
        };
        if Instant::now() > deadline {
            let (told, more) = (findings.iter().take(TOLD), findings.len().saturating_sub(TOLD));
            let told: Vec<&str> = told.map(String::as_str).collect();
            return Err(format!("after {within:?}:\n{}\nand {more} findings more", told.join("\n")).into());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// One look: the books, and what is wrong.
async fn look(books: &Books, real: Option<&Real>, expected: &Expected<'_>) -> Result<(Totals, Vec<String>), Trouble> {
    let totals = books.totals().await?;
    let committed = expected.committed();
    let settled = totals.is_settled() && totals.committed == committed && totals.parked == expected.parked;
    if !settled {
        let parked = expected.parked;
        return Ok((
            totals,
            vec![format!("{committed} were submitted, {parked} of them are to be parked: {totals:?}")],
        ));
    }
    let mut findings = Vec::new();
    for difference in books.differences(expected.sums, 0).await? {
        findings.push(format!("through the cache: {difference:?}"));
    }
    let mut stores_of: BTreeMap<&str, Vec<(&str, i64)>> = BTreeMap::new();
    for (store, sku, effect) in expected.sums.effects() {
        stores_of.entry(sku.as_str()).or_default().push((store, effect));
    }
    for (sku, stores) in stores_of {
        let everywhere = books.everywhere(sku).await?;
        for (store, effect) in stores {
            findings.extend(past_the_cache(&everywhere, store, effect).map(|what| format!("{store} {sku}: {what}")));
        }
    }
    if let Some(real) = real {
        let epochs = real.postgres.sql("tidemark", EPOCHS_THAT_DIFFER)?;
        findings.extend(epochs.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
        // The topic is read whole by a program of its own, so last.
        if findings.is_empty() {
            findings = published(&real.kafka.records("inventory-levels")?, expected.sums);
        }
    }
    Ok((totals, findings))
}

/// What is wrong with the level of a shop as the ledger tells it.
fn past_the_cache(everywhere: &Value, store: &str, effect: i64) -> Option<String> {
    let stores = everywhere.get("stores").and_then(Value::as_array);
    let level = stores.into_iter().flatten().find(|level| level.get("store").and_then(Value::as_str) == Some(store));
    let Some(level) = level else { return Some("the ledger knows nothing of it".to_owned()) };
    let sum = level.get("effect_sum").and_then(thousandths);
    (sum != Some(effect)).then(|| format!("submitted {effect} thousandths, the ledger holds {level}"))
}

/// What is wrong with the newest published levels.
fn published(records: &[(String, String)], sums: &Sums) -> Vec<String> {
    let mut newest: BTreeMap<&str, (Option<[u64; 2]>, Option<i64>)> = BTreeMap::new();
    for (key, value) in records {
        let level: Value = serde_json::from_str(value).unwrap_or_default();
        let part = |at| level.pointer(at).and_then(Value::as_u64);
        let version = part("/version/0").zip(part("/version/1")).map(|(generation, counter)| [generation, counter]);
        let told = (version, level.get("effect_sum").and_then(thousandths));
        let held = newest.entry(key).or_default();
        if told.0 >= held.0 {
            *held = told;
        }
    }
    let wrong = |(store, sku, effect): (&str, &tidemark_model::Sku, i64)| {
        let key = format!("{store}/{sku}");
        let found = newest.get(key.as_str()).and_then(|(_, sum)| *sum);
        (found != Some(effect)).then(|| format!("{key}: submitted {effect} thousandths, published was {found:?}"))
    };
    sums.effects().filter_map(wrong).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tidemark_model::Sku;

    fn sums(pieces: i64) -> Sums {
        let mut sums = Sums::default();
        sums.add("S1", &Sku::new("A1").unwrap(), pieces);
        sums
    }

    fn level(sum: i64, version: [u64; 2]) -> (String, String) {
        ("S1/A1".to_owned(), json!({"effect_sum": sum, "version": version}).to_string())
    }

    #[test]
    fn the_newest_published_level_counts_wherever_it_stands() {
        let records = [level(7, [1, 2]), level(9, [2, 1]), level(8, [1, 3])];
        assert!(published(&records, &sums(9)).is_empty());
        assert_eq!(published(&records, &sums(8)).len(), 1);
        assert_eq!(published(&[], &sums(9)).len(), 1, "a level that was never published is missed");
    }

    #[test]
    fn a_level_of_the_ledger_that_differs_or_is_not_there_is_found() {
        let everywhere = json!({"stores": [{"store": "S1", "effect_sum": 2}]});
        assert_eq!(past_the_cache(&everywhere, "S1", 2_000), None);
        assert!(past_the_cache(&everywhere, "S1", 1_000).is_some());
        assert!(past_the_cache(&everywhere, "S2", 2_000).is_some());
    }
}
