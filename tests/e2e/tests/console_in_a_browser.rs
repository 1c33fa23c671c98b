//! The console of head office in a real browser, with 750 simulated shops.
//! What is looked at stands in `tests/browser`; here is what happens to the
//! shops meanwhile.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tidemark_e2e::scene::{Trouble, wait_for};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::range::{Article, articles};
use tidemark_fleet::relay::{Link, Relay};
use tidemark_fleet::shop::Trade;
use tidemark_fleet::shops::{Plan, Shops};
use tidemark_fleet::stage::{Programs, Stage};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

const SHOPS: usize = 750;
const REGIONS: [&str; 5] = ["North", "South", "East", "West", "Coast"];
/// Shops of the last scene, most of which no box was ever heard of.
const CROWD: usize = 5_000;
/// Receipts that nobody can understand, of the last shops; none of them is in
/// the region that is cut.
const LETTERS: usize = 3;
/// How long all of it may take; a hang limit.
const WITHIN: Duration = Duration::from_secs(280);

/// A centre, and shops of five regions, each behind its own provider.
struct Company {
    stage: Stage,
    centre: Daemon,
    lines: Vec<Relay>,
    shops: Shops,
    range: Vec<Article>,
}

fn region(number: usize) -> &'static str {
    REGIONS.get(number % REGIONS.len()).copied().unwrap_or("")
}

impl Company {
    async fn open() -> Result<Self, Trouble> {
        let stage = Stage::new(Programs::beside_this()?)?;
        // More than a heartbeat comes late on a busy machine, less than the
        // test waits for a region to be missed.
        let mut recipe = stage.centre(&[])?;
        recipe.arguments.extend(["--set".into(), "fleet.offline_after=25s".into()]);
        let centre = Daemon::start(recipe).await?;
        let mut lines = Vec::new();
        for _ in REGIONS {
            lines.push(Relay::start(centre.recipe().http).await?);
        }
        let range = articles(4);
        let trade = Trade { every: Duration::from_secs(20), lines: 2, duplicates: 0, poison: 0 };
        let plan = Plan { range: range.clone(), trade, opening: Some(1_000) };
        let company = Self { stage, centre, lines, shops: Shops::new(), range };
        company.import(1..=SHOPS).await?;
        company.with_shops(&plan).await
    }

    async fn with_shops(mut self, plan: &Plan) -> Result<Self, Trouble> {
        for number in 1..=SHOPS {
            let line = self.lines.get(number % REGIONS.len()).ok_or("a region without a line")?;
            self.shops.open(&format!("S{number:04}"), &format!("http://{}", line.address()), plan)?;
        }
        let reached = || self.shops.views().filter(|(_, view)| view.reached && view.pending == 0).count();
        wait_for("all shops at head office", || async { Ok(reached() == SHOPS) }).await?;
        self.shops.sell(true).await?;
        Ok(self)
    }

    async fn import(&self, numbers: std::ops::RangeInclusive<usize>) -> Result<(), Trouble> {
        let lines = numbers.map(|number| format!("S{number:04},Shop {number},{}\n", region(number)));
        let file = std::iter::once("store,name,region\n".to_owned()).chain(lines).collect::<String>();
        let request = self.centre.recipe().client().post(self.centre.url("/v1/stores:import"));
        let answer = request.header("content-type", "text/csv").body(file).send().await?;
        if answer.status().is_success() { Ok(()) } else { Err(answer.text().await?.into()) }
    }

    /// Does what the browser's side asks for.
    async fn obey(&self, asked: &Value) -> Result<String, Trouble> {
        let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        match text("ask").as_str() {
            "cut" => self.set(&text("region"), Link::Cut),
            "heal" => self.set(&text("region"), Link::FREE),
            "sku" => Ok(self.range.first().map(|article| article.sku.to_string()).ok_or("an empty range")?),
            "crowd" => {
                self.import(1..=CROWD).await?;
                Ok(CROWD.to_string())
            }
            "user" => self.user(&text("name"), &text("role"), &text("password")).await,
            "poison" => {
                self.shops.poison(LETTERS).await?;
                Ok(LETTERS.to_string())
            }
            other => Err(format!("nobody knows what `{other}` is").into()),
        }
    }

    /// Makes a user by the command line, as an administrator would.
    async fn user(&self, name: &str, role: &str, password: &str) -> Result<String, Trouble> {
        let program = &self.centre.recipe().program;
        let data = self.stage.folder().join("centre");
        let run = |arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).arg("--data").arg(&data).stdin(Stdio::piped()).stdout(Stdio::piped());
            command
        };
        let added = run(&["user", "add", name, "--role", role]).output().await?;
        if !added.status.success() || !String::from_utf8_lossy(&added.stdout).contains("/sign-in#link=") {
            return Err(format!("user add: {added:?}").into());
        }
        let mut setting = run(&["user", "passwd", name]).spawn()?;
        let mut typed = setting.stdin.take().ok_or("no stdin")?;
        typed.write_all(password.as_bytes()).await?;
        drop(typed);
        if setting.wait().await?.success() { Ok("done".to_owned()) } else { Err("user passwd failed".into()) }
    }

    fn set(&self, region: &str, link: Link) -> Result<String, Trouble> {
        let number = REGIONS.iter().position(|name| *name == region).ok_or("no such region")?;
        self.lines.get(number).ok_or("a region without a line")?.set(link);
        Ok("done".to_owned())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_office_looks_after_750_shops_in_a_browser() -> Result<(), Trouble> {
    let company = Company::open().await?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../browser/console.mjs");
    let mut browser = Command::new("node")
        .arg(script)
        .args([company.centre.url(""), SHOPS.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut answers = browser.stdin.take().ok_or("no stdin")?;
    let mut told = BufReader::new(browser.stdout.take().ok_or("no stdout")?).lines();
    let mut said = Vec::new();
    let talk = async {
        while let Some(line) = told.next_line().await? {
            match serde_json::from_str::<Value>(&line) {
                Ok(asked) if asked.is_object() => {
                    let answer = company.obey(&asked).await?;
                    answers.write_all(format!("{answer}\n").as_bytes()).await?;
                }
                Ok(_) | Err(_) => said.push(line),
            }
        }
        Ok::<_, Trouble>(browser.wait().await?)
    };
    let ended = tokio::time::timeout(WITHIN, talk).await;
    let told = || format!("{}\nthe centre's log:\n{}", said.join("\n"), company.centre.log_tail());
    let status = ended.map_err(|_elapsed| format!("the browser hangs:\n{}", told()))??;
    if !status.success() {
        return Err(told().into());
    }
    // Some of it is a figure.
    writeln!(std::io::stdout().lock(), "{}", said.join("\n"))?;
    Ok(())
}
