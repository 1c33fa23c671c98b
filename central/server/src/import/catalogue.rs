//! The catalogue as CSV: one row per code, a SKU may have several. `parts`
//! makes an item a kit: SKU and quantity of each part, such as
//! `PEN-1*2; PAD-1*1`. A row with `price_from` tells a price that takes effect
//! at that moment of a shop's own clock.

use std::collections::BTreeMap;

use tidemark_model::catalogue::KitPart;
use tidemark_model::{Code, Item, ItemUnit, Label, Price, Quantity, Sku, code_spelling};

use tidemark_daemon::local_time;

use super::catalogue_json;
use super::faults::Faults;
use super::table::{Row, read_rows, take_row};

const COLUMNS: [&str; 11] = [
    "sku",
    "name",
    "unit",
    "barcode",
    "units_per_scan",
    "price_minor",
    "currency",
    "price_from",
    "tracked",
    "parts",
    "assortments",
];

/// Parts a kit may have.
const PARTS: usize = 100;
/// Prices that an item may have.
const PRICES: usize = 32;
/// Assortments that an item may belong to.
const ASSORTMENTS: usize = 64;
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
    building.check_parts(&mut faults);
    if faults.is_empty() { Ok(building.finish()) } else { Err(faults.by_line()) }
}

/// Reads a catalogue in JSON; on any fault nothing is taken.
pub(crate) fn read_catalogue_json(bytes: &[u8]) -> Result<Catalogue, Faults> {
    let (mut building, mut faults) = (Building::default(), Faults::default());
    for (line, cells) in catalogue_json::rows(bytes)? {
        take_row(&COLUMNS, (line, &cells), |row| building.take(row, &mut faults));
    }
    building.check_codes_against_skus(&mut faults);
    building.check_parts(&mut faults);
    if faults.is_empty() { Ok(building.finish()) } else { Err(faults.by_line()) }
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
        match self.items.get_mut(&sku) {
            None => drop(self.items.insert(sku.clone(), (row.line, item))),
            Some((line, held)) => {
                if let Err(detail) = add_prices(held, item, *line) {
                    faults.add(row.line, Some("sku"), detail);
                }
            }
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

    /// A kit is made of items that are there and are no kits.
    fn check_parts(&self, faults: &mut Faults) {
        for (sku, (line, item)) in &self.items {
            for part in &item.parts {
                let detail = match self.items.get(&part.sku) {
                    None => format!("{} is no item of this file", part.sku),
                    Some((of_line, held)) if !held.parts.is_empty() => {
                        format!("{} is a kit itself, in line {of_line}; give its parts", held.sku)
                    }
                    Some(_) if part.sku == *sku => format!("{sku} can't be a part of itself"),
                    Some(_) => continue,
                };
                faults.add(*line, Some("parts"), detail);
            }
        }
    }

    fn finish(self) -> Catalogue {
        let items = self.items.into_values().map(|(_, item)| item).collect();
        let codes = self.codes.into_values().map(|(_, code)| code).collect();
        Catalogue { items, codes }
    }
}

/// Adds what another row of an item says: its price, if that row is of another
/// moment.
fn add_prices(held: &mut Item, mut item: Item, line: u64) -> Result<(), String> {
    let prices = std::mem::take(&mut item.prices);
    let told = Item { prices: Vec::new(), ..held.clone() };
    if told != item {
        return Err(format!(
            "{} is told otherwise in line {line}; rows of one SKU differ only in their code and in prices of other moments",
            item.sku
        ));
    }
    for price in prices {
        match held.prices.binary_search_by_key(&price.from, |held| held.from) {
            Ok(at) if held.prices.get(at) == Some(&price) => {}
            Ok(_) => return Err(format!("{} has two prices of one moment", item.sku)),
            Err(_) if held.prices.len() == PRICES => return Err(format!("an item has at most {PRICES} prices")),
            Err(at) => held.prices.insert(at, price),
        }
    }
    Ok(())
}

fn read_item(row: &Row<'_>, faults: &mut Faults) -> Option<Item> {
    let sku = Sku::new(row.text("sku")).map_err(|error| faults.add(row.line, Some("sku"), error.to_string())).ok();
    let name = row.text("name");
    if name.is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
        faults.add(row.line, Some("name"), format!("a name has 1 to {NAME_BYTES} printable bytes"));
    }
    let unit = read_unit(row, faults);
    let tracked = read_tracked(row, faults);
    let prices = read_price(row, faults).into_iter().collect();
    let parts = read_parts(row, faults);
    let assortments = read_assortments(row, faults);
    Some(Item { sku: sku?, name: name.to_owned(), unit, tracked, prices, parts, assortments })
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
    let (minor, currency, from) = (row.text("price_minor"), row.text("currency"), row.text("price_from"));
    if minor.is_empty() {
        if !from.is_empty() {
            faults.add(row.line, Some("price_from"), "price_from belongs to a price_minor".to_owned());
        }
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
    let moment = local_time::read(from);
    if moment.is_none() && !from.is_empty() {
        let detail = "price_from is a moment of the shop's clock such as 2026-12-01 or 2026-12-01T06:00".to_owned();
        faults.add(row.line, Some("price_from"), detail);
        return None;
    }
    Label::new(currency).ok().map(|currency| Price { minor, currency, from: moment })
}

fn read_assortments(row: &Row<'_>, faults: &mut Faults) -> Vec<Label> {
    let mut labels = Vec::new();
    for text in row.text("assortments").split(';').map(str::trim).filter(|text| !text.is_empty()) {
        match Label::new(text) {
            Ok(label) => labels.push(label),
            Err(error) => faults.add(row.line, Some("assortments"), error.to_string()),
        }
    }
    labels.sort();
    labels.dedup();
    if labels.len() > ASSORTMENTS {
        let detail = format!("an item belongs to at most {ASSORTMENTS} assortments");
        faults.add(row.line, Some("assortments"), detail);
    }
    labels
}

fn read_parts(row: &Row<'_>, faults: &mut Faults) -> Vec<KitPart> {
    let mut parts = Vec::new();
    for text in row.text("parts").split(';').map(str::trim).filter(|text| !text.is_empty()) {
        let (sku, quantity) =
            text.rsplit_once('*').map_or((text, "1"), |(sku, quantity)| (sku.trim(), quantity.trim()));
        let quantity = Quantity::parse_line(quantity).ok().filter(|quantity| *quantity > Quantity::ZERO);
        match (Sku::new(sku), quantity) {
            (Ok(sku), Some(quantity)) => parts.push(KitPart { sku, quantity }),
            (Ok(_) | Err(_), _) => {
                let shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
                let detail = format!("{shown:?} is no part; give SKU*QUANTITY, several with ; between them");
                faults.add(row.line, Some("parts"), detail);
            }
        }
    }
    if parts.len() > PARTS {
        faults.add(row.line, Some("parts"), format!("a kit has at most {PARTS} parts"));
    }
    parts
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
    fn an_item_has_prices_of_several_moments_and_belongs_to_assortments() {
        let text = "sku,name,barcode,price_minor,currency,price_from,assortments\n\
                    1,Pen,4006381333931,249,EUR,2026-12-01,HYPER; CITY;CITY\n\
                    1,Pen,,199,EUR,,CITY;HYPER\n1,Pen,96385074,199,EUR,,CITY;HYPER\n\
                    1,Pen,,229,EUR,2026-11-30T06:00,CITY;HYPER\n";
        let catalogue = read_catalogue(text.as_bytes()).unwrap();
        let [item] = catalogue.items.as_slice() else { panic!("{catalogue:?}") };
        let prices: Vec<_> = item.prices.iter().map(|price| (price.minor, price.from.map(local_time::text))).collect();
        let from = |text: &str| Some(text.to_owned());
        assert_eq!(
            prices,
            [(199, None), (229, from("2026-11-30T06:00")), (249, from("2026-12-01T00:00"))],
            "in the order of their moments"
        );
        assert_eq!(item.assortments.iter().map(Label::as_str).collect::<Vec<_>>(), ["CITY", "HYPER"]);
        assert_eq!(catalogue.codes.len(), 2);
        let text = "sku,name,price_minor,currency,price_from,assortments\n\
                    1,Pen,199,EUR,,\n1,Pen,249,EUR,,\n2,Pad,,,2026-12-01,\n3,Nib,1,EUR,tomorrow,\n4,Ink,,,,a\u{7}b\n\
                    1,Pen,199,EUR,,CITY\n";
        let expected = [(3, "sku"), (4, "price_from"), (5, "price_from"), (6, "assortments"), (7, "sku")];
        assert_eq!(faults_of(text), expected.map(|(line, column)| (line, Some(column))));
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

    #[test]
    fn a_kit_is_made_of_items_that_are_there_and_no_kits() {
        let text = "sku,name,parts\n1,Pen,\n2,Pad,\n3,Set,1*2; 2*1.5\n";
        let catalogue = read_catalogue(text.as_bytes()).unwrap();
        let parts: Vec<_> = catalogue.items[2].parts.iter().map(|part| (part.sku.as_str(), part.quantity)).collect();
        assert_eq!(parts, [("1", Quantity::units(2).unwrap()), ("2", Quantity::thousandths(1_500))]);
        let text = "sku,name,parts\n1,Pen,\n3,Set,1*2\n4,Big set,3*1\n5,Odd,9*1\n6,Self,6*1\n7,None,1*0\n";
        assert_eq!(faults_of(text), [4, 5, 6, 7].map(|line| (line, Some("parts"))).to_vec());
    }

    #[test]
    fn json_gives_what_csv_gives() {
        let json = br#"{"items": [
            {"sku": "1", "name": "Pen", "price": {"minor": 199, "currency": "EUR"},
             "coming_prices": [{"minor": 249, "currency": "EUR", "from": "2026-12-01"}], "assortments": ["CITY", "HYPER"],
             "codes": [{"code": "4006381333931"}, {"code": "14006381333938", "units_per_scan": 12}]},
            {"sku": "2", "name": "Bag", "tracked": false, "unit": "each"},
            {"sku": "3", "name": "Set", "parts": [{"sku": "1", "quantity": 2}]}]}"#;
        let csv = "sku,name,unit,barcode,units_per_scan,price_minor,currency,tracked,parts,price_from,assortments\n\
                   1,Pen,,4006381333931,,199,EUR,,,,CITY;HYPER\n1,Pen,,14006381333938,12,199,EUR,,,,CITY;HYPER\n\
                   1,Pen,,,,249,EUR,,,2026-12-01,CITY;HYPER\n2,Bag,each,,,,,false,,,\n3,Set,,,,,,,1*2,,\n";
        assert_eq!(read_catalogue_json(json).unwrap(), read_catalogue(csv.as_bytes()).unwrap());
    }

    #[test]
    fn faults_of_json_are_named_by_item_and_member() {
        let faults = |json: &str| {
            let faults = read_catalogue_json(json.as_bytes()).expect_err("it has faults");
            faults.told.iter().map(|fault| (fault.line, fault.column)).collect::<Vec<_>>()
        };
        assert_eq!(faults("{\"items\": [\n}"), [(2, None)]);
        assert_eq!(faults("{}"), [(1, Some("items"))]);
        assert_eq!(faults(r#"{"items": [{"sku": "1", "name": "A"}, {"sku": "2", "nom": "B"}]}"#), [(2, None)]);
        assert_eq!(faults(r#"{"items": [{"sku": "1", "name": "A", "codes": "4711"}]}"#), [(1, Some("codes"))]);
        assert_eq!(faults(r#"{"items": [{"sku": "1", "name": ""}]}"#), [(1, Some("name"))]);
        let price = r#"{"items": [{"sku": "1", "name": "A", "coming_prices": [{"minor": 1, "currency": "EUR"}]}]}"#;
        assert_eq!(faults(price), [(1, Some("price_from"))]);
        let label = r#"{"items": [{"sku": "1", "name": "A", "assortments": ["a;b"]}]}"#;
        assert_eq!(faults(label), [(1, Some("assortments"))]);
    }
}
