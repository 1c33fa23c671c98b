//! The catalogue as CSV: one row per code, a SKU may have several.

use std::collections::BTreeMap;

use tidemark_model::{Code, Item, ItemUnit, Label, Price, Quantity, Sku, code_spelling};

use super::faults::Faults;
use super::table::{Row, read_rows};

const COLUMNS: [&str; 8] = ["sku", "name", "unit", "barcode", "units_per_scan", "price_minor", "currency", "tracked"];

/// Bytes an item's name may have.
const NAME_BYTES: usize = 256;

/// A checked catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Catalogue {
    /// Its items, by SKU.
    pub(crate) items: Vec<Item>,
    /// Its codes, in order.
    pub(crate) codes: Vec<CodeRow>,
}

/// One code of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeRow {
    /// The code; a GTIN in 14 digits.
    pub(crate) code: Code,
    /// Its item.
    pub(crate) sku: Sku,
    /// Base units in one scan.
    pub(crate) units_per_scan: Quantity,
}

/// Reads a catalogue; on any fault nothing is taken.
pub(crate) fn read_catalogue(bytes: &[u8]) -> Result<Catalogue, Faults> {
    let mut building = Building::default();
    let mut faults = match read_rows(bytes, &COLUMNS, &["sku", "name"], |row, faults| building.take(row, faults)) {
        Ok(()) => Faults::default(),
        Err(faults) => faults,
    };
    building.check_codes_against_skus(&mut faults);
    if faults.is_empty() { Ok(building.finish()) } else { Err(faults) }
}

#[derive(Default)]
struct Building {
    items: BTreeMap<Sku, (u64, Item)>,
    codes: BTreeMap<Code, (u64, CodeRow)>,
}

impl Building {
    fn take(&mut self, row: &Row<'_>, faults: &mut Faults) {
        let Some(item) = read_item(row, faults) else { return };
        let sku = item.sku.clone();
        match self.items.get(&sku) {
            None => drop(self.items.insert(sku.clone(), (row.line, item))),
            Some((line, held)) if *held != item => {
                let detail =
                    format!("{sku} is told otherwise in line {line}; rows of one SKU differ only in their code");
                faults.add(row.line, Some("sku"), detail);
            }
            Some(_) => {}
        }
        let Some(code) = read_code(row, sku, faults) else { return };
        match self.codes.get(&code.code) {
            Some((line, held)) if held.sku != code.sku => {
                let detail = format!("{} is claimed by {} in line {line} and by {}", code.code, held.sku, code.sku);
                faults.add(row.line, Some("barcode"), detail);
            }
            Some((line, held)) if *held != code => {
                let detail = format!("{} has another units_per_scan in line {line}", code.code);
                faults.add(row.line, Some("units_per_scan"), detail);
            }
            Some(_) => {}
            None => drop(self.codes.insert(code.code.clone(), (row.line, code))),
        }
    }

    /// A scan is looked up as SKU first: a code that equals another item's
    /// SKU could never be sold.
    fn check_codes_against_skus(&self, faults: &mut Faults) {
        for (sku, (line, _)) in &self.items {
            let Some(code) = code_spelling(sku.as_str()) else { continue };
            let Some((of_line, held)) = self.codes.get(&code) else { continue };
            if held.sku != *sku {
                let detail = format!("the SKU {sku} equals a code of {} in line {of_line}", held.sku);
                faults.add(*line, Some("sku"), detail);
            }
        }
    }

    fn finish(self) -> Catalogue {
        let items = self.items.into_values().map(|(_, item)| item).collect();
        let codes = self.codes.into_values().map(|(_, code)| code).collect();
        Catalogue { items, codes }
    }
}

fn read_item(row: &Row<'_>, faults: &mut Faults) -> Option<Item> {
    let sku = Sku::new(row.text("sku")).map_err(|error| faults.add(row.line, Some("sku"), error.to_string())).ok();
    let name = row.text("name");
    if name.is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
        faults.add(row.line, Some("name"), format!("a name has 1 to {NAME_BYTES} printable bytes"));
    }
    let unit = read_unit(row, faults);
    let tracked = read_tracked(row, faults);
    let price = read_price(row, faults);
    Some(Item { sku: sku?, name: name.to_owned(), unit, tracked, price, parts: Vec::new() })
}

fn read_unit(row: &Row<'_>, faults: &mut Faults) -> ItemUnit {
    match row.text("unit") {
        "" | "each" | "pcs" => ItemUnit::Each,
        "kg" | "g" | "l" | "ml" | "m" | "cm" | "m2" | "m3" => ItemUnit::Measure,
        other => {
            let shown: String = other.chars().take(20).collect();
            let detail = format!("{shown:?} is no unit; known are each, pcs, kg, g, l, ml, m, cm, m2, m3");
            faults.add(row.line, Some("unit"), detail);
            ItemUnit::Each
        }
    }
}

fn read_tracked(row: &Row<'_>, faults: &mut Faults) -> bool {
    match row.text("tracked") {
        "" | "true" | "yes" | "1" => true,
        "false" | "no" | "0" => false,
        _ => {
            faults.add(row.line, Some("tracked"), "tracked is true or false".to_owned());
            true
        }
    }
}

fn read_price(row: &Row<'_>, faults: &mut Faults) -> Option<Price> {
    let (minor, currency) = (row.text("price_minor"), row.text("currency"));
    if minor.is_empty() {
        return None;
    }
    let Ok(minor) = minor.parse::<i64>() else {
        faults.add(row.line, Some("price_minor"), "a price is a whole number of minor units such as 199".to_owned());
        return None;
    };
    let is_code = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    if !is_code {
        faults.add(row.line, Some("currency"), "a price needs a currency of three letters such as EUR".to_owned());
        return None;
    }
    Label::new(currency).ok().map(|currency| Price { minor, currency })
}

