//! Who takes part: a centre, a line that can be cut, a real box with its
//! scanner, and simulated shops on both sides of the line.

use std::time::Duration;

use tidemark_fleet::books::Books;
use tidemark_fleet::gun::Gun;
pub(super) use tidemark_fleet::meeting::STORE;
use tidemark_fleet::meeting::{has_catalogue, import_catalogue, open_stock};
use tidemark_fleet::patience::{Patience, Trouble};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::range::{Article, articles};
use tidemark_fleet::receipts::Sums;
use tidemark_fleet::relay::Relay;
use tidemark_fleet::say::Voice;
use tidemark_fleet::shop::Trade;
use tidemark_fleet::shops::{Plan, Shops};
use tidemark_fleet::stage::{Programs, Stage};

use crate::command::DemoOptions;

/// The lane of its scanner.
pub(super) const LANE: &str = "counter-1";
/// Simulated shops behind the line that is cut.
const BEHIND_THE_LINE: u32 = 15;
/// Articles in the range; some are sold by the scanner alone.
const ARTICLES: u64 = 120;
/// Articles that only the scanner sells.
const SCANNED: usize = 12;
/// Opening stock of every article in every shop, in pieces.
pub(super) const OPENING: i64 = 100;
/// How long a step of the preparation may take.
pub(super) const PATIENCE: Patience = Patience { within: Duration::from_secs(60), every: Duration::from_millis(50) };

/// Everyone who takes part.
#[derive(Debug)]
pub(super) struct Cast {
    // The folder is removed with it.
    _stage: Stage,
    /// Head office.
    pub(super) centre: Daemon,
    /// The line of the real box and of some simulated shops.
    pub(super) line: Relay,
    /// The real box.
    pub(super) edge: Daemon,
    /// Its scanner, until somebody takes it.
    pub(super) gun: Option<Gun>,
    /// The simulated shops.
    pub(super) shops: Shops,
    /// What is on the shelves.
    pub(super) range: Vec<Article>,
    stores: Vec<String>,
}

impl Cast {
    /// Starts everyone; `parts` are the centre's flags for real parts.
    pub(super) async fn assemble(options: &DemoOptions, parts: &[String], voice: &Voice) -> Result<Self, Trouble> {
        let stage = Stage::new(Programs { edge: options.edge.clone(), central: options.central.clone() })?;
        let centre = Daemon::start(stage.centre(parts)?).await?;
        voice.say(format!("head office is up; its page: {}", centre.url("/")));
        let range = articles(ARTICLES);
        import_catalogue(&centre, &range).await?;
        voice.say(format!("catalogue imported: {ARTICLES} articles"));

        let line = Relay::start(centre.recipe().http).await?;
        let (gun, more) = Gun::plug_at(LANE, stage.folder())?;
        let edge = Daemon::start(stage.edge(STORE, line.address(), &more)?).await?;
        voice.say(format!("the box of {STORE} is up; its page: {}", edge.url("/")));

        let stores = (1..=options.stores + 1).map(|number| format!("S{number:04}")).collect();
        let mut cast = Self { _stage: stage, centre, line, edge, gun: Some(gun), shops: Shops::new(), range, stores };
        cast.open_simulated()?;
        cast.wait_for_all(voice).await?;
        cast.open_stock(voice).await?;
        Ok(cast)
    }

    /// The simulated shops: some behind the line, the others on one that
    /// nobody cuts.
    fn open_simulated(&mut self) -> Result<(), Trouble> {
        let trade = Trade { every: Duration::from_millis(500), lines: 3, duplicates: 40, poison: 0 };
        let plan = Plan { range: self.range.clone(), trade, opening: None };
        let (behind, straight) = (format!("http://{}", self.line.address()), self.centre.url(""));
        for (number, store) in (1..).zip(self.stores.iter().skip(1)) {
            let centre = if number <= BEHIND_THE_LINE { &behind } else { &straight };
            self.shops.open(store, centre, &plan)?;
        }
        Ok(())
    }

    /// Waits until head office knows every shop and every shop the catalogue.
    async fn wait_for_all(&self, voice: &Voice) -> Result<(), Trouble> {
        let count = u64::try_from(self.stores.len())?;
        PATIENCE
            .wait_for("the shops at head office", || async { Ok(self.books().totals().await?.stores >= count) })
            .await?;
        voice.say(format!("{count} shops have met head office: 1 real box, {} simulated", count - 1));
        PATIENCE
            .wait_for("the catalogue in the shops", || async {
                Ok(has_catalogue(&self.edge).await? && self.shops.views().all(|(_, view)| view.catalogue > 0))
            })
            .await?;
        voice.say("every shop has the catalogue");
        Ok(())
    }

    async fn open_stock(&self, voice: &Voice) -> Result<(), Trouble> {
        let pieces = u64::try_from(OPENING)?;
        let count = open_stock(&self.centre, &self.stores, &self.range, pieces, PATIENCE.within).await?;
        voice.say(format!("stock opened: each shop committed its own, {count} movements are at head office"));
        Ok(())
    }

    /// What head office submitted: the opening stock.
    pub(super) fn opening(&self) -> Sums {
        let mut sums = Sums::default();
        for store in &self.stores {
            for article in &self.range {
                sums.add(store, &article.sku, OPENING);
            }
        }
        sums
    }

    /// How many shops are behind the line.
    pub(super) fn behind_the_line(&self) -> usize {
        self.shops.count().min(usize::try_from(BEHIND_THE_LINE).unwrap_or(usize::MAX))
    }

    /// What only the scanner sells.
    pub(super) fn scanned(&self) -> &[Article] {
        self.range.get(..SCANNED).unwrap_or_default()
    }

    /// What the till of the real box sells.
    pub(super) fn rung_up(&self) -> &[Article] {
        self.range.get(SCANNED..self.range.len().saturating_sub(1)).unwrap_or_default()
    }

    /// What the real box sells once, to see when head office has it.
    pub(super) fn probe(&self) -> Result<&Article, Trouble> {
        Ok(self.range.last().ok_or("the range is empty")?)
    }

    /// The centre's books.
    pub(super) fn books(&self) -> Books {
        Books::of(&self.centre)
    }
}
