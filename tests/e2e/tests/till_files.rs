//! Tills that hand in files, and receipts with everything in them: what head
//! office holds in the end is what was sold, to the unit.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tidemark_e2e::scene::{STORE, Scene, Trouble, event, wait_for};
use tidemark_fleet::range::Article;
use tidemark_fleet::receipts::Sums;
use tidemark_fleet::submit::status_of;

const DAY: &str = "2026-11-24";
/// Receipts of each till.
const RECEIPTS: u64 = 500;
/// Those of the first till that are lost on their way.
const LOST: std::ops::RangeInclusive<u64> = 41..=43;

const MAPPING: &str = r#"
format = "csv"
encoding = "windows-1252"
separator = ";"
decimal = ","
id = ["Tag", "Kasse", "Bon"]
[columns]
item = "Artikel"
quantity = "Menge"
kind = "Art"
business_day = "Tag"
sequence = "Bon"
lines = "Positionen"
operator = "Bediener"
[formats]
business_day = "%d.%m.%Y"
[kinds]
V = "sale"
R = "return"
"#;

/// A receipt's lines: an article and the pieces, negative if they came back.
fn lines(range: &[Article], till: u64, number: u64) -> Vec<(&Article, i64)> {
    let line = |place: u64| {
        let draw = (till * 7_919 + number * 104_729 + place * 1_299_709) % 10_007;
        let article = &range[usize::try_from(draw).unwrap() % range.len()];
        let pieces = i64::try_from(draw % 4).unwrap() + 1;
        (article, if draw.is_multiple_of(9) { -1 } else { pieces })
    };
    (0..1 + number % 3).map(line).collect()
}

