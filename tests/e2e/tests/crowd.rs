//! Many shops come back at once when the centre has been away.

use std::time::Duration;

use tidemark_e2e::length::either;
use tidemark_e2e::scene::{Trouble, wait_for};
use tidemark_fleet::books::Books;
use tidemark_fleet::process::Daemon;
use tidemark_fleet::proof::{Expected, prove};
use tidemark_fleet::range::articles;
use tidemark_fleet::say::Voice;
use tidemark_fleet::shop::Trade;
use tidemark_fleet::shops::{Plan, Shops};
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_parts::Real;

/// How long the books of all may take; a hang limit.
const ARRIVE_WITHIN: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_shops_return_at_once_after_the_centre_was_away() -> Result<(), Trouble> {
    let (voice, count) = (Voice::start(), either(150, 1_000));
    let real = Real::start()?;
    let stage = Stage::new(Programs::beside_this()?)?;
    let mut centre = Daemon::start(stage.centre(&real.flags())?).await?;
    let trade = Trade { every: Duration::from_secs(2), lines: 2, duplicates: 50, poison: 0 };
    let plan = Plan { range: articles(4), trade, opening: Some(1_000) };
    let mut shops = Shops::new();
    for number in 1..=count {
        shops.open(&format!("S{number:04}"), &centre.url(""), &plan)?;
    }
    let reached = || shops.views().filter(|(_, view)| view.reached).count();
    wait_for("all shops at head office", || async { Ok(reached() == count) }).await?;
    shops.sell(true).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;

    centre.kill().await?;
    wait_for("all shops to miss head office", || async { Ok(reached() == 0) }).await?;
    centre.restart().await?;
    let back = std::cell::Cell::new(0);
    voice.say("the centre is back");
    wait_for("all shops back at head office", || async {
        back.set(back.get().max(reached()));
        Ok(reached() == count)
    })
    .await
    .map_err(|trouble| format!("{trouble}: {} of {count} were back", back.get()))?;
    voice.say(format!("all {count} shops are back"));

    tokio::time::sleep(Duration::from_secs(2)).await;
    shops.sell(false).await?;
    let record = shops.record().await?;
    assert_eq!(record.doubled, 0, "{record:?}");
    let expected = Expected { sums: &record.sums, parked: record.parked };
    prove(&Books::of(&centre), Some(&real), &expected, ARRIVE_WITHIN).await?;
    voice.say("their books are exact");
    Ok(())
}
