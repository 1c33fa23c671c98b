//! Terminals on another machine: paired by a code, held to their pace.

use std::process::Command;

use serde_json::{Value, json};
use tidemark_e2e::network::{OFF_LOOPBACK, is_inside, run_inside};
use tidemark_e2e::scene::{STORE, Trouble, sale};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_fleet::submit::ONE;

/// Requests until a terminal is held up, at the most.
const WILD: usize = 20_000;

#[test]
fn a_terminal_on_another_machine_is_paired_by_a_code_and_held_to_its_pace() -> Result<(), Trouble> {
    if !is_inside() {
        return run_inside("a_terminal_on_another_machine_is_paired_by_a_code_and_held_to_its_pace");
    }
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let stage = Stage::with_tls(Programs::beside_this()?, OFF_LOOPBACK)?;
        let nowhere = tidemark_fleet::process::free_address()?;
        let edge = Daemon::start(stage.edge(STORE, nowhere, &[])?).await?;
        let client = edge.recipe().client();
        let data = stage.folder().join(format!("box-{STORE}")).display().to_string();
        let pair = ["till", "pair", "till:1", "-o", "json", "--data", &data, "--store", STORE];
        let paired = Command::new(&edge.recipe().program).args(pair).output()?;
        let rows: Value = serde_json::from_slice(&paired.stdout)?;
        let code = rows[0]["code"].as_str().unwrap().to_owned();

        let claim = client.post(edge.url("/v1/pairings/claim")).json(&json!({"code": code})).send().await?;
        assert_eq!(claim.status(), 200);
        let claimed: Value = claim.json().await?;
        let token = claimed["token"].as_str().unwrap().to_owned();
        let events = |source: &str, token: &str| {
            let mut event = sale("1", "a", 1);
            event["source"] = json!(source);
            let request = client.post(edge.url("/v1/events")).header("content-type", ONE).bearer_auth(token);
            request.body(event.to_string()).send()
        };
        assert_eq!(events("till:1", "tm_wrong").await?.status(), 401);
        let own: Value = events("till:1", &token).await?.json().await?;
        assert_eq!(own["results"][0]["status"], json!("accepted"), "{own}");
        let of_another: Value = events("till:2", &token).await?.json().await?;
        assert_eq!(of_another["results"][0]["code"], json!("no_right"), "{of_another}");
        // A code is shown on the box alone, and only there one is asked for.
        Command::new(&edge.recipe().program).args(pair).output()?;
        let page = client.get(edge.url("/")).bearer_auth(&token).send().await?.text().await?;
        assert!(page.contains("Last movements") && !page.contains("Type <strong>"), "{page}");
        let asked = client.post(edge.url("/v1/pairings")).bearer_auth(&token).json(&json!({"name": "till:9"}));
        assert_eq!(asked.send().await?.status(), 403);

        for _ in 0..WILD / 50 {
            let many = (0..50).map(|_| tokio::spawn(client.get(edge.url("/v1/items/x")).bearer_auth(&token).send()));
            for asked in many.collect::<Vec<_>>() {
                let answer = asked.await??;
                if answer.status() == 429 {
                    let wait: u64 = answer.headers()["retry-after"].to_str()?.parse()?;
                    assert!(wait >= 1);
                    return Ok(());
                }
            }
        }
        Err("a wild terminal was never held up".into())
    })
}
