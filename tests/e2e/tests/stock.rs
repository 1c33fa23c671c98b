//! Stock beyond on-hand, from the tills and web shops to whoever asks.

use serde_json::{Value, json};
use tidemark_e2e::scene::{STORE, Scene, Trouble, event, wait_for};
use tidemark_fleet::submit::status_of;

async fn post(scene: &Scene, path: &str, body: &Value) -> Result<(u16, Value), Trouble> {
    let (status, answer) = scene.centre.post(path, "application/json", body.to_string().into_bytes()).await?;
    Ok((status, answer))
}

/// What the command line of the centre prints, row by row.
fn command(scene: &Scene, arguments: &[&str]) -> Result<Value, Trouble> {
    let mut program = std::process::Command::new(&scene.centre.recipe().program);
    let ended = program.args(arguments).args(["-o", "json", "--url", &scene.centre.url("")]).output()?;
    if !ended.status.success() {
        return Err(String::from_utf8_lossy(&ended.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&ended.stdout)?)
}

fn code_of(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1.get("code").and_then(Value::as_str).unwrap_or(""))
}

#[tokio::test]
async fn a_web_shop_reserves_a_till_fulfils_and_what_is_available_is_told_at_once() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let sku = scene.range[0].sku.to_string();
    let level = format!("/v1/stores/{STORE}/items/{sku}");
    wait_for("the opening stock", || async { Ok(scene.centre.get(&level).await?["available"] == json!(100)) }).await?;
    let request = |id: &str, quantity: Value| json!({"request_id": id, "store": STORE, "sku": sku, "quantity": quantity, "order": "web-1"});
    let (status, held) = post(&scene, "/v1/reservations", &request("q-1", json!("60"))).await?;
    assert_eq!((status, &held["state"]), (201, &json!("held")), "{held}");
    let now = scene.centre.get(&level).await?;
    assert_eq!((&now["available"], &now["reserved"], &now["on_hand"]), (&json!(40), &json!(60), &json!(100)));
    let short = post(&scene, "/v1/reservations", &request("q-2", json!(60))).await?;
    assert_eq!(code_of(&short), (409, "not_available"));
    assert_eq!(short.1["errors"][0]["available"], json!(40));
    assert_eq!(post(&scene, "/v1/reservations", &request("q-1", json!(60))).await?, (200, held.clone()));
    let reused = post(&scene, "/v1/reservations", &request("q-1", json!(1))).await?;
    assert_eq!(code_of(&reused), (409, "request_reused"));
    let id = held["id"].as_str().unwrap_or("").to_owned();
    let listed = command(&scene, &["reservations", "list", "--state", "held", "--store", STORE])?;
    assert_eq!((&listed[0]["id"], &listed[0]["quantity"]), (&json!(id), &json!(60)));
    assert_eq!(command(&scene, &["reservations", "confirm", &id])?[0]["state"], json!("confirmed"));
    let (status, confirmed) = post(&scene, &format!("/v1/reservations/{id}:confirm"), &json!({})).await?;
    assert_eq!((status, &confirmed["state"], &confirmed["expires_at"]), (200, &json!("confirmed"), &Value::Null));
    let lines = json!([{"item": sku, "quantity": 60}]);
    let sold = scene.till().submit(&event("tidemark.sale", "s-1", json!({"lines": lines, "fulfils": id}))).await?;
    assert_eq!(status_of(&sold.result), "accepted");
    wait_for("the sale", || async { Ok(scene.centre.get(&level).await?["on_hand"] == json!(40)) }).await?;
    let now = scene.centre.get(&level).await?;
    assert_eq!((&now["available"], &now["reserved"]), (&json!(40), &json!(0)), "released with the sale");
    let over = post(&scene, &format!("/v1/reservations/{id}:release"), &json!({})).await?;
    assert_eq!(code_of(&over), (409, "reservation_over"));
    let rules = json!({"rules": [{"store": STORE, "sku": sku, "quantity": 7.5}]});
    assert_eq!(post(&scene, "/v1/safety-stock:set", &rules).await?.0, 200);
    wait_for("the safety stock", || async { Ok(scene.centre.get(&level).await?["available"] == json!(32.5)) }).await?;
    let short_life = json!({"request_id": "q-3", "store": STORE, "sku": sku, "quantity": 2, "expires_in_seconds": 1});
    let (status, brief) = post(&scene, "/v1/reservations", &short_life).await?;
    assert_eq!(status, 201, "{brief}");
    wait_for("the end of a reservation", || async { Ok(scene.centre.get(&level).await?["available"] == json!(32.5)) })
        .await?;
    let brief = format!("/v1/reservations/{}", brief["id"].as_str().unwrap_or(""));
    assert_eq!(scene.centre.get(&brief).await?["state"], json!("expired"));
    Ok(())
}

