//! Stores as CSV: `store,name,region,time_zone,language,state,opening_hours,
//! assortment`, of which only `store` must be there. What a column that is not there would say
//! stays as it is; an empty cell says what is usual.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use tidemark_ledger::StoreRecord;
use tidemark_model::{Label, StoreId};

use super::faults::Faults;
use super::table::{Row, read_rows};
use crate::hours::Hours;

const COLUMNS: [&str; 8] = ["store", "name", "region", "time_zone", "language", "state", "opening_hours", "assortment"];
const STATES: [&str; 3] = ["planned", "open", "closed"];
/// Bytes of a text that people give.
const TEXT_BYTES: usize = 128;
/// Stores of one file.
const STORES: usize = 20_000;

/// Reads stores; on any fault nothing is taken.
pub(crate) fn read_stores(bytes: &[u8]) -> Result<Vec<StoreRecord>, Faults> {
    let (mut stores, mut seen) = (Vec::new(), BTreeSet::new());
    read_rows(bytes, &COLUMNS, &["store"], |row, faults| take(&mut stores, &mut seen, row, faults))?;
    Ok(stores)
}

fn take(stores: &mut Vec<StoreRecord>, seen: &mut BTreeSet<StoreId>, row: &Row<'_>, faults: &mut Faults) {
    let store = match StoreId::new(row.text("store")) {
        Ok(store) => store,
        Err(error) => return faults.add(row.line, Some("store"), error.to_string()),
    };
    if !seen.insert(store.clone()) {
        return faults.add(row.line, Some("store"), format!("{store} stands in the file twice"));
    }
    if stores.len() == STORES {
        return faults.add(row.line, None, format!("a file has at most {STORES} stores"));
    }
    let given = |column, usual: &str| {
        let text = Some(row.text(column)).filter(|text| !text.is_empty()).unwrap_or(usual);
        row.has(column).then(|| text.to_owned())
    };
    let record = StoreRecord {
        name: given("name", store.as_str()),
        region: given("region", ""),
        time_zone: given("time_zone", "UTC"),
        language: given("language", "en"),
        state: given("state", "open"),
        opening_hours: given("opening_hours", ""),
        assortment: given("assortment", ""),
        store,
    };
    if let Some((column, fault)) = fault_of(&record) {
        return faults.add(row.line, Some(column), fault);
    }
    stores.push(record);
}

/// What is wrong with a record, if anything.
fn fault_of(record: &StoreRecord) -> Option<(&'static str, String)> {
    let StoreRecord { name, region, time_zone, language, state, opening_hours, assortment, .. } = record;
    for (column, text) in [("name", name), ("region", region)] {
        let Some(text) = text else { continue };
        if text.len() > TEXT_BYTES || text.contains(char::is_control) {
            return Some((column, format!("it has at most {TEXT_BYTES} bytes and no control characters")));
        }
    }
    if let Some(zone) = time_zone.as_ref().filter(|zone| TimeZone::get(zone).is_err()) {
        return Some(("time_zone", format!("{zone:?} is no IANA time zone, such as Europe/Berlin")));
    }
    let is_tag = |tag: &str| tag.len() <= 35 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if let Some(language) = language.as_ref().filter(|language| !is_tag(language)) {
        return Some(("language", format!("{language:?} is no language tag, such as de or pt-BR")));
    }
    if let Some(state) = state.as_ref().filter(|state| !STATES.contains(&state.as_str())) {
        return Some(("state", format!("{state:?} is no state; use {}", STATES.join(", "))));
    }
    let assortment = assortment.as_ref().filter(|text| !text.is_empty()).map(|text| Label::new(text));
    if let Some(Err(error)) = assortment {
        return Some(("assortment", error.to_string()));
    }
    Hours::read(opening_hours.as_deref()?).err().map(|fault| ("opening_hours", fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_not_there_says_nothing_and_an_empty_cell_what_is_usual() {
        let stores = read_stores(b"store,state\nS1,closed\n").unwrap();
        let [StoreRecord { name, time_zone, state, opening_hours, .. }] = stores.as_slice() else {
            panic!("{stores:?}")
        };
        assert_eq!((name, time_zone, state.as_deref(), opening_hours), (&None, &None, Some("closed"), &None));
        let stores = read_stores(b"store,name,time_zone,region\nS2,High Street,,south\nS3,,,\n").unwrap();
        let told = |at: usize| (stores[at].name.as_deref().unwrap(), stores[at].time_zone.as_deref().unwrap());
        assert_eq!((told(0), told(1)), (("High Street", "UTC"), ("S3", "UTC")));
        assert_eq!(stores[0].region.as_deref(), Some("south"));
    }

    #[test]
    fn each_fault_is_named_by_line_and_column() {
        let file = b"store,time_zone,language,state,opening_hours,assortment\nS 1,,,,,\nS2,Mars/Olympus,,,,\nS3,,d_e,,,\nS4,,,sold,,\nS5,,,,,\nS5,,,,,\nS6,,,,Mo 8-20,\nS7,,,,,a\x07b\n";
        let faults = read_stores(file).unwrap_err();
        let told: Vec<_> = faults.told.iter().map(|fault| (fault.line, fault.column)).collect();
        assert_eq!(
            told,
            [
                (2, Some("store")),
                (3, Some("time_zone")),
                (4, Some("language")),
                (5, Some("state")),
                (7, Some("store")),
                (8, Some("opening_hours")),
                (9, Some("assortment")),
            ]
        );
    }
}
