//! A short round of chaos on Kafka, PostgreSQL and Redis; `./dev chaos` plays
//! as long as one likes.

use std::time::Duration;

use tidemark_e2e::length::either;
use tidemark_e2e::scene::Trouble;
use tidemark_fleet::chaos::{Options, run};
use tidemark_fleet::say::Voice;
use tidemark_fleet::stage::Programs;

/// The seed of another run, to do the same again.
const SEED: &str = "TIDEMARK_SEED";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_are_exact_after_a_round_of_chaos() -> Result<(), Trouble> {
    let seed = match std::env::var_os(SEED).and_then(|seed| seed.into_string().ok()) {
        Some(seed) => seed.parse()?,
        None => u64::from(std::process::id()),
    };
    let lasts = either(Duration::from_secs(40), Duration::from_secs(600));
    let options = Options { programs: Programs::beside_this()?, lasts, seed, real: true };
    let totals = run(&options, &Voice::start()).await?;
    assert!(totals.applied > 300, "something was sold: {totals:?}");
    Ok(())
}
