//! What is measured, in order, and how the table is told.

use std::path::PathBuf;

use clap::Parser;
use tidemark_fleet::say::{Voice, line};
use tidemark_fleet::stage::{Programs, Stage};

use crate::scene::{Scene, Trouble};
use crate::table::{Row, machine, markdown};
use crate::{accept, apply, journey, rest, returning, wire};

/// Measures the figures of Tidemark beside the raw limits of the same run.
#[derive(Debug, Parser)]
#[command(name = "tidemark-bench", version)]
pub(crate) struct Options {
    /// Leave out what needs Kafka, PostgreSQL and Redis, which are started
    /// for it.
    #[arg(long)]
    embedded_only: bool,
    /// Rounds of each figure.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Movements that wait in the box when its memory and start are measured.
    #[arg(long, default_value_t = 1_000_000)]
    pending: u64,
    /// Also writes the table to this file.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Measures all and prints the table.
pub(crate) fn measure(options: &Options) -> Result<(), Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let rows = runtime.block_on(all(options))?;
    let text = format!("{}\n\n{}", machine()?, markdown(&rows));
    line("");
    line(&text);
    if let Some(out) = &options.out {
        std::fs::write(out, text)?;
    }
    Ok(())
}

async fn all(options: &Options) -> Result<Vec<Row>, Trouble> {
    let voice = Voice::start();
    let mut rows = Table::default();
    let mut scene = Scene::set(Stage::new(Programs::beside_this()?)?).await?;
    voice.say("accepting, one at a time");
    rows.add(accept::one_at_a_time(&scene, options.rounds).await?);
    voice.say("accepting, 64 tills at once");
    rows.add(vec![accept::many_at_once(&scene, options.rounds).await?]);
    voice.say("from the scanner to head office");
    rows.add(journey::all(&mut scene).await?);
    voice.say("bytes on the wire");
    rows.add(wire::all().await?);
    voice.say("memory and start");
    rows.add(rest::all(&mut scene, options.pending).await?);
    drop(scene);
    voice.say("a thousand boxes and a centre that is killed");
    rows.add(vec![returning::all(options.rounds).await?]);
    voice.say("applying, on the embedded centre");
    rows.add(vec![apply::embedded(options.rounds).await?]);
    if !options.embedded_only {
        voice.say("applying, on Kafka and PostgreSQL");
        rows.add(vec![apply::real(options.rounds).await?]);
    }
    Ok(rows.0)
}

/// Rows that are told as soon as they are measured.
#[derive(Debug, Default)]
struct Table(Vec<Row>);

impl Table {
    fn add(&mut self, rows: Vec<Row>) {
        for row in &rows {
            line(&format!("         {}: {} (raw: {})", row.what, row.measured, row.raw));
        }
        self.0.extend(rows);
    }
}
