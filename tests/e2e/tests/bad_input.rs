//! Bad input at the box's door, as real requests.

use serde_json::{Value, json};
use tidemark_e2e::scene::{Scene, Trouble, event, sale};
use tidemark_fleet::submit::{BATCH, ONE, status_of};

async fn tail(scene: &Scene) -> Result<u64, Trouble> {
    Ok(scene.edge.get("/v1/status").await?.get("tail").and_then(Value::as_u64).unwrap_or(0))
}

fn assert_problem(problem: &Value, status: u16) {
    assert_eq!(problem["status"], json!(status), "{problem}");
    for member in ["code", "title", "detail", "remedy"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_as_a_whole_with_nothing_kept() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let (till, before) = (scene.till(), tail(&scene).await?);
    let good = sale("a-1", "A00001", 1).to_string();
    let many = format!("[{}]", vec![good.as_str(); 1_001].join(","));
    for (content_type, body, status) in [
        (ONE, b"{".to_vec(), 400),
        (ONE, b"[]".to_vec(), 400),
        (ONE, vec![0xff, 0xfe], 400),
        (BATCH, good.clone().into_bytes(), 400),
        (BATCH, many.into_bytes(), 413),
        ("application/json", good.clone().into_bytes(), 415),
        ("", good.clone().into_bytes(), 415),
        (ONE, vec![b' '; 17 * 1024 * 1024], 413),
    ] {
        let (found, problem) = till.post(content_type, body).await?;
        assert_eq!(found, status, "{content_type}: {problem}");
        assert_problem(&problem, status);
    }
    assert_eq!(tail(&scene).await?, before, "nothing was kept");
    Ok(())
}

#[tokio::test]
async fn a_batch_answers_each_document_by_itself_in_order() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let mut nameless = sale("x", "A00001", 1);
    nameless["id"] = Value::Null;
    let training = event("tidemark.sale", "t", json!({"lines": [{"item": "A00001", "quantity": 1}], "training": true}));
    let strange = event("acme.sale", "s", json!({"total": 3}));
    let batch =
        json!([sale("a", "A00001", 1), nameless, training, strange, sale("a", "A00001", 1), sale("a", "A00001", 2)]);
    let (status, answer) = scene.till().post(BATCH, batch.to_string().into_bytes()).await?;
    assert_eq!(status, 200, "{answer}");
    let results = answer["results"].as_array().unwrap();
    let told: Vec<&str> = results.iter().map(status_of).collect();
    assert_eq!(told, ["accepted", "rejected", "ignored", "accepted", "duplicate", "accepted"]);
    assert_eq!(results[1]["code"], json!("identity_missing"));
    assert_eq!(results[3]["warnings"][0]["code"], json!("unknown_type"));
    assert_eq!(results[5]["warnings"][0]["code"], json!("id_reused"));
    let item = scene.edge.get("/v1/items/A00001").await?;
    assert_eq!(item["on_hand"], json!(99));
    Ok(())
}

#[tokio::test]
async fn faulty_files_change_nothing_and_name_their_lines() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    for (path, body, line) in [
        ("/v1/catalogue:import", "sku,name\n1,Apple\n,Pear\n", 3),
        ("/v1/stock:open", "store,sku,quantity\nS0001,A00001,ten\n", 2),
    ] {
        let (status, problem) = scene.centre.post(path, "text/csv", body.as_bytes().to_vec()).await?;
        assert_eq!(status, 422, "{problem}");
        assert_problem(&problem, 422);
        assert_eq!(problem["errors"][0]["line"], json!(line));
    }
    let (status, problem) = scene.centre.post("/v1/catalogue:import", "text/plain", b"{}".to_vec()).await?;
    assert_eq!(status, 415, "{problem}");
    let level = scene.centre.get("/v1/stores/S0001/items/A00001").await?;
    assert_eq!(level["on_hand"], json!(100));
    Ok(())
}

#[tokio::test]
async fn the_centre_refuses_a_batch_too_large_and_what_is_not_there() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let pairs = vec![json!({"store": "S0001", "sku": "A00001"}); 1_001];
    let body = json!({"items": pairs}).to_string().into_bytes();
    let (status, problem) = scene.centre.post("/v1/inventory:batchGet", "application/json", body).await?;
    assert_problem(&problem, status);
    assert_eq!(status, 413);
    for path in ["/v1/stores/S9999", "/v1/stores/S9999/items/A00001", "/v1/items/nothing", "/v1/nothing"] {
        let answer = tidemark_fleet::process::client().get(scene.centre.url(path)).send().await?;
        assert_eq!(answer.status().as_u16(), 404, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
    }
    Ok(())
}
