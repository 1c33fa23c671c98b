//! What is measured, in order, and how the table is told.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use tidemark_fleet::say::{Voice, line};
use tidemark_fleet::stage::{Programs, Stage};

use crate::scene::{Scene, Trouble};
use crate::table::{Row, machine, markdown};
use crate::{accept, apply, catalogue, decode, fresh, growth, journey, reads, rest, returning, signal, wire};

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
    /// Rows of a full ledger, when what they cost is measured.
    #[arg(long, default_value_t = 20_000_000)]
    rows: u64,
    /// Also writes the table to this file.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only these parts, in the order of the table.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
}

/// What is measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Accept,
    Signal,
    Journey,
    Wire,
    Rest,
    Fresh,
    Boxes,
    Embedded,
    Catalogue,
    Real,
    Growth,
    Reads,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
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
    let mut table = Table { voice: Voice::start(), rows: Vec::new() };
    one_shop(options, &mut table).await?;
    if options.wants(Part::Fresh) {
        table.say("new sales behind a backlog on a slow line");
        let scene = Scene::set(Stage::new(Programs::beside_this()?)?).await?;
        table.add(fresh::all(&scene, options.pending / 2).await?);
    }
    if options.wants(Part::Boxes) {
        table.say("a thousand boxes and a centre that is killed");
        table.add(vec![returning::all(options.rounds).await?]);
    }
    if options.wants(Part::Embedded) {
        table.say("applying, on the embedded centre");
        table.add(vec![apply::embedded(options.rounds).await?]);
    }
    if options.wants(Part::Real) && !options.embedded_only {
        table.say("applying, on Kafka and PostgreSQL");
        table.add(vec![apply::real(options.rounds).await?]);
    }
    if options.wants(Part::Growth) {
        table.say("what grows, in a box");
        let scene = Scene::set(Stage::new(Programs::beside_this()?)?).await?;
        table.add(growth::one_box(&scene, options.pending).await?);
    }
    if options.wants(Part::Growth) && !options.embedded_only {
        table.say("what grows, in the ledger");
        table.add(vec![growth::ledger(options.rounds, options.rows).await?]);
    }
    if options.wants(Part::Catalogue) {
        table.say("the catalogue on its way to the boxes");
        table.add(catalogue::all(options.rounds).await?);
    }
    if options.wants(Part::Reads) && !options.embedded_only {
        table.say("the read API");
        table.add(reads::all().await?);
    }
    Ok(table.rows)
}

/// What one box and one centre are measured by.
async fn one_shop(options: &Options, table: &mut Table) -> Result<(), Trouble> {
    if ![Part::Accept, Part::Signal, Part::Journey, Part::Rest].into_iter().any(|part| options.wants(part)) {
        return wires(options, table).await;
    }
    let mut scene = Scene::set(Stage::new(Programs::beside_this()?)?).await?;
    if options.wants(Part::Accept) {
        table.say("accepting, one at a time");
        table.add(accept::one_at_a_time(&scene, options.rounds).await?);
        table.say("accepting, 64 tills at once");
        table.add(vec![accept::many_at_once(&scene, options.rounds).await?]);
    }
    if options.wants(Part::Signal) {
        table.say("from the last byte of a scan to its signal");
        table.add(signal::all(&scene, options.rounds).await?);
        table.add(vec![decode::plain()]);
    }
    if options.wants(Part::Journey) {
        table.say("from the scanner to head office");
        table.add(journey::all(&mut scene).await?);
    }
    wires(options, table).await?;
    if options.wants(Part::Rest) {
        table.say("memory and start");
        table.add(rest::all(&mut scene, options.pending).await?);
    }
    Ok(())
}

async fn wires(options: &Options, table: &mut Table) -> Result<(), Trouble> {
    if options.wants(Part::Wire) {
        table.say("bytes on the wire");
        table.add(wire::all().await?);
    }
    Ok(())
}

/// Rows that are told as soon as they are measured.
struct Table {
    voice: Voice,
    rows: Vec<Row>,
}

impl Table {
    fn say(&self, what: &str) {
        self.voice.say(what);
    }

    fn add(&mut self, rows: Vec<Row>) {
        for row in &rows {
            line(&format!("         {}: {} (raw: {})", row.what, row.measured, row.raw));
        }
        self.rows.extend(rows);
    }
}
