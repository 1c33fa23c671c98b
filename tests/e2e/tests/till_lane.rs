//! A lane with a till in front: the till that holds the claim gets each scan
//! and has 800 ms to say that it takes it; what it does not take is an error
//! at the scanner, and nothing is kept.

use std::time::Duration;

use serde_json::{Value, json};
use tidemark_e2e::scene::{Scene, Trouble, wait_for};
use tidemark_fleet::gun::{Gun, Heard};
use tidemark_fleet::patience::expect;
use tidemark_fleet::process::{Daemon, client};

const LANE: &str = "till-1";
/// How long a signal is waited for; a hang limit.
const SIGNAL: Duration = Duration::from_secs(20);
/// After this the same code is no double read.
const AGAIN: Duration = Duration::from_millis(500);
const CODE: &str = "4006381333931";

/// A till's line to the scans of its lane.
struct TillScreen {
    events: reqwest::Response,
    text: String,
    client: reqwest::Client,
    feedback: String,
}

impl TillScreen {
    async fn claim(edge: &Daemon) -> Result<Self, Trouble> {
        let client = client();
        let events = client.get(edge.url(&format!("/v1/scans?lane={LANE}"))).send().await?.error_for_status()?;
        Ok(Self { events, text: String::new(), client, feedback: edge.url("/v1/scans") })
    }

    /// The next scan; none when the claim is another's.
    async fn next(&mut self) -> Result<Option<Value>, Trouble> {
        loop {
            if let Some((event, rest)) =
                self.text.split_once("\n\n").map(|(event, rest)| (event.to_owned(), rest.to_owned()))
            {
                self.text = rest;
                if let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) {
                    return Ok(Some(serde_json::from_str(data)?));
                }
                continue;
            }
            match self.events.chunk().await? {
                Some(bytes) => self.text.push_str(std::str::from_utf8(&bytes)?),
                None => return Ok(None),
            }
        }
    }

    /// Says whether it takes a scan; the status of the answer.
    async fn say(&self, scan: &Value, ok: bool) -> Result<u16, Trouble> {
        let id = scan.get("id").and_then(Value::as_str).ok_or("a scan without an id")?;
        let url = format!("{}/{id}/feedback", self.feedback);
        let answer = self.client.post(url).json(&json!({ "ok": ok })).send().await?;
        Ok(answer.status().as_u16())
    }
}

fn configuration(gun: &Gun) -> String {
    gun.configuration(LANE).replace("role = \"work\"\nmode = \"sell\"", "role = \"till\"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_counts_only_if_the_till_takes_it_in_time() -> Result<(), Trouble> {
    let folder = tempfile::tempdir()?;
    let gun = Gun::plug(&folder.path().join("scanner"))?;
    let file = folder.path().join("box.toml");
    std::fs::write(&file, configuration(&gun))?;
    let scene = Scene::set(&[], &["--config".to_owned(), file.display().to_string()]).await?;
    let before = scene.edge.get("/v1/status").await?["tail"].clone();

    wait_for("the error signal of a lane without a till", || async {
        Ok(gun.scan(CODE, Duration::from_secs(2)).await? == Heard::Error)
    })
    .await?;
    expect(scene.box_says("TM-4021").await?, || "nobody says that no till is there".to_owned())?;

    // The same code again at once would be a double read.
    tokio::time::sleep(AGAIN).await;
    let mut till = TillScreen::claim(&scene.edge).await?;
    for (takes, signal) in [(true, Heard::Good), (false, Heard::Error)] {
        let taking = async {
            let scan = till.next().await?.ok_or("the claim is lost")?;
            let status = till.say(&scan, takes).await?;
            Ok::<_, Trouble>((scan, status))
        };
        let (heard, told) = tokio::join!(gun.scan(CODE, SIGNAL), taking);
        let (scan, status) = told?;
        assert_eq!((heard?, status), (signal, 200));
        assert_eq!((scan["lane"].as_str(), scan["data"].as_str()), (Some(LANE), Some(CODE)));
        assert_eq!(scan["item"].as_str(), Some("04006381333931"));
        tokio::time::sleep(AGAIN).await;
    }
    expect(!scene.box_says("TM-4021").await?, || "the condition stays though the till answers".to_owned())?;

    // Heard too late: the scanner has said error, and the till is told.
    assert_eq!(gun.scan(CODE, SIGNAL).await?, Heard::Error);
    let late = till.next().await?.ok_or("the claim is lost")?;
    assert_eq!(till.say(&late, true).await?, 410);
    assert_eq!(till.say(&json!({ "id": "no-such" }), true).await?, 410);

    let mut other = TillScreen::claim(&scene.edge).await?;
    assert_eq!(till.next().await?, None, "the newest claim holds");
    tokio::time::sleep(AGAIN).await;
    let (heard, scan) = tokio::join!(gun.scan(CODE, SIGNAL), async {
        let scan = other.next().await?.ok_or("the claim is lost")?;
        other.say(&scan, true).await
    });
    assert_eq!((heard?, scan?), (Heard::Good, 200));
    assert_eq!(
        scene.edge.get("/v1/status").await?["tail"],
        before,
        "the till posts its receipt, the box writes nothing"
    );
    Ok(())
}