#[tokio::test]
async fn what_a_caller_gets_wrong_is_said_and_changes_nothing() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let sku = scene.range[0].sku.to_string();
    let level = format!("/v1/stores/{STORE}/items/{sku}");
    wait_for("the opening stock", || async { Ok(scene.centre.get(&level).await?["available"] == json!(100)) }).await?;
    let good = json!({"request_id": "a", "store": STORE, "sku": sku, "quantity": 1});
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let evil = "<img src=x onerror=alert(1)>'; DROP TABLE balances; --";
    for (body, expected) in [
        (with("store", json!("S9999")), (404, "not_found")),
        (with("store", json!("'; DROP TABLE x; --")), (404, "not_found")),
        (with("sku", json!("' OR '1'='1")), (404, "not_found")),
        (with("sku", json!("")), (400, "broken_json")),
        (with("quantity", json!(0)), (400, "broken_json")),
        (with("quantity", json!(-1)), (400, "broken_json")),
        (with("quantity", json!(1.2345)), (400, "broken_json")),
        (with("quantity", json!("many")), (400, "broken_json")),
        (with("quantity", json!(1_000_001)), (400, "broken_json")),
        (with("expires", json!("2001-01-01T00:00:00Z")), (400, "broken_json")),
        (with("expires", json!("soon")), (400, "broken_json")),
        (with("expires_in_seconds", json!(0)), (400, "broken_json")),
        (with("request_id", json!("")), (400, "broken_json")),
        (with("discount", json!(1)), (400, "broken_json")),
    ] {
        let answer = post(&scene, "/v1/reservations", &body).await?;
        assert_eq!(code_of(&answer), expected, "{body} {}", answer.1);
    }
    let order = post(&scene, "/v1/reservations", &with("order", json!(evil))).await?;
    assert_eq!((order.0, &order.1["order"]), (201, &json!(evil)), "a text is a text");
    for (path, body, expected) in [
        ("/v1/reservations/r-none:confirm", json!({}), (404, "not_found")),
        ("/v1/reservations/r-none:steal", json!({}), (405, "method_not_allowed")),
        ("/v1/transfers/none:close", json!({"author": "a", "reason": "b", "items": []}), (404, "not_found")),
        ("/v1/transfers/none:close", json!({"author": " ", "reason": "b", "items": []}), (400, "broken_json")),
        ("/v1/safety-stock:set", json!({"rules": [{"store": "S9999", "quantity": 1}]}), (404, "not_found")),
        ("/v1/safety-stock:set", json!({"rules": [{"quantity": -1}]}), (400, "broken_json")),
        ("/v1/suspense:map", json!({"code": "x", "sku": "none", "author": "a", "reason": "b"}), (404, "not_found")),
        ("/v1/suspense:ignore", json!({"code": "", "author": "a", "reason": "b"}), (400, "broken_json")),
    ] {
        let answer = post(&scene, path, &body).await?;
        assert_eq!(code_of(&answer), expected, "{path} {}", answer.1);
    }
    for (path, status) in [
        ("/v1/transfers?state=lost", 400),
        ("/v1/transfers?page_token=x", 400),
        ("/v1/transfers/none", 404),
        ("/v1/reservations?state=x", 400),
        ("/v1/safety-stock?page_token=x", 400),
        ("/v1/stores/S9999/recounts", 404),
        ("/v1/stores/S9999/days/2026-11-27", 404),
        ("/v1/suspense?ignored=perhaps", 400),
    ] {
        let answer = status_of_get(&scene, path).await?;
        assert_eq!(answer, status, "{path}");
    }
    assert_eq!(scene.centre.get(&level).await?["available"], json!(99));
    Ok(())
}

