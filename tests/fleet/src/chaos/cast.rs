//! Who takes part in chaos.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tidemark_parts::Real;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Options;
use super::target::{Server, Target};
use super::till::Cashier;
use crate::books::Books;
use crate::chance::Chance;
use crate::meeting::{has_catalogue, import_catalogue, open_stock};
use crate::patience::{Patience, Trouble};
use crate::process::Daemon;
use crate::range::{Article, articles};
use crate::receipts::Till;
use crate::relay::Relay;
use crate::say::Voice;
use crate::shop::{Record, Trade};
use crate::shops::{Plan, Shops};
use crate::stage::Stage;
use crate::submit::TillLine;

/// The stores with a box each, and what their lines are called.
const BOXES: [(&str, &str); 2] = [("S0001", "line-S0001"), ("S0002", "line-S0002")];
/// The line of all simulated shops.
const SHOPS_LINE: &str = "line-shops";
/// Simulated shops; their stores come after those with a box.
const SIMULATED: usize = 6;
/// Tills of a box.
const TILLS: u64 = 2;
/// Articles in the range.
const ARTICLES: u64 = 40;
/// Opening stock of every article in every shop, in pieces.
const OPENING: u64 = 1_000;
/// How long a step of the preparation may take; a hang limit.
const PATIENCE: Patience = Patience { within: Duration::from_secs(90), every: Duration::from_millis(50) };

/// Everyone who takes part. What can fail is given away while it does.
#[derive(Debug)]
pub(super) struct Cast {
    /// The servers, if real ones were asked for.
    pub(super) real: Option<Arc<Real>>,
    /// The process of the centre that boxes and callers reach.
    pub(super) centre: Option<Daemon>,
    /// An applier beside it.
    applier: Option<Daemon>,
    boxes: Vec<Daemon>,
    lines: Vec<(&'static str, Arc<Relay>)>,
    /// The simulated shops.
    pub(super) shops: Shops,
    range: Vec<Article>,
    stores: Vec<String>,
    seed: u64,
    tills: Vec<(String, TillLine)>,
    stage: Stage,
}

impl Cast {
    /// Starts everyone; all have the catalogue and their opening stock.
    pub(super) async fn assemble(options: &Options, voice: &Voice) -> Result<Self, Trouble> {
        let stage = Stage::new(options.programs.clone())?;
        let real = if options.real {
            voice.say("starting Kafka, PostgreSQL and Redis");
            Some(Arc::new(tokio::task::spawn_blocking(Real::start).await??))
        } else {
            None
        };
        let parts = real.as_ref().map(|real| real.flags()).unwrap_or_default();
        let centre = Daemon::start(stage.centre(&parts)?).await?;
        let applier = if options.real {
            let roles = ["--roles".to_owned(), "apply".to_owned()];
            Some(Daemon::start(stage.process_of_the_centre("applier", &[parts, roles.to_vec()].concat())?).await?)
        } else {
            None
        };
        let range = articles(ARTICLES);
        import_catalogue(&centre, &range).await?;
        let mut cast = Self {
            real,
            centre: Some(centre),
            applier,
            boxes: Vec::new(),
            lines: Vec::new(),
            shops: Shops::new(),
            range,
            stores: Vec::new(),
            seed: options.seed,
            tills: Vec::new(),
            stage,
        };
        cast.open_shops().await?;
        voice.say(format!("{} shops are open, {} of them with a box of their own", cast.stores.len(), BOXES.len()));
        Ok(cast)
    }

    async fn open_shops(&mut self) -> Result<(), Trouble> {
        let centre = self.centre.take().ok_or("the centre is gone")?;
        for (store, name) in BOXES {
            let line = Arc::new(Relay::start(centre.recipe().http).await?);
            let edge = Daemon::start(self.stage.edge(store, line.address(), &[])?).await?;
            self.tills.push((store.to_owned(), TillLine::of(&edge)));
            self.lines.push((name, line));
            self.boxes.push(edge);
            self.stores.push(store.to_owned());
        }
        let line = Arc::new(Relay::start(centre.recipe().http).await?);
        let trade = Trade { every: Duration::from_millis(400), lines: 3, duplicates: 60, poison: 20 };
        let plan = Plan { range: self.range.clone(), trade, opening: None };
        for number in BOXES.len() + 1..=BOXES.len() + SIMULATED {
            let store = format!("S{number:04}");
            self.shops.open(&store, &format!("http://{}", line.address()), &plan)?;
            self.stores.push(store);
        }
        self.lines.push((SHOPS_LINE, line));
        for edge in &self.boxes {
            PATIENCE.wait_for("the catalogue at a box", || has_catalogue(edge)).await?;
        }
        let (books, count) = (Books::of(&centre), u64::try_from(self.stores.len())?);
        PATIENCE.wait_for("the shops at head office", || async { Ok(books.totals().await?.stores >= count) }).await?;
        PATIENCE
            .wait_for("the catalogue in the shops", || async {
                Ok(self.shops.views().all(|(_, view)| view.catalogue > 0))
            })
            .await?;
        open_stock(&centre, &self.stores, &self.range, OPENING, PATIENCE.within).await?;
        self.centre = Some(centre);
        Ok(())
    }

    /// What head office submitted: the opening stock.
    pub(super) fn opening(&self) -> Record {
        let mut record = Record::default();
        let pieces = i64::try_from(OPENING).unwrap_or(i64::MAX);
        for store in &self.stores {
            for article in &self.range {
                record.sums.add(store, &article.sku, pieces);
            }
        }
        record
    }

    /// Lets the tills of the boxes sell until the doors close.
    pub(super) fn open_tills(&self, doors: &watch::Receiver<bool>) -> JoinSet<Result<Record, Trouble>> {
        let mut working = JoinSet::new();
        for (store, line) in &self.tills {
            for number in 1..=TILLS {
                let seed = self.seed.rotate_left(32) ^ number;
                let (till, chance) = (Till::new(&number.to_string(), seed, seed), Chance::of(seed));
                let (store, line, range) = (store.clone(), line.clone(), self.range.clone());
                working.spawn(Cashier { store, line, range, till, chance }.work(doors.clone()));
            }
        }
        working
    }

    /// Gives away all that can fail.
    pub(super) fn targets(&mut self) -> Vec<Target> {
        let mut targets: Vec<Target> = self.boxes.drain(..).map(Target::Box).collect();
        targets.extend(self.centre.take().into_iter().chain(self.applier.take()).map(Target::Centre));
        targets.extend(self.lines.iter().map(|(name, line)| Target::Line(name, Arc::clone(line))));
        if let Some(real) = &self.real {
            let servers = [Server::Kafka, Server::Postgres, Server::Redis];
            targets.extend(servers.map(|server| Target::Server(server, Arc::clone(real))));
        }
        targets
    }

    /// Takes back what has failed enough.
    pub(super) fn take_back(&mut self, target: Target) {
        match target {
            Target::Box(edge) => self.boxes.push(edge),
            Target::Centre(process) if process.recipe().name == "centre" => self.centre = Some(process),
            Target::Centre(process) => self.applier = Some(process),
            // They were shared.
            Target::Line(..) | Target::Server(..) => {}
        }
    }

    /// The processes of the centre.
    pub(super) fn processes(&mut self) -> Vec<&mut Daemon> {
        self.centre.iter_mut().chain(&mut self.applier).collect()
    }

    /// Keeps the folder with all logs and data when everyone is gone.
    pub(super) fn keep(&mut self) -> PathBuf {
        self.stage.keep()
    }
}
