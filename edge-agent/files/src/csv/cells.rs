//! The cells of one line, by what the mapping calls them.

use ::csv::StringRecord;

use super::{DIGEST, Digest};
use crate::Cause;
use crate::csv::values;
use crate::mapping::{Column, CsvMapping, Identity};

/// Where the columns of a mapping stand in this file.
#[derive(Debug)]
pub(super) struct Places {
    /// The names of the head, if there is one.
    names: Vec<String>,
    needed: usize,
    id: Vec<usize>,
    ignored: Vec<usize>,
}

impl Places {
    /// Finds the columns by the first line of the file, or says which are not
    /// there.
    pub(super) fn find(mapping: &CsvMapping, first: &StringRecord) -> Result<Self, String> {
        let names = if mapping.header { first.iter().map(|name| name.trim().to_owned()).collect() } else { Vec::new() };
        let mut places = Self { names, needed: 0, id: Vec::new(), ignored: Vec::new() };
        let all = mapping.all_columns();
        let missing: Vec<String> =
            all.iter().filter(|column| places.of(column).is_none()).map(|column| format!("`{column}`")).collect();
        if !missing.is_empty() {
            let there = places.names.join(", ");
            return Err(format!("there is no column {}; there are: {there}", missing.join(", ")));
        }
        let last = all.iter().filter_map(|column| places.of(column)).max();
        let list = |columns: &[Column]| columns.iter().filter_map(|column| places.of(column)).collect();
        let (id, ignored) = match &mapping.identity {
            Identity::Columns(columns) => (list(columns), Vec::new()),
            Identity::Line { ignore } => (Vec::new(), list(ignore)),
        };
        (places.id, places.ignored) = (id, ignored);
        places.needed = last.map_or(0, |last| last.saturating_add(1));
        Ok(places)
    }

    /// How many columns a line must have.
    pub(super) const fn needed(&self) -> usize {
        self.needed
    }

    fn of(&self, column: &Column) -> Option<usize> {
        match column {
            Column::Number(number) => number.checked_sub(1),
            Column::Name(name) => self.names.iter().position(|known| known == name.trim()),
        }
    }
}

/// One line.
pub(super) struct Cells<'r> {
    record: &'r StringRecord,
    places: &'r Places,
    mapping: &'r CsvMapping,
}

impl<'r> Cells<'r> {
    pub(super) const fn new(record: &'r StringRecord, places: &'r Places, mapping: &'r CsvMapping) -> Self {
        Self { record, places, mapping }
    }

    pub(super) const fn mapping(&self) -> &'r CsvMapping {
        self.mapping
    }

    /// A cell without the blanks around it; none of a column that is not
    /// mapped or of an empty cell.
    pub(super) fn text(&self, column: Option<&Column>) -> Option<&'r str> {
        let text = self.record.get(self.places.of(column?)?)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// A cell as it stands, an empty one too; none of a column that is not
    /// mapped.
    pub(super) fn given(&self, column: Option<&Column>) -> Option<&'r str> {
        self.record.get(self.places.of(column?)?).map(str::trim)
    }

    /// Several cells as one text, with blanks between.
    pub(super) fn joined(&self, columns: &[Column], between: &str) -> Option<String> {
        let cells: Option<Vec<&str>> = columns.iter().map(|column| self.text(Some(column))).collect();
        Some(cells?.join(between)).filter(|text| !text.is_empty())
    }

    /// The id of the document this line is of.
    pub(super) fn id(&self) -> Result<String, (Cause, String)> {
        let mut id = String::new();
        for place in &self.places.id {
            let cell = self.record.get(*place).map(str::trim).filter(|cell| !cell.is_empty());
            let missing = || (Cause::Identity, format!("column {} of its id is empty", place.saturating_add(1)));
            if !id.is_empty() {
                id.push('-');
            }
            id.push_str(cell.ok_or_else(missing)?);
        }
        Ok(id)
    }

    /// The business day as YYYY-MM-DD.
    pub(super) fn business_day(&self) -> Result<Option<String>, String> {
        let Some(text) = self.text(self.mapping.columns.business_day.as_ref()) else { return Ok(None) };
        let day = values::day(text, self.mapping.formats.business_day.as_deref());
        day.map(Some).ok_or_else(|| format!("{text:?} is no day as `formats.business_day` says"))
    }

    /// A digest of all cells but those that change with each export.
    pub(super) fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        let told = |place: &usize| !self.places.ignored.contains(place);
        for cell in (0..self.record.len()).filter(told).filter_map(|place| self.record.get(place)) {
            let cell = cell.strip_suffix('\r').unwrap_or(cell);
            // With its length before it, so that no two lines read alike.
            hasher.update(&u64::try_from(cell.len()).unwrap_or(u64::MAX).to_be_bytes()).update(cell.as_bytes());
        }
        let mut digest: Digest = [0; DIGEST];
        hasher.finalize_xof().fill(&mut digest);
        digest
    }
}
