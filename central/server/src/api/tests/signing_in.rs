//! People who sign in, and pages that would use their cookie.

use tidemark_ledger::{AuditFilter, Kept};

use super::*;

const SECRET: &str = "a long pass phrase";
const ELSEWHERE: &str = "192.0.2.7:4711";
const HERE: &str = "127.0.0.1:4711";

/// A browser: what it shows with each request.
struct Browser<'h> {
    house: &'h House,
    from: &'static str,
    cookie: String,
    csrf: String,
}

impl<'h> Browser<'h> {
    fn at(house: &'h House, from: &'static str) -> Self {
        Self { house, from, cookie: String::new(), csrf: String::new() }
    }

    /// Signs in, and asks for the word of the session as the page does.
    async fn signed_in(house: &'h House, name: &str) -> Self {
        let mut browser = Self::at(house, ELSEWHERE);
        let (status, headers, told) = browser.try_in(name, SECRET).await;
        assert_eq!((status, &told["user"]), (StatusCode::OK, &json!(name)));
        let cookie = headers["set-cookie"].to_str().unwrap();
        for part in ["; HttpOnly", "; SameSite=Strict", "; Secure", "; Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser.csrf = browser.session().await["csrf"].as_str().unwrap().to_owned();
        browser
    }

    async fn try_in(&self, name: &str, password: &str) -> (StatusCode, HeaderMap, Value) {
        let body = json!({ "user": name, "password": password });
        let request = Request::post("/v1/session").header("content-type", "application/json");
        self.house.send(request, self.from, Body::from(body.to_string())).await
    }

    async fn session(&self) -> Value {
        self.ask(Request::get("/v1/session"), "").await.2
    }

    async fn ask(&self, request: axum::http::request::Builder, body: &'static str) -> (StatusCode, HeaderMap, Value) {
        let request = request.header("cookie", &self.cookie).header("x-csrf-token", &self.csrf);
        self.house.send(request.header("sec-fetch-site", "same-origin"), self.from, Body::from(body)).await
    }

    async fn imports(&self) -> (StatusCode, String) {
        let request = Request::post("/v1/stores:import").header("content-type", "text/csv");
        let (status, _, told) = self.ask(request, "store,name\nS0001,Shop\n").await;
        (status, told["code"].as_str().unwrap_or_default().to_owned())
    }

    async fn sees(&self, path: &str) -> StatusCode {
        self.ask(Request::get(path), "").await.0
    }
}

impl House {
    async fn with_user(&self, name: &str, role: &str) {
        let ledger = &self.door.parts.ledger;
        ledger.add_user(name, role).await.unwrap();
        let hashed =
            self.door.sign_in.hashed(self.door.sign_in.place_in_row().unwrap(), SECRET.to_owned()).await.unwrap();
        assert!(ledger.set_password(name, &hashed).await.unwrap());
    }

