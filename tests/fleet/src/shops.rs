//! Many simulated shops in one process, one task each.

use tidemark_model::{Epoch, StoreId, TextError};
use tidemark_wire::client::{ClientConfig, ConfigError, Dialer};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::range::Article;
use crate::shop::{self, Order, Record, Shop, ShopView, Trade};

/// Orders that wait for one shop.
const ORDERS: usize = 16;

/// Why shops can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum ShopsError {
    /// The address of the centre can't be used.
    #[error(transparent)]
    Centre(#[from] ConfigError),
    /// The name of a shop is none.
    #[error("{name:?} is no name of a store: {source}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: TextError,
    },
    /// There is no chance to be had for the life of a journal.
    #[error("the system gives no random bits: {0}")]
    Random(#[from] getrandom::Error),
    /// A shop's task is gone.
    #[error("shop {0} has ended")]
    Ended(String),
}

/// How shops are set up.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What they sell.
    pub range: Vec<Article>,
    /// How they trade.
    pub trade: Trade,
    /// Pieces of everything that each takes as opening stock by itself; none
    /// if head office opens the stock.
    pub opening: Option<i64>,
}

/// Shops that run. Dropped, they are gone.
#[derive(Debug, Default)]
pub struct Shops {
    shops: Vec<Handle>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Handle {
    store: String,
    orders: mpsc::Sender<Order>,
    view: watch::Receiver<ShopView>,
}

impl Shops {
    /// No shop yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens a shop that finds its centre at this address, such as
    /// `http://127.0.0.1:8400`.
    pub fn open(&mut self, store: &str, centre: &str, plan: &Plan) -> Result<(), ShopsError> {
        let dialer = Dialer::new(ClientConfig::new(centre))?;
        let name = |source| ShopsError::Name { name: store.to_owned(), source };
        let id = StoreId::new(store).map_err(name)?;
        let epoch = Epoch(getrandom::u64()?);
        let mut shop = Shop::new(id, epoch, plan.range.clone(), plan.trade);
        if let Some(pieces) = plan.opening {
            shop.open_stock(pieces, tidemark_model::Odometer(0)).map_err(name)?;
        }
        let (orders, queue) = mpsc::channel(ORDERS);
        let (view, seen) = watch::channel(ShopView::default());
        self.tasks.spawn(shop::run(shop, dialer, queue, view));
        self.shops.push(Handle { store: store.to_owned(), orders, view: seen });
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shops.len()
    }

    /// How each stands.
    pub fn views(&self) -> impl Iterator<Item = (&str, ShopView)> {
        self.shops.iter().map(|shop| (shop.store.as_str(), shop.view.borrow().clone()))
    }

    /// Opens the doors of all, or closes them.
    pub async fn sell(&self, open: bool) -> Result<(), ShopsError> {
        for shop in &self.shops {
            shop.order(Order::Sell(open)).await?;
        }
        Ok(())
    }

    /// Lets the last so many shops ring up a receipt that nobody can
    /// understand.
    pub async fn poison(&self, count: usize) -> Result<(), ShopsError> {
        for shop in self.shops.iter().rev().take(count) {
            shop.order(Order::Poison).await?;
        }
        Ok(())
    }

    /// What they know of their own trade, together.
    pub async fn record(&self) -> Result<Record, ShopsError> {
        let mut all = Record::default();
        for shop in &self.shops {
            let (answer, told) = oneshot::channel();
            shop.order(Order::Tell(answer)).await?;
            let Ok(record) = told.await else { return Err(ShopsError::Ended(shop.store.clone())) };
            all.merge(&record);
        }
        Ok(all)
    }
}

impl Handle {
    async fn order(&self, order: Order) -> Result<(), ShopsError> {
        let given = self.orders.send(order).await;
        given.map_err(|_ended| ShopsError::Ended(self.store.clone()))
    }
}
