//! `tidemark-fleet shops`: simulated shops against a centre that runs.

use std::time::Duration;

use tidemark_fleet::books::Books;
use tidemark_fleet::patience::Trouble;
use tidemark_fleet::range::articles;
use tidemark_fleet::relay::{Link, Relay};
use tidemark_fleet::say::Voice;
use tidemark_fleet::shop::Trade;
use tidemark_fleet::shops::{Plan, Shops};
use tokio::time::Instant;

use crate::command::ShopsOptions;

/// Between two lines of progress.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// How long the rest may take to arrive.
const ARRIVE_WITHIN: Duration = Duration::from_secs(120);
/// Balances that differ and are shown.
const SHOWN: usize = 10;

/// Sells for as long as it is told, waits until all has arrived.
pub(crate) async fn run(options: ShopsOptions) -> Result<bool, Trouble> {
    let voice = Voice::start();
    let server = options.centre.trim_start_matches("http://").trim_end_matches('/');
    let server = tokio::net::lookup_host(server).await?.next().ok_or("the centre's address leads nowhere")?;
    let line = Relay::start(server).await?;
    let shops = open(&options, &line)?;
    shops.sell(true).await?;
    let half = Duration::from_secs(options.seconds) / 2;
    progress(&voice, &shops, half, false).await;
    if options.outage > 0 {
        line.set(Link::Cut);
        voice.say("the line of all shops is cut");
        progress(&voice, &shops, Duration::from_secs(options.outage), false).await;
        line.set(Link::FREE);
        voice.say("the line is back");
    }
    progress(&voice, &shops, half, false).await;
    shops.sell(false).await?;
    progress(&voice, &shops, ARRIVE_WITHIN, true).await;
    let record = shops.record().await?;
    let pending: u64 = shops.views().map(|(_, view)| view.pending).sum();
    let (sold, parked, repeated) = (record.sums.movements(), record.parked, record.repeated);
    voice.say(format!(
        "committed {sold} and {parked} that nobody understands, {repeated} documents repeated, pending {pending}"
    ));
    if !options.prove {
        return Ok(pending == 0 && record.doubled == 0);
    }
    let differences = Books::at(&options.centre).differences(&record.sums, 0).await?;
    for difference in differences.iter().take(SHOWN) {
        voice.say(format!("differs: {difference:?}"));
    }
    voice.say(format!("balances that differ: {}", differences.len()));
    Ok(pending == 0 && record.doubled == 0 && differences.is_empty())
}

fn open(options: &ShopsOptions, line: &Relay) -> Result<Shops, Trouble> {
    let every = Duration::from_secs(60) / options.rate.max(1);
    let trade = Trade { every, lines: options.lines, duplicates: options.duplicates, poison: options.poison };
    let plan = Plan { range: articles(options.articles), trade, opening: options.opening };
    let centre = format!("http://{}", line.address());
    let mut shops = Shops::new();
    for number in options.first..options.first.saturating_add(options.stores) {
        shops.open(&format!("S{number:04}"), &centre, &plan)?;
    }
    Ok(shops)
}

/// Tells how it goes for so long, or until all has arrived.
async fn progress(voice: &Voice, shops: &Shops, time: Duration, until_all_arrived: bool) {
    let end = Instant::now() + time;
    loop {
        let (mut reached, mut tail, mut pending) = (0, 0, 0);
        for (_, view) in shops.views() {
            reached += u32::from(view.reached);
            tail += view.tail;
            pending += view.pending;
        }
        voice.say(format!("{reached} of {} shops connected, committed {tail}, pending {pending}", shops.count()));
        let trouble = shops.views().find_map(|(store, view)| Some((store.to_owned(), view.trouble?)));
        if let Some((store, trouble)) = trouble {
            voice.say(format!("{store}: {trouble}"));
        }
        if Instant::now() >= end || until_all_arrived && pending == 0 {
            return;
        }
        tokio::time::sleep_until(end.min(Instant::now() + TELL_EVERY)).await;
    }
}
