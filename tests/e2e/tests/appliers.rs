//! The centre in several processes, two of them appliers of the same
//! partitions, each killed and halted while shops sell.

use std::time::Duration;

use tidemark_e2e::length::either;
use tidemark_e2e::scene::{HANG, OPENING, STORE, Trouble, wait_for};
use tidemark_e2e::selling::Selling;
use tidemark_fleet::books::Books;
use tidemark_fleet::chance::Chance;
use tidemark_fleet::meeting::{has_catalogue, import_catalogue, open_stock};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::proof::{Expected, prove};
use tidemark_fleet::range::articles;
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_fleet::submit::TillLine;
use tidemark_parts::Real;

/// The processes: what they are called and what they do.
const PROCESSES: [(&str, &str); 4] =
    [("ingest", "ingest"), ("applier-1", "apply"), ("applier-2", "apply"), ("api", "api")];

async fn start(stage: &Stage, real: &Real) -> Result<Vec<Daemon>, Trouble> {
    let mut processes = Vec::new();
    for (name, role) in PROCESSES {
        let mut flags = real.flags();
        flags.extend(["--roles".to_owned(), role.to_owned()]);
        processes.push(Daemon::start(stage.process_of_the_centre(name, &flags)?).await?);
    }
    Ok(processes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_of_the_centre_die_one_after_the_other_and_appliers_take_over() -> Result<(), Trouble> {
    let real = Real::start()?;
    let stage = Stage::new(Programs::beside_this()?)?;
    let mut processes = start(&stage, &real).await?;
    let named = |processes: &[Daemon], at: usize| processes.get(at).map(|process| process.recipe().http);
    let ingest = named(&processes, 0).ok_or("no ingest")?;
    let api = processes.last().ok_or("no api")?;
    let range = articles(20);
    import_catalogue(api, &range).await?;
    let edge = Daemon::start(stage.edge(STORE, ingest, &[])?).await?;
    wait_for("the catalogue at the box", || has_catalogue(&edge)).await?;
    open_stock(api, &[STORE], &range, OPENING, HANG).await?;
    let books = Books::of(api);

    let selling = Selling::at(&TillLine::of(&edge), &range, 1);
    let mut chance = Chance::of(11);
    for _ in 0..either(6, 60) {
        tokio::time::sleep(Duration::from_millis(200 + chance.below(800))).await;
        let picked = usize::try_from(chance.below(4))?;
        let process = processes.get_mut(picked).ok_or("no process")?;
        if chance.happens(500) {
            process.kill().await?;
            process.restart().await?;
        } else {
            // One that wakes up in the middle of a batch that the other has
            // applied meanwhile.
            process.pause()?;
            tokio::time::sleep(Duration::from_millis(500 + chance.below(1_500))).await;
            process.resume()?;
        }
    }
    let mut sums = selling.close().await?;
    for article in &range {
        sums.add(STORE, &article.sku, i64::try_from(OPENING)?);
    }
    prove(&books, Some(&real), &Expected { sums: &sums, parked: 0 }, HANG).await?;
    Ok(())
}
