//! The directory's rules, and a small provider that they are tried against.

use std::net::SocketAddr;
use std::sync::Mutex;

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use super::*;

fn directory() -> Directory {
    Directory::new(OidcSettings {
        issuer: "https://login.example".to_owned(),
        client_id: "tidemark".to_owned(),
        secret: serde_json::from_value(json!("s")).unwrap(),
        url: "https://hq.example/".to_owned(),
        role_claim: "realm_access.roles".to_owned(),
        role_prefix: "tidemark-".to_owned(),
        authorities: None,
    })
    .unwrap()
}

#[test]
fn the_highest_role_of_the_claim_counts_and_without_one_nobody_comes_in() {
    let of =
        |roles: Value| directory().of_claims(&json!({"preferred_username": "ana", "realm_access": {"roles": roles}}));
    let person = of(json!(["staff", "tidemark-viewer", "tidemark-operator", "operator-tidemark"])).unwrap();
    assert_eq!((person.name.as_str(), person.role), ("oidc:ana", Role::Operator));
    assert_eq!(of(json!("tidemark-admin x")).unwrap().role, Role::Admin);
    for none in [json!([]), json!(["admin"]), json!(true), json!({"tidemark-admin": 1})] {
        assert!(matches!(of(none), Err(DirectoryError::NoRole { .. })));
    }
}

#[test]
fn what_is_kept_comes_back_whole_or_not_at_all() {
    let asked = Asked::new().unwrap();
    assert_eq!(Asked::read(&asked.text()), Some(asked.clone()));
    assert_eq!(Asked::read(&format!("{}~x", asked.text())), None);
    assert_eq!(Asked::read("one~two"), None);
}

#[test]
fn only_tls_or_this_machine_is_safe() {
    for safe in ["https://a.example/x", "http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:9"] {
        assert!(is_safe(safe), "{safe}");
    }
    for open in ["http://a.example", "ftp://127.0.0.1", "http://127.0.0.1.example/", "localhost"] {
        assert!(!is_safe(open), "{open}");
    }
}

#[test]
fn words_of_a_form_are_encoded() {
    assert_eq!(form(&[("a", "b c&d=é"), ("e", "f")]), "a=b%20c%26d%3D%C3%A9&e=f");
}

fn settings(issuer: String) -> OidcSettings {
    OidcSettings {
        issuer,
        client_id: "tidemark".to_owned(),
        secret: serde_json::from_value(json!("s&cret")).unwrap(),
        url: "https://hq.example".to_owned(),
        role_claim: "roles".to_owned(),
        role_prefix: "tidemark-".to_owned(),
        authorities: None,
    }
}

/// A provider of one person.
struct Provider {
    address: SocketAddr,
    pair: EcdsaKeyPair,
    /// Nonce and challenge of the browser that came last.
    came: Mutex<(String, String)>,
}

impl Provider {
    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    fn token(&self) -> String {
        let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let nonce = self.came.lock().unwrap().0.clone();
        let claims = json!({
            "iss": self.issuer(), "aud": "tidemark", "exp": 2_000, "nonce": nonce, "sub": "1",
            "preferred_username": "ana", "roles": ["tidemark-operator"],
        });
        let text = format!("{}.{}", encoded(json!({"alg": "ES256", "kid": "k"})), encoded(claims));
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

type Shared = State<Arc<Provider>>;

async fn discovery(State(provider): Shared) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer());
    Json(json!({
        "issuer": provider.issuer(), "authorization_endpoint": at("/authorize?tenant=1"),
        "token_endpoint": at("/token"), "jwks_uri": at("/keys"),
    }))
}

