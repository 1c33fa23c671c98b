//! How fast the read API answers, beside a bare `GET` of its cache and a bare
//! `SELECT` by the primary key of its database.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tidemark_fleet::meeting::import_catalogue;
use tidemark_fleet::process::Daemon;
use tidemark_fleet::range::articles;
use tidemark_fleet::shop::Trade;
use tidemark_fleet::shops::{Plan, Shops};
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_parts::{Postgres, Real};

use crate::asking::{Asked, Speech, ask};
use crate::samples::Millis;
use crate::scene::{Trouble, wait_for};
use crate::table::Row;

/// Shops and what lies in each.
const SHOPS: usize = 20;
const ARTICLES: u64 = 1_000;
/// Callers at once, and how long they ask.
const LINES: usize = 32;
const WHILE: Duration = Duration::from_secs(5);
/// Pairs of a batch.
const PAIRS: usize = 100;
/// How long callers ask before and after the cache is flushed.
const BEFORE: Duration = Duration::from_secs(2);
const AFTER: Duration = Duration::from_secs(4);

/// On Kafka, PostgreSQL and Redis, and on the embedded centre.
pub(crate) async fn all() -> Result<Vec<Row>, Trouble> {
    let (stage, real) = (Stage::new(Programs::beside_this()?)?, Real::start()?);
    let centre = Daemon::start(stage.centre(&real.flags())?).await?;
    stock(&centre).await?;
    let bench = Bench { centre, real: Some(real) };
    let mut rows = bench.rows("Redis and PostgreSQL").await?;
    rows.push(bench.flushed().await?);
    let stage = Stage::new(Programs::beside_this()?)?;
    let centre = Daemon::start(stage.centre(&[])?).await?;
    stock(&centre).await?;
    rows.extend(Bench { centre, real: None }.rows("embedded").await?);
    Ok(rows)
}

/// Lets shops open their stock.
async fn stock(centre: &Daemon) -> Result<(), Trouble> {
    let range = articles(ARTICLES);
    import_catalogue(centre, &range).await?;
    let trade = Trade { every: Duration::from_secs(3_600), lines: 1, duplicates: 0, poison: 0 };
    let plan = Plan { range, trade, opening: Some(100) };
    let mut shops = Shops::new();
    for number in 1..=SHOPS {
        shops.open(&format!("S{number:04}"), &centre.url(""), &plan)?;
    }
    wait_for("the shops' stock", || async {
        Ok(shops.views().all(|(_, view)| view.reached && view.catalogue > 0 && view.pending == 0))
    })
    .await
}

struct Bench {
    centre: Daemon,
    real: Option<Real>,
}

impl Bench {
    fn port(&self) -> u16 {
        self.centre.recipe().http.port()
    }

    fn pairs() -> impl Iterator<Item = (String, String)> {
        let range = articles(ARTICLES);
        (1..=SHOPS).flat_map(move |shop| {
            let of_shop = range.iter().map(|article| (format!("S{shop:04}"), article.sku.to_string()));
            of_shop.collect::<Vec<_>>()
        })
    }

    fn gets(more: &str) -> Vec<Vec<u8>> {
        let get = |(store, sku): (String, String)| {
            format!("GET /v1/stores/{store}/items/{sku} HTTP/1.1\r\nhost: centre\r\n{more}\r\n").into_bytes()
        };
        Self::pairs().map(get).collect()
    }

    fn batches() -> Vec<Vec<u8>> {
        let pairs: Vec<_> = Self::pairs().map(|(store, sku)| json!({"store": store, "sku": sku})).collect();
        let batch = |pairs: &[serde_json::Value]| {
            let body = json!({ "items": pairs }).to_string();
            let head = "POST /v1/inventory:batchGet HTTP/1.1\r\nhost: centre\r\ncontent-type: application/json\r\n";
            format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
        };
        pairs.chunks(PAIRS).map(batch).collect()
    }

    async fn ask(&self, questions: Vec<Vec<u8>>, status: u16, within: Option<Duration>) -> Result<Asked, Trouble> {
        ask(self.port(), questions, (LINES, Speech::Http(status)), within).await
    }

    async fn rows(&self, on: &'static str) -> Result<Vec<Row>, Trouble> {
        let embedded = on == "embedded";
        let what = |real, own| if embedded { own } else { real };
        let mut rows = Vec::new();
        if let Some(real) = &self.real {
            flush(real).await?;
            let misses = self.ask(Self::gets(""), 200, None).await?;
            rows.push(Row {
                what: "reads of one level that the cache does not hold, 32 callers on the same cores",
                aim: "–",
                measured: told(&misses),
                raw: bare_select(&real.postgres)?,
                reached: None,
            });
        }
        let hits = self.ask(Self::gets(""), 200, Some(WHILE)).await?;
        let (rate, late) = (hits.a_second(), hits.samples.quantile(990));
        let raw = match &self.real {
            Some(real) => bare_get(real).await?,
            None => "–".to_owned(),
        };
        rows.push(Row {
            what: what(
                "reads of one level that the cache holds, 32 callers on the same cores",
                "the same on the embedded centre",
            ),
            aim: "≥ 20,000/s, p99 ≤ 5 ms",
            measured: told(&hits),
            raw,
            reached: Some(rate >= 20_000 && late <= Duration::from_millis(5)),
        });
        rows.push(self.unchanged(what).await?);
        let batches = self.ask(Self::batches(), 200, Some(WHILE)).await?;
        rows.push(Row {
            what: what("batches of 100 pairs", "batches of 100 pairs, embedded"),
            aim: "–",
            measured: told(&batches),
            raw: "–".to_owned(),
            reached: None,
        });
        Ok(rows)
    }

