//! Bytes from the box to the centre, counted on the socket: TLS, HTTP/2 and
//! heartbeats included, TCP/IP not.

use std::net::Ipv4Addr;
use std::time::Duration;

use tidemark_fleet::relay::Link;
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_fleet::submit::TillLine;

use crate::accept::document;
use crate::scene::{Scene, Trouble};
use crate::table::Row;

/// Lines of a receipt.
const LINES: u64 = 3;
/// Movements of a backlog, and of a quiet shop one by one.
const BACKLOG: u64 = 30_000;
const SINGLE: u64 = 100;
/// Between two receipts of a quiet shop.
const PAUSE: Duration = Duration::from_millis(50);

/// A backlog, and receipts one by one.
pub(crate) async fn all() -> Result<Vec<Row>, Trouble> {
    let scene = Scene::set(Stage::with_tls(Programs::beside_this()?, Ipv4Addr::LOCALHOST.into())?).await?;
    let till = TillLine::of(&scene.edge);
    scene.settle().await?;
    scene.line.set(Link::Cut);
    for number in 0..BACKLOG / LINES {
        till.submit(&document(&scene.range, "wire", number, LINES)).await?;
    }
    let before = scene.line.carried().0;
    scene.line.set(Link::FREE);
    scene.settle().await?;
    let backlog = (scene.line.carried().0 - before) * 10 / BACKLOG;
    let before = scene.line.carried().0;
    for number in 0..SINGLE {
        till.submit(&document(&scene.range, "single", number, 1)).await?;
        tokio::time::sleep(PAUSE).await;
    }
    scene.settle().await?;
    let single = (scene.line.carried().0 - before) / SINGLE;
    let tenth = |value: u64| format!("{}.{} bytes", value / 10, value % 10);
    Ok(vec![
        Row {
            what: "wire bytes a movement, a backlog of receipts of 3 lines",
            aim: "≤ 20",
            measured: tenth(backlog),
            raw: "–".to_owned(),
            reached: Some(backlog <= 200),
        },
        Row {
            what: "wire bytes a movement, single sales every 50 ms",
            aim: "≤ 150",
            measured: format!("{single} bytes"),
            raw: "–".to_owned(),
            reached: Some(single <= 150),
        },
    ])
}
