//! What could not be understood is repaired, and what was typed wrong is put
//! right, by both daemons as they run.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tidemark_e2e::scene::{STORE, Scene, Trouble, event, said, sale, wait_for};
use tidemark_fleet::relay::Link;
use tidemark_fleet::submit::status_of;

const JSON: &str = "application/json";

/// A member of an object; null if it has none.
fn member<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// Asks the centre for something.
async fn ask(scene: &Scene, path: &str, body: Value) -> Result<(u16, Value), Trouble> {
    Ok(scene.centre.post(path, JSON, body.to_string().into_bytes()).await?)
}

async fn on_hand(scene: &Scene, sku: &str) -> Result<Value, Trouble> {
    let level = scene.centre.get(&format!("/v1/stores/{STORE}/items/{sku}")).await?;
    let on_hand = member(&level, "on_hand");
    assert_eq!(on_hand, member(&level, "effect_sum"), "an opened item's on-hand is the sum of its effects");
    Ok(on_hand.clone())
}

/// Whether an item has this on-hand, and all its movements are here: the
/// newest go first, so that on-hand is right before the sum is whole.
async fn is_at(scene: &Scene, sku: &str, quantity: u32) -> Result<bool, Trouble> {
    let level = scene.centre.get(&format!("/v1/stores/{STORE}/items/{sku}")).await?;
    Ok(["on_hand", "effect_sum"].iter().all(|name| *member(&level, name) == json!(quantity)))
}

async fn letters(scene: &Scene, filter: &str) -> Result<Vec<Value>, Trouble> {
    let found = scene.centre.get(&format!("/v1/dead-letters?{filter}")).await?;
    Ok(member(&found, "dead_letters").as_array().cloned().unwrap_or_default())
}

/// Waits until all is handled and box and centre hold the same.
async fn agreed(scene: &Scene) -> Result<(), Trouble> {
    let store = format!("/v1/stores/{STORE}");
    wait_for("box and centre to agree by digest", || async {
        let (books, status) = (scene.centre.get(&store).await?, scene.edge.get("/v1/status").await?);
        let is_whole = member(&books, "committed") == member(&status, "tail") && *member(&books, "pending") == json!(0);
        Ok(is_whole && *member(&books, "digest") == json!("match"))
    })
    .await
}

/// A sale of two lines that can't be understood: the letters of both.
async fn odd_lines(scene: &Scene) -> Result<(Value, Value), Trouble> {
    let lines = json!([{"item": "A00004", "quantity": "many"}, {"item": "A00005", "quantity": 2, "unit": "crate"}]);
    scene.till().submit(&event("tidemark.sale", "odd", json!({ "lines": lines }))).await?;
    wait_for("both letters", || async { Ok(letters(scene, "state=open").await?.len() == 2) }).await?;
    let of = async |code: &str| -> Result<Value, Trouble> {
        let found = letters(scene, &format!("code={code}")).await?;
        Ok(found.first().map(|letter| member(letter, "number").clone()).unwrap_or_default())
    };
    Ok((of("A00004").await?, of("A00005").await?))
}

async fn job_done(scene: &Scene, job: &Value) -> Result<Value, Trouble> {
    let path = format!("/v1/jobs/{job}");
    wait_for("the job to be over", || async { Ok(*member(&scene.centre.get(&path).await?, "waiting") == json!(0)) })
        .await?;
    Ok(scene.centre.get(&path).await?)
}

