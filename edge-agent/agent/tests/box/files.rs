//! Files of tills at the box: taken once, whatever is killed; what can't be
//! taken is named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tidemark_daemon::clock::Clock;
use tidemark_journal::{Journal, Reading};
use tidemark_model::{Marks, Position, StoreId};

use crate::running::{Running, STORE};

const PATIENCE: Duration = Duration::from_secs(90);

const MAPPING: &str = r#"
id = ["day", "receipt"]
columns = { item = "item", quantity = "quantity", business_day = "day", sequence = "receipt" }
"#;

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "a test's own patience")]
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} never comes");
        std::thread::yield_now();
    }
}

fn till(shop: &Running, name: &str) -> PathBuf {
    let folder = shop.data().join("inbox").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Written under another name and renamed when it is whole.
fn drop_file(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let writing = folder.join(format!("{name}.tmp"));
    std::fs::write(&writing, content).unwrap();
    std::fs::rename(&writing, folder.join(name)).unwrap();
}

fn receipts(count: u64) -> String {
    let rows = (1..=count).flat_map(|number| {
        (0..1 + number % 3).map(move |line| format!("2026-11-24,{number},item-{line},{}\n", 1 + number % 4))
    });
    std::iter::once("day,receipt,item,quantity\n".to_owned()).chain(rows).collect()
}

/// Pieces by item as the box committed them.
fn pieces(shop: &Running) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = shop.get(&format!("/v1/movements?after={after}&page_size=1000"));
        let movements = page["movements"].as_array().unwrap();
        for movement in movements {
            let pieces: i64 = movement["quantity"].as_str().unwrap().parse().unwrap();
            *sums.entry(movement["item"].as_str().unwrap().to_owned()).or_default() += pieces;
        }
        after = page["last"].as_u64().unwrap();
        if after >= page["tail"].as_u64().unwrap() {
            return sums;
        }
    }
}

fn expected(count: u64) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for row in receipts(count).lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        *sums.entry(cells[2].to_owned()).or_default() += cells[3].parse::<i64>().unwrap();
    }
    sums
}

#[test]
fn a_file_is_counted_once_although_the_box_is_killed_while_it_reads_it() {
    let mut shop = Running::start();
    let folder = till(&shop, "3");
    std::fs::write(folder.join("mapping.toml"), MAPPING).unwrap();
    let count = 3_000;
    drop_file(&folder, "day.csv", receipts(count));
    let mut killed = 0;
    while !folder.join("done/day.csv").exists() {
        let before = shop.get("/v1/status")["tail"].as_u64().unwrap();
        let is_on = |shop: &Running| {
            folder.join("done/day.csv").exists() || shop.get("/v1/status")["tail"].as_u64().unwrap() > before
        };
        wait_until("the next part of the file", || is_on(&shop));
        if killed < 5 {
            shop.child.kill().unwrap();
            shop.child.wait().unwrap();
            shop = shop.again();
            killed += 1;
        }
    }
    assert!(killed > 0, "it was read before it could be killed");
    assert_eq!(pieces(&shop), expected(count));
    // Dropped again, twice, under other names.
    for name in ["copy.csv", "day.csv"] {
        drop_file(&folder, name, receipts(count));
        wait_until("the copy to be taken", || !folder.join(name).exists());
    }
    assert!(folder.join("done/day.csv.2").exists(), "no file takes another's place");
    assert_eq!(pieces(&shop), expected(count));
    assert!(shop.counted("documents_duplicate_total") >= 2 * count);
    assert_eq!(shop.get("/v1/status")["days"][0]["tills"][0]["documents"], json!(count));
}

