//! What happens while the doors are open.

use std::time::Duration;

use serde_json::{Value, json};
use tidemark_fleet::books::thousandths;
use tidemark_fleet::patience::{Trouble, expect};
use tidemark_fleet::process::{client, get_json};
use tidemark_fleet::relay::Link;
use tidemark_fleet::say::Voice;
use tidemark_fleet::shop::Record;
use tidemark_fleet::submit::status_of;
use tokio::time::Instant;

use super::cast::{Cast, OPENING, PATIENCE, STORE};
use super::{people, till};

/// Undisturbed trade at the beginning and between the acts.
const TRADE: Duration = Duration::from_secs(5);
/// How long the line is cut before something else happens.
const CUT: Duration = Duration::from_secs(4);
/// How long the killed box stays down.
const BOX_DOWN: Duration = Duration::from_millis(700);
/// How long the killed centre stays down.
const CENTRE_DOWN: Duration = Duration::from_secs(3);
/// Lines that nobody can understand: at the real box, and in simulated shops.
const NONSENSE: (u64, usize) = (3, 2);
/// As many movements may be on their way while everyone sells.
const LITTLE: u64 = 60;
/// Between two looks for one sale.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Everything; what was submitted beside till, scanner and shops.
pub(super) async fn all(cast: &mut Cast, voice: &Voice) -> Result<Record, Trouble> {
    trade(cast, voice).await?;
    cut_the_line(cast, voice).await?;
    kill_the_box(cast, voice).await?;
    tokio::time::sleep(CUT).await;
    let mut record = mend_the_line(cast, voice).await?;
    record.merge(&nobody_understands(cast, voice).await?);
    trade(cast, voice).await?;
    kill_the_centre(cast, voice).await?;
    trade(cast, voice).await?;
    Ok(record)
}

async fn trade(cast: &Cast, voice: &Voice) -> Result<(), Trouble> {
    tokio::time::sleep(TRADE).await;
    let totals = cast.books().totals().await?;
    voice.say(format!(
        "head office: committed {}, applied {}, parked {}, on their way {}",
        totals.committed, totals.applied, totals.parked, totals.pending
    ));
    Ok(())
}

async fn cut_the_line(cast: &Cast, voice: &Voice) -> Result<(), Trouble> {
    cast.line.set(Link::Cut);
    voice.say(format!("CUT: the line of {} shops and of {STORE} is cut; they sell on", cast.behind_the_line()));
    tokio::time::sleep(CUT).await;
    voice.say(format!("{} movements wait behind the cut line", waiting(cast).await?));
    Ok(())
}

/// What waits behind the line, as the shops themselves know it.
async fn waiting(cast: &Cast) -> Result<u64, Trouble> {
    let status = cast.edge.get("/v1/status").await?;
    let at_the_box = status.get("pending").and_then(Value::as_u64).unwrap_or(0);
    let shops: u64 = cast.shops.views().take(cast.behind_the_line()).map(|(_, view)| view.pending).sum();
    Ok(at_the_box + shops)
}

async fn kill_the_box(cast: &mut Cast, voice: &Voice) -> Result<(), Trouble> {
    cast.edge.kill().await?;
    voice.say(format!("KILLED: the box of {STORE}, with -9, while it takes receipts and scans"));
    tokio::time::sleep(BOX_DOWN).await;
    let started = Instant::now();
    cast.edge.restart().await?;
    voice.say(format!("the box is back, {} ms after its start; the till repeats", started.elapsed().as_millis()));
    Ok(())
}

/// The line comes back; how soon a new sale is at head office although others
/// wait, and when all has arrived.
async fn mend_the_line(cast: &Cast, voice: &Voice) -> Result<Record, Trouble> {
    let waited = waiting(cast).await?;
    let probe = cast.probe()?.clone();
    let event = json!({
        "specversion": "1.0", "type": "tidemark.sale", "source": "till:3", "id": "d3-20261124-3-1",
        "data": {"lines": [{"item": probe.gtin.to_string(), "quantity": 1}]},
    });
    cast.line.set(Link::FREE);
    let back = Instant::now();
    voice.say(format!("the line is back, {waited} movements wait; a new sale is rung up"));
    let told = till(cast).submit(&event).await?;
    expect(status_of(&told.result) == "accepted", || format!("a sale was refused: {}", told.result))?;
    let mut record = Record::default();
    record.sums.add(STORE, &probe.sku, -1);

    let (http, level) = (client(), cast.centre.url(&format!("/v1/stores/{STORE}/items/{}", probe.sku)));
    let there = Some((OPENING - 1) * 1_000);
    while get_json(&http, &level).await?.get("on_hand").and_then(thousandths) != there {
        expect(back.elapsed() < PATIENCE.within, || {
            format!("the new sale did not reach head office within {:?}", PATIENCE.within)
        })?;
        tokio::time::sleep(LOOK_EVERY).await;
    }
    voice.say(format!("the new sale is at head office {} ms after the line is back", back.elapsed().as_millis()));
    PATIENCE.wait_for("what waited behind the line", || async { Ok(waiting(cast).await? < LITTLE) }).await?;
    voice.say(format!("what had waited is at head office {} ms after the line is back", back.elapsed().as_millis()));
    Ok(record)
}

async fn nobody_understands(cast: &Cast, voice: &Voice) -> Result<Record, Trouble> {
    let (at_the_box, in_shops) = NONSENSE;
    let good = cast.rung_up().first().ok_or("nothing to sell")?;
    let record = people::nonsense(&till(cast), good, at_the_box).await?;
    cast.shops.poison(in_shops).await?;
    let count = at_the_box + u64::try_from(in_shops)?;
    PATIENCE
        .wait_for("the lines that nobody understands", || async { Ok(cast.books().totals().await?.parked >= count) })
        .await?;
    voice.say(format!("PARKED: {count} lines that nobody can understand stand aside with their reason:"));
    for (reason, many) in reasons(cast).await? {
        voice.say(format!("  {many} × {reason}"));
    }
    Ok(record)
}

async fn reasons(cast: &Cast) -> Result<Vec<(String, u64)>, Trouble> {
    let letters = cast.centre.get("/v1/dead-letters").await?;
    let groups = letters.get("groups").and_then(Value::as_array);
    let reason = |group: &Value| {
        let reason = group.get("reason").and_then(Value::as_str).unwrap_or("?").to_owned();
        (reason, group.get("count").and_then(Value::as_u64).unwrap_or(0))
    };
    Ok(groups.into_iter().flatten().map(reason).collect())
}

async fn kill_the_centre(cast: &mut Cast, voice: &Voice) -> Result<(), Trouble> {
    cast.centre.kill().await?;
    voice.say("KILLED: head office, with -9; every shop sells on");
    tokio::time::sleep(CENTRE_DOWN).await;
    let started = Instant::now();
    cast.centre.restart().await?;
    voice.say(format!("head office is back, {} ms after its start", started.elapsed().as_millis()));
    let count = cast.shops.count();
    PATIENCE
        .wait_for("the shops after head office came back", || async {
            Ok(cast.shops.views().all(|(_, view)| view.reached))
        })
        .await?;
    voice
        .say(format!("all {count} simulated shops are connected {} ms after its start", started.elapsed().as_millis()));
    Ok(())
}
