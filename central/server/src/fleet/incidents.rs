//! Incidents: what is wrong with the fleet, so grouped that one cause is one
//! line. Shops that are planned or closed have none.

use std::collections::BTreeMap;

use serde::Serialize;
use tidemark_daemon::conditions::{Code, find, registry};

use super::Row;
use crate::api::time_text;

/// Boxes of a region that fell silent within this time have one cause.
const TOGETHER_MS: i64 = 5 * 60_000;
/// So many of them are more than a coincidence.
const SEVERAL: usize = 2;
/// So many in different regions are, if they are most of the fleet.
const MANY: usize = 4;

/// One line of what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Incident {
    /// The condition.
    code: String,
    /// info, warning or critical.
    severity: String,
    /// One sentence.
    text: String,
    /// Where; none if not in one region.
    region: Option<String>,
    /// Since when, as far as it is known.
    since: Option<String>,
    /// The shops.
    stores: Vec<String>,
}

/// What is wrong, worst first.
pub(crate) fn incidents(rows: &[Row]) -> Vec<Incident> {
    let open: Vec<&Row> = rows.iter().filter(|row| row.state == "open").collect();
    let silent: Vec<&Row> = open.iter().copied().filter(|row| row.sync == "offline").collect();
    let mut all = if is_everybody(&silent, open.len()) {
        vec![of_fleet(&silent, open.len())]
    } else {
        of_regions(&silent, &open)
    };
    all.extend(of_conditions(&open));
    let rank = |incident: &Incident| match incident.severity.as_str() {
        "critical" => 0,
        "warning" => 1,
        _ => 2,
    };
    all.sort_by(|a, b| {
        (rank(a), b.stores.len(), &a.code, &a.stores).cmp(&(rank(b), a.stores.len(), &b.code, &b.stores))
    });
    all
}

/// Whether most of the fleet fell silent at once, in more than one region:
/// no provider of one of them is to blame.
fn is_everybody(silent: &[&Row], open: usize) -> bool {
    let times = silent.iter().filter_map(|row| row.seen_ms);
    let spread = times.clone().max().zip(times.min()).map_or(0, |(last, first)| last.saturating_sub(first));
    let one_region = silent.windows(2).all(|two| matches!(two, [a, b] if a.region == b.region));
    silent.len() >= MANY && silent.len() * 2 > open && spread <= TOGETHER_MS && !one_region
}

fn of_fleet(silent: &[&Row], open: usize) -> Incident {
    let text = format!("{} of {open} shops fell silent at once: look at head office's own line first", silent.len());
    line(silent, None, text)
}

fn of_regions(silent: &[&Row], open: &[&Row]) -> Vec<Incident> {
    let mut regions: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in silent {
        regions.entry(&row.region).or_default().push(row);
    }
    let mut all = Vec::new();
    for (region, mut shops) in regions {
        shops.sort_by_key(|row| (row.seen_ms, row.store.clone()));
        let of_region = open.iter().filter(|row| row.region == region).count();
        for group in shops.chunk_by(|a, b| near(a, b)) {
            if region.is_empty() || group.len() < SEVERAL {
                all.extend(group.iter().map(|row| line(&[row], None, format!("{} is not heard", row.store))));
                continue;
            }
            let count = group.len();
            let text = format!(
                "{count} of {of_region} shops in {region} fell silent together: likely the provider of their lines"
            );
            all.push(line(group, Some(region.to_owned()), text));
        }
    }
    all
}

fn near(a: &Row, b: &Row) -> bool {
    match (a.seen_ms, b.seen_ms) {
        (Some(a), Some(b)) => b.saturating_sub(a) <= TOGETHER_MS,
        (None, _) | (_, None) => false,
    }
}

fn line(shops: &[&Row], region: Option<String>, text: String) -> Incident {
    let since = shops.iter().filter_map(|row| row.seen_ms).min();
    Incident {
        code: registry::BOX_OFFLINE.to_string(),
        severity: severity(registry::BOX_OFFLINE),
        text,
        region,
        since: since.map(time_text),
        stores: shops.iter().map(|row| row.store.clone()).collect(),
    }
}

fn severity(code: Code) -> String {
    find(code).map_or_else(|| "warning".to_owned(), |condition| condition.severity.to_string())
}

