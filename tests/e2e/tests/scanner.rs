//! A scanner on a serial port: heard, signalled, unplugged and plugged again.

use std::time::Duration;

use serde_json::Value;
use tidemark_e2e::scene::{Scene, Trouble, wait_for};
use tidemark_fleet::gun::{Gun, Heard};

/// How long a signal is waited for; a hang limit.
const SIGNAL: Duration = Duration::from_secs(20);
/// The box is given this long to see the cable pulled; a scan that comes
/// before is lost with the old port and made again.
const SEEN: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_scan_is_signalled_and_a_scanner_that_is_plugged_anew_goes_on() -> Result<(), Trouble> {
    let folder = tempfile::tempdir()?;
    let (mut gun, more) = Gun::plug_at("counter-1", folder.path())?;
    let scene = Scene::set(&[], &more).await?;
    let article = scene.range.first().ok_or("no articles")?;
    let code = article.gtin.to_string();
    for replugged in 0..4_i64 {
        wait_for("the scanner at the box", || async {
            let status = scene.edge.get("/v1/status").await?;
            Ok(status.pointer("/scanners/0/present").and_then(Value::as_bool) == Some(true))
        })
        .await?;
        let mut heard = gun.scan(&code, SIGNAL).await?;
        if heard == Heard::Nothing {
            // The port may have been emptied while it was opened.
            heard = gun.scan(&code, SIGNAL).await?;
        }
        assert_eq!(heard, Heard::Good, "after {replugged} times");
        let item = scene.edge.get(&format!("/v1/items/{code}")).await?;
        let sum = item.get("effect_sum").and_then(tidemark_fleet::books::thousandths);
        assert_eq!(sum, Some((99 - replugged) * 1_000));
        gun.replug()?;
        tokio::time::sleep(SEEN).await;
    }
    let nonsense = "not a code at all";
    wait_for("the error signal", || async { Ok(gun.scan(nonsense, Duration::from_secs(2)).await? == Heard::Error) })
        .await
}
