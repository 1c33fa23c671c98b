//! Off loopback: no plaintext, no strangers, no rights beyond one's own.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tidemark_e2e::network::{OFF_LOOPBACK, is_inside, run_inside};
use tidemark_e2e::scene::{STORE, Trouble, sale, wait_for};
use tidemark_fleet::papers::Papers;
use tidemark_fleet::process::{Daemon, Recipe};
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_fleet::submit::ONE;

/// Runs a program to its end: its code, stdout and stderr.
fn run(program: &Path, arguments: &[&str]) -> Result<(Option<i32>, String, String), Trouble> {
    let output = Command::new(program).args(arguments).output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status.code(), text(&output.stdout), text(&output.stderr)))
}

/// A caller with or without a token.
#[derive(Debug)]
struct Caller {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Caller {
    fn of(daemon: &Daemon, token: Option<&str>) -> Self {
        Self { client: daemon.recipe().client(), base: daemon.url(""), token: token.map(str::to_owned) }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<(u16, Value), Trouble> {
        let request = self.token.iter().fold(request, |request, token| request.bearer_auth(token));
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok((status, serde_json::from_str(&answer.text().await?).unwrap_or(Value::Null)))
    }

    async fn get(&self, path: &str) -> Result<(u16, Value), Trouble> {
        self.send(self.client.get(format!("{}{path}", self.base))).await
    }

    async fn post(&self, path: &str, kind: &str, body: String) -> Result<(u16, Value), Trouble> {
        self.send(self.client.post(format!("{}{path}", self.base)).header("content-type", kind).body(body)).await
    }

    async fn submit(&self, event: &Value) -> Result<(u16, Value), Trouble> {
        self.post("/v1/events", ONE, event.to_string()).await
    }
}

/// A token of the centre.
fn token(recipe: &Recipe, data: &Path, name: &str, role: &str) -> Result<String, Trouble> {
    let data = data.display().to_string();
    let (code, out, said) = run(&recipe.program, &["token", "add", name, "--role", role, "--data", &data])?;
    assert_eq!(code, Some(0), "{said}");
    Ok(out.trim().to_owned())
}

/// A token of a till at a box.
fn till(recipe: &Recipe, data: &Path, name: &str) -> Result<String, Trouble> {
    let data = data.display().to_string();
    let (code, out, said) = run(&recipe.program, &["till", "add", name, "--data", &data, "--store", STORE])?;
    assert_eq!(code, Some(0), "{said}");
    Ok(out.trim().to_owned())
}

fn assert_no_secret(daemon: &Daemon, secrets: &[&str]) {
    let log = std::fs::read_to_string(&daemon.recipe().log).unwrap();
    for secret in secrets {
        assert!(!log.contains(secret), "a secret is in the log of {}", daemon.recipe().name);
    }
}

#[test]
fn plaintext_is_refused_off_loopback_with_what_to_do() -> Result<(), Trouble> {
    let programs = Programs::beside_this()?;
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data").display().to_string();
    for (program, arguments) in [
        (&programs.central, ["serve", "--data", &data, "--http", "0.0.0.0:0"].as_slice()),
        (&programs.edge, &["run", "--data", &data, "--store", STORE, "--http", "0.0.0.0:0"]),
    ] {
        let (code, out, said) = run(program, arguments)?;
        assert_eq!((code, out.as_str()), (Some(78), ""), "{said}");
        assert!(said.contains("tls."), "{said}");
    }
    Ok(())
}

#[test]
fn callers_and_boxes_are_known_or_refused() -> Result<(), Trouble> {
    if !is_inside() {
        return run_inside("callers_and_boxes_are_known_or_refused");
    }
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let stage = Stage::with_tls(Programs::beside_this()?, OFF_LOOPBACK)?;
        let centre = Daemon::start(stage.centre(&[])?).await?;
        let (viewer, operator) = callers_have_the_rights_of_their_role(&stage, &centre).await?;
        let (edge, token) = a_till_submits_for_itself_alone(&stage, &centre, &viewer).await?;
        a_box_of_another_store_or_authority_is_refused(&stage, &centre, &viewer).await?;
        assert_no_secret(&centre, &[viewer.token.as_deref().unwrap(), operator.token.as_deref().unwrap()]);
        assert_no_secret(&edge, &[&token, "PRIVATE KEY"]);
        Ok(())
    })
}

