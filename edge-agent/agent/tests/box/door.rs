//! Bad input at the door, case by case: each is answered with a code, counted
//! and, where somebody should look, a condition.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::running::{BATCH, ONE, Running, event, sale};

#[test]
fn each_bad_document_is_answered_by_a_code_and_counted_by_it() {
    let shop = Running::start();
    let line = json!({"item": "a", "quantity": 1});
    let mut nameless = sale("x", "a", json!(1));
    nameless["source"] = Value::Null;
    let mut of_a_lane = sale("x", "a", json!(1));
    of_a_lane["source"] = json!("lane:goods-in");
    let mut large = event("acme.sale", "x", json!({"text": "x".repeat(33_000)}));
    let rejected = [
        (nameless, "identity_missing"),
        (sale(&"x".repeat(129), "a", json!(1)), "identity_too_long"),
        (event("tidemark.sale", "x", json!({"lines": vec![line.clone(); 20_001]})), "too_many_lines"),
        (large.take(), "too_large_to_park"),
        (event("tidemark.sale", "x", json!({"lines": [line], "note": "x".repeat(4 << 20)})), "document_too_large"),
        (of_a_lane, "no_right"),
    ];
    for (bad, code) in rejected {
        let result = shop.submit(&bad);
        assert_eq!((&result["status"], &result["code"]), (&json!("rejected"), &json!(code)), "{result}");
        assert!(!result["detail"].as_str().unwrap().is_empty());
        assert_eq!(shop.counted(&format!("documents_rejected_total{{code=\"{code}\"}}")), 1, "{code}");
    }
    assert_eq!(shop.get("/v1/status")["tail"], json!(0), "nothing was kept");
    assert!(shop.conditions().contains(&"TM-5009".to_owned()));
}

#[test]
fn each_bad_line_is_parked_by_a_reason_and_counted_by_it() {
    let shop = Running::start();
    let parked = [
        (json!(1.2345), "quantity_decimals"),
        (json!("two"), "quantity_unreadable"),
        (json!(1_000_001), "quantity_bounds"),
    ];
    for (number, (quantity, reason)) in parked.into_iter().enumerate() {
        let result = shop.submit(&sale(&number.to_string(), "a", quantity));
        assert_eq!(result["status"], json!("accepted"), "{result}");
        assert_eq!((&result["warnings"][0]["code"], &result["warnings"][0]["line"]), (&json!(reason), &json!(1)));
        assert_eq!(shop.counted(&format!("lines_parked_total{{reason=\"{reason}\"}}")), 1, "{reason}");
    }
    let result = shop.submit(&event("acme.sale", "t", json!({"total": 3})));
    assert_eq!(result["warnings"][0]["code"], json!("unknown_type"));
    let result = shop.submit(&event("tidemark.sale", "m", json!({})));
    assert_eq!(result["warnings"][0]["code"], json!("missing_lines"));
    assert_eq!(shop.counted("documents_accepted_total"), 5);
    assert!(shop.conditions().contains(&"TM-5005".to_owned()));
}

#[test]
fn what_is_only_odd_is_taken_with_a_warning_that_is_counted() {
    let shop = Running::start();
    let card = "4111111111111111";
    let odd = json!({
        "lines": [{"item": card, "quantity": 1, "colour": "red"}],
        "operator": "a\u{1}b", "till": "x".repeat(65), "note": format!("card {card} 12/26"), "reference": card,
    });
    let result = shop.submit(&event("tidemark.sale", "odd", odd));
    assert_eq!(result["status"], json!("accepted"), "{result}");
    for code in ["unknown_members", "control_characters", "label_cut", "unknown_item"] {
        assert_eq!(shop.counted(&format!("warnings_total{{code=\"{code}\"}}")), 1, "{code}: {result}");
    }
    // Digits that look like a card are an item like any other.
    assert_eq!(shop.get("/v1/movements")["movements"][0]["item"], json!(card));
}

#[test]
fn each_bad_request_is_refused_whole_with_a_problem_and_counted() {
    let shop = Running::start();
    let good = sale("a", "a", json!(1)).to_string();
    let many = format!("[{}]", vec![good.as_str(); 1_001].join(","));
    for (kind, body, status, code) in [
        (ONE, b"{".to_vec(), 400, "broken_json"),
        (BATCH, good.clone().into_bytes(), 400, "broken_json"),
        (BATCH, many.into_bytes(), 413, "too_many"),
        ("application/json", good.into_bytes(), 415, "content_type"),
        (ONE, vec![b' '; 17 << 20], 413, "too_large"),
    ] {
        let metric = format!("requests_refused_total{{code=\"{code}\"}}");
        let before = shop.counted(&metric);
        let (found, problem) = shop.post(kind, body);
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{problem}");
        assert!(["title", "detail", "remedy"].iter().all(|member| problem[member].is_string()), "{problem}");
        assert_eq!(shop.counted(&metric), before + 1, "{code}");
    }
    assert_eq!(shop.get("/v1/status")["tail"], json!(0), "nothing was kept");
}