fn read_code(row: &Row<'_>, sku: Sku, faults: &mut Faults) -> Option<CodeRow> {
    let (barcode, units) = (row.text("barcode"), row.text("units_per_scan"));
    if barcode.is_empty() {
        if !units.is_empty() && units != "1" {
            faults.add(row.line, Some("units_per_scan"), "units_per_scan belongs to a barcode".to_owned());
        }
        return None;
    }
    let units_per_scan = match units {
        "" => Some(Quantity::ONE),
        text => Quantity::parse_line(text).ok().filter(|units| *units > Quantity::ZERO),
    };
    if units_per_scan.is_none() {
        let detail = "units_per_scan is a number above 0 with at most 3 decimals".to_owned();
        faults.add(row.line, Some("units_per_scan"), detail);
    }
    match Code::new(barcode) {
        Err(error) => faults.add(row.line, Some("barcode"), error.to_string()),
        Ok(_) => return Some(CodeRow { code: code_spelling(barcode)?, sku, units_per_scan: units_per_scan? }),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(text: &str) -> Vec<(u64, Option<&'static str>)> {
        let faults = read_catalogue(text.as_bytes()).expect_err("it has faults");
        faults.told.iter().map(|fault| (fault.line, fault.column)).collect()
    }

    #[test]
    fn only_sku_and_name_must_be_there() {
        let catalogue = read_catalogue("sku,name\n1,Apple\n2,Pear\n".as_bytes()).unwrap();
        assert_eq!(catalogue.items.len(), 2);
        assert!(catalogue.items.iter().all(|item| item.tracked && item.unit == ItemUnit::Each));
        assert!(catalogue.codes.is_empty());
    }

    #[test]
    fn a_sku_may_have_several_rows_one_per_code() {
        let text = "\u{feff}sku,name,barcode,units_per_scan,price_minor,currency\n\
                    1,Apple,4006381333931,,199,EUR\n1,Apple,14006381333938,12,199,EUR\n";
        let catalogue = read_catalogue(text.as_bytes()).unwrap();
        assert_eq!(catalogue.items.len(), 1);
        let codes: Vec<_> = catalogue.codes.iter().map(|row| (row.code.as_str(), row.units_per_scan)).collect();
        assert_eq!(codes, [("04006381333931", Quantity::ONE), ("14006381333938", Quantity::units(12).unwrap())]);
    }

    #[test]
    fn faults_are_named_by_line_and_column_and_nothing_is_taken() {
        let text = "sku,name,unit,barcode,units_per_scan,price_minor,currency,tracked\n\
                    ,Apple,,,,,,\n\
                    2,,,,,,,\n\
                    3,Rope,furlong,,,,,\n\
                    4,Nut,,96385074,0,,,\n\
                    5,Bolt,,,,1.99,EUR,\n\
                    6,Bag,,,,199,euro,maybe\n";
        let expected = [
            (2, "sku"),
            (3, "name"),
            (4, "unit"),
            (5, "units_per_scan"),
            (6, "price_minor"),
            (7, "tracked"),
            (7, "currency"),
        ];
        assert_eq!(faults_of(text), expected.map(|(line, column)| (line, Some(column))));
    }

    #[test]
    fn a_code_that_two_items_claim_names_both() {
        let text = "sku,name,barcode\n1,Apple,4006381333931\n2,Pear,04006381333931\n";
        let faults = read_catalogue(text.as_bytes()).expect_err("two claim it");
        assert_eq!(faults.told[0].detail, "04006381333931 is claimed by 1 in line 2 and by 2");
    }

    #[test]
    fn a_sku_that_equals_another_item_s_code_is_refused() {
        assert_eq!(faults_of("sku,name,barcode\n1,Apple,4711\n4711,Pear,\n"), [(3, Some("sku"))]);
        assert!(read_catalogue("sku,name,barcode\n4711,Apple,4711\n".as_bytes()).is_ok(), "its own code may");
    }

    #[test]
    fn rows_of_one_sku_that_disagree_are_refused() {
        assert_eq!(faults_of("sku,name\n1,Apple\n1,Pear\n"), [(3, Some("sku"))]);
    }

    #[test]
    fn a_header_with_a_strange_or_missing_column_is_refused() {
        assert_eq!(faults_of("sku,title\n1,Apple\n"), [(1, None), (1, None)]);
        assert_eq!(faults_of(""), [(1, None), (1, None)]);
    }

    #[test]
    fn a_line_with_a_field_too_many_or_in_another_encoding_is_named() {
        assert_eq!(faults_of("sku,name\n1,Apple\n2,Pear,3\n4,Nut\n"), [(3, None)]);
        let faults = read_catalogue(b"sku,name\n1,Apple\n2,P\xe9ar\n").expect_err("not UTF-8");
        assert_eq!(faults.told[0].line, 3);
    }

    #[test]
    fn a_faulty_line_40_001_refuses_the_whole_file() {
        use std::fmt::Write as _;
        let mut text = String::from("sku,name\n");
        for number in 2..=50_000 {
            let name = if number == 40_001 { "" } else { "Item" };
            writeln!(text, "{number},{name}").unwrap();
        }
        assert_eq!(faults_of(&text), [(40_001, Some("name"))]);
    }
}