#[tokio::test]
async fn one_line_of_ten_thousand_holds_nobody_up_and_counts_once_when_it_is_repaired() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let mut lines = vec![json!({"item": "A00001", "quantity": 1}); 9_999];
    lines.insert(5_000, json!({"item": "A00002", "quantity": 3, "unit": "crate"}));
    let receipt = event("tidemark.receipt", "delivery-1", json!({ "lines": lines }));
    let told = scene.till().submit(&receipt).await?;
    assert_eq!(status_of(&told.result), "accepted");
    assert_eq!(told.result["warnings"][0]["code"], json!("unit_unknown"), "{}", told.result["warnings"]);
    wait_for("the others to be applied", || is_at(&scene, "A00001", 10_099)).await?;
    assert_eq!(on_hand(&scene, "A00002").await?, json!(100), "what can't be understood has no effect");
    wait_for("the letter", || async { Ok(letters(&scene, "state=open").await?.len() == 1) }).await?;
    let groups = scene.centre.get("/v1/dead-letters?group=reason,code").await?;
    let group = &groups["groups"][0];
    assert_eq!((&group["reason"], &group["code"]), (&json!("unit_unknown"), &json!("A00002")));
    assert_eq!((&group["count"], &group["stores"]), (&json!(1), &json!([STORE])));
    let letter = letters(&scene, "code=A00002").await?[0]["number"].clone();
    let request = json!({
        "id": "crates", "letters": [letter], "action": "map", "sku": "A00002", "units_per_scan": 12,
        "author": "anna", "reason": "a crate holds twelve",
    });
    let mut looked_at = request.clone();
    looked_at["dry_run"] = json!(true);
    let (status, preview) = ask(&scene, "/v1/dead-letters:repair", looked_at).await?;
    assert_eq!((status, &preview["preview"][0]["effects"]), (200, &json!([{"sku": "A00002", "by": 36}])));
    assert!(letters(&scene, "state=waiting").await?.is_empty(), "looking changes nothing");
    let (status, begun) = ask(&scene, "/v1/dead-letters:repair", request.clone()).await?;
    assert_eq!(status, 202, "{begun}");
    let job = begun["job"]["job"].clone();
    let done = job_done(&scene, &job).await?;
    assert_eq!((&done["done"], &done["failed"], &done["author"]), (&json!(1), &json!(0), &json!("anna")));
    for _ in 0..3 {
        let (status, again) = ask(&scene, "/v1/dead-letters:repair", request.clone()).await?;
        assert_eq!((status, &again["job"]["job"]), (200, &job), "asked for again it is the same job");
        assert_eq!(status_of(&scene.till().submit(&receipt).await?.result), "duplicate");
    }
    agreed(&scene).await?;
    assert_eq!(on_hand(&scene, "A00002").await?, json!(136));
    assert_eq!(on_hand(&scene, "A00001").await?, json!(10_099));
    let closed = letters(&scene, "state=closed").await?;
    assert_eq!((closed.len(), &closed[0]["settled"], &closed[0]["job"]), (1, &json!("map"), &job));
    Ok(())
}

#[tokio::test]
async fn four_thousand_typed_for_four_is_put_right_with_who_and_why_once_the_shop_is_back() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let told = scene.till().submit(&sale("wrong", "A00003", 4_000)).await?.result;
    agreed(&scene).await?;
    assert_eq!(on_hand(&scene, "A00003").await?, json!(-3_900));
    scene.line.set(Link::Cut);
    let request = json!({
        "id": "typed-wrong", "store": STORE, "kind": "correct", "author": "Anna Ek", "reason": "4,000 typed for 4",
        "about": {"epoch": told["epoch"], "seq": told["first_seq"]}, "lines": [{"sku": "A00003", "by": 3_996}],
    });
    let (status, asked) = ask(&scene, "/v1/instructions", request.clone()).await?;
    assert_eq!(status, 202, "{asked}");
    assert_eq!(asked["preview"][0]["on_hand_then"], json!(96));
    let path = "/v1/instructions/typed-wrong";
    wait_for("the centre to see that the shop is away", || async {
        Ok(scene.centre.get(path).await?["state"] == json!("waiting"))
    })
    .await?;
    scene.line.set(Link::FREE);
    wait_for("the box's answer", || async { Ok(scene.centre.get(path).await?["state"] == json!("done")) }).await?;
    let done = scene.centre.get(path).await?;
    assert_eq!(done["answer"], json!("correction of A00003: 3996, on hand 96"));
    let (status, again) = ask(&scene, "/v1/instructions", request).await?;
    assert_eq!((status, &again["instruction"]["state"]), (200, &json!("done")), "asked for again it is the same");
    agreed(&scene).await?;
    assert_eq!(on_hand(&scene, "A00003").await?, json!(96));
    let history = scene.centre.get(&format!("/v1/stores/{STORE}/items/A00003/movements")).await?;
    let newest = &history["movements"][0];
    assert_eq!((&newest["kind"], &newest["effect"]), (&json!("correction"), &json!(3_996)));
    assert_eq!((&newest["operator"], &newest["note"]), (&json!("Anna Ek"), &json!("4,000 typed for 4")));
    let page = scene.edge.text("/").await?;
    assert!(page.contains("4,000 typed for 4") && page.contains("Anna Ek"), "the shop's page says who and why");
    let noted = scene.centre.get("/v1/audit?action=instruct").await?;
    let noted = &noted["audit"][0];
    assert_eq!((&noted["who"], &noted["store"]), (&json!("local"), &json!(STORE)));
    assert_eq!((&noted["reason"], &noted["detail"]["author"]), (&json!("4,000 typed for 4"), &json!("Anna Ek")));
    Ok(())
}