async fn keys(State(provider): Shared) -> Json<Value> {
    let point = provider.pair.public_key().as_ref();
    let part = |range| URL_SAFE_NO_PAD.encode(point.get(range).unwrap());
    Json(json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": part(1..33), "y": part(33..65)}]}))
}

#[derive(serde::Deserialize)]
struct Exchange {
    code: String,
    code_verifier: String,
    redirect_uri: String,
}

async fn exchange(
    State(provider): Shared,
    headers: HeaderMap,
    Form(asked): Form<Exchange>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let refused = |why: &str| Err((StatusCode::BAD_REQUEST, Json(json!({ "error": why }))));
    let known = format!("Basic {}", STANDARD.encode("tidemark:s%26cret"));
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&known) {
        return refused("invalid_client");
    }
    let challenge = ring::digest::digest(&ring::digest::SHA256, asked.code_verifier.as_bytes());
    let same = URL_SAFE_NO_PAD.encode(challenge.as_ref()) == provider.came.lock().unwrap().1;
    if asked.code != "good" || !same || asked.redirect_uri != "https://hq.example/v1/session/callback" {
        return refused("invalid_grant");
    }
    Ok(Json(json!({ "id_token": provider.token(), "access_token": "x", "token_type": "Bearer" })))
}

async fn provider() -> Arc<Provider> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
    let address = listener.local_addr().unwrap();
    let provider = Arc::new(Provider { address, pair, came: Mutex::default() });
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .route("/token", post(exchange))
        .with_state(Arc::clone(&provider));
    tokio::spawn(async move { axum::serve(listener, router).await });
    provider
}

/// What a browser carries to the provider.
fn query(way: &str) -> std::collections::BTreeMap<String, String> {
    let (_, query) = way.split_once('?').unwrap();
    query.split('&').filter_map(|pair| pair.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_of_the_directory_comes_in_and_a_code_that_was_stolen_does_not() {
    let provider = provider().await;
    let directory = Directory::new(settings(provider.issuer())).unwrap();
    let (asked, asking) = (Asked::new().unwrap(), directory.clone());
    let sent = asked.clone();
    let way = tokio::task::spawn_blocking(move || asking.way(&sent)).await.unwrap().unwrap();
    let carried = query(&way);
    assert!(way.starts_with(&format!("{}/authorize?tenant=1&response_type=code", provider.issuer())), "{way}");
    assert_eq!(carried["state"], asked.state);
    assert_eq!(carried["code_challenge_method"], "S256");
    *provider.came.lock().unwrap() = (carried["nonce"].clone(), carried["code_challenge"].clone());
    let person = |asked: &Asked, code: &'static str, now_s: i64| {
        let (directory, asked) = (directory.clone(), asked.clone());
        tokio::task::spawn_blocking(move || directory.person(&asked, code, now_s))
    };
    let found = person(&asked, "good", 1_000).await.unwrap().unwrap();
    assert_eq!(found, Person { name: "oidc:ana".to_owned(), role: Role::Operator });
    let refused = |error: Result<Person, DirectoryError>| matches!(error, Err(DirectoryError::Answer(_)));
    assert!(refused(person(&asked, "bad", 1_000).await.unwrap()));
    assert!(refused(person(&Asked::new().unwrap(), "good", 1_000).await.unwrap()), "another browser's verifier");
    assert!(refused(person(&asked, "good", 3_000).await.unwrap()), "a token of yesterday");
    let other = Asked { nonce: "another".to_owned(), ..asked.clone() };
    assert!(refused(person(&other, "good", 1_000).await.unwrap()), "another sign-in's token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_is_down_is_told_as_such() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let directory = Directory::new(settings(format!("http://{free}"))).unwrap();
    let asked = Asked::new().unwrap();
    let way = tokio::task::spawn_blocking(move || directory.way(&asked)).await.unwrap();
    assert!(matches!(&way, Err(DirectoryError::Away { issuer, .. }) if issuer.contains("127.0.0.1")), "{way:?}");
}

#[test]
fn a_directory_or_a_way_back_that_anybody_can_listen_to_is_refused() {
    let open = OidcSettings { url: "http://hq.example".to_owned(), ..settings("https://login.example".to_owned()) };
    for settings in [settings("http://login.example".to_owned()), open] {
        assert!(matches!(Directory::new(settings), Err(DirectoryError::Settings(_))));
    }
}