#[test]
fn what_can_not_be_taken_is_in_bad_with_its_reason_and_the_rest_is_taken() {
    let shop = Running::start();
    let folder = till(&shop, "3");
    // Without a mapping it waits; nothing is lost.
    drop_file(&folder, "first.csv", receipts(2));
    wait_until("the mapping to be missed", || shop.conditions().contains(&"TM-5012".to_owned()));
    std::fs::write(folder.join("mapping.toml"), "id = [\"day\"]\nseperator = \";\"\n").unwrap();
    let detail = || shop.get("/v1/status")["conditions"].to_string();
    wait_until("the mapping to be named", || detail().contains("seperator"));
    std::fs::write(folder.join("mapping.toml"), MAPPING).unwrap();
    wait_until("the file to be taken", || folder.join("done/first.csv").exists());
    wait_until("all to be well", || !shop.conditions().contains(&"TM-5012".to_owned()));

    let large = std::fs::File::create(folder.join("large.csv.tmp")).unwrap();
    large.set_len(1 << 30).unwrap();
    std::fs::rename(folder.join("large.csv.tmp"), folder.join("large.csv")).unwrap();
    let bomb = "<!DOCTYPE a [<!ENTITY b \"cc\">]><POSLog><Transaction>&b;</Transaction></POSLog>";
    let cut = receipts(9);
    for (name, content, code) in [
        ("cut.csv", cut.as_bytes()[..cut.len() - 2].to_vec(), "file_cut"),
        ("latin.csv", [receipts(1).as_bytes(), b"2026-11-24,77,\xfc,1\n"].concat(), "file_encoding"),
        ("other.csv", b"a;b;c\n1;2;3\n".to_vec(), "columns_missing"),
        ("nameless.csv", format!("{}2026-11-24,,a,1\n", receipts(1)).into_bytes(), "identity_missing"),
        ("long.csv", format!("{}2026-11-24,{},a,1\n", receipts(1), "7".repeat(200)).into_bytes(), "identity_too_long"),
        ("bomb.xml", bomb.as_bytes().to_vec(), "xml_entity"),
        ("large.csv", Vec::new(), "file_too_large"),
    ] {
        if !content.is_empty() {
            drop_file(&folder, name, content);
        }
        let beside = folder.join(format!("bad/{name}.why.txt"));
        wait_until(name, || folder.join("bad").join(name).exists());
        let why = std::fs::read_to_string(beside).unwrap();
        assert!(why.contains(code) && why.contains("Remedy: "), "{name}: {why}");
    }
    assert_eq!(shop.counted("files_total{outcome=\"file_cut\"}"), 1);
    wait_until("it to be told", || detail().contains("TM-5010") && detail().contains("7 files, such as bomb.xml"));
    assert!(shop.text("/").1.contains("A till&#39;s file was not taken whole"), "on the page too");
    std::fs::remove_dir_all(folder.join("bad")).unwrap();
    wait_until("all to be well", || !shop.conditions().contains(&"TM-5010".to_owned()));
    // What was whole in the bad ones is taken: the first eight of the cut one.
    assert_eq!(pieces(&shop), expected(8));
}

#[test]
fn a_file_that_can_not_be_moved_is_named_and_counted_once() {
    let shop = Running::start();
    let folder = till(&shop, "3");
    std::fs::write(folder.join("mapping.toml"), MAPPING).unwrap();
    // Whoever owns a folder, a file in its place is none.
    std::fs::write(folder.join("done"), "").unwrap();
    drop_file(&folder, "day.csv", receipts(5));
    wait_until("the folder to be named", || shop.conditions().contains(&"TM-5011".to_owned()));
    assert_eq!(pieces(&shop), expected(5));
    let tail = shop.get("/v1/status")["tail"].clone();
    // Long enough to be read again, if it were.
    let run = || shop.get("/v1/status")["odometer_ms"].as_u64().unwrap();
    let until = run() + 7_000;
    wait_until("seven seconds", || run() > until);
    assert_eq!(shop.counted("files_total{outcome=\"taken\"}"), 1, "it is not read again and again");
    std::fs::remove_file(folder.join("done")).unwrap();
    let shop = shop.again();
    let folder = till(&shop, "3");
    wait_until("the file to be moved", || folder.join("done/day.csv").exists());
    assert_eq!(shop.get("/v1/status")["tail"], tail, "a duplicate takes no place");
    wait_until("all to be well", || !shop.conditions().contains(&"TM-5011".to_owned()));
}

#[test]
fn a_files_document_is_deferred_only_if_the_box_was_running_when_it_happened() {
    let shop = Running::start();
    let folder = till(&shop, "3");
    let timed = MAPPING.replace("item = \"item\"", "item = \"item\", time = \"time\"");
    std::fs::write(folder.join("mapping.toml"), timed).unwrap();
    let now = |shop: &Running| shop.get("/v1/status")["odometer_ms"].as_u64().unwrap();
    wait_until("the box to have run for two seconds", || now(&shop) > 2_000);
    let wall = String::from_utf8(Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap().stdout);
    let (wall, long_ago) = (wall.unwrap().trim().to_owned(), "2026-01-01T10:00:00Z");
    let rows = format!("day,receipt,item,quantity,time\n2026-11-24,1,a,1,{wall}\n2026-11-24,2,b,1,{long_ago}\n");
    drop_file(&folder, "day.csv", rows);
    wait_until("the file to be taken", || folder.join("done/day.csv").exists());
    let mut shop = shop;
    shop.child.kill().unwrap();
    shop.child.wait().unwrap();
    let clock = Clock::start();
    let read = move || Reading { steady_ms: clock.millis(), wall: clock.wall() };
    let store = StoreId::new(STORE).unwrap();
    let config = tidemark_journal::Config::new(shop.data().join("journal"), store, Arc::new(read));
    let (journal, writer) = Journal::open(config).unwrap();
    let movement = |seq| {
        let position = Position { epoch: journal.identity().epoch, seq };
        journal.movement(position).unwrap().unwrap()
    };
    let (lately, long_ago) = (movement(1), movement(2));
    assert!(lately.marks.has(Marks::DEFERRED) && lately.happened < lately.committed, "{lately:?}");
    assert!(!long_ago.marks.has(Marks::DEFERRED) && long_ago.happened == long_ago.committed, "{long_ago:?}");
    assert_eq!(long_ago.wall.0, 1_767_261_600_000, "the label is the till's");
    writer.stop().unwrap();
}
