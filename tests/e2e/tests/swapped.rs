//! A box is replaced, and the old one comes back.

use serde_json::{Value, json};
use tidemark_e2e::scene::{OPENING, STORE, Scene, Trouble, sale, sell, wait_for};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::relay::Link;
use tidemark_fleet::submit::{TillLine, status_of};

/// Sold by the old box while the centre hears of it.
const HEARD: u64 = 5;
/// Sold by the old box while the line is cut.
const UNHEARD: u64 = 7;
/// Sold by the new box.
const NEW: u64 = 3;

async fn on_hand(daemon: &Daemon, path: &str) -> Result<Value, Trouble> {
    Ok(daemon.get(path).await?.get("on_hand").cloned().unwrap_or_default())
}

#[tokio::test]
async fn what_an_old_box_sold_is_in_the_stock_of_the_one_that_replaced_it() -> Result<(), Trouble> {
    let mut scene = Scene::set(&[], &[]).await?;
    let sku = scene.range[0].sku.to_string();
    let level = format!("/v1/stores/{STORE}/items/{sku}");
    sell(&scene.edge, "heard", &sku, HEARD).await?;
    wait_for("the sales at the centre", || async {
        Ok(on_hand(&scene.centre, &level).await? == json!(OPENING - HEARD))
    })
    .await?;
    // It says goodbye, so that the shop is free for another box.
    scene.edge.stop().await?;
    scene.line.set(Link::Cut);
    scene.edge.restart().await?;
    sell(&scene.edge, "unheard", &sku, UNHEARD).await?;
    scene.edge.stop().await?;

    scene.line.set(Link::FREE);
    let mut recipe = scene.stage.edge(STORE, scene.line.address(), &[])?;
    let old = scene.stage.folder().join(format!("box-{STORE}"));
    let data = recipe.arguments.iter_mut().find(|argument| **argument == *old.as_os_str());
    *data.expect("the box is told its folder") = scene.stage.folder().join("box-new").into();
    let new = Daemon::start(recipe).await?;
    sell(&new, "new", &sku, NEW).await?;
    let at_box = format!("/v1/items/{sku}");
    let before = json!(OPENING - HEARD - NEW);
    wait_for("the opening at the new box", || async { Ok(on_hand(&new, &at_box).await? == before) }).await?;
    wait_for("its stock at the centre", || async { Ok(on_hand(&scene.centre, &level).await? == before) }).await?;

    scene.edge.restart().await?;
    let after = json!(OPENING - HEARD - UNHEARD - NEW);
    wait_for("all sales at the new box", || async { Ok(on_hand(&new, &at_box).await? == after) }).await?;
    wait_for("all sales at the centre", || async { Ok(on_hand(&scene.centre, &level).await? == after) }).await?;
    // A till that repeats what the old box had taken is told so.
    let again = TillLine::of(&new).submit(&sale("unheard-0", &sku, 1)).await?;
    assert_eq!(status_of(&again.result), "duplicate");
    wait_for("the proof", || async {
        let store = scene.centre.get(&format!("/v1/stores/{STORE}")).await?;
        Ok(store["lost"] == json!(0) && store["late"] == json!(UNHEARD) && store["pending"] == json!(0))
    })
    .await?;
    assert_eq!(on_hand(&scene.centre, &level).await?, after, "nothing is doubled");
    Ok(())
}
