use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use hp_api::{CallError, Client, Currency, FetchCards, ProductId};
use hp_order::Rejection;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use tracing::warn;

/// A list older than this is fetched again before an order is rejected on the strength of it.
const FRESH: Duration = Duration::from_secs(30);

const UNCHECKED: &str =
    "the product list cannot be fetched; what is not in the old one goes to HitPoints";

/// The signed product list, so that an order which HitPoints would refuse costs no call. Without a list orders go
/// to HitPoints unchecked.
pub(crate) struct Catalogue {
    client: Client,
    list: RwLock<Option<List>>,
    /// When the list was last asked for on behalf of an order. Held while it is.
    asked: Mutex<Option<Instant>>,
    /// How long an order waits for a fresh list: less than it may stay untouched.
    patience: Duration,
}

struct List {
    fetched: Instant,
    products: HashMap<ProductId, Known>,
}

struct Known {
    limit: u32,
    currency: Currency,
}

impl Catalogue {
    pub(crate) fn new(client: Client, patience: Duration) -> Self {
        Self {
            client,
            list: RwLock::new(None),
            asked: Mutex::new(None),
            patience,
        }
    }

    /// Fetches the list; the old one stays where that fails.
    pub(crate) async fn refresh(&self) -> Result<usize, CallError> {
        let products = self.client.products(None).await?;
        let products: HashMap<_, _> = products
            .into_iter()
            .map(|product| {
                let known = Known {
                    limit: product.max_fetch_quantity,
                    currency: product.currency,
                };
                (product.product_id, known)
            })
            .collect();
        let count = products.len();
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = Some(List {
            fetched: Instant::now(),
            products,
        });
        Ok(count)
    }

    /// Whether there is a list.
    pub(crate) fn is_known(&self) -> bool {
        self.list
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// The currency that a product is paid in, if it is in the list.
    pub(crate) fn currency(&self, product: ProductId) -> Option<Currency> {
        let guard = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let known = guard.as_ref()?.products.get(&product)?;
        Some(known.currency)
    }

    /// Why HitPoints would refuse this order, as far as the list tells. A product may have been added since the
    /// list was fetched, so an old list is fetched again first, but not for each order anew while that fails.
    pub(crate) async fn objection(&self, wanted: &FetchCards) -> Option<Rejection> {
        let (objection, fresh) = self.look_up(wanted);
        if objection.is_none() || fresh {
            return objection;
        }
        let mut asked = self.asked.lock().await;
        if asked.is_none_or(|at| at.elapsed() >= FRESH) {
            match timeout(self.patience, self.refresh()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => warn!(%error, "{UNCHECKED}"),
                Err(_) => warn!(error = "no answer in time", "{UNCHECKED}"),
            }
            *asked = Some(Instant::now());
        }
        match self.look_up(wanted) {
            (objection, true) => objection,
            (_, false) => None,
        }
    }

    /// The objection, and whether the list is fresh enough to act on it.
    fn look_up(&self, wanted: &FetchCards) -> (Option<Rejection>, bool) {
        let guard = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let Some(list) = guard.as_ref() else {
            return (None, false);
        };
        let objection = match list.products.get(&wanted.product_id) {
            None => Some(Rejection::UnknownProduct),
            Some(known) if wanted.quantity.get() > known.limit => {
                Some(Rejection::QuantityOverLimit)
            }
            Some(_) => None,
        };
        (objection, list.fetched.elapsed() < FRESH)
    }
}
