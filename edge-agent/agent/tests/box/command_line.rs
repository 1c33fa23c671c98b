//! The command line: what it prints, in which form, and with which code it
//! ends.

use std::path::Path;

use serde_json::{Value, json};

use crate::running::{Running, STORE, Said, said, sale};

fn configured(folder: &Path, text: &str) -> String {
    let file = folder.join("edge.toml");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn a_faulty_configuration_is_told_by_check_and_by_run_alike_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let head = format!("store = \"{STORE}\"\ndata = \"{}\"\n", data.display());
    for (text, says) in [
        ("stroe = \"S1\"\n", "edge.toml:3: there is no key `stroe`; did you mean `store`?"),
        ("time_zone = \"Mars\"\n", "`time_zone`: \"Mars\" is no IANA time zone"),
        ("metered = \"yes\"\n", "edge.toml:3: `metered`"),
        ("log.level = \"loud\"\n", "`loud` is no log level"),
        ("http.address = \"0.0.0.0:8380\"\n", "TM-1008"),
        ("tls.key = \"/nonexistent\"\n", "`tls.key` is given without `tls.certificate`"),
        ("tls = { certificate = \"/nonexistent\", key = \"/nonexistent\" }\n", "TM-6001"),
        ("centre.address = \"http://192.0.2.1:8400\"\n", "http is not encrypted"),
        ("centre.address = \"https://192.0.2.1\"\n", "authority"),
        ("[[lane]]\nname = \"a\"\n[[lane]]\nname = \"a\"\n", "there are two lanes `a`"),
        ("[[lane]]\nname = \"a\"\nrole = \"boss\"\n", "edge.toml:5: `lane[0].role`"),
        ("[[scanner]]\npath = \"p\"\nlane = \"\"\n", "no name of a lane"),
        ("[[scanner]]\npath = \"p\"\nlane = \"a\"\n[[scanner]]\npath = \"p\"\nlane = \"b\"\n", "have the path"),
    ] {
        let file = configured(folder.path(), &format!("{head}{text}"));
        for command in [["config", "check"].as_slice(), &["run"]] {
            let Said { code, out, err } = said(&[command, &["--config", &file]].concat());
            assert_eq!((code, out.as_str()), (78, ""), "{text}: {err}");
            assert!(err.contains(says), "{text}: {err}");
        }
        assert!(!data.exists(), "{text}: the journal was made");
    }
    let good = configured(folder.path(), &head);
    let Said { code, out, .. } = said(&["config", "check", "--config", &good]);
    assert_eq!((code, out.as_str()), (0, "the configuration is good\n"));
    let missing = configured(
        folder.path(),
        &format!("{head}centre = {{ address = \"https://centre\", ca = \"/nonexistent/ca.pem\" }}\n"),
    );
    let Said { code, err, .. } = said(&["config", "check", "--config", &missing]);
    assert!(code == 78 && err.contains("/nonexistent/ca.pem"), "{err}");
}

#[test]
fn usage_is_2_and_what_fails_is_1() {
    for usage in [
        ["nothing"].as_slice(),
        &["explain", "disk"],
        &["status", "-o", "xml"],
        &["barcode", "-o", "table"],
        &["run", "--set", "store"],
        &["till", "add", "lane:x"],
    ] {
        let Said { code, err, .. } = said(usage);
        assert!(code == 2 && !err.is_empty(), "{usage:?}: {code} {err}");
    }
    for failing in [["explain", "TM-9999"].as_slice(), &["status", "--store", STORE, "--http", "127.0.0.1:1"]] {
        let Said { code, err, .. } = said(failing);
        assert!(code == 1 && !err.is_empty(), "{failing:?}: {code} {err}");
    }
}