/// The status of a call that is refused.
async fn status_of_get(scene: &Scene, path: &str) -> Result<u16, Trouble> {
    let answer = tidemark_fleet::process::client().get(scene.centre.url(path)).send().await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn goods_between_shops_are_in_transit_until_they_arrive_or_head_office_closes_the_difference()
-> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let sku = scene.range[1].sku.to_string();
    let moved = |kind: &str, id: &str, quantity: u32, last: bool| {
        let lines = json!([{"item": sku, "quantity": quantity}]);
        event(kind, id, json!({"lines": lines, "reference": "T/1 <b>", "final": last}))
    };
    scene.till().submit(&moved("tidemark.transfer_out", "o-1", 10, false)).await?;
    let path = "/v1/transfers/T%2F1%20%3Cb%3E";
    wait_for("what was sent", || async {
        Ok(scene.centre.get("/v1/transfers").await?["transfers"][0]["open_items"] == json!(1))
    })
    .await?;
    assert_eq!(scene.centre.get(path).await?["state"], json!("in_transit"));
    let close = |in_transit: u32| json!({"author": "Ada", "reason": "one fell", "items": [{"sku": sku, "in_transit": in_transit}]});
    let early = post(&scene, &format!("{path}:close"), &close(10)).await?;
    assert_eq!(code_of(&early), (409, "transfer_not_due"));
    scene.till().submit(&moved("tidemark.transfer_in", "i-1", 9, true)).await?;
    wait_for("the difference", || async { Ok(scene.centre.get(path).await?["state"] == json!("difference")) }).await?;
    let other = post(&scene, &format!("{path}:close"), &close(2)).await?;
    assert_eq!(code_of(&other), (409, "transfer_changed"));
    let (status, closed) = post(&scene, &format!("{path}:close"), &close(1)).await?;
    assert_eq!(
        (status, &closed["state"], &closed["differences"][0]["author"]),
        (200, &json!("settled"), &json!("Ada"))
    );
    let twice = post(&scene, &format!("{path}:close"), &close(1)).await?;
    assert_eq!(code_of(&twice), (409, "transfer_settled"));
    assert_eq!(scene.centre.get("/v1/transfers?state=difference").await?["transfers"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_code_that_nobody_knew_is_mapped_as_it_was_scanned_and_takes_effect_on_shelf_and_in_transit()
-> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let sku = scene.range[2].sku.to_string();
    let level = format!("/v1/stores/{STORE}/items/{sku}");
    wait_for("the opening stock", || async { Ok(scene.centre.get(&level).await?["on_hand"] == json!(100)) }).await?;
    let lines = |quantity: u32| json!([{"item": "96385074", "quantity": quantity}]);
    scene.till().submit(&event("tidemark.sale", "u-1", json!({"lines": lines(3)}))).await?;
    let sent = json!({"lines": lines(2), "reference": "T2"});
    scene.till().submit(&event("tidemark.transfer_out", "u-2", sent)).await?;
    wait_for("the code", || async { Ok(scene.centre.get("/v1/suspense").await?["codes"][0]["lines"] == json!(2)) })
        .await?;
    let row = scene.centre.get("/v1/suspense").await?["codes"][0].clone();
    assert_eq!((&row["packs"], &row["stores"][0]["store"]), (&json!(-5), &json!(STORE)));
    let map = json!({"code": "96385074", "sku": sku, "units_per_scan": 4, "author": "Ada", "reason": "a new pack"});
    let listed = command(&scene, &["suspense", "list"])?;
    assert_eq!(
        (&listed[0]["code"], &listed[0]["packs"], &listed[0]["shops"]),
        (&json!("00000096385074"), &json!(-5), &json!(STORE))
    );
    let who = ["--author", "Ada", "--reason", "a new pack"];
    let mapped =
        command(&scene, &[&["suspense", "map", "96385074", "--sku", &sku, "--units", "4"], &who[..]].concat())?;
    assert_eq!(mapped[0]["decision"], json!("mapped"), "{mapped}");
    // A retry says the same.
    let (status, again) = post(&scene, "/v1/suspense:map", &map).await?;
    assert_eq!((status, &again["decision"]), (200, &json!("mapped")), "{again}");
    wait_for("the resolve", || async { Ok(scene.centre.get(&level).await?["on_hand"] == json!(80)) }).await?;
    assert_eq!(scene.centre.get("/v1/suspense").await?["codes"], json!([]));
    let transfer = scene.centre.get("/v1/transfers/T2").await?;
    assert_eq!((&transfer["items"][0]["in_transit"], &transfer["unknown"]), (&json!(8), &json!([])));
    Ok(())
}
