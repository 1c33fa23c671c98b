//! Opening stock as CSV: `store,sku,quantity`.

use std::collections::BTreeMap;

use tidemark_model::{Quantity, Sku, StoreId};

use super::faults::Faults;
use super::table::{Row, read_rows};

const COLUMNS: [&str; 3] = ["store", "sku", "quantity"];

/// What each store opens with, by SKU.
pub(crate) type OpeningStock = BTreeMap<StoreId, BTreeMap<Sku, Quantity>>;

/// Reads opening stock; on any fault nothing is taken.
pub(crate) fn read_opening_stock(bytes: &[u8]) -> Result<OpeningStock, Faults> {
    let mut stock = OpeningStock::new();
    read_rows(bytes, &COLUMNS, &COLUMNS, |row, faults| take(&mut stock, row, faults))?;
    Ok(stock)
}

fn take(stock: &mut OpeningStock, row: &Row<'_>, faults: &mut Faults) {
    let store = StoreId::new(row.text("store"));
    let sku = Sku::new(row.text("sku"));
    let quantity = Quantity::parse_line(row.text("quantity"));
    match (store, sku, quantity) {
        (Ok(store), Ok(sku), Ok(quantity)) => {
            let shelf = stock.entry(store.clone()).or_default();
            if shelf.insert(sku.clone(), quantity).is_some() {
                faults.add(row.line, Some("sku"), format!("{sku} of {store} stands in the file twice"));
            }
        }
        (store, sku, quantity) => {
            if let Err(error) = store {
                faults.add(row.line, Some("store"), error.to_string());
            }
            if let Err(error) = sku {
                faults.add(row.line, Some("sku"), error.to_string());
            }
            if let Err(error) = quantity {
                faults.add(row.line, Some("quantity"), error.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_gathered_by_store() {
        let text = "store,sku,quantity\nS1,apple,10\nS2,apple,4.5\nS1,pear,-1\n";
        let stock = read_opening_stock(text.as_bytes()).unwrap();
        assert_eq!(stock.len(), 2);
        assert_eq!(stock[&StoreId::new("S1").unwrap()].len(), 2);
    }

    #[test]
    fn a_row_twice_and_a_quantity_that_is_none_are_named_by_line() {
        let text = "store,sku,quantity\nS1,apple,10\nS1,apple,11\nS 1,pear,ten\n";
        let faults = read_opening_stock(text.as_bytes()).expect_err("it has faults");
        let told: Vec<_> = faults.told.iter().map(|fault| (fault.line, fault.column)).collect();
        assert_eq!(told, [(3, Some("sku")), (4, Some("store")), (4, Some("quantity"))]);
    }
}