#[tokio::test]
async fn what_can_not_be_repaired_is_refused_whole_with_a_code() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let (many, crates) = odd_lines(&scene).await?;
    let map = |letters: Value, sku: &str, more: Value| {
        let mut request = json!({"letters": letters, "action": "map", "sku": sku, "reason": "why not"});
        for (name, value) in more.as_object().into_iter().flatten() {
            request[name] = value.clone();
        }
        request
    };
    for (body, status, code) in [
        (map(json!([many, crates]), "A00004", json!({})), 422, "repair_invalid"),
        (map(json!([crates]), "A00005", json!({"units_per_scan": 900_000})), 422, "repair_invalid"),
        (map(json!([crates]), "A00005", json!({"units_per_scan": 0})), 422, "repair_invalid"),
        (map(json!([crates]), "A00005", json!({"quantity": 1_000_001})), 422, "repair_invalid"),
        (map(json!([crates]), "NEVER-HEARD", json!({})), 422, "instruction_invalid"),
        (map(json!([crates, 4_711]), "A00005", json!({})), 404, "not_found"),
        (map(json!([]), "A00005", json!({"group": {"reason": "overflow"}})), 404, "not_found"),
        (map(json!([]), "A00005", json!({"group": {"reason": "unit_unknown", "store": "S9999"}})), 404, "not_found"),
        (map(json!([crates]), "A00005", json!({"reason": " "})), 400, "broken_json"),
        (map(json!([crates]), "A00005", json!({"surprise": 1})), 400, "broken_json"),
        (map(json!([crates]), "A00005", json!({"id": "late-1"})), 400, "broken_json"),
        (json!({"letters": [crates], "action": "count", "reason": "r"}), 422, "repair_invalid"),
        (json!({"letters": [crates], "action": "apply", "reason": "r"}), 422, "repair_invalid"),
        (json!({"letters": (0..1_001).collect::<Vec<_>>(), "action": "discard", "reason": "r"}), 413, "too_many"),
    ] {
        let (found, problem) = ask(&scene, "/v1/dead-letters:repair", body.clone()).await?;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{body}: {problem}");
        assert!(problem["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{problem}");
    }
    nothing_is_done(&scene).await
}

