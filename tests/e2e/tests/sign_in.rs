//! People of head office: made on the command line, signed in over HTTP, and
//! known again after the centre was started anew.

use std::path::PathBuf;
use std::process::Stdio;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tidemark_e2e::scene::Trouble;
use tidemark_fleet::process::Daemon;
use tidemark_fleet::stage::{Programs, Stage};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

const SECRET: &str = "a long pass phrase";
const JSON: &str = "application/json";
const CSV: &str = "text/csv";

/// A centre and where it keeps its files.
struct Office {
    centre: Daemon,
    data: PathBuf,
}

/// What a browser shows: the cookie of a session and its word.
struct Browser {
    cookie: String,
    csrf: String,
}

impl Office {
    async fn open(stage: &Stage) -> Result<Self, Trouble> {
        let data = stage.folder().join("centre");
        Ok(Self { centre: Daemon::start(stage.centre(&[])?).await?, data })
    }

    /// Runs the command line of the centre's machine; what it prints.
    async fn command(&self, arguments: &[&str], typed: &str) -> Result<String, Trouble> {
        let mut command = Command::new(&self.centre.recipe().program);
        command.args(arguments).arg("--data").arg(&self.data);
        let mut running = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut stdin = running.stdin.take().ok_or("no stdin")?;
        stdin.write_all(typed.as_bytes()).await?;
        drop(stdin);
        let ended = running.wait_with_output().await?;
        if ended.status.success() {
            return Ok(String::from_utf8(ended.stdout)?);
        }
        Err(String::from_utf8_lossy(&ended.stderr).into_owned().into())
    }

