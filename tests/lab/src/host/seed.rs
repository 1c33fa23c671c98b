//! A journal whose box has its catalogue already, as after a first day.

use std::path::Path;
use std::sync::Arc;

use tidemark_daemon::clock::Clock;
use tidemark_fleet::range::{Article, articles};
use tidemark_journal::{Config, Journal, Reading};
use tidemark_model::{Quantity, StoreId, code_spelling};
use tidemark_sync::message::{CatalogueCode, CatalogueEntry, CataloguePage};

use crate::Trouble;
use crate::guest::{ARTICLES, STORE};

/// Makes it in a folder.
pub(crate) fn plant(folder: &Path) -> Result<(), Trouble> {
    let clock = Clock::start();
    let read = move || Reading { steady_ms: clock.millis(), wall: clock.wall() };
    let (journal, writer) = Journal::open(Config::new(folder, StoreId::new(STORE)?, Arc::new(read)))?;
    let entries =
        articles(ARTICLES).iter().map(entry).collect::<Option<Vec<_>>>().ok_or("an article without a code")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        journal.begin_catalogue(1).await?;
        journal.take_catalogue(CataloguePage::part(1, entries, true)).await.map(drop)
    })?;
    drop(journal);
    writer.stop()?;
    Ok(())
}

fn entry(article: &Article) -> Option<CatalogueEntry> {
    let code = code_spelling(&article.gtin.to_string())?;
    let codes = vec![CatalogueCode { code, units_per_scan: Quantity::units(1)? }];
    Some(CatalogueEntry { item: article.item(), codes })
}