/// Two letters are open, and nobody was asked for anything.
async fn nothing_is_done(scene: &Scene) -> Result<(), Trouble> {
    assert_eq!(letters(scene, "state=open").await?.len(), 2, "nothing is half done");
    for (path, list) in [
        ("/v1/instructions?state=waiting", "instructions"),
        ("/v1/audit?action=letters", "audit"),
        ("/v1/jobs", "jobs"),
    ] {
        assert_eq!(*member(&scene.centre.get(path).await?, list), json!([]), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn an_instruction_that_can_not_be_given_is_refused_with_a_code() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    odd_lines(&scene).await?;
    let correct = |more: Value| {
        let mut request =
            json!({"store": STORE, "kind": "correct", "reason": "r", "lines": [{"sku": "A00004", "by": 1}]});
        for (name, value) in more.as_object().into_iter().flatten() {
            request[name] = value.clone();
        }
        request
    };
    let by = |by: Value| json!({"lines": [{"sku": "A00004", "by": by}]});
    for (more, status, code) in [
        (by(json!(1_000_001)), 422, "instruction_invalid"),
        (by(json!(0.0001)), 422, "instruction_invalid"),
        (by(json!(0)), 422, "instruction_invalid"),
        (json!({"lines": []}), 422, "instruction_invalid"),
        (json!({"store": "S9999"}), 404, "not_found"),
        (json!({"store": "'; DROP TABLE stores; --"}), 404, "not_found"),
        (json!({"kind": "explode"}), 422, "instruction_invalid"),
        (json!({"reason": "r".repeat(513)}), 400, "broken_json"),
    ] {
        let (found, problem) = ask(&scene, "/v1/instructions", correct(more.clone())).await?;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{more}: {problem}");
    }
    nothing_is_done(&scene).await
}

#[tokio::test]
async fn of_two_people_at_one_letter_the_second_hears_of_the_first_and_texts_are_only_texts() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let (many, crates) = odd_lines(&scene).await?;
    // Two people at one letter, one of them with both; texts that are code.
    let evil = "<script>alert('x')</script>'; DROP TABLE audit; --";
    let first = json!({
        "letters": [many], "action": "map", "sku": "A00004", "quantity": 2, "author": "bert", "reason": evil,
    });
    let second = json!({"letters": [many, crates], "action": "discard", "reason": "not ours", "author": "anna"});
    let (one, other) =
        tokio::join!(ask(&scene, "/v1/dead-letters:repair", first), ask(&scene, "/v1/dead-letters:repair", second));
    let ((one, begun), (other, problem)) = (one?, other?);
    assert!([(202, 409), (409, 202)].contains(&(one, other)), "{one} {begun}, {other} {problem}");
    let refused = if one == 409 { &begun } else { &problem };
    assert_eq!((&refused["code"], &refused["errors"][0]["letter"]), (&json!("letter_taken"), &many), "{refused}");
    let noted = scene.centre.get("/v1/audit?action=letters.repair").await?;
    assert_eq!(noted["audit"].as_array().map(Vec::len), Some(1), "only who was first is noted");
    if one == 202 {
        assert_eq!(noted["audit"][0]["reason"], json!(evil));
        job_done(&scene, &begun["job"]["job"]).await?;
        agreed(&scene).await?;
        assert_eq!(on_hand(&scene, "A00004").await?, json!(98));
    }
    Ok(())
}

#[tokio::test]
async fn a_document_under_a_used_id_counts_when_head_office_says_so_and_a_box_says_what_it_can_not_do()
-> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let of_two = |quantity: u64| {
        let lines = json!([{"item": "A00006", "quantity": quantity}, {"item": "A00007", "quantity": 1}]);
        event("tidemark.sale", "again", json!({ "lines": lines }))
    };
    scene.till().submit(&of_two(1)).await?;
    let told = scene.till().submit(&of_two(5)).await?;
    assert_eq!(told.result["warnings"][0]["code"], json!("id_reused"));
    wait_for("a letter of each line", || async { Ok(letters(&scene, "state=open").await?.len() == 2) }).await?;
    let numbers: Vec<Value> =
        letters(&scene, "state=open").await?.iter().map(|letter| letter["number"].clone()).collect();
    let count = json!({"letters": numbers, "action": "count", "reason": "another receipt"});
    let (status, begun) = ask(&scene, "/v1/dead-letters:repair", count).await?;
    assert_eq!((status, &begun["job"]["total"]), (202, &json!(1)), "a document is one thing to do: {begun}");
    job_done(&scene, &begun["job"]["job"]).await?;
    agreed(&scene).await?;
    assert_eq!((on_hand(&scene, "A00006").await?, on_hand(&scene, "A00007").await?), (json!(94), json!(98)));
    assert_eq!(letters(&scene, "state=closed").await?.len(), 2);

    let about = json!({"epoch": "00000000000000ff", "seq": 9});
    for (id, more, state, words) in [
        (
            "gone",
            json!({"kind": "correct", "lines": [{"sku": "A00006", "by": 1}], "about": about}),
            "failed",
            "not held",
        ),
        ("list", json!({"kind": "count", "skus": ["A00006", "A00007"]}), "done", "2 items are on the count list"),
        (
            "void",
            json!({"kind": "void", "document": {"source": "till:1", "id": "again"}}),
            "done",
            "2 movements from seq",
        ),
        ("help", json!({"kind": "support_file"}), "done", "bytes are at the box in"),
        ("more", json!({"kind": "resend"}), "done", "is sent once more"),
    ] {
        let mut request = json!({"id": id, "store": STORE, "reason": "to see"});
        for (name, value) in more.as_object().into_iter().flatten() {
            request[name] = value.clone();
        }
        assert_eq!(ask(&scene, "/v1/instructions", request).await?.0, 202, "{id}");
        let path = format!("/v1/instructions/{id}");
        wait_for(id, || async {
            let answered = scene.centre.get(&path).await?;
            Ok(answered["state"] == json!(state)
                && answered["answer"].as_str().is_some_and(|told| told.contains(words)))
        })
        .await?;
    }
    let waits = scene.edge.get("/v1/status").await?["count_list"].clone();
    assert_eq!(waits, json!(["A00006", "A00007"]));
    let counted = json!({"lines": [{"item": "A00006", "quantity": 90}]});
    scene.till().submit(&event("tidemark.count", "count-1", counted)).await?;
    wait_for("the counted item to leave the list", || async {
        Ok(scene.edge.get("/v1/status").await?["count_list"] == json!(["A00007"]))
    })
    .await?;
    agreed(&scene).await
}