    async fn send(
        &self,
        (method, path): (Method, &str),
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Response, Trouble> {
        let mut request = self.centre.recipe().client().request(method, self.centre.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(request.send().await?)
    }

    async fn try_in(&self, user: &str, password: &str) -> Result<Response, Trouble> {
        let body = json!({ "user": user, "password": password }).to_string();
        self.send((Method::POST, "/v1/session"), &[("content-type", JSON)], body).await
    }

    async fn sign_in(&self, user: &str) -> Result<Browser, Trouble> {
        let answer = self.try_in(user, SECRET).await?;
        assert_eq!(answer.status(), 200, "{user}");
        let cookie = answer.headers().get("set-cookie").ok_or("no cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or("").to_owned();
        let session = self.send((Method::GET, "/v1/session"), &[("cookie", &cookie)], String::new()).await?;
        let session: Value = session.json().await?;
        let csrf = session.get("csrf").and_then(Value::as_str).ok_or("no word")?.to_owned();
        Ok(Browser { cookie, csrf })
    }

    /// Status and problem code of what a browser asks for.
    async fn by(
        &self,
        browser: &Browser,
        what: (Method, &str),
        kind: &str,
        body: String,
    ) -> Result<(u16, String), Trouble> {
        let headers = [
            ("cookie", browser.cookie.as_str()),
            ("x-csrf-token", &browser.csrf),
            ("sec-fetch-site", "same-origin"),
            ("content-type", kind),
        ];
        told(self.send(what, &headers, body).await?).await
    }

    async fn audit(&self, query: &str) -> Result<Vec<Value>, Trouble> {
        let told = self.centre.get(&format!("/v1/audit?{query}")).await?;
        Ok(told.get("audit").and_then(Value::as_array).cloned().ok_or("no audit")?)
    }
}

async fn told(answer: Response) -> Result<(u16, String), Trouble> {
    let status = answer.status().as_u16();
    let told: Value = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
    Ok((status, told.get("code").and_then(Value::as_str).unwrap_or_default().to_owned()))
}

fn text<'v>(entry: &'v Value, name: &str) -> &'v str {
    entry.get(name).and_then(Value::as_str).unwrap_or("")
}

#[tokio::test]
async fn people_sign_in_change_what_they_may_and_are_known_after_the_centre_was_started_anew() -> Result<(), Trouble> {
    let stage = Stage::new(Programs::beside_this()?)?;
    let mut office = Office::open(&stage).await?;
    for (name, role) in [("vera", "viewer"), ("olaf", "operator")] {
        let link = office.command(&["user", "add", name, "--role", role], "").await?;
        let link = link.trim().rsplit_once("/sign-in#link=").ok_or("no link")?.1.to_owned();
        let body = json!({ "link": link, "password": SECRET }).to_string();
        let set = (Method::POST, "/v1/session:link");
        let first = told(office.send(set.clone(), &[("content-type", JSON)], body.clone()).await?).await?;
        assert_eq!(first.0, 200);
        let again = told(office.send(set, &[("content-type", JSON)], body).await?).await?;
        assert_eq!(again, (410, "link_over".to_owned()));
    }
    assert!(office.command(&["user", "add", "vera", "--role", "admin"], "").await.is_err(), "there is one");
    assert!(office.command(&["user", "passwd", "vera"], "short\n").await.is_err());
    let (vera, olaf) = (office.sign_in("vera").await?, office.sign_in("olaf").await?);
    let imports = |name: &str| ((Method::POST, "/v1/stores:import"), CSV, format!("store,name\nS0001,{name}\n"));
    let (what, kind, body) = imports("by vera");
    assert_eq!(office.by(&vera, what, kind, body).await?, (403, "forbidden".to_owned()));
    let (what, kind, body) = imports("by olaf");
    assert_eq!(office.by(&olaf, what, kind, body).await?.0, 200);
    let stolen = Browser { csrf: vera.csrf.clone(), cookie: olaf.cookie.clone() };
    let (what, kind, body) = imports("by a thief");
    assert_eq!(office.by(&stolen, what, kind, body).await?, (403, "csrf".to_owned()));

    office.centre.restart().await?;
    assert_eq!(office.by(&vera, (Method::GET, "/v1/stores"), JSON, String::new()).await?.0, 200, "the session goes on");
    office.command(&["user", "disable", "vera"], "").await?;
    assert_eq!(
        office.by(&vera, (Method::GET, "/v1/stores"), JSON, String::new()).await?.0,
        200,
        "as the machine's own"
    );
    let session = office.send((Method::GET, "/v1/session"), &[("cookie", &vera.cookie)], String::new()).await?;
    assert_eq!(session.json::<Value>().await?.get("user"), Some(&Value::Null), "but not as vera");
    assert_eq!(told(office.try_in("vera", SECRET).await?).await?, (401, "sign_in".to_owned()));
    office.command(&["user", "passwd", "olaf"], "another long pass phrase\n").await?;
    assert_eq!(told(office.try_in("olaf", SECRET).await?).await?.0, 401);
    assert_eq!(office.try_in("olaf", "another long pass phrase").await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn each_decision_of_a_person_is_in_the_audit_by_who_and_why() -> Result<(), Trouble> {
    let stage = Stage::new(Programs::beside_this()?)?;
    let office = Office::open(&stage).await?;
    office.command(&["user", "add", "olaf", "--role", "operator"], "").await?;
    office.command(&["user", "passwd", "olaf"], &format!("{SECRET}\n")).await?;
    let olaf = office.sign_in("olaf").await?;
    let why = "<b>why</b> '; DROP TABLE audit; --";
    let decision = |more: Value| {
        let mut body = json!({ "author": "olaf", "reason": why });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        body.to_string()
    };
    for (path, kind, body, status) in [
        ("/v1/stores:import", CSV, "store,name\nS0001,Shop\n".to_owned(), 200),
        ("/v1/catalogue:import", CSV, "sku,name\nA,Apple\n".to_owned(), 200),
        ("/v1/stock:open", CSV, "store,sku,quantity\nS0001,A,5\n".to_owned(), 202),
        ("/v1/suspense:map", JSON, decision(json!({ "code": "4006381333931", "sku": "A" })), 200),
        ("/v1/suspense:ignore", JSON, decision(json!({ "code": "bag" })), 200),
        ("/v1/safety-stock:set", JSON, json!({ "rules": [{ "store": "S0001", "quantity": 2 }] }).to_string(), 200),
        ("/v1/instructions", JSON, json!({ "store": "S0001", "kind": "resend", "reason": why }).to_string(), 202),
    ] {
        assert_eq!(office.by(&olaf, (Method::POST, path), kind, body).await?.0, status, "{path}");
    }
    let noted = office.audit("who=olaf").await?;
    let actions: Vec<&str> = noted.iter().rev().map(|entry| text(entry, "action")).collect();
    assert_eq!(
        actions,
        [
            "session.begin",
            "stores.import",
            "catalogue.import",
            "stock.open",
            "suspense.map",
            "suspense.ignore",
            "safety_stock.set",
            "instruct",
        ]
    );
    assert!(noted.iter().all(|entry| text(entry, "role") == "operator"), "{noted:?}");
    let because = noted.iter().filter(|entry| text(entry, "reason") == why).count();
    assert_eq!(because, 3, "{noted:?}");
    let made = office.audit("action=user").await?;
    assert_eq!(made.iter().map(|entry| text(entry, "who")).collect::<Vec<_>>(), ["command line"; 3]);
    for _ in 0..5 {
        assert_eq!(told(office.try_in("olaf", "a wrong pass phrase").await?).await?.0, 401);
    }
    assert_eq!(told(office.try_in("olaf", SECRET).await?).await?, (429, "sign_in_wait".to_owned()));
    assert_eq!(office.audit("action=session.refused").await?.len(), 5);
    Ok(())
}
