//! Metrics, alert rules and dashboards, tried with Prometheus' own tools and a
//! Prometheus that reads a centre and a box.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tidemark_e2e::scene::{STORE, Scene, Trouble, sale, sell, wait_for};
use tidemark_fleet::process::{client, free_address, get_json};
use tidemark_fleet::submit::TillLine;

fn monitoring() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/monitoring")
}

/// Runs promtool; what it says, if it finds nothing wrong.
fn promtool(arguments: &[&str], input: &str) -> Result<String, Trouble> {
    let mut tool = Command::new("promtool");
    tool.args(arguments).current_dir(monitoring()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut tool = tool.spawn().map_err(|error| format!("promtool (package prometheus) can't be run: {error}"))?;
    tool.stdin.take().ok_or("no stdin")?.write_all(input.as_bytes())?;
    let output = tool.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(said) } else { Err(format!("promtool {arguments:?}:\n{said}").into()) }
}

#[test]
fn the_alert_rules_fire_when_they_should_and_only_then() -> Result<(), Trouble> {
    promtool(&["check", "rules", "alerts.yml"], "")?;
    promtool(&["test", "rules", "alerts_test.yml"], "")?;
    Ok(())
}

/// Families that have a member only when something is refused or raised,
/// which nothing is here; without a member they are not shown.
const OF_TROUBLE: [&str; 2] = ["tidemark_central_conditions", "tidemark_central_box_streams_refused_total"];

/// A Prometheus that reads what it is told; killed when dropped.
struct Prometheus {
    base: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    fn start(targets: &[(&str, String)]) -> Result<Self, Trouble> {
        let folder = tempfile::tempdir()?;
        let jobs: Vec<Value> = targets
            .iter()
            .map(|(job, target)| json!({"job_name": job, "static_configs": [{"targets": [target]}]}))
            .collect();
        let rules = monitoring().join("alerts.yml").display().to_string();
        let global = json!({"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"});
        // JSON is YAML.
        let config = json!({"global": global, "rule_files": [rules], "scrape_configs": jobs}).to_string();
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, config)?;
        let address = free_address()?;
        let mut program = Command::new("prometheus");
        program.arg(format!("--config.file={}", file.display()));
        program.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        program.arg(format!("--web.listen-address={address}"));
        let child = program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self { base: format!("http://{address}"), child, _folder: folder })
    }

    /// What a query gives now.
    async fn query(&self, expression: &str) -> Result<Vec<Value>, Trouble> {
        let url = format!("{}/api/v1/query", self.base);
        let answer = client().get(url).query(&[("query", expression)]).send().await?;
        let answer: Value = serde_json::from_str(&answer.text().await?)?;
        let told = answer.pointer("/data/result").and_then(Value::as_array).cloned();
        Ok(told.filter(|_| answer.get("status") == Some(&json!("success"))).ok_or(format!("{expression}: {answer}"))?)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The names of metrics in a query.
fn names(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("tidemark_")).map(str::to_owned).collect()
}

/// The panels of all dashboards: dashboard and title, and their queries.
fn panels() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(monitoring().join("dashboards")).unwrap() {
        let board: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        for panel in board.get("panels").and_then(Value::as_array).unwrap() {
            let title = format!("{} / {}", board.get("title").unwrap(), panel.get("title").unwrap());
            for target in panel.get("targets").and_then(Value::as_array).unwrap() {
                let query = target.get("expr").and_then(Value::as_str).unwrap().replace("$store", STORE);
                found.push((title.clone(), query));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_named_by_the_book_and_every_panel_is_answered() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let sku = scene.range.first().ok_or("nothing to sell")?.sku.to_string();
    sell(&scene.edge, "m", &sku, 3).await?;
    // One line is parked, so that there is a dead letter.
    TillLine::of(&scene.edge).submit(&sale("m-parked", &sku, "many")).await?;
    wait_for("the dead letter to be counted", || async {
        Ok(scene.centre.text("/metrics").await?.contains("tidemark_central_dead_letters_open{"))
    })
    .await?;
    scene.centre.get(&format!("/v1/stores/{STORE}/items/{sku}")).await?;
    let mut declared = BTreeSet::new();
    for daemon in [&scene.centre, &scene.edge] {
        let page = daemon.text("/metrics").await?;
        assert_eq!(
            promtool(&["check", "metrics"], &page)?,
            "",
            "{} has metrics that are not by the book",
            daemon.recipe().name
        );
        let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
        declared.extend(types.map(str::to_owned));
    }
    let of_a_shop = scene.centre.text("/metrics").await?.lines().filter(|line| line.contains("{store=")).count();
    assert_eq!(of_a_shop, 4, "series of one shop");

    let http = |address: std::net::SocketAddr| address.to_string();
    let targets =
        [("tidemark-central", http(scene.centre.recipe().http)), ("tidemark-edge", http(scene.edge.recipe().http))];
    let prometheus = Prometheus::start(&targets)?;
    let seen =
        ["count_over_time(tidemark_central_boxes_by_release[2m]) >= 3", "count_over_time(tidemark_edge_tail[2m]) >= 3"];
    wait_for("Prometheus to have read both several times", || async {
        for expression in seen {
            let Ok(found) = prometheus.query(expression).await else { return Ok(false) };
            if found.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    })
    .await?;
    let (mut silent, mut missing, panels) = (Vec::new(), BTreeSet::new(), panels());
    for (title, query) in &panels {
        missing.extend(names(query).into_iter().filter(|name| {
            let bare = name.strip_suffix("_bucket").unwrap_or(name);
            !declared.contains(bare) && !OF_TROUBLE.contains(&bare)
        }));
        if prometheus.query(query).await?.is_empty()
            && !names(query).iter().any(|name| OF_TROUBLE.contains(&name.as_str()))
        {
            silent.push(title.as_str());
        }
    }
    assert_eq!(missing, BTreeSet::new(), "names that nobody has");
    assert_eq!(silent, Vec::<&str>::new(), "panels without an answer");
    let rules = get_json(&client(), &format!("{}/api/v1/rules", prometheus.base)).await?;
    let groups = rules.pointer("/data/groups").and_then(Value::as_array).ok_or("no rules")?;
    let all: Vec<&Value> = groups.iter().filter_map(|group| group.get("rules")?.as_array()).flatten().collect();
    assert!(all.len() >= 12 && all.iter().all(|rule| rule.get("health") != Some(&json!("err"))), "{rules}");
    Ok(())
}