    async fn unchanged(&self, what: impl Fn(&'static str, &'static str) -> &'static str) -> Result<Row, Trouble> {
        let (store, sku) = Self::pairs().next().ok_or("no pair")?;
        let etag = self.etag(&store, &sku).await?;
        let question =
            format!("GET /v1/stores/{store}/items/{sku} HTTP/1.1\r\nhost: centre\r\nif-none-match: {etag}\r\n\r\n");
        let same = self.ask(vec![question.into_bytes(); LINES], 304, Some(WHILE)).await?;
        Ok(Row {
            what: what("reads that are answered 304", "reads that are answered 304, embedded"),
            aim: "–",
            measured: told(&same),
            raw: "–".to_owned(),
            reached: None,
        })
    }

    async fn etag(&self, store: &str, sku: &str) -> Result<String, Trouble> {
        let url = self.centre.url(&format!("/v1/stores/{store}/items/{sku}"));
        let answer = self.centre.recipe().client().get(url).send().await?;
        let etag = answer.headers().get("etag").and_then(|etag| etag.to_str().ok());
        Ok(etag.ok_or("no ETag")?.to_owned())
    }

    /// A cache that is flushed while callers ask.
    async fn flushed(&self) -> Result<Row, Trouble> {
        let real = self.real.as_ref().ok_or("there is no cache to flush")?;
        let before = self.ask(Self::gets(""), 200, Some(BEFORE)).await?;
        let asked_before = self.loads().await?;
        let flushing = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            flush(real).await.map_err(|trouble| trouble.to_string())
        };
        let (after, done) = tokio::join!(self.ask(Self::gets(""), 200, Some(AFTER)), flushing);
        done?;
        let after = after?;
        let questions = self.loads().await? - asked_before;
        let levels = Self::pairs().count();
        Ok(Row {
            what: "the cache is flushed while 32 callers ask for 20,000 levels",
            aim: "no stampede: fewer questions to the database than levels",
            measured: format!(
                "{}/s before, {}/s over the 4 s with the flush, slowest answer {}; {questions} questions for {levels} levels",
                before.a_second(),
                after.a_second(),
                Millis(after.samples.quantile(1_000)),
            ),
            raw: "–".to_owned(),
            reached: Some(questions < u64::try_from(levels)?),
        })
    }

    /// Questions for levels that went to the database.
    async fn loads(&self) -> Result<u64, Trouble> {
        let text = self.centre.text("/metrics").await?;
        let line = text.lines().find_map(|line| line.strip_prefix("tidemark_central_level_loads_total "));
        Ok(line.and_then(|number| number.trim().parse().ok()).ok_or("no such metric")?)
    }
}

fn told(asked: &Asked) -> String {
    let quantile = |per_mille| Millis(asked.samples.quantile(per_mille));
    format!("{}/s, p50 {}, p99 {}", asked.a_second(), quantile(500), quantile(990))
}

async fn redis(port: u16, command: &str) -> Result<(), Trouble> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(format!("{command}\r\n").as_bytes()).await?;
    let mut said = [0; 64];
    let count = stream.read(&mut said).await?;
    let said = String::from_utf8_lossy(said.get(..count).unwrap_or_default()).into_owned();
    if said.starts_with('+') { Ok(()) } else { Err(format!("Redis said {said}").into()) }
}

async fn flush(real: &Real) -> Result<(), Trouble> {
    redis(real.redis.port(), "FLUSHALL").await
}

/// A value of about the length of a level's, by as many callers.
async fn bare_get(real: &Real) -> Result<String, Trouble> {
    let port = real.redis.port();
    redis(port, "SET bare 1:4711:98500:98500:counted:1700000000000:0").await?;
    let question = b"*2\r\n$3\r\nGET\r\n$4\r\nbare\r\n".to_vec();
    let asked = ask(port, vec![question; LINES], (LINES, Speech::Redis), Some(WHILE)).await?;
    Ok(format!("{} bare GET", told(&asked)))
}

/// PostgreSQL's own tool, with as many callers.
fn bare_select(postgres: &Postgres) -> Result<String, Trouble> {
    let rows = u64::try_from(SHOPS)? * ARTICLES;
    let make = format!(
        "CREATE TABLE bare_levels AS SELECT n / {ARTICLES} AS store, n % {ARTICLES} AS sku, n AS qty FROM \
         generate_series(0, {rows} - 1) n; ALTER TABLE bare_levels ADD PRIMARY KEY (store, sku); ANALYZE bare_levels"
    );
    postgres.sql("tidemark", &make)?;
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("select.sql");
    let last = (u64::try_from(SHOPS)? - 1, ARTICLES - 1);
    std::fs::write(
        &script,
        format!(
            "\\set store random(0, {})\n\\set sku random(0, {})\n\
             SELECT qty FROM bare_levels WHERE store = :store AND sku = :sku;\n",
            last.0, last.1
        ),
    )?;
    let asked = pgbench(postgres, &script);
    postgres.sql("tidemark", "DROP TABLE bare_levels")?;
    asked
}

fn pgbench(postgres: &Postgres, script: &Path) -> Result<String, Trouble> {
    let mut tool = Command::new(postgres.programs().join("pgbench"));
    tool.args(["--no-vacuum", "--protocol", "prepared", "--time", "5", "--client", &LINES.to_string(), "--jobs", "1"]);
    tool.args(["--host", "127.0.0.1", "--username", "postgres", "--port", &postgres.port().to_string(), "--file"]);
    let output = tool.arg(script).arg("tidemark").output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split('.').next()?.parse::<u64>().ok());
    let failed = || format!("pgbench said {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(format!("{}/s bare SELECT by primary key", rate.ok_or_else(failed)?))
}
