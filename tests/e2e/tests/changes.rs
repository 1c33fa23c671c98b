//! Who follows what changes: by long-poll, by server-sent events, over a
//! restart of the centre, with the sample consumers and the command line.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tidemark_e2e::scene::{HANG, OPENING, STORE, Scene, Trouble, sell};
use tidemark_fleet::process::Daemon;

/// Runs a program to its end; what it printed.
fn run(program: &mut Command) -> Result<String, Trouble> {
    let output = program.output().map_err(|error| format!("{program:?}: {error}"))?;
    let said = || format!("{program:?}: {}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(String::from_utf8(output.stdout)?) } else { Err(said().into()) }
}

/// Follows until a level is there; the cursor then.
async fn follow_to(centre: &Daemon, mut cursor: String, sku: &str, on_hand: u64) -> Result<String, Trouble> {
    let followed = async {
        loop {
            let page = centre.get(&format!("/v1/changes?wait=5&cursor={cursor}")).await?;
            page["cursor"].as_str().unwrap().clone_into(&mut cursor);
            let mut changes = page["changes"].as_array().unwrap().iter();
            if changes.any(|level| level["sku"] == json!(sku) && level["on_hand"] == json!(on_hand)) {
                return Ok::<_, Trouble>(cursor);
            }
        }
    };
    tokio::time::timeout(HANG, followed).await?
}

/// Reads events until one tells the level; its id.
async fn hear(centre: &Daemon, cursor: &str, sku: &str, on_hand: u64) -> Result<String, Trouble> {
    let asked = centre.recipe().client().get(centre.url("/v1/changes"));
    let asked = asked.header("accept", "text/event-stream").header("last-event-id", cursor);
    let mut answer = asked.send().await?;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    let heard = async {
        while let Some(some) = answer.chunk().await? {
            text.push_str(std::str::from_utf8(&some)?);
            while let Some((event, rest)) = text.split_once("\n\n") {
                let part = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let page: Value = part("data:").map_or(Ok(Value::Null), serde_json::from_str)?;
                let mut changes = page["changes"].as_array().into_iter().flatten();
                if changes.any(|level| level["sku"] == json!(sku) && level["on_hand"] == json!(on_hand)) {
                    assert_eq!(part("event:"), Some("changes"));
                    assert_eq!(part("id:"), page["cursor"].as_str());
                    return Ok::<_, Trouble>(part("id:").unwrap().to_owned());
                }
                text = rest.to_owned();
            }
        }
        Err("the events ended".into())
    };
    tokio::time::timeout(HANG, heard).await?
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_is_followed_over_a_restart_of_the_centre() -> Result<(), Trouble> {
    let mut scene = Scene::set(&[], &[]).await?;
    let sku = scene.range.first().ok_or("nothing to sell")?.sku.to_string();
    let first = follow_to(&scene.centre, String::new(), &sku, OPENING).await?;
    sell(&scene.edge, "one", &sku, 1).await?;
    let heard = hear(&scene.centre, &first, &sku, OPENING - 1).await?;

    scene.centre.stop().await?;
    sell(&scene.edge, "two", &sku, 1).await?;
    scene.centre.restart().await?;
    let after = follow_to(&scene.centre, heard, &sku, OPENING - 2).await?;
    let nothing = scene.centre.get(&format!("/v1/changes?wait=0&cursor={after}")).await?;
    assert_eq!((&nothing["changes"], &nothing["more"]), (&json!([]), &json!(false)), "each change once");
    // From an older cursor the same comes again.
    follow_to(&scene.centre, first, &sku, OPENING - 2).await?;

    consumers_keep_what_a_web_shop_can_sell(&scene, &sku).await?;
    Ok(())
}

async fn consumers_keep_what_a_web_shop_can_sell(scene: &Scene, sku: &str) -> Result<(), Trouble> {
    let (folder, url) = (tempfile::tempdir()?, scene.centre.url(""));
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/consumers");
    let python = |file: &Path| {
        let mut program = Command::new("python3");
        program.arg(docs.join("availability.py")).args(["--once", "--show", sku, "--centre", &url, "--file"]).arg(file);
        program
    };
    let built = std::env::current_exe()?.parent().unwrap().parent().unwrap().join("examples/availability");
    let rust = |file: &Path| {
        let mut program = Command::new(&built);
        program.arg(&url).arg(file).arg(sku);
        program
    };
    let files: [PathBuf; 2] = [folder.path().join("python.json"), folder.path().join("rust.json")];
    let shops = |told: &str| serde_json::from_str::<Value>(told);
    for left in [OPENING - 2, OPENING - 3] {
        assert_eq!(shops(&run(&mut python(&files[0]))?)?, json!({ STORE: left }));
        assert_eq!(shops(&run(&mut rust(&files[1]))?)?, json!({ STORE: left }));
        if left == OPENING - 2 {
            sell(&scene.edge, "three", sku, 1).await?;
            follow_to(&scene.centre, String::new(), sku, left - 1).await?;
        }
    }
    let cursor = folder.path().join("cursor");
    let mut command = Command::new(&scene.centre.recipe().program);
    command.args(["changes", "--once", "-o", "jsonl", "--url", &url, "--cursor-file"]).arg(&cursor);
    let told = run(&mut command)?;
    let mine = told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(
        mine.into_iter().any(|level| level["sku"] == json!(sku) && level["on_hand"] == json!(OPENING - 3)),
        "{told}"
    );
    assert!(run(&mut command)?.is_empty(), "it goes on where it ended");
    Ok(())
}
