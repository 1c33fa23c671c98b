//! Two scanners on serial ports while the box is killed again and again: what
//! got the good signal is a movement once, and of a scan that got none the
//! lane says after the restart whether it was saved.

use std::time::Duration;

use serde_json::Value;
use tidemark_e2e::length::either;
use tidemark_e2e::scene::{HANG, STORE, Scene, Trouble};
use tidemark_fleet::chance::Chance;
use tidemark_fleet::gun::{Gun, Heard};
use tidemark_fleet::patience::expect;
use tidemark_fleet::process::{client, get_json};
use tidemark_fleet::range::Article;
use tidemark_fleet::receipts::Sums;
use tokio::sync::watch;

const LANES: [&str; 2] = ["counter-1", "counter-2"];
/// Between two scans of a person: 20 a second.
const PACE: Duration = Duration::from_millis(50);
/// How long a signal is waited for before the person looks at the page.
const SIGNAL: Duration = Duration::from_millis(400);

/// Between two looks at the page.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What the page says of a lane: its last saved scan, if its scanner is ready
/// and none is being saved.
struct Page {
    client: reqwest::Client,
    url: String,
    lane: usize,
}

impl Page {
    /// Looks until both are so; what was saved is of the same look.
    async fn last_saved(&self) -> Option<String> {
        loop {
            let status = get_json(&self.client, &self.url).await.unwrap_or_default();
            let at = |what: &str| status.pointer(&what.replace('N', &self.lane.to_string()));
            let is_ready = at("/scanners/N/present") == Some(&Value::Bool(true));
            let is_idle = at("/scanners/N/unanswered").and_then(Value::as_u64) == Some(0);
            if is_ready && is_idle {
                return at("/lanes/N/last_saved").and_then(Value::as_str).map(String::from);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Scans one article after the other, none twice in a row, each until it is
/// saved; what was saved, and how many scans had no signal.
async fn scan_all(gun: Gun, page: Page, range: Vec<Article>, times: u64) -> Result<(Sums, u64), Trouble> {
    let (mut sums, mut unheard) = (Sums::default(), 0);
    let articles = range.iter().cycle().take(usize::try_from(times)?);
    for article in articles {
        let code = article.gtin.to_string();
        loop {
            match gun.scan(&code, SIGNAL).await? {
                Heard::Good => break,
                Heard::Error => return Err(format!("an error signal for {code}").into()),
                Heard::Nothing => {
                    unheard += 1;
                    let last = tokio::time::timeout(HANG, page.last_saved()).await?;
                    // The one before had another code.
                    if last.as_deref().is_some_and(|last| last.trim_start_matches('0') == code.trim_start_matches('0'))
                    {
                        break;
                    }
                }
            }
        }
        sums.add(STORE, &article.sku, -1);
        tokio::time::sleep(PACE).await;
    }
    Ok((sums, unheard))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scan_that_was_signalled_good_is_a_movement_once() -> Result<(), Trouble> {
    let (scans, kills) = either((60_u64, 4_u64), (10_000, 30));
    let folder = tempfile::tempdir()?;
    let mut guns = Vec::new();
    let mut configuration = String::new();
    for lane in LANES {
        let gun = Gun::plug(&folder.path().join(lane))?;
        configuration.push_str(&gun.configuration(lane));
        guns.push(gun);
    }
    let file = folder.path().join("box.toml");
    std::fs::write(&file, configuration)?;
    let mut scene = Scene::set(&[], &["--config".to_owned(), file.display().to_string()]).await?;
    let (done, mut all_done) = watch::channel(0_usize);
    let mut people = tokio::task::JoinSet::new();
    for (lane, gun) in guns.into_iter().enumerate() {
        let page = Page { client: client(), url: scene.edge.url("/v1/status"), lane };
        let (range, done) = (scene.range.clone(), done.clone());
        people.spawn(async move {
            let told = scan_all(gun, page, range, scans).await;
            done.send_modify(|done| *done += 1);
            told
        });
    }
    let mut chance = Chance::of(5);
    let pause = scans * 50 / kills.max(1);
    for _ in 0..kills {
        let until = Duration::from_millis(pause / 2 + chance.below(pause));
        if tokio::time::timeout(until, all_done.wait_for(|done| *done == LANES.len())).await.is_ok() {
            break;
        }
        scene.edge.kill().await?;
        scene.edge.restart().await?;
    }
    let mut sums = Sums::default();
    let mut unheard = 0;
    while let Some(person) = people.join_next().await {
        let (theirs, silent) = person??;
        sums.merge(&theirs);
        unheard += silent;
    }
    expect(unheard > 0, || "no kill met a scan".to_owned())?;
    scene.prove(&sums).await.map(drop)
}
