//! A line that breaks again and again, long before a page of the catalogue is
//! through.

use serde_json::Value;
use tidemark_e2e::scene::{Scene, Trouble, wait_for};
use tidemark_fleet::meeting::import_catalogue;
use tidemark_fleet::range::articles;
use tidemark_fleet::relay::Link;

/// More than a page, and more than is told as a difference.
const ARTICLES: u64 = 1_500;
/// Bytes of a connection until it breaks: a page has some hundred thousand.
const BREAKS_AFTER: u64 = 20 * 1024;

#[tokio::test]
async fn a_catalogue_comes_over_a_line_that_never_lasts_for_a_page() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let before = scene.edge.get("/v1/status").await?["catalogue"].clone();
    scene.line.set(Link::Breaks { after: BREAKS_AFTER });
    import_catalogue(&scene.centre, &articles(ARTICLES)).await?;
    let (_, carried) = scene.line.carried();
    wait_for("the catalogue at the box", || async {
        Ok(scene.edge.get("/v1/status").await?["catalogue"].as_u64() > before.as_u64())
    })
    .await?;
    let last = articles(ARTICLES).pop().ok_or("no articles")?;
    assert_eq!(scene.edge.get(&format!("/v1/items/{}", last.sku)).await?["known"], Value::Bool(true));
    assert!(scene.line.carried().1 - carried > 2 * BREAKS_AFTER, "it broke in between");
    Ok(())
}