/// Everything else that shops tell or that is known of them, a line a
/// condition. Of a box that is silent nobody knows whether it still holds.
fn of_conditions(open: &[&Row]) -> Vec<Incident> {
    let offline = registry::BOX_OFFLINE.to_string();
    let mut codes: BTreeMap<&str, Vec<(&Row, &str)>> = BTreeMap::new();
    for row in open.iter().filter(|row| row.is_heard()) {
        for told in row.conditions.iter().filter(|told| told.code != offline) {
            let shops = codes.entry(&told.code).or_default();
            if shops.last().is_none_or(|(last, _)| last.store != row.store) {
                shops.push((row, &told.detail));
            }
        }
    }
    let told = |(code, shops): (&str, Vec<(&Row, &str)>)| {
        let known = code.parse::<Code>().ok().and_then(find);
        let title = known.map_or(code, |condition| condition.title);
        let text = match shops.as_slice() {
            [(row, detail)] => format!("{title}: {}, {detail}", row.store),
            many => format!("{title}: {} shops", many.len()),
        };
        Incident {
            code: code.to_owned(),
            severity: known.map_or_else(|| "warning".to_owned(), |condition| condition.severity.to_string()),
            text,
            region: None,
            since: None,
            stores: shops.iter().map(|(row, _)| row.store.clone()).collect(),
        }
    };
    codes.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Told;
    use super::*;

    const NOON: i64 = 1_800_000_000_000;

    fn shop(number: usize, region: &str, sync: &'static str, minutes_ago: i64) -> Row {
        let mut row = Row::default();
        (row.store, row.region, row.state) = (format!("S{number:04}"), region.to_owned(), "open".to_owned());
        (row.sync, row.seen_ms) = (sync, Some(NOON - 60_000 * minutes_ago));
        row
    }

    fn told(rows: &[Row]) -> Vec<(usize, Option<String>)> {
        incidents(rows).into_iter().map(|incident| (incident.stores.len(), incident.region)).collect()
    }

    fn fleet(regions: &[&str], each: usize) -> Vec<Row> {
        let shops = regions.iter().flat_map(|region| std::iter::repeat_n(*region, each)).enumerate();
        shops.map(|(number, region)| shop(number, region, "in_sync", 0)).collect()
    }

    #[test]
    fn one_providers_fault_is_one_line_and_a_closed_shop_none() {
        let mut rows = fleet(&["North", "South"], 10);
        assert_eq!(told(&rows), []);
        for row in rows.iter_mut().take(6) {
            (row.sync, row.seen_ms) = ("offline", Some(NOON - 120_000));
        }
        rows[5].state = "closed".to_owned();
        rows[15].sync = "offline";
        rows[15].state = "planned".to_owned();
        assert_eq!(told(&rows), [(5, Some("North".to_owned()))]);
    }

    #[test]
    fn silences_of_other_hours_or_places_have_other_causes() {
        let mut rows = fleet(&["North", "South"], 10);
        for (at, minutes) in [(0, 3), (1, 4), (2, 300), (12, 3)] {
            (rows[at].sync, rows[at].seen_ms) = ("offline", Some(NOON - 60_000 * minutes));
        }
        assert_eq!(told(&rows), [(2, Some("North".to_owned())), (1, None), (1, None)]);
    }

    #[test]
    fn most_of_the_fleet_at_once_is_head_offices_own_line() {
        let mut rows = fleet(&["North", "South"], 5);
        for row in rows.iter_mut().skip(1) {
            row.sync = "offline";
        }
        assert_eq!(told(&rows), [(9, None)]);
        assert!(incidents(&rows)[0].text.contains("head office"));
    }

    #[test]
    fn a_condition_of_many_shops_is_one_line_and_what_a_silent_box_said_is_none() {
        let mut rows = fleet(&["North"], 5);
        let full = Told { code: registry::MOVEMENTS_LOST.to_string(), detail: "3 positions".to_owned() };
        for row in rows.iter_mut().take(3) {
            row.conditions = vec![full.clone(), full.clone()];
        }
        rows[2].sync = "offline";
        let all = incidents(&rows);
        assert_eq!(all.iter().map(|incident| incident.stores.len()).collect::<Vec<_>>(), [2, 1], "{all:?}");
    }
}