#[tokio::test]
async fn the_command_line_repairs_as_the_api_does_and_a_token_without_the_role_or_revoked_does_not()
-> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let lines = json!([{"item": "A00008", "quantity": 2, "unit": "crate"}]);
    scene.till().submit(&event("tidemark.sale", "odd", json!({ "lines": lines }))).await?;
    wait_for("the letter", || async { Ok(letters(&scene, "state=open").await?.len() == 1) }).await?;
    let run = |arguments: &[&str]| said(&scene.centre, arguments).unwrap();
    let (code, groups, err) = run(&["dead-letters", "--group", "reason,code"]);
    assert_eq!((code, &groups[0]["code"]), (Some(0), &json!("A00008")), "{err}");
    let repair =
        ["--for", "unit_unknown", "--code", "A00008", "--sku", "A00008", "--units-per-scan", "6", "--reason", "six"];
    let arguments = |more: &[&'static str]| [&["dead-letters", "repair", "map"], &repair[..], more].concat();
    let (code, preview, err) = run(&arguments(&["--dry-run"]));
    assert_eq!((code, &preview[0]["effects"]), (Some(0), &json!([{"sku": "A00008", "by": -12}])), "{err}");

    let data = scene.stage.folder().join("centre").display().to_string();
    let token = |arguments: &[&str]| {
        let output = Command::new(&scene.centre.recipe().program).args(arguments).args(["--data", &data]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let file: PathBuf = scene.stage.folder().join("viewer.token");
    std::fs::write(&file, token(&["token", "add", "viewer", "--role", "viewer"]))?;
    let shown = ["--token-file", file.to_str().unwrap()];
    let with_token = |more: &[&str]| said(&scene.centre, &[more, &shown].concat()).unwrap();
    assert_eq!(with_token(&["dead-letters"]).0, Some(0), "a viewer may look");
    let (code, _, err) = with_token(&arguments(&[]));
    assert!(code == Some(1) && err.contains("forbidden") && err.contains("operator"), "{err}");
    assert!(with_token(&["audit"]).2.contains("forbidden"), "who did what is not for every viewer");
    token(&["token", "revoke", "viewer"]);
    assert!(with_token(&["dead-letters"]).2.contains("unauthorized"), "a revoked token is none at once");

    let (code, job, err) = run(&arguments(&["--author", "anna"]));
    assert_eq!(code, Some(0), "{err}");
    let number = job[0]["job"].to_string();
    job_done(&scene, &job[0]["job"]).await?;
    assert_eq!(run(&["dead-letters", "job", &number]).1[0]["done"], json!(1));
    assert_eq!(run(&["instruct", "list", "--job", &number]).1[0]["state"], json!("done"));
    agreed(&scene).await?;
    assert_eq!(on_hand(&scene, "A00008").await?, json!(88));
    let about = ["instruct", "correct", "A00008=-1", "--store", STORE, "--reason", "one was broken"];
    let (code, asked, err) = run(&about);
    assert_eq!((code, &asked[0]["kind"]), (Some(0), &json!("correct")), "{err}");
    wait_for("the correction", || is_at(&scene, "A00008", 87)).await?;
    let noted: Vec<Value> = run(&["audit"]).1.iter().map(|row| row["action"].clone()).collect();
    let actions = ["instruct", "letters.repair", "token.revoke", "token.add", "stock.open", "catalogue.import"];
    assert_eq!(
        noted.first_chunk::<6>().map(|six| six.clone().map(|one| one.as_str().unwrap().to_owned())),
        Some(actions.map(str::to_owned))
    );
    let explained = Command::new(&scene.centre.recipe().program).args(["explain", "letter_taken"]).output()?;
    assert!(String::from_utf8_lossy(&explained.stdout).contains("Somebody was first"));
    Ok(())
}
