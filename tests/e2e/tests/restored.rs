//! A box whose disk was restored from an image, after it had sold on.

use std::path::Path;

use serde_json::json;
use tidemark_e2e::scene::{OPENING, STORE, Scene, Trouble, has_raised, sale, sell, wait_for};
use tidemark_fleet::relay::Link;
use tidemark_fleet::submit::{TillLine, status_of};

/// Sold before the image was made.
const BEFORE: u64 = 3;
/// Sold after it, and known to the centre.
const FORGOTTEN: u64 = 2;
/// Sold by the restored box while the line is cut, under the same numbers.
const AFTER: u64 = 4;

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_both_lives_of_a_disk_sold_counts_once_each() -> Result<(), Trouble> {
    let mut scene = Scene::set(&[], &[]).await?;
    let sku = scene.range[0].sku.to_string();
    let (level, at_box) = (format!("/v1/stores/{STORE}/items/{sku}"), format!("/v1/items/{sku}"));
    sell(&scene.edge, "before", &sku, BEFORE).await?;
    let disk = scene.stage.folder().join(format!("box-{STORE}"));
    let image = scene.stage.folder().join("image");
    scene.edge.stop().await?;
    copy(&disk, &image)?;
    scene.edge.restart().await?;
    sell(&scene.edge, "forgotten", &sku, FORGOTTEN).await?;
    let known = json!(OPENING - BEFORE - FORGOTTEN);
    wait_for("all so far at the centre", || async { Ok(scene.centre.get(&level).await?["on_hand"] == known) }).await?;
    scene.edge.stop().await?;

    std::fs::remove_dir_all(&disk)?;
    copy(&image, &disk)?;
    scene.line.set(Link::Cut);
    scene.edge.restart().await?;
    let old = scene.edge.get("/v1/status").await?["epoch"].clone();
    sell(&scene.edge, "after", &sku, AFTER).await?;
    scene.line.set(Link::FREE);

    let all = json!(OPENING - BEFORE - FORGOTTEN - AFTER);
    wait_for("a new epoch", || async {
        Ok(scene.edge.get("/v1/status").await.is_ok_and(|status| status["epoch"].is_string() && status["epoch"] != old))
    })
    .await?;
    wait_for("all sales at the box", || async { Ok(scene.edge.get(&at_box).await?["on_hand"] == all) }).await?;
    wait_for("all sales at the centre", || async { Ok(scene.centre.get(&level).await?["on_hand"] == all) }).await?;
    // The tills of both lives may still repeat what they sold.
    for id in ["before-0", "forgotten-1", "after-3"] {
        let again = TillLine::of(&scene.edge).submit(&sale(id, &sku, 1)).await?;
        assert_eq!(status_of(&again.result), "duplicate", "{id}");
    }
    wait_for("rest", || async {
        let status = scene.edge.get("/v1/status").await?;
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        Ok(!conditions.iter().any(|condition| condition["code"] == json!("TM-2006")))
    })
    .await?;
    assert_eq!(scene.centre.get(&level).await?["on_hand"], all, "nothing is doubled");
    for code in ["TM-2006", "TM-2007"] {
        assert!(has_raised(&scene.edge, code)?, "{code} was told");
        wait_for(&format!("the end of {code}"), || async { Ok(!scene.box_says(code).await?) }).await?;
    }
    Ok(())
}
