//! Prices that take effect by the clock of a shop, and what a shop lists, from
//! the import to the till's question.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use tidemark_e2e::scene::{Scene, Trouble, sale, wait_for};
use tidemark_fleet::process::client;
use tidemark_fleet::submit::ONE;

/// Twelve hours ahead of UTC.
const AHEAD: &str = "Etc/GMT-12";

async fn import(scene: &Scene, path: &str, file: String) -> Result<Value, Trouble> {
    let (status, answer) = scene.centre.post(path, "text/csv", file.into_bytes()).await?;
    assert_eq!(status, 200, "{answer}");
    Ok(answer)
}

async fn version(scene: &Scene) -> Result<Value, Trouble> {
    Ok(scene.edge.get("/v1/status").await?.get("catalogue").cloned().unwrap_or_default())
}

#[tokio::test]
async fn a_price_takes_effect_by_the_clock_of_the_shop_and_a_shop_lists_its_assortment() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &["--set".to_owned(), format!("time_zone={AHEAD}")]).await?;
    // In six hours by the clock of UTC, six hours ago by the shop's.
    let soon = Timestamp::now() + SignedDuration::from_hours(6);
    let soon = soon.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M").to_string();
    let catalogue = format!(
        "sku,name,barcode,price_minor,currency,price_from,assortments\n\
         A00001,Pen,4006381333931,199,EUR,,CITY\n\
         A00001,Pen,,229,EUR,{soon},CITY\n\
         A00001,Pen,,999,EUR,2999-01-01,CITY\n\
         A00002,Pad,,,,,\n"
    );
    let imported = import(&scene, "/v1/catalogue:import", catalogue).await?;
    import(&scene, "/v1/stores:import", format!("store,time_zone\nS0001,{AHEAD}\nS0002,UTC\n")).await?;
    wait_for("the catalogue at the box", || async { Ok(version(&scene).await? == imported["version"]) }).await?;
    let price = |minor: u32, from: Value| json!({ "minor": minor, "currency": "EUR", "from": from });
    let shown = scene.edge.get("/v1/items/4006381333931").await?;
    assert_eq!(shown["price"], price(229, json!(soon)));
    assert_eq!(shown["coming_prices"], json!([price(999, json!("2999-01-01T00:00"))]));
    assert_eq!((&shown["assortments"], &shown["listed"]), (&json!(["CITY"]), &json!(true)));
    let ahead = scene.centre.get("/v1/catalogue/A00001?store=S0001").await?;
    assert_eq!((&ahead["price"], &ahead["listed"]), (&price(229, json!(soon)), &json!(true)));
    let utc = scene.centre.get("/v1/catalogue/4006381333931?store=S0002").await?;
    assert_eq!(utc["price"], price(199, Value::Null));
    assert_eq!(utc["prices"].as_array().map(Vec::len), Some(3));

    // Another assortment: a new version in which nothing but that differs.
    import(&scene, "/v1/stores:import", "store,assortment\nS0001,HYPER\n".to_owned()).await?;
    wait_for("what the shop lists", || async {
        Ok(scene.edge.get("/v1/items/A00001").await?["listed"] == json!(false))
    })
    .await?;
    let newer = version(&scene).await?;
    assert_eq!(newer.as_u64(), imported["version"].as_u64().map(|version| version + 1));
    assert_eq!(scene.edge.get("/v1/items/A00002").await?["listed"], json!(true), "in every shop");
    assert_eq!(scene.centre.get("/v1/catalogue/A00001?store=S0001").await?["listed"], json!(false));
    // What is not listed is sold all the same.
    let (status, sold) = scene.till().post(ONE, sale("a", "A00001", 1).to_string().into_bytes()).await?;
    assert_eq!((status, &sold["results"][0]["status"]), (200, &json!("accepted")), "{sold}");
    for path in ["/v1/catalogue/nothing", "/v1/catalogue/A00001?store=S9999"] {
        let answer = client().get(scene.centre.url(path)).send().await?;
        assert_eq!(answer.status().as_u16(), 404, "{path}");
    }
    Ok(())
}