    async fn noted(&self) -> Vec<(String, String, String)> {
        let noted = self.door.parts.ledger.audit(&AuditFilter::default(), 100).await.unwrap();
        let told = |row: tidemark_ledger::AuditRow| (row.entry.who, row.entry.role, row.entry.action);
        noted.into_iter().rev().map(told).collect()
    }
}

fn refused(status: StatusCode, code: &str) -> (StatusCode, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn each_role_may_do_its_part_and_each_change_is_noted_by_its_person() {
    let house = House::open().await;
    for role in ["viewer", "operator", "admin"] {
        house.with_user(role, role).await;
        let browser = Browser::signed_in(&house, role).await;
        assert_eq!(browser.session().await["role"], json!(role));
        assert_eq!(browser.sees("/v1/stores").await, StatusCode::OK);
        let may = role != "viewer";
        let expected = if may { (StatusCode::OK, String::new()) } else { refused(StatusCode::FORBIDDEN, "forbidden") };
        assert_eq!(browser.imports().await, expected, "{role}");
        assert_eq!(browser.sees("/v1/audit").await == StatusCode::OK, may, "{role}");
    }
    let line = |who: &str, action: &str| (who.to_owned(), who.to_owned(), action.to_owned());
    assert_eq!(
        house.noted().await,
        [
            line("viewer", "session.begin"),
            line("operator", "session.begin"),
            line("operator", "stores.import"),
            line("admin", "session.begin"),
            line("admin", "stores.import"),
        ]
    );
}

#[tokio::test]
async fn a_page_elsewhere_can_not_use_the_cookie_of_a_session() {
    let house = House::open().await;
    house.with_user("olaf", "operator").await;
    let mut browser = Browser::signed_in(&house, "olaf").await;
    let request =
        || Request::post("/v1/stores:import").header("content-type", "text/csv").header("cookie", &browser.cookie);
    let code = async |request| {
        let (status, _, told) = house.send(request, ELSEWHERE, Body::from("store,name\nS1,x\n")).await;
        (status, told["code"].as_str().unwrap_or_default().to_owned())
    };
    let csrf = refused(StatusCode::FORBIDDEN, "csrf");
    assert_eq!(code(request()).await, csrf, "the cookie alone");
    assert_eq!(code(request().header("x-csrf-token", "AAAA")).await, csrf, "another word");
    let with_word = || request().header("x-csrf-token", &browser.csrf);
    assert_eq!(code(with_word().header("sec-fetch-site", "cross-site")).await, csrf);
    assert_eq!(code(with_word().header("origin", "https://evil.example").header("host", "hq.example")).await, csrf);
    assert_eq!(house.noted().await.len(), 1, "nothing was done but the sign-in");
    assert_eq!(code(with_word()).await.0, StatusCode::OK);
    // The word of one session is none of another's.
    let word = std::mem::take(&mut browser.csrf);
    let other = Browser { csrf: word, ..Browser::signed_in(&house, "olaf").await };
    assert_eq!(other.imports().await, csrf);
    let (status, ..) = other.ask(Request::delete("/v1/session"), "").await;
    assert_eq!(status, StatusCode::FORBIDDEN, "nor may it sign somebody out");
}

#[tokio::test]
async fn on_the_centres_own_machine_a_page_elsewhere_changes_nothing_either() {
    let house = House::open().await;
    let csv = || Request::post("/v1/stores:import").header("content-type", "text/csv");
    let code = async |request: axum::http::request::Builder| {
        let (status, _, told) = house.send(request, HERE, Body::from("store,name\nS1,x\n")).await;
        (status, told["code"].as_str().unwrap_or_default().to_owned())
    };
    let csrf = refused(StatusCode::FORBIDDEN, "csrf");
    assert_eq!(code(csv().header("sec-fetch-site", "cross-site")).await, csrf);
    assert_eq!(code(csv().header("origin", "https://evil.example").header("host", "127.0.0.1:8400")).await, csrf);
    let led_here = csv().header("host", "evil.example").header("origin", "http://evil.example");
    assert_eq!(code(led_here.header("sec-fetch-site", "same-origin")).await, csrf);
    assert_eq!(code(csv().header("host", "localhost:8400")).await.0, StatusCode::OK);
    assert_eq!(
        Browser::at(&house, HERE).session().await,
        json!({"user": null, "role": "admin", "csrf": null, "directory": false})
    );
    assert_eq!(Browser::at(&house, ELSEWHERE).session().await["role"], Value::Null);
}

#[tokio::test]
async fn who_guesses_waits_and_is_noted_and_cannot_tell_who_there_is() {
    let house = House::open().await;
    house.with_user("ana", "viewer").await;
    let browser = Browser::at(&house, ELSEWHERE);
    let (status, _, known) = browser.try_in("ana", "wrong").await;
    assert_eq!((status, &known["code"]), (StatusCode::UNAUTHORIZED, &json!("sign_in")));
    assert_eq!(browser.try_in("nobody'; --", "wrong").await.2, known, "a name that is none is told as little");
    for _ in 0..4 {
        assert_eq!(browser.try_in("ana", "wrong").await.0, StatusCode::UNAUTHORIZED);
    }
    let (status, headers, told) = browser.try_in("ana", SECRET).await;
    assert_eq!((status, &told["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("sign_in_wait")));
    assert!(headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 30);
    assert_eq!(house.noted().await.iter().filter(|(.., action)| action == "session.refused").count(), 6);
}

#[tokio::test]
async fn a_session_ends_with_its_person_and_its_password() {
    let house = House::open().await;
    let ledger = house.door.parts.ledger.clone();
    house.with_user("olaf", "operator").await;
    let one = Browser::signed_in(&house, "olaf").await;
    let two = Browser::signed_in(&house, "olaf").await;
    let (status, headers, _) = one.ask(Request::delete("/v1/session"), "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(one.sees("/v1/stores").await, StatusCode::UNAUTHORIZED, "signed out");
    assert_eq!(two.sees("/v1/stores").await, StatusCode::OK, "elsewhere still in");
    assert!(ledger.set_role("olaf", "viewer").await.unwrap());
    assert_eq!(two.imports().await, refused(StatusCode::FORBIDDEN, "forbidden"), "another role holds at once");
    let hashed =
        house.door.sign_in.hashed(house.door.sign_in.place_in_row().unwrap(), SECRET.to_owned()).await.unwrap();
    assert!(ledger.set_password("olaf", &hashed).await.unwrap());
    assert_eq!(two.sees("/v1/stores").await, StatusCode::UNAUTHORIZED, "another password");
    let three = Browser::signed_in(&house, "olaf").await;
    assert!(ledger.disable_user("olaf", true).await.unwrap());
    assert_eq!(three.sees("/v1/stores").await, StatusCode::UNAUTHORIZED, "disabled");
    assert_eq!(three.try_in("olaf", SECRET).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_administrator_ends_the_sessions_of_a_person_of_the_directory() {
    let house = House::open().await;
    for role in ["operator", "admin"] {
        house.with_user(role, role).await;
    }
    let begun = house.door.sign_in.begin(&house.door.parts.ledger, "oidc:ana", Some("operator")).await.unwrap();
    let mut ana = Browser::at(&house, ELSEWHERE);
    ana.cookie = format!("tidemark_session={begun}");
    ana.csrf = ana.session().await["csrf"].as_str().unwrap().to_owned();
    assert_eq!(ana.sees("/v1/stores").await, StatusCode::OK);
    let end = async |by: &Browser<'_>, body: &'static str| {
        let request = Request::post("/v1/sessions:end").header("content-type", "application/json");
        let (status, _, told) = by.ask(request, body).await;
        (status, told)
    };
    const ANA: &str = "{\"user\":\"oidc:ana\"}";
    let operator = Browser::signed_in(&house, "operator").await;
    assert_eq!(operator.sees("/v1/sessions").await, StatusCode::FORBIDDEN);
    assert_eq!(end(&operator, ANA).await.0, StatusCode::FORBIDDEN);
    assert_eq!(ana.sees("/v1/stores").await, StatusCode::OK);
    let admin = Browser::signed_in(&house, "admin").await;
    let open = admin.ask(Request::get("/v1/sessions"), "").await.2;
    let who: Vec<_> = open["sessions"].as_array().unwrap().iter().map(|session| session["user"].as_str()).collect();
    assert!(who.len() == 3 && who.contains(&Some("oidc:ana")), "{open}");
    assert_eq!(end(&admin, ANA).await, (StatusCode::OK, json!({ "ended": 1 })));
    assert_eq!(ana.sees("/v1/stores").await, StatusCode::UNAUTHORIZED, "at once");
    assert_eq!(operator.sees("/v1/stores").await, StatusCode::OK, "others go on");
    assert_eq!(end(&admin, ANA).await, (StatusCode::OK, json!({ "ended": 0 })));
    assert_eq!(end(&admin, "{}").await.0, StatusCode::BAD_REQUEST);
    let last = house.noted().await.pop().unwrap();
    assert_eq!(last, ("admin".to_owned(), "admin".to_owned(), "session.end".to_owned()));
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_a_bad_one_does_not_use_it_up() {
    let house = House::open().await;
    let ledger = &house.door.parts.ledger;
    ledger.add_user("ana", "viewer").await.unwrap();
    let kept = Kept { hash: TokenHash::of("link-1").0, lives_ms: 60_000 };
    assert!(ledger.add_link("ana", kept).await.unwrap());
    let set = async |link: &str, password: &str| {
        let body = json!({ "link": link, "password": password }).to_string();
        let request = Request::post("/v1/session:link").header("content-type", "application/json");
        let (status, _, told) = house.send(request, ELSEWHERE, Body::from(body)).await;
        (status, told["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(set("link-2", SECRET).await, refused(StatusCode::GONE, "link_over"));
    assert_eq!(set("link-2", "short").await, refused(StatusCode::UNPROCESSABLE_ENTITY, "bad_password"));
    assert_eq!(set("link-1", "short").await, refused(StatusCode::UNPROCESSABLE_ENTITY, "bad_password"));
    assert_eq!(set("link-1", SECRET).await.0, StatusCode::OK);
    assert_eq!(set("link-1", SECRET).await, refused(StatusCode::GONE, "link_over"));
    assert_eq!(Browser::signed_in(&house, "ana").await.sees("/v1/stores").await, StatusCode::OK);
    let (status, _, told) = house
        .send(
            Request::post("/v1/session").header("content-type", "application/json"),
            ELSEWHERE,
            Body::from("{\"password\":\"my secret"),
        )
        .await;
    assert_eq!((status, &told["code"]), (StatusCode::BAD_REQUEST, &json!("broken_json")));
    assert!(!told.to_string().contains("my secret"), "what was typed is not told again");
}

#[tokio::test]
async fn who_comes_back_from_the_directory_without_having_gone_is_not_signed_in() {
    let house = House::open().await;
    for path in ["/v1/session/directory", "/v1/session/callback?code=x&state=y"] {
        let (status, headers, _) = house.ask(Request::get(path)).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(headers["location"], "/sign-in?problem=not_found");
    }
}