#[test]
fn a_body_that_is_cut_is_not_called_too_large() {
    let shop = Running::start();
    let mut stream = TcpStream::connect(shop.url.trim_start_matches("http://")).unwrap();
    let head =
        format!("POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: {ONE}\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"5\r\nhello\r\nnonsense\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap_or_default();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("body_cut"), "{answer}");
}

#[test]
fn one_bad_element_leaves_the_others_of_its_batch_good() {
    let shop = Running::start();
    let (first, last) = (sale("1", "a", json!(1)), sale("2", "a", json!(2)));
    let half = last.to_string().replace("\"specversion\"", "\"subject\":\"\\ud83d\",\"specversion\"");
    let (status, answer) = shop.post(BATCH, format!("[{first},17,{half}]"));
    assert_eq!(status, 200, "{answer}");
    let told: Vec<&str> = answer["results"].as_array().unwrap().iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!(told, ["accepted", "rejected", "accepted"]);
    assert_eq!(answer["results"][2]["warnings"][0]["code"], json!("half_characters"));
    assert_eq!(shop.get("/v1/status")["tail"], json!(2));
}

#[test]
fn an_id_that_comes_again_is_a_duplicate_or_kept_aside_once_for_each_content() {
    let shop = Running::start();
    assert_eq!(shop.submit(&sale("1", "a", json!(1)))["status"], json!("accepted"));
    for round in 0..3 {
        for quantity in [2, 3] {
            let result = shop.submit(&sale("1", "a", json!(quantity)));
            let expected = if round == 0 { "accepted" } else { "duplicate" };
            assert_eq!(result["status"], json!(expected), "{result}");
            if round == 0 {
                let codes: Vec<_> = result["warnings"].as_array().unwrap().iter().map(|w| &w["code"]).collect();
                assert!(codes.contains(&&json!("id_reused")), "{result}");
            }
        }
    }
    assert_eq!(shop.counted("lines_parked_total{reason=\"id_reused\"}"), 2);
    assert_eq!((shop.counted("documents_accepted_total"), shop.counted("documents_duplicate_total")), (3, 4));
    assert!(shop.conditions().contains(&"TM-5002".to_owned()));
    // What is parked and sent again by the till rule is the same document.
    let strange = |age: u64| event("acme.sale", "s", json!({"total": 3, "deferred": true, "age_ms": age}));
    assert_eq!(shop.submit(&strange(60_000))["status"], json!("accepted"));
    assert_eq!(shop.submit(&strange(120_000))["status"], json!("duplicate"));
}

#[test]
fn documents_and_movements_are_listed_page_by_page() {
    let shop = Running::start();
    for number in 1..=7 {
        shop.submit(&sale(&number.to_string(), "a", json!(number)));
    }
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let page = shop.get(&format!("/v1/documents?page_size=3{token}"));
        ids.extend(page["documents"].as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={next}");
    }
    assert_eq!(ids, ["7", "6", "5", "4", "3", "2", "1"]);
    let (status, problem) = shop.text("/v1/documents?page_token=x");
    assert_eq!(status, 400, "{problem}");
    let page = shop.get("/v1/movements?after=2&page_size=3");
    let seqs: Vec<u64> = page["movements"].as_array().unwrap().iter().map(|m| m["seq"].as_u64().unwrap()).collect();
    assert_eq!((seqs.as_slice(), &page["last"], &page["tail"]), ([3, 4, 5].as_slice(), &json!(5), &json!(7)));
    assert_eq!(shop.get("/v1/movements?after=7")["movements"], json!([]));
    assert_eq!(shop.get("/v1/movements?after=99")["last"], json!(7), "a journal that begins anew is followed");
}

#[test]
fn a_page_that_long_documents_cut_short_is_not_the_last() {
    let shop = Running::start();
    for id in ["1", "2", "3"] {
        let lines: Vec<_> = (0..6_000).map(|item| json!({"item": format!("i{item}"), "quantity": 1})).collect();
        shop.submit(&event("tidemark.receipt", id, json!({ "lines": lines })));
    }
    let page = shop.get("/v1/documents?page_size=9");
    let next = page["next_page_token"].as_str().expect("one has not been told yet");
    assert_eq!(shop.get(&format!("/v1/documents?page_token={next}"))["documents"][0]["id"], "1");
}

#[test]
fn what_is_not_there_is_a_problem_too() {
    let shop = Running::start();
    for (path, expected) in [("/v1/nothing", 404), ("/v1/items/nothing", 404), ("/v1/events", 405)] {
        let (status, text) = shop.text(path);
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &problem["status"]), (expected, &json!(expected)), "{problem}");
    }
    assert_eq!(shop.text("/livez").0, 200);
    assert_eq!(shop.text("/readyz").0, 200);
    let page = shop.text("/").1;
    assert!(page.contains("Everything is saved; this box works alone"), "{page}");
}
