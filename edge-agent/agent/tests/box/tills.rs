//! Tills that come in by pairing or by a line, and the days they close.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::running::{Running, arguments, event, program, sale};

fn call(shop: &Running, path: &str, kind: &str, body: &str) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.post(format!("{}{path}", shop.url)).header("content-type", kind).send(body).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[test]
fn a_terminal_gets_its_token_by_a_code_that_is_read_on_the_box() {
    let shop = Running::start();
    let claim = |code: &str| call(&shop, "/v1/pairings/claim", "application/json", &json!({"code": code}).to_string());
    assert_eq!(claim("123456").0, 403, "nobody pairs");
    let (status, _) = call(&shop, "/pair", "application/x-www-form-urlencoded", "name=till%3A7");
    assert_eq!(status, 200, "the page is shown again");
    let page = shop.text("/").1;
    let code = page.split_once("till:7: <strong>").unwrap().1.split_once('<').unwrap().0;
    assert_eq!(code.len(), 6, "{code}");
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    let (status, told) = claim(&wrong);
    assert_eq!((status, &told["code"]), (403, &json!("pairing")), "{told}");
    let (status, paired) = claim(code);
    assert_eq!((status, &paired["till"]), (200, &json!("till:7")), "{paired}");
    let token = paired["token"].as_str().unwrap();
    assert!(token.starts_with("tm_"));
    assert_eq!(claim(code).0, 403, "a code pairs once");
    let listed = shop.command(&["till", "list", "-o", "json"]).out;
    assert!(listed.contains("till:7") && !listed.contains(token), "{listed}");
    assert!(!shop.text("/").1.contains(code), "it is shown no more");
}

#[test]
fn a_code_that_is_guessed_at_is_no_more() {
    let shop = Running::start();
    let told = shop.command(&["till", "pair", "till:7", "-o", "json"]);
    let rows: Value = serde_json::from_str(&told.out).unwrap();
    let code: u32 = rows[0]["code"].as_str().unwrap().parse().unwrap();
    let claim = |code: u32| {
        let body = json!({"code": format!("{code:06}")}).to_string();
        call(&shop, "/v1/pairings/claim", "application/json", &body).0
    };
    for guess in 1..=5 {
        assert_eq!(claim((code + guess) % 1_000_000), 403);
    }
    assert_eq!(claim(code), 403, "the right one comes too late");
    assert_eq!(shop.get("/v1/tills")["tills"], json!([]));
    assert_eq!(shop.command(&["till", "pair", "lane:x"]).code, 2);
}

/// A box with a line port, and that port.
fn with_line_port() -> (Running, SocketAddr) {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let shop = Running::by(|data| {
        let mut run = program();
        run.args(arguments(data)).arg("--set").arg(format!("lines.address={port}"));
        run
    });
    (shop, port)
}

