//! The whole path on the embedded centre: a sale goes from the till through
//! box and centre to whoever asks.

use serde_json::{Value, json};
use tidemark_e2e::scene::{HANG, STORE, Scene, Trouble, event, sale, wait_for};
use tidemark_fleet::process::{client, get_json};
use tidemark_fleet::receipts::{Sums, Till};
use tidemark_fleet::submit::status_of;

#[tokio::test]
async fn a_sale_can_be_read_back_at_the_box_and_at_the_centre() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let article = scene.range[3].clone();
    let told = scene.till().submit(&sale("a-1", &article.gtin.to_string(), 2)).await?;
    assert_eq!(status_of(&told.result), "accepted", "{}", told.result);
    assert_eq!(told.result["warnings"], json!([]));
    let item = scene.edge.get(&format!("/v1/items/{}", article.gtin)).await?;
    assert_eq!((&item["sku"], &item["on_hand"]), (&json!(article.sku.as_str()), &json!(98)));
    let level = format!("/v1/stores/{STORE}/items/{}", article.sku);
    wait_for("the sale at the centre", || async { Ok(scene.centre.get(&level).await?["on_hand"] == json!(98)) })
        .await?;
    let level = scene.centre.get(&level).await?;
    assert_eq!(
        (&level["basis"], &level["effect_sum"], &level["stale"]),
        (&json!("counted"), &json!(98), &json!(false))
    );
    let everywhere = scene.centre.get(&format!("/v1/items/{}", article.sku)).await?;
    assert_eq!(everywhere["total"]["on_hand"], json!(98));
    let history = scene.centre.get(&format!("/v1/stores/{STORE}/items/{}/movements", article.sku)).await?;
    let kinds: Vec<_> = history["movements"].as_array().unwrap().iter().map(|m| m["kind"].clone()).collect();
    assert_eq!(kinds, [json!("sale"), json!("count")]);
    Ok(())
}

#[tokio::test]
async fn a_retry_is_answered_duplicate_with_the_same_position() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let event = sale("a-1", scene.range[0].sku.as_str(), 1);
    let first = scene.till().submit(&event).await?.result;
    for _ in 0..3 {
        let again = scene.till().submit(&event).await?.result;
        assert_eq!(status_of(&again), "duplicate");
        assert_eq!((&again["epoch"], &again["first_seq"]), (&first["epoch"], &first["first_seq"]));
    }
    let mut sums = Sums::default();
    sums.add(STORE, &scene.range[0].sku, -1);
    scene.prove(&sums).await?;
    Ok(())
}

#[tokio::test]
async fn an_unknown_code_takes_effect_when_the_catalogue_learns_it() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let told = scene.till().submit(&sale("a-1", "96385074", 3)).await?;
    assert_eq!(told.result["warnings"][0]["code"], json!("unknown_item"));
    let csv = format!("{}B1,Learnt,each,96385074,2,,,true\n", tidemark_fleet::range::catalogue_csv(&scene.range));
    let (status, answer) = scene.centre.post("/v1/catalogue:import", "text/csv", csv.into_bytes()).await?;
    assert_eq!(status, 200, "{answer}");
    let level = format!("/v1/stores/{STORE}/items/B1");
    wait_for("the code to be resolved", || async {
        let level = scene.centre.get(&level).await?;
        Ok(level["effect_sum"] == json!(-6) && level["on_hand"] == Value::Null)
    })
    .await
}

#[tokio::test]
async fn a_shop_sells_before_it_ever_reached_a_centre() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let nowhere = tidemark_fleet::process::free_address()?;
    let recipe = scene.stage.edge("S0002", nowhere, &[])?;
    let mut fresh = tidemark_fleet::process::Daemon::start(recipe).await?;
    let till = tidemark_fleet::submit::TillLine::of(&fresh);
    let told = till.submit(&sale("a-1", "A00001", 5)).await?;
    assert_eq!(status_of(&told.result), "accepted");
    fresh.stop().await?;
    drop(fresh);
    let met = scene.stage.edge("S0002", scene.line.address(), &[])?;
    let _fresh = tidemark_fleet::process::Daemon::start(met).await?;
    let level = "/v1/stores/S0002/items/A00001";
    wait_for("the sale from before the first contact", || async {
        Ok(scene.centre.get(level).await?["effect_sum"] == json!(-5))
    })
    .await
}

#[tokio::test]
async fn a_void_before_its_document_leaves_the_stock_as_it_was() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let void = event("tidemark.void", "v-1", json!({"voids": {"source": "till:1", "id": "a-1"}}));
    let told = scene.till().submit(&void).await?;
    assert_eq!(told.result["warnings"][0]["code"], json!("void_waits"));
    let told = scene.till().submit(&sale("a-1", "A00001", 5)).await?;
    assert_eq!(told.result["warnings"][0]["code"], json!("voided_before"));
    let item = scene.edge.get("/v1/items/A00001").await?;
    assert_eq!(item["on_hand"], json!(100));
    Ok(())
}

#[tokio::test]
async fn parked_lines_are_listed_with_their_reason_and_hold_nobody_up() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let lines = json!([{"item": "A00001", "quantity": "many"}, {"item": "A00002", "quantity": 1}]);
    let told = scene.till().submit(&event("tidemark.sale", "a-1", json!({"lines": lines}))).await?;
    assert_eq!(status_of(&told.result), "accepted");
    assert_eq!(told.result["warnings"][0]["code"], json!("quantity_unreadable"));
    let totals = scene.books().settle(52, HANG).await?;
    assert_eq!((totals.applied, totals.parked, totals.lost), (51, 1, 0));
    let letters = scene.centre.get("/v1/dead-letters").await?;
    assert_eq!(letters["dead_letters"][0]["reason"], json!("quantity_unreadable"));
    assert_eq!(letters["groups"][0]["count"], json!(1));
    Ok(())
}

#[tokio::test]
async fn everything_survives_a_restart_of_both_daemons() -> Result<(), Trouble> {
    let mut scene = Scene::set(&[], &[]).await?;
    let (mut till, mut sums) = (Till::new("1", 1, 1), Sums::default());
    for round in 0..3 {
        for _ in 0..20 {
            let receipt = till.ring_up(&scene.range);
            sums.sold(STORE, &receipt);
            scene.till().submit(&receipt.event()).await?;
        }
        if round == 0 {
            scene.edge.stop().await?;
            scene.edge.restart().await?;
        } else {
            scene.centre.stop().await?;
            scene.centre.restart().await?;
        }
    }
    scene.prove(&sums).await?;
    Ok(())
}

#[tokio::test]
async fn an_etag_answers_304_until_the_level_changes() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let (http, url) = (client(), scene.centre.url(&format!("/v1/stores/{STORE}/items/A00001")));
    let first = http.get(&url).send().await?;
    let etag = first.headers()["etag"].clone();
    let again = http.get(&url).header("if-none-match", &etag).send().await?;
    assert_eq!(again.status().as_u16(), 304);
    scene.till().submit(&sale("a-1", "A00001", 1)).await?;
    wait_for("a new version", || async {
        let changed = http.get(&url).header("if-none-match", &etag).send().await?;
        Ok(changed.status().as_u16() == 200)
    })
    .await?;
    assert!(
        get_json(&http, &scene.centre.url("/docs/openapi.json")).await?["openapi"].as_str().unwrap().starts_with("3.1")
    );
    Ok(())
}
