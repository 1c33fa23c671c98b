//! `devices`, `scan-test`, `record`, `replay` and `bundle` as a person calls
//! them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::running::{Running, STORE, Said, event, said};

/// An EAN-13, a GS1-128 with a lot, a card, and a wrong check digit.
const SCANS: [&str; 4] =
    ["]E04006381333931", "]C1010400638133393110LOT7", "%B4111111111111111^SMITH/ANNA^2701", "]E04006381333932"];

/// A recording of them, and a configuration in which it is the only scanner.
fn recorded(folder: &Path) -> (PathBuf, String) {
    let capture = folder.join("shop.capture");
    let hex = |text: &str| text.bytes().chain([b'\r']).map(|byte| format!("{byte:02x}")).collect::<String>();
    let lines = (0..).zip(SCANS).map(|(number, scan)| format!("{} = {}\n", number * 20, hex(scan)));
    std::fs::write(&capture, format!("tidemark-capture 1\nkind serial\n{}", lines.collect::<String>())).unwrap();
    let file = folder.join("edge.toml");
    let scanner = format!("[[scanner]]\npath = \"{}\"\nkind = \"replay\"\nlane = \"counter\"\n", capture.display());
    std::fs::write(&file, format!("store = \"{STORE}\"\n{scanner}")).unwrap();
    (capture, file.display().to_string())
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What all three say of the scans.
fn assert_told(told: &[Value]) {
    let of = |column: &str| told.iter().map(|row| row[column].clone()).collect::<Vec<_>>();
    assert_eq!(of("ok"), [json!(true), json!(true), json!(false), json!(false)], "{told:?}");
    assert_eq!(of("gtin14")[..2], [json!("04006381333931"), json!("04006381333931")]);
    assert_eq!(told[1]["elements"], json!("(01)04006381333931(10)LOT7"));
    assert_eq!((&told[2]["raw"], &told[2]["text"]), (&Value::Null, &Value::Null), "nobody's card is shown");
    assert!(told[3]["verdict"].as_str().unwrap().contains("check digit"));
}

#[test]
fn a_recording_is_told_in_each_form() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, _) = recorded(folder.path());
    let capture = capture.display().to_string();
    let Said { code, out, .. } = said(&["replay", &capture, "-o", "jsonl"]);
    assert_eq!(code, 0);
    assert_told(&lines(&out));
    let array: Vec<Value> = serde_json::from_str(&said(&["replay", &capture, "-o", "json"]).out).unwrap();
    assert_told(&array);
    assert!(said(&["replay", &capture, "-o", "csv"]).out.starts_with("after_ms,ok,symbology,"));
    assert!(said(&["replay", &capture]).out.contains("04006381333931"));
    let strange = folder.path().join("strange");
    std::fs::write(&strange, "hello\n").unwrap();
    let Said { code, err, .. } = said(&["replay", &strange.display().to_string()]);
    assert!(code == 1 && err.contains("begins with the line `tidemark-capture 1`"), "{err}");
}

