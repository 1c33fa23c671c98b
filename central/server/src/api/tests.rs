//! The door as callers from elsewhere find it.

mod signing_in;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tidemark_cache::Cache;
use tidemark_daemon::listen::Peer;
use tidemark_daemon::token::TokenHash;
use tidemark_ledger::{Ledger, TokenRow};
use tidemark_stream::Stream;
use tower::ServiceExt as _;

use super::*;

const PAGE: &str = "https://shop.example";

struct House {
    door: Door,
    folder: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap();
        let stream = Stream::embedded(&folder.path().join("stream.db"), 1).await.unwrap();
        let (events, metrics) = Events::declare();
        let (loader, region) = (Loader::start(ledger.clone(), Cache::none(), events.clone()), Region::of(&ledger));
        let door = Arc::new(Behind {
            loader,
            region,
            parts: Parts { ledger: ledger.clone(), stream, cache: Cache::none() },
            desk: Desk::default(),
            fleet: Fleet::default(),
            board: Board::default(),
            events,
            metrics,
            conditions: Active::default(),
            clock: Clock::start(),
            stop: CancellationToken::new(),
            sign_in: SignIn::new(None),
            changes: Changes::of(ledger),
            pace: Some(Pace::of(1, 3)),
            origins: [PAGE.to_owned()].into(),
        });
        Self { door, folder }
    }

    async fn token(&self, name: &str, role: &str) -> String {
        let token = format!("tm_{name}");
        let row = TokenRow { name: name.to_owned(), hash: TokenHash::of(&token).0, role: role.to_owned() };
        self.door.parts.ledger.add_token(&row, 0).await.unwrap();
        token
    }

    /// Asks from another machine.
    async fn ask(&self, request: axum::http::request::Builder) -> (StatusCode, HeaderMap, Value) {
        self.send(request, "192.0.2.7:4711", Body::empty()).await
    }

    /// Sends a body from an address.
    async fn send(
        &self,
        request: axum::http::request::Builder,
        from: &str,
        body: Body,
    ) -> (StatusCode, HeaderMap, Value) {
        let peer = Peer { address: from.parse().unwrap(), tls: true, uris: [].into() };
        let request: Request<Body> = request.extension(peer).body(body).unwrap();
        let response = router(self.door.clone()).oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (head.status, head.headers, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn get(&self, path: &str, token: &str) -> (StatusCode, HeaderMap, Value) {
        self.ask(Request::get(path).header("authorization", format!("Bearer {token}"))).await
    }
}

#[tokio::test]
async fn who_asks_too_often_waits_and_the_others_do_not() {
    let house = House::open().await;
    let (web, erp) = (house.token("web", "viewer").await, house.token("erp", "operator").await);
    for _ in 0..3 {
        assert_eq!(house.get("/v1/stores", &web).await.0, StatusCode::OK);
    }
    let (status, headers, problem) = house.get("/v1/stores", &web).await;
    assert_eq!((status, &problem["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("too_fast")));
    assert_eq!(headers["retry-after"], "1");
    assert!(!problem["remedy"].as_str().unwrap().is_empty());
    assert_eq!(house.get("/v1/stores", &erp).await.0, StatusCode::OK);
    assert_eq!(house.door.events.too_fast.get(), 1);
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    let house = House::open().await;
    let web = house.token("web", "viewer").await;
    assert_eq!(house.get("/v1/stores", &web).await.0, StatusCode::OK);
    assert!(house.door.parts.ledger.remove_token("web").await.unwrap());
    assert_eq!(house.get("/v1/stores", &web).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_credential_that_can_not_be_read_is_refused_on_this_machine_too() {
    let house = House::open().await;
    let mine = |request| house.send(request, "127.0.0.1:4711", Body::empty());
    assert_eq!(mine(Request::get("/v1/stores")).await.0, StatusCode::OK);
    for shown in ["Bearer", "Bearer ", "Basic YTpi", "tm_web"] {
        let request = Request::get("/v1/stores").header("authorization", shown);
        assert_eq!(mine(request).await.0, StatusCode::UNAUTHORIZED, "{shown:?}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_read_only_if_it_is_named() {
    let house = House::open().await;
    let web = house.token("web", "viewer").await;
    let bearer = format!("Bearer {web}");
    let asked = |origin: &str| Request::get("/v1/stores").header("authorization", &bearer).header("origin", origin);
    let (_, headers, _) = house.ask(asked(PAGE)).await;
    assert_eq!(
        (&headers["access-control-allow-origin"], &headers["vary"]),
        (&PAGE.parse().unwrap(), &"origin".parse().unwrap())
    );
    let (_, headers, _) = house.ask(asked("https://shop.example.evil")).await;
    assert!(!headers.contains_key("access-control-allow-origin"));
    // A browser asks before it shows a token.
    let question = |origin: &str| {
        let asks = Request::builder().method("OPTIONS").uri("/v1/inventory:batchGet").header("origin", origin);
        asks.header("access-control-request-method", "POST")
    };
    let (status, headers, _) = house.ask(question(PAGE)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(headers["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
    let (status, headers, _) = house.ask(question("null")).await;
    assert!(status.is_client_error() && !headers.contains_key("access-control-allow-origin"), "{status}");
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused_and_one_from_the_future_starts_over() {
    let house = House::open().await;
    house.door.parts.ledger.position(0, tidemark_model::StreamId([1; 16])).await.unwrap();
    let admin = house.token("boss", "admin").await;
    for bad in ["wait=0&cursor=17", "wait=0&cursor=1.1.0-1", "wait=61"] {
        let (status, _, problem) = house.get(&format!("/v1/changes?{bad}"), &admin).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("cursor")), "{bad}");
    }
    let other = house.token("other", "viewer").await;
    let (_, _, page) = house.get("/v1/changes?wait=0&cursor=1.1.0-77.", &other).await;
    assert_eq!((&page["restart"], &page["more"]), (&json!("ahead"), &json!(true)));
    let cursor = page["cursor"].as_str().unwrap();
    let (_, _, page) = house.get(&format!("/v1/changes?wait=0&cursor={cursor}"), &other).await;
    assert_eq!((&page["changes"], &page["restart"], &page["more"]), (&json!([]), &Value::Null, &json!(false)));
    assert!(house.folder.path().exists());
}
