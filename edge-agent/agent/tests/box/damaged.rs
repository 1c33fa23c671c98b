//! A journal that is damaged, as the box shows it.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::running::{ONE, Running, arguments, event, program, sale};

/// Units of the shell, 512 or 1,024 bytes: the log reaches it after some
/// hundred sales.
const LIMIT: u64 = 1_024;

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

#[test]
fn a_lost_side_file_is_told_and_nothing_else_changes() {
    let mut shop = Running::start();
    shop.submit(&sale("1", "a", json!(1)));
    let epoch = shop.get("/v1/status")["epoch"].clone();
    assert!(!shop.conditions().contains(&"TM-3011".to_owned()));
    shop.child.kill().unwrap();
    shop.child.wait().unwrap();
    std::fs::remove_file(shop.data().join("journal/tail")).unwrap();
    let mut shop = shop.again();
    assert_eq!(shop.submit(&sale("1", "a", json!(1)))["status"], json!("duplicate"));
    let told = shop.get("/v1/status");
    assert_eq!(told["epoch"], epoch, "{told}");
    assert!(shop.conditions().contains(&"TM-3011".to_owned()), "{told}");
    // It was made anew: a day of it is told, or until the next start.
    shop.child.kill().unwrap();
    shop.child.wait().unwrap();
    let shop = shop.again();
    assert!(!shop.conditions().contains(&"TM-3011".to_owned()), "it is over");
}

#[test]
fn damage_that_shows_while_the_box_runs_is_met_in_the_same_process() {
    // It begins anew at the same address.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let mut shop = Running::by(|data| {
        let mut shell = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -S -f {LIMIT}; exec \"$0\" \"$@\"");
        let mut arguments = arguments(data);
        *arguments.last_mut().unwrap() = free.to_string();
        shell.arg("-c").arg(script).arg(program().get_program()).args(arguments);
        shell
    });
    let epoch = shop.get("/v1/status")["epoch"].clone();
    std::fs::remove_file(shop.data().join("journal/db/CURRENT")).unwrap();
    let data = |id: u32| json!({"lines": [{"item": "a", "quantity": 1}], "note": format!("{id}").repeat(100)});
    let sell = |shop: &Running, id: u32| shop.try_post(ONE, &event("tidemark.sale", &id.to_string(), data(id)));
    // A write that fails is followed by an opening, which finds the damage.
    let failed = (100_000..200_000).find(|id| sell(&shop, *id) != Some(200)).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test's own patience")]
    let began = Instant::now();
    while sell(&shop, failed) != Some(200) {
        assert!(began.elapsed() < Duration::from_secs(60), "it never sells again");
    }
    let told = shop.get("/v1/status");
    assert_ne!(told["epoch"], epoch, "{told}");
    assert!(shop.child.try_wait().unwrap().is_none(), "it is the same process");
}