async fn callers_have_the_rights_of_their_role(stage: &Stage, centre: &Daemon) -> Result<(Caller, Caller), Trouble> {
    let data = stage.folder().join("centre");
    let (status, problem) = Caller::of(centre, None).get("/v1/stores").await?;
    assert_eq!(status, 401);
    assert!(problem["remedy"].as_str().unwrap().contains("token"), "{problem}");
    let (status, _) = Caller::of(centre, Some("made-up")).get("/v1/stores").await?;
    assert_eq!(status, 401);

    let viewer = Caller::of(centre, Some(&token(centre.recipe(), &data, "web", "viewer")?));
    let operator = Caller::of(centre, Some(&token(centre.recipe(), &data, "erp", "operator")?));
    assert_eq!(viewer.get("/v1/stores").await?.0, 200);
    let catalogue = "sku,name,barcode\nPEN-1,Highlighter,4006381333931\n".to_owned();
    let (status, problem) = viewer.post("/v1/catalogue:import", "text/csv", catalogue.clone()).await?;
    assert_eq!(status, 403, "{problem}");
    for path in ["/v1/reservations", "/v1/transfers/T1:close", "/v1/safety-stock:set", "/v1/suspense:map"] {
        let (status, problem) = viewer.post(path, "application/json", "{}".to_owned()).await?;
        assert_eq!((status, problem["code"].as_str()), (403, Some("forbidden")), "{path}");
    }
    assert_eq!(operator.post("/v1/catalogue:import", "text/csv", catalogue).await?.0, 200);
    let (status, answer) =
        operator.post("/v1/stores:import", "text/csv", format!("store,name\n{STORE},High Street\n")).await?;
    assert_eq!(status, 200, "{answer}");

    let gone = Caller::of(centre, Some(&token(centre.recipe(), &data, "old", "admin")?));
    assert_eq!(gone.get("/v1/stores").await?.0, 200);
    let folder = data.display().to_string();
    let (_, list, _) = run(&centre.recipe().program, &["token", "list", "--data", &folder])?;
    assert!(list.contains("old") && !list.contains(gone.token.as_deref().unwrap()), "{list}");
    run(&centre.recipe().program, &["token", "remove", "old", "--data", &folder])?;
    assert_eq!(gone.get("/v1/stores").await?.0, 401, "a removed token is refused at once");
    Ok((viewer, operator))
}

async fn a_till_submits_for_itself_alone(
    stage: &Stage,
    centre: &Daemon,
    viewer: &Caller,
) -> Result<(Daemon, String), Trouble> {
    let recipe = stage.edge(STORE, centre.recipe().http, &[])?;
    let data = stage.folder().join(format!("box-{STORE}"));
    let token = till(&recipe, &data, "till:1")?;
    let edge = Daemon::start(recipe).await?;
    let one = Caller::of(&edge, Some(&token));
    let (status, problem) = Caller::of(&edge, None).submit(&sale("a-1", "4006381333931", 1)).await?;
    assert_eq!(status, 401, "{problem}");
    let (status, answer) = one.submit(&sale("a-1", "4006381333931", 1)).await?;
    assert_eq!((status, &answer["results"][0]["status"]), (200, &json!("accepted")), "{answer}");
    let mut of_another = sale("a-2", "4006381333931", 1);
    of_another["source"] = json!("till:2");
    let (status, answer) = one.submit(&of_another).await?;
    assert_eq!((status, &answer["results"][0]["status"]), (200, &json!("rejected")), "{answer}");
    let arrived = wait_for("the sale at head office", || async {
        let (_, row) = viewer.get(&format!("/v1/stores/{STORE}")).await?;
        // One more if the catalogue came after the sale: the code's resolve.
        let committed = row["committed"].as_u64().unwrap_or(0);
        Ok(committed >= 1 && row["applied"] == row["committed"] && row["digest"] == json!("match"))
    });
    let logs = || format!("centre:\n{}\nbox:\n{}", centre.log_tail(), edge.log_tail());
    arrived.await.map_err(|trouble| format!("{trouble}\n{}", logs()))?;
    Ok((edge, token))
}

async fn a_box_of_another_store_or_authority_is_refused(
    stage: &Stage,
    centre: &Daemon,
    viewer: &Caller,
) -> Result<(), Trouble> {
    // One that says it is S0002 with the certificate of S0003, one with a
    // certificate that anybody can make.
    let wrong = stage.papers().unwrap().of_a_box("S0003")?;
    let strangers = Papers::of_a_new_authority(&stage.folder().join("strangers"))?.of_a_box("S0004")?;
    for (store, paper) in [("S0002", wrong), ("S0004", strangers)] {
        let mut recipe = stage.edge(store, centre.recipe().http, &[])?;
        for argument in &mut recipe.arguments {
            let text = argument.to_string_lossy().into_owned();
            if text.starts_with("centre.certificate=") {
                *argument = format!("centre.certificate={}", paper.certificate.display()).into();
            } else if text.starts_with("centre.key=") {
                *argument = format!("centre.key={}", paper.key.display()).into();
            }
        }
        let data = stage.folder().join(format!("box-{store}"));
        let (_, _, said) =
            run(&recipe.program, &["till", "add", "till:1", "--data", &data.display().to_string(), "--store", store])?;
        assert_eq!(said, "");
        let edge = Daemon::spawn(recipe)?;
        wait_for("the refusal in the box's log", || async {
            let log = edge.log_tail();
            Ok(log.contains("TM-") || log.contains("certificate"))
        })
        .await?;
        assert_eq!(viewer.get(&format!("/v1/stores/{store}")).await?.0, 404, "{store} is not known");
    }
    Ok(())
}