#[test]
fn a_condition_is_explained_in_each_form() {
    let Said { code, out, .. } = said(&["explain", "TM-3001"]);
    assert!(code == 0 && out.starts_with("TM-3001 NOT SAVED") && out.contains("Remedy: "), "{out}");
    let json: Value = serde_json::from_str(&said(&["explain", "TM-3001", "-o", "json"]).out).unwrap();
    assert_eq!((&json[0]["code"], &json[0]["severity"]), (&json!("TM-3001"), &json!("critical")));
    let all = said(&["explain", "-o", "jsonl"]).out;
    assert!(all.lines().count() > 30 && all.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(said(&["explain", "-o", "csv"]).out.starts_with("code,title,severity,cause,effect,remedy\nTM-1001,"));
    let Said { code, out, .. } = said(&["explain", "not_saved"]);
    assert!(code == 0 && out.starts_with("not_saved NOT SAVED (HTTP 503)") && out.contains("same id"), "{out}");
}

#[test]
fn a_configuration_is_explained_without_its_secrets_and_printed_to_be_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let default = said(&["config", "print-default"]).out;
    let file = configured(folder.path(), &default.replace("# store =", "store = \"S1\""));
    assert_eq!(said(&["config", "check", "--config", &file]).code, 0);
    let explained = said(&["config", "explain", "--config", &file, "--http", "127.0.0.1:9", "-o", "json"]).out;
    let rows: Vec<Value> = serde_json::from_str(&explained).unwrap();
    let row = |key: &str| rows.iter().find(|row| row["key"] == json!(key)).unwrap();
    assert_eq!(row("http.address")["from"], json!("flag"));
    assert!(row("store")["from"].as_str().unwrap().ends_with("edge.toml:2"), "{rows:?}");
    assert_eq!(row("metered")["value"], json!("false"));
}

#[test]
fn the_running_box_is_asked_in_each_form() {
    let shop = Running::start();
    shop.submit(&sale("1", "a", json!(2)));
    assert!(shop.command(&["status"]).out.starts_with("Everything is saved."));
    let status: Value = serde_json::from_str(&shop.command(&["status", "-o", "json"]).out).unwrap();
    assert_eq!((&status["schema"], &status["tail"]), (&json!("tidemark.status/v1"), &json!(1)));
    let row: Value = serde_json::from_str(&shop.command(&["status", "-o", "jsonl"]).out).unwrap();
    assert_eq!((&row["store"], &row["pending"]), (&json!(STORE), &json!(1)));
    assert!(shop.command(&["status", "-o", "csv"]).out.starts_with("store,tail,pending,"));
    let movements: Value = serde_json::from_str(&shop.command(&["tail", "-o", "json"]).out).unwrap();
    assert_eq!((&movements[0]["seq"], &movements[0]["quantity"]), (&json!(1), &json!("2")));
}

#[test]
fn tills_are_let_in_while_the_box_runs_and_while_it_does_not() {
    let shop = Running::start();
    let added = shop.command(&["till", "add", "till:3/é"]);
    assert_eq!(added.code, 0, "{}", added.err);
    let token = added.out.trim();
    assert!(token.starts_with("tm_"), "{token}");
    let listed = |shop: &Running| {
        let rows: Vec<Value> = serde_json::from_str(&shop.command(&["till", "list", "-o", "json"]).out).unwrap();
        rows.iter().map(|row| row["till"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&shop), ["till:3/é"]);
    for entry in std::fs::read_dir(shop.data().join("journal/db")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "the token itself is kept");
    }
    assert_eq!(shop.command(&["till", "remove", "till:3/é"]).code, 0);
    assert_eq!(shop.command(&["till", "remove", "till:3/é"]).code, 1);
    let mut shop = shop;
    shop.child.kill().unwrap();
    shop.child.wait().unwrap();
    // What a killed box left behind leads nowhere: its journal is used.
    let added: Value = serde_json::from_str(&shop.command(&["till", "add", "till:4", "-o", "json"]).out).unwrap();
    assert!(added[0]["token"].as_str().unwrap().starts_with("tm_"));
    assert_eq!(listed(&shop), ["till:4"]);
}

#[cfg(unix)]
#[test]
fn a_journal_of_another_user_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    // Only root can give a folder away.
    if std::os::unix::fs::chown(&data, Some(65_534), None).is_err() {
        return;
    }
    let data = data.display().to_string();
    let refused = said(&["till", "add", "till:1", "--data", &data, "--store", STORE]);
    assert!(refused.code == 1 && refused.err.contains("belongs to another user"), "{}", refused.err);
}

#[test]
fn a_journal_in_use_refuses_to_start_and_names_its_condition() {
    let shop = Running::start();
    let second = shop.command(&["run"]);
    assert!(second.code == 1 && second.err.contains("TM-3006"), "{}", second.err);
}

#[cfg(unix)]
#[test]
fn a_box_that_is_asked_to_end_ends_well_and_takes_its_contact_with_it() {
    let mut shop = Running::start();
    shop.submit(&sale("1", "a", json!(1)));
    assert!(shop.data().join("control").exists());
    let pid = shop.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(shop.child.wait().unwrap().code(), Some(0));
    assert!(!shop.data().join("control").exists());
}