#[test]
fn a_scanner_is_tried_and_recorded_without_the_box() {
    let folder = tempfile::tempdir().unwrap();
    let (_, config) = recorded(folder.path());
    let test = ["scan-test", "--config", &config, "--scans", "4", "--seconds", "60", "-o"];
    let Said { code, out, err } = said(&[&test[..], &["jsonl"]].concat());
    assert!(code == 0 && err.contains("is open"), "{err}");
    assert_told(&lines(&out));
    let array: Vec<Value> = serde_json::from_str(&said(&[&test[..], &["json"]].concat()).out).unwrap();
    assert_told(&array);
    let table = said(&[&test[..], &["table"]].concat()).out;
    assert!(
        table.starts_with("AFTER MS") && table.matches("AFTER MS").count() == 1 && table.lines().count() == 5,
        "{table}"
    );
    let copy = folder.path().join("copy.capture").display().to_string();
    let Said { code, out, .. } = said(&["record", "--to", &copy, "--config", &config, "--scans", "4", "-o", "json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told[0]["scans"]), (0, &json!(4)));
    let kept = std::fs::read_to_string(&copy).unwrap();
    assert!(kept.contains(" = 5d4530") && !kept.contains("31313131"), "{kept}");
    let again = lines(&said(&["replay", &copy, "-o", "jsonl"]).out);
    assert_eq!((&again[0]["ok"], &again[0]["gtin14"]), (&json!(true), &json!("04006381333931")));
    // Without a port and with several there is nothing to guess.
    let Said { code, err, .. } = said(&["scan-test", "--store", STORE]);
    assert!(code == 2 && err.contains("no scanner is configured"), "{err}");
}

#[test]
fn devices_are_listed_in_each_form_and_bound_to_lanes_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (_, config) = recorded(folder.path());
    let listed = |form: &str| said(&["devices", "--all", "--config", &config, "-o", form]);
    let rows: Vec<Value> = serde_json::from_str(&listed("json").out).unwrap();
    let ours = rows.iter().find(|row| row["lane"] == json!("counter")).expect("what is configured is listed");
    assert_eq!(ours["state"], json!("not there"), "a recording is plugged in nowhere");
    assert!(listed("csv").out.starts_with("port,file,kind,device,looks,lane,state,advice"));
    assert!(listed("table").out.contains("counter") && listed("jsonl").out.contains("\"counter\""));
    let bind = |port: &str, lane: &str| said(&["devices", "bind", port, lane, "--config", &config, "-o", "jsonl"]);
    let Said { code, out, err } = bind("pci-0000:00:14.0-usb-0:2", "goods-in");
    assert_eq!(code, 0, "{err}");
    assert_eq!(lines(&out)[0]["path"], json!("pci-0000:00:14.0-usb-0:2"));
    assert!(err.contains("nothing is plugged in") && err.contains("restart"), "{err}");
    assert_eq!(bind("pci-0000:00:14.0-usb-0:2", "checkout").code, 0);
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(
        text.contains("lane = \"checkout\"") && !text.contains("goods-in") && text.contains("\"counter\""),
        "{text}"
    );
    assert_eq!(said(&["config", "check", "--config", &config]).code, 0);
    assert_eq!(bind("usb-0:3", "").code, 2);
    let Said { code, err, .. } = said(&["devices", "bind", "usb-0:3", "x", "--config", "/nonexistent/edge.toml"]);
    assert!(code == 78 && err.contains("/nonexistent"), "{err}");
}

#[test]
fn what_support_is_given_holds_no_secret_no_token_and_no_card() {
    let shop = Running::start();
    let token = shop.command(&["till", "add", "till:3"]).out.trim().to_owned();
    let control: Value = serde_json::from_slice(&std::fs::read(shop.data().join("control")).unwrap()).unwrap();
    let card = "4111111111111111";
    let odd = json!({"lines": [{"item": card, "quantity": 1}], "note": format!("paid by {card}"), "operator": "anna"});
    shop.submit(&event("tidemark.sale", "1", odd));
    let log = shop.folder.path().join("log");
    std::fs::write(&log, format!("till came with {token}\nvia http://me:hush@proxy/\ncard {card}\nlast line\n"))
        .unwrap();
    let (out, log) = (shop.folder.path().join("bundle.json"), log.display().to_string());
    let out_name = out.display().to_string();
    let given = ["bundle", "--log", &log, "--out", &out_name, "--set", "centre.address=http://me:hush@127.0.0.1:1"];
    let Said { code, err, .. } = shop.command(&given);
    assert!(code == 0 && err.contains("can be given to support"), "{err}");
    let text = std::fs::read_to_string(&out).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    for secret in [token.as_str(), control["token"].as_str().unwrap(), "hush", card] {
        assert!(!text.contains(secret), "{secret}");
    }
    for part in ["program", "machine", "config", "doctor", "file", "status", "metric", "log"] {
        assert!(rows.iter().any(|row| row["part"] == json!(part)), "{part} is missing");
    }
    let status = rows.iter().find(|row| row["part"] == json!("status")).unwrap();
    assert_eq!(status["value"]["store"], json!(STORE));
    assert!(rows.iter().any(|row| row["value"] == json!("last line")));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&out).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "for nobody else on this machine");
    let stopped = said(&["bundle", "--store", STORE, "--data", "/nonexistent", "-o", "jsonl"]);
    assert!(
        lines(&stopped.out).iter().any(|row| row["what"] == json!("fault")),
        "without a box there is still the rest"
    );
}