#[test]
fn a_handheld_is_let_in_by_the_code_of_the_box_and_by_a_cookie_from_then_on() -> Result<(), Trouble> {
    if !is_inside() {
        return run_inside("a_handheld_is_let_in_by_the_code_of_the_box_and_by_a_cookie_from_then_on");
    }
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let stage = Stage::with_tls(Programs::beside_this()?, OFF_LOOPBACK)?;
        let nowhere = tidemark_fleet::process::free_address()?;
        let configuration = stage.folder().join("lanes.toml");
        std::fs::write(&configuration, "[[lane]]\nname = \"goods-in\"\nmode = \"receive\"\n")?;
        let recipe = stage.edge(STORE, nowhere, &["--config".to_owned(), configuration.display().to_string()])?;
        let (program, data) = (recipe.program.clone(), stage.folder().join(format!("box-{STORE}")));
        let edge = Daemon::start(recipe).await?;
        let own = |arguments: &[&str]| {
            let data = data.display().to_string();
            run(&program, &[arguments, &["--data", &data, "--store", STORE]].concat())
        };
        let browser = Browser { client: edge.recipe().client(), base: edge.url("") };
        let (status, to, _) = browser.get("/h", None).await?;
        assert_eq!((status, to.as_deref()), (303, Some("/join")), "without a cookie a browser is led to the form");
        assert_eq!(browser.get("/join", None).await?.0, 200);
        assert_eq!(browser.post("/join", "code=123456", None).await?.0, 200, "no pairing is open");
        let (code, said, _) = own(&["till", "pair", "handheld:1"])?;
        assert_eq!(code, Some(0));
        let shown = said.trim();
        let (status, to, cookie) = browser.post("/join", &format!("code={shown}&language=de"), None).await?;
        assert_eq!((status, to.as_deref()), (303, Some("/h?language=de")));
        let cookie = cookie.expect("a cookie");
        for word in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/h"] {
            assert!(cookie.contains(word), "{word}: {cookie}");
        }
        let cookie = cookie.split(';').next().map(str::to_owned);
        assert_eq!(browser.get("/h/goods-in", cookie.as_deref()).await?.0, 200);
        let line = "code=4006381333931&page=7";
        let (status, to, _) = browser.post("/h/goods-in", line, cookie.as_deref()).await?;
        assert_eq!((status, to.as_deref()), (303, Some("/h/goods-in?language=en")));
        // It opens nothing else, and a form of somebody else's page nothing at all.
        assert_eq!(browser.get("/v1/status", cookie.as_deref()).await?.0, 401);
        let strange =
            browser.client.post(format!("{}/h/goods-in", browser.base)).header("origin", "https://evil.example");
        let strange = strange.header("content-type", FORM).header("cookie", cookie.clone().unwrap()).body(line);
        assert_eq!(strange.send().await?.status().as_u16(), 403);
        assert_eq!(own(&["till", "remove", "handheld:1"])?.0, Some(0));
        assert_eq!(browser.get("/h/goods-in", cookie.as_deref()).await?.0, 303, "let in no more");
        let token = cookie.unwrap().split_once('=').map(|(_, token)| token.to_owned()).unwrap();
        assert_no_secret(&edge, &[&token]);
        Ok(())
    })
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A browser that follows nothing by itself.
struct Browser {
    client: reqwest::Client,
    base: String,
}

/// Status, where it leads, and the cookie that was set.
type Led = (u16, Option<String>, Option<String>);

impl Browser {
    async fn get(&self, path: &str, cookie: Option<&str>) -> Result<Led, Trouble> {
        self.send(self.client.get(format!("{}{path}", self.base)), cookie).await
    }

    async fn post(&self, path: &str, form: &str, cookie: Option<&str>) -> Result<Led, Trouble> {
        let request = self.client.post(format!("{}{path}", self.base)).header("content-type", FORM);
        self.send(request.body(form.to_owned()), cookie).await
    }

    async fn send(&self, request: reqwest::RequestBuilder, cookie: Option<&str>) -> Result<Led, Trouble> {
        let request = cookie.into_iter().fold(request, |request, cookie| request.header("cookie", cookie));
        let answer = request.send().await?;
        let told = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok((answer.status().as_u16(), told("location"), told("set-cookie")))
    }
}
