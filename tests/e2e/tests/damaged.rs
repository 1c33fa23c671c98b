//! A box whose journal is damaged while the line is down.

use serde_json::{Value, json};
use tidemark_e2e::scene::{OPENING, STORE, Scene, Trouble, sale, sell, wait_for};
use tidemark_fleet::relay::Link;
use tidemark_fleet::submit::status_of;

const SALES: u64 = 60;

fn conditions(status: &Value) -> Vec<String> {
    let codes = status["conditions"].as_array().into_iter().flatten();
    codes.filter_map(|condition| Some(condition["code"].as_str()?.to_owned())).collect()
}

#[tokio::test]
async fn everything_readable_of_a_damaged_journal_reaches_the_ledger_and_the_box_sells_meanwhile() -> Result<(), Trouble>
{
    let mut scene = Scene::set(&[], &[]).await?;
    scene.line.set(Link::Cut);
    let sku = scene.range[0].sku.to_string();
    sell(&scene.edge, "before", &sku, SALES).await?;
    let before = scene.edge.get("/v1/status").await?;
    scene.edge.kill().await?;
    let journal = scene.stage.folder().join(format!("box-{STORE}")).join("journal");
    std::fs::remove_file(journal.join("db").join("CURRENT"))?;
    scene.edge.restart().await?;
    let told = scene.till().submit(&sale("after", &sku, 1)).await?;
    assert_eq!(status_of(&told.result), "accepted");
    let after = scene.edge.get("/v1/status").await?;
    assert_ne!(after["epoch"], before["epoch"]);
    assert!(conditions(&after).contains(&"TM-3008".to_owned()), "{after}");
    scene.line.set(Link::FREE);
    // The opening, what was sold before, and what was sold after.
    let least = u64::try_from(scene.range.len())? + SALES + 1;
    wait_for("all of both epochs", || async {
        let store = scene.centre.get(&format!("/v1/stores/{STORE}")).await?;
        Ok(store["applied"].as_u64().unwrap() >= least && store["lost"] == json!(0))
    })
    .await?;
    wait_for("the old journal to be done with", || async {
        Ok(!conditions(&scene.edge.get("/v1/status").await?).contains(&"TM-3008".to_owned()))
    })
    .await?;
    // What was salvaged came when its epoch was closed, and counts all the same.
    let level = format!("/v1/stores/{STORE}/items/{sku}");
    wait_for("every sale in the stock", || async {
        Ok(scene.centre.get(&level).await?["on_hand"] == json!(OPENING - SALES - 1))
    })
    .await
}