#[test]
fn a_till_that_can_only_open_a_socket_is_answered_line_by_line() {
    let (shop, port) = with_line_port();
    let mut line = BufReader::new(TcpStream::connect(port).unwrap());
    let mut say = |text: &str| -> Value {
        line.get_mut().write_all(format!("{text}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        line.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    };
    let event = sale("1", "a", json!(2)).to_string();
    let first = say(&event);
    assert_eq!((&first["status"], &first["first_seq"]), (&json!("accepted"), &json!(1)), "{first}");
    assert_eq!(say(&event)["status"], json!("duplicate"));
    let broken = say("{\"id\":");
    assert_eq!((&broken["status"], &broken["code"]), (&json!("rejected"), &json!("broken_json")), "{broken}");
    assert_eq!(say(&sale("2", "a", json!("two")).to_string())["warnings"][0]["code"], json!("quantity_unreadable"));
    let mut of_a_lane = sale("3", "a", json!(1));
    of_a_lane["source"] = json!("lane:x");
    assert_eq!(say(&of_a_lane.to_string())["code"], json!("no_right"));
    // A line that is cut is none, and a till that goes holds nobody up.
    let mut cut = TcpStream::connect(port).unwrap();
    let half = sale("4", "a", json!(1)).to_string();
    cut.write_all(&half.as_bytes()[..half.len() / 2]).unwrap();
    drop(cut);
    assert_eq!(say(&sale("5", "a", json!(1)).to_string())["first_seq"], json!(3));
    assert_eq!(shop.get("/v1/status")["tail"], json!(3));
    let mut long = BufReader::new(TcpStream::connect(port).unwrap());
    // The box may close before all of it is written.
    drop(long.get_mut().write_all(&vec![b' '; 300 * 1024]));
    let mut answer = String::new();
    if long.read_line(&mut answer).is_ok() && !answer.is_empty() {
        assert!(answer.contains("too_large"), "{answer}");
    }
}

#[test]
fn a_day_is_complete_when_every_till_has_closed_and_nothing_is_missing() {
    let shop = Running::start();
    let day = "2026-11-24";
    let sell = |number: u64| {
        let data = json!({
            "lines": [{"item": "a", "quantity": 2}, {"item": "b", "quantity": 1, "kind": "return"}],
            "business_day": day, "sequence": number,
        });
        shop.submit(&event("tidemark.sale", &format!("{day}-1-{number}"), data));
    };
    for number in [1_040, 1_044] {
        sell(number);
    }
    let close = json!({"business_day": day, "documents": 5, "units": 5});
    shop.submit(&event("tidemark.day_close", "close", close.clone()));
    let today = |shop: &Running| shop.get("/v1/status")["days"][0].clone();
    let open = today(&shop);
    assert_eq!(open["complete"], json!(false), "{open}");
    let words = open["open"].to_string();
    assert!(words.contains("till:1: 1041\u{2013}1043 have not come"), "{words}");
    assert!(words.contains("2 documents came, the till counted 5, 2 units came, the till counted 5"), "{words}");
    assert!(shop.text("/").1.contains("1041\u{2013}1043 have not come"), "on the page too");
    for number in 1_041..=1_043 {
        sell(number);
    }
    assert_eq!(today(&shop)["complete"], json!(true), "{}", today(&shop));
    // A start counts again from what is held.
    let shop = shop.again();
    while today(&shop)["complete"] != json!(true) {
        assert!(today(&shop)["open"].is_null() || !today(&shop)["open"].to_string().contains("have not come"));
        std::thread::yield_now();
    }
    assert_eq!(today(&shop)["tills"][0], json!({"till": "till:1", "documents": 5, "units": "5", "closed": true}));
}

#[test]
fn a_number_of_a_training_receipt_is_not_missing_and_nothing_of_it_is_kept() {
    let shop = Running::start();
    let sell = |number: u64, training: bool| {
        let data = json!({"lines": [{"item": "a", "quantity": 1}], "sequence": number, "training": training});
        shop.submit(&event("tidemark.sale", &number.to_string(), data))
    };
    assert_eq!(sell(1, false)["status"], json!("accepted"));
    for _again in 0..2 {
        assert_eq!(sell(2, true)["status"], json!("ignored"));
    }
    let after = sell(3, false);
    assert!(!after.to_string().contains("sequence_gap"), "{after}");
    assert_eq!(shop.get("/v1/status")["tail"], json!(2));
}

#[test]
fn a_re_installed_till_that_starts_at_number_one_is_told_with_and_without_a_new_life() {
    let shop = Running::start();
    let sell = |life: &str, number: u64, item: &str| {
        let data = json!({"lines": [{"item": item, "quantity": 1}], "business_day": "2026-11-24", "sequence": number});
        shop.submit(&event("tidemark.sale", &format!("{life}-2026-11-24-1-{number}"), data))
    };
    for number in 1..=3 {
        sell("k7q2", number, "a");
    }
    let codes = |told: &Value| {
        let warnings = told["warnings"].as_array().unwrap().iter();
        warnings.map(|warning| warning["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // With a new life the ids are new: it counts, and the restart is told.
    let new = sell("m3x9", 1, "b");
    assert_eq!(new["status"], json!("accepted"), "{new}");
    assert!(codes(&new).contains(&"sequence_restarted".to_owned()), "{new}");
    assert!(shop.conditions().contains(&"TM-5004".to_owned()));
    assert!(!codes(&sell("m3x9", 2, "b")).contains(&"sequence_gap".to_owned()));
    // Without one its ids are those of other receipts: kept aside, and named.
    let old = sell("k7q2", 1, "c");
    assert!(codes(&old).contains(&"id_reused".to_owned()), "{old}");
    assert!(shop.conditions().contains(&"TM-5002".to_owned()));
}
