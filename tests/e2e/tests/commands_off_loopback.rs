//! The box's own commands, while it listens on no loopback address.

use std::process::Command;

use serde_json::{Value, json};
use tidemark_e2e::network::{OFF_LOOPBACK, is_inside, run_inside};
use tidemark_e2e::scene::{STORE, Trouble, sale};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_fleet::submit::ONE;

#[test]
fn a_box_off_loopback_answers_its_own_commands_and_lets_tills_in_while_it_sells() -> Result<(), Trouble> {
    if !is_inside() {
        return run_inside("a_box_off_loopback_answers_its_own_commands_and_lets_tills_in_while_it_sells");
    }
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let stage = Stage::with_tls(Programs::beside_this()?, OFF_LOOPBACK)?;
        let nowhere = tidemark_fleet::process::free_address()?;
        let edge = Daemon::start(stage.edge(STORE, nowhere, &[])?).await?;
        let data = stage.folder().join(format!("box-{STORE}")).display().to_string();
        let said = |arguments: &[&str]| {
            let all = [arguments, &["--data", &data, "--store", STORE]].concat();
            let output = Command::new(&edge.recipe().program).args(all).output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (output.status.code(), text(&output.stdout), text(&output.stderr))
        };
        let (code, status, err) = said(&["status", "-o", "json"]);
        assert_eq!(code, Some(0), "{err}");
        assert_eq!(serde_json::from_str::<Value>(&status)?["store"], json!(STORE));
        let (code, token, err) = said(&["till", "add", "till:1"]);
        assert_eq!(code, Some(0), "{err}");
        let submit = async |id: &str, token: &str| {
            let request = edge.recipe().client().post(edge.url("/v1/events")).header("content-type", ONE);
            let event = sale(id, "96385074", 1).to_string();
            request.bearer_auth(token.trim()).body(event).send().await.map(|answer| answer.status().as_u16())
        };
        assert_eq!(submit("1", &token).await?, 200);
        let request = edge.recipe().client().get(edge.url("/v1/tills")).bearer_auth(token.trim());
        assert_eq!(request.send().await?.status().as_u16(), 403, "a till lets nobody in");
        let (_, movements, _) = said(&["tail", "-o", "json"]);
        assert_eq!(serde_json::from_str::<Value>(&movements)?[0]["source"], json!("till:1"));
        assert_eq!(said(&["till", "remove", "till:1"]).0, Some(0));
        assert_eq!(submit("2", &token).await?, 401, "a till that was removed is refused at once");
        let log = std::fs::read_to_string(&edge.recipe().log)?;
        let contact = std::fs::read_to_string(std::path::Path::new(&data).join("control"))?;
        let own = serde_json::from_str::<Value>(&contact)?["token"].as_str().unwrap().to_owned();
        assert!(!log.contains(token.trim()) && !log.contains(&own), "a secret is in the log");
        Ok(())
    })
}
