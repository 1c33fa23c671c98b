//! A group of more dead letters than one repair takes.

use serde_json::{Value, json};
use tidemark_e2e::scene::{STORE, Scene, Trouble, event, said, wait_for};
use tidemark_fleet::submit::BATCH;

/// Letters of the group: a repair takes a thousand.
const LETTERS: usize = 1_005;

#[tokio::test]
async fn a_repair_says_how_many_of_the_group_are_left_and_the_command_takes_them_all() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let odd = |number: usize| {
        let lines = json!([{"item": "A00008", "quantity": 1, "unit": "crate"}]);
        event("tidemark.sale", &format!("odd-{number}"), json!({ "lines": lines }))
    };
    for from in (0..LETTERS).step_by(500) {
        let batch: Vec<Value> = (from..LETTERS.min(from + 500)).map(odd).collect();
        let (status, answer) = scene.till().post(BATCH, json!(batch).to_string().into_bytes()).await?;
        assert_eq!(status, 200, "{answer}");
    }
    let open = async || -> Result<u64, Trouble> {
        let groups = scene.centre.get("/v1/dead-letters?group=reason,code&state=open").await?;
        Ok(groups.pointer("/groups/0/count").and_then(Value::as_u64).unwrap_or(0))
    };
    wait_for("the letters", || async { Ok(open().await? == 1_005) }).await?;
    let ask = async |dry_run: bool, id: &str| -> Result<Value, Trouble> {
        let group = json!({ "reason": "unit_unknown", "code": "A00008", "store": STORE });
        let wanted = json!({ "id": id, "group": group, "action": "discard", "reason": "a test", "dry_run": dry_run });
        Ok(scene.centre.post("/v1/dead-letters:repair", "application/json", wanted.to_string().into_bytes()).await?.1)
    };
    let looked_at = ask(true, "some").await?;
    assert_eq!(looked_at["preview"].as_array().map(Vec::len), Some(1_000));
    assert_eq!(looked_at["left"], json!(5));
    assert_eq!(open().await?, 1_005, "looking changes nothing");
    let repair = ["dead-letters", "repair", "discard", "--for", "unit_unknown", "--reason", "a test"];
    let (code, jobs, err) = said(&scene.centre, &repair)?;
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(jobs.iter().map(|job| job["total"].as_u64()).collect::<Vec<_>>(), [Some(1_000), Some(5)]);
    wait_for("all to be settled", || async { Ok(open().await? == 0) }).await?;
    let none = ask(false, "none").await?;
    assert_eq!(none["code"], json!("not_found"), "{none}");
    Ok(())
}
