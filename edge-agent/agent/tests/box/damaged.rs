//! A journal that is damaged, as the box shows it.

use serde_json::json;

use crate::running::{Running, sale};

#[test]
fn a_box_with_a_damaged_journal_sells_at_once_and_says_what_happened() {
    let mut shop = Running::start();
    shop.submit(&sale("1", "a", json!(1)));
    let epoch = shop.get("/v1/status")["epoch"].clone();
    shop.child.kill().unwrap();
    shop.child.wait().unwrap();
    std::fs::remove_file(shop.data().join("journal/db/CURRENT")).unwrap();
    let shop = shop.again();
    assert_eq!(shop.submit(&sale("2", "a", json!(1)))["status"], json!("accepted"));
    let told = shop.get("/v1/status");
    assert_ne!(told["epoch"], epoch, "{told}");
    assert!(shop.conditions().contains(&"TM-3008".to_owned()), "{told}");
    assert!(shop.text("/").1.contains("A damaged journal was set aside"));
    let said = shop.command(&["status"]);
    assert!(said.code == 0 && said.out.contains("TM-3008"), "{}{}", said.out, said.err);
}