fn csv(range: &[Article], numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    let mut text = "Tag;Kasse;Bon;Positionen;Art;Artikel;Menge;Bediener\r\n".to_owned();
    for number in numbers.filter(|number| !LOST.contains(number)) {
        let lines = lines(range, 1, number);
        for (article, pieces) in &lines {
            let (kind, many) = if *pieces < 0 { ("R", -pieces) } else { ("V", *pieces) };
            let (of, gtin) = (lines.len(), article.gtin);
            write!(text, "24.11.2026;1;{number};{of};{kind};{gtin};{many},000;J\u{fc}rgen\r\n").unwrap();
        }
    }
    // The only letter that is not ASCII, as windows-1252 writes it.
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

fn poslog(range: &[Article], numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    let mut text =
        "<?xml version=\"1.0\"?>\n<POSLog xmlns=\"http://www.nrf-arts.org/IXRetail/namespace/\">\n".to_owned();
    for number in numbers {
        write!(
            text,
            "<Transaction><RetailStoreID>7</RetailStoreID><WorkstationID>2</WorkstationID>\
             <SequenceNumber>{number}</SequenceNumber><BusinessDayDate>{DAY}</BusinessDayDate>"
        )
        .unwrap();
        if number % 50 == 0 {
            text.push_str("<ControlTransaction><NoSale/></ControlTransaction></Transaction>\n");
            continue;
        }
        text.push_str("<RetailTransaction>");
        for (article, pieces) in lines(range, 2, number) {
            let (what, many) = if pieces < 0 { ("Return", -pieces) } else { ("Sale", pieces) };
            let gtin = article.gtin;
            write!(
                text,
                "<LineItem><{what}><POSIdentity POSIDType=\"EAN\"><POSItemID>{gtin}</POSItemID></POSIdentity>\
                 <Quantity>{many}</Quantity></{what}></LineItem>"
            )
            .unwrap();
        }
        text.push_str("</RetailTransaction></Transaction>\n");
    }
    text.push_str("</POSLog>\n");
    text.into_bytes()
}

/// What both tills sold.
struct Sold {
    sums: Sums,
    documents: [u64; 2],
    units: [i64; 2],
}

fn sold(range: &[Article]) -> Sold {
    let mut sold = Sold { sums: Sums::default(), documents: [0; 2], units: [0; 2] };
    for number in 1..=RECEIPTS {
        for till in [1, 2] {
            // A drawer that is opened is no receipt.
            if till == 2 && number % 50 == 0 {
                continue;
            }
            let place = usize::try_from(till - 1).unwrap();
            sold.documents[place] += 1;
            for (article, pieces) in lines(range, till, number) {
                sold.sums.add(STORE, &article.sku, -pieces);
                sold.units[place] += pieces;
            }
        }
    }
    sold
}

async fn submit(scene: &Scene, source: &str, mut event: Value) -> Result<(), Trouble> {
    event["source"] = json!(source);
    let told = scene.till().submit(&event).await?;
    assert_eq!(status_of(&told.result), "accepted", "{}", told.result);
    Ok(())
}

async fn close(scene: &Scene, sold: &Sold) -> Result<(), Trouble> {
    for (place, source) in ["till:1", "till:2"].into_iter().enumerate() {
        let totals = json!({"business_day": DAY, "documents": sold.documents[place], "units": sold.units[place]});
        submit(scene, source, event("tidemark.day_close", &format!("{DAY}-close"), totals)).await?;
    }
    Ok(())
}

async fn day(scene: &Scene) -> Result<Value, Trouble> {
    let status = scene.edge.get("/v1/status").await?;
    let days = status["days"].as_array().cloned().unwrap_or_default();
    Ok(days.into_iter().find(|day| day["business_day"] == json!(DAY)).unwrap_or_default())
}

async fn gone(folder: &Path, names: &[&str]) -> Result<(), Trouble> {
    wait_for("the files to be taken", || async { Ok(names.iter().all(|name| !folder.join(name).exists())) }).await
}

#[tokio::test]
async fn a_thousand_receipts_in_files_are_counted_once_and_what_is_missing_is_named() -> Result<(), Trouble> {
    let folder = tempfile::tempdir()?;
    let inbox = folder.path().join("inbox");
    let (first, second) = (inbox.join("1"), inbox.join("backoffice"));
    for till in [&first, &second] {
        std::fs::create_dir_all(till)?;
    }
    std::fs::write(first.join("mapping.toml"), MAPPING)?;
    let more = ["--set".to_owned(), format!("files.inbox={}", inbox.display())];
    let scene = Scene::set(&[], &more).await?;
    let sold = sold(&scene.range);

    // Half of it twice, and one file that is cut in the middle.
    std::fs::write(first.join("noon.csv"), csv(&scene.range, 1..=RECEIPTS / 2))?;
    std::fs::write(first.join("evening.csv"), csv(&scene.range, 1..=RECEIPTS))?;
    let whole = poslog(&scene.range, 1..=RECEIPTS);
    std::fs::write(second.join("cut.xml"), &whole[..whole.len() / 2])?;
    gone(&first, &["noon.csv", "evening.csv"]).await?;
    gone(&second, &["cut.xml"]).await?;
    let why = std::fs::read_to_string(second.join("bad/cut.xml.why.txt"))?;
    assert!(why.contains("file_cut") && why.contains("Remedy:"), "{why}");
    wait_for("the cut file to be named", || scene.box_says("TM-5010")).await?;
    std::fs::write(second.join("again.xml"), &whole)?;
    gone(&second, &["again.xml"]).await?;
    for done in [first.join("done/noon.csv"), first.join("done/evening.csv"), second.join("done/again.xml")] {
        assert!(done.exists(), "{}", done.display());
    }

    close(&scene, &sold).await?;
    let open = day(&scene).await?;
    assert_eq!(open["complete"], json!(false), "{open}");
    let words = open["open"].to_string();
    assert!(words.contains("till:1: 41\u{2013}43 have not come") && !words.contains("till:2"), "{words}");
    assert!(words.contains("497 documents came, the till counted 500"), "{words}");
    for code in ["TM-5003", "TM-5008"] {
        wait_for("what is missing to be named", || scene.box_says(code)).await?;
    }
    for number in LOST {
        let line = |(article, pieces): (&Article, i64)| {
            let kind = if pieces < 0 { "return" } else { "sale" };
            json!({"item": article.gtin.to_string(), "quantity": pieces.abs(), "kind": kind})
        };
        let lines: Vec<Value> = lines(&scene.range, 1, number).into_iter().map(line).collect();
        let data = json!({"lines": lines, "business_day": DAY, "sequence": number});
        submit(&scene, "till:1", event("tidemark.sale", &format!("24.11.2026-1-{number}"), data)).await?;
    }
    let complete = day(&scene).await?;
    assert_eq!((&complete["complete"], &complete["open"]), (&json!(true), &json!([])), "{complete}");
    wait_for("nothing to be missing", || async {
        Ok(!scene.box_says("TM-5003").await? && !scene.box_says("TM-5008").await?)
    })
    .await?;
    // The two closes are movements that change nothing.
    let mut sums = sold.sums;
    for _ in 0..2 {
        sums.add(STORE, &scene.range[0].sku, 0);
    }
    scene.prove(&sums).await?;
    Ok(())
}

#[tokio::test]
async fn a_receipt_with_everything_in_it_that_was_voided_before_it_came_changes_nothing() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let untracked = "PFAND,Deposit,each,,1,,,false\nDEPT7,Department 7,each,,1,,,false\nBAG,Bag,each,,1,,,false\n";
    let csv = format!("{}{untracked}", tidemark_fleet::range::catalogue_csv(&scene.range));
    let (status, answer) = scene.centre.post("/v1/catalogue:import", "text/csv", csv.into_bytes()).await?;
    assert_eq!(status, 200, "{answer}");
    wait_for("the catalogue at the box", || async { Ok(scene.edge.get("/v1/items/BAG").await.is_ok()) }).await?;

    let void = json!({"voids": {"source": "till:1", "id": "receipt-1"}});
    for again in ["accepted", "duplicate"] {
        let told = scene.till().submit(&event("tidemark.void", "void-1", void.clone())).await?;
        assert_eq!(status_of(&told.result), again, "{}", told.result);
    }
    let [a, b, c] = [0, 1, 2].map(|place| scene.range[place].gtin.to_string());
    let lines = json!([
        {"item": a, "quantity": 2},
        {"item": b, "quantity": 0.385},
        {"item": c, "quantity": 1, "kind": "return"},
        {"item": "PFAND", "quantity": 2},
        {"item": "DEPT7", "quantity": 1},
        {"item": "BAG", "quantity": 1},
    ]);
    let told = scene.till().submit(&event("tidemark.sale", "receipt-1", json!({"lines": lines}))).await?;
    assert_eq!((status_of(&told.result), &told.result["lines"]), ("accepted", &json!(6)), "{}", told.result);
    let told = scene.till().submit(&event("tidemark.void", "void-1", void)).await?;
    assert_eq!(status_of(&told.result), "duplicate");
    assert!(!scene.box_says("TM-5005").await?, "nothing is parked");
    // Six lines and the void, none of which changes anything.
    let mut sums = Sums::default();
    for _ in 0..7 {
        sums.add(STORE, &scene.range[0].sku, 0);
    }
    scene.prove(&sums).await?;
    Ok(())
}
