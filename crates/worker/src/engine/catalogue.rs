use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use hp_api::{
    CallError, Client, Currency, FetchCards, Product, ProductId, ProductList, SkippedProduct,
};
use hp_order::Rejection;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use tracing::warn;

/// The age from which a list is fetched again before an order is rejected because of it.
const FRESH: Duration = Duration::from_secs(30);

/// The signed product list. The worker rejects an order that HitPoints would refuse, without a call. Without a list, and
/// for products that only an old list lacks, HitPoints decides.
pub(crate) struct Catalogue {
    client: Client,
    list: RwLock<Option<List>>,
    /// When the list was last requested because of an order. Locked during the request.
    requested: Mutex<Option<Instant>>,
    /// How long an order waits for a fresh list: less than its lease.
    patience: Duration,
}

struct List {
    fetched: Instant,
    products: HashMap<ProductId, ListedProduct>,
    /// The rows that cannot be read. HitPoints decides about orders of such products.
    skipped: Vec<SkippedProduct>,
}

struct ListedProduct {
    /// The most cards in one order.
    max_quantity: u32,
    currency: Currency,
}

impl Catalogue {
    pub(crate) fn new(client: Client, patience: Duration) -> Self {
        Self {
            client,
            list: RwLock::new(None),
            requested: Mutex::new(None),
            patience,
        }
    }

    /// Fetches the list and returns the products. Keeps the old list if that fails.
    pub(crate) async fn refresh(&self) -> Result<Vec<Product>, CallError> {
        let ProductList { products, skipped } = self.client.products(None).await?;
        let listed: HashMap<_, _> = products
            .iter()
            .map(|product| {
                let listed = ListedProduct {
                    max_quantity: product.max_fetch_quantity,
                    currency: product.currency,
                };
                (product.product_id, listed)
            })
            .collect();
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        if list.as_ref().is_none_or(|old| old.skipped != skipped) {
            skipped.iter().for_each(warn_of_skipped);
        }
        *list = Some(List {
            fetched: Instant::now(),
            products: listed,
            skipped,
        });
        Ok(products)
    }

    /// `true` if a list was fetched.
    pub(crate) fn is_known(&self) -> bool {
        self.list
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// The currency in which a product is charged, if the list has the product.
    pub(crate) fn currency(&self, product: ProductId) -> Option<Currency> {
        let guard = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let listed = guard.as_ref()?.products.get(&product)?;
        Some(listed.currency)
    }

    /// Why HitPoints would refuse this order, according to the list. A product may be newer than an old list, so that list
    /// is fetched again first; all orders that wait for it share one request.
    pub(crate) async fn objection(&self, wanted: &FetchCards) -> Option<Rejection> {
        let (objection, is_fresh) = self.look_up(wanted);
        if objection.is_none() || is_fresh {
            return objection;
        }
        // Boxed: it is large and rare.
        Box::pin(self.refresh_for_order()).await;
        match self.look_up(wanted) {
            (objection, true) => objection,
            (_, false) => None,
        }
    }

    async fn refresh_for_order(&self) {
        let mut requested = self.requested.lock().await;
        if requested.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        let error = match timeout(self.patience, self.refresh()).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("no answer in time".into()),
        };
        if let Some(error) = error {
            warn!(obstacle = "product_list", %error, "cannot fetch the product list; HitPoints decides about products that the old list lacks");
        }
        *requested = Some(Instant::now());
    }

    /// The objection, and whether the list is fresh enough to reject the order.
    fn look_up(&self, wanted: &FetchCards) -> (Option<Rejection>, bool) {
        let guard = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let Some(list) = guard.as_ref() else {
            return (None, false);
        };
        let objection = match list.products.get(&wanted.product_id) {
            _ if list.may_have_skipped(wanted.product_id) => None,
            None => Some(Rejection::UnknownProduct),
            Some(listed) if wanted.quantity.get() > listed.max_quantity => {
                Some(Rejection::QuantityOverLimit)
            }
            Some(_) => None,
        };
        (objection, list.fetched.elapsed() < FRESH)
    }
}

impl List {
    /// `true` if a row that cannot be read names this product, or perhaps this product.
    fn may_have_skipped(&self, product: ProductId) -> bool {
        let is_listed = self.products.contains_key(&product);
        self.skipped.iter().any(|row| match row.product_id {
            Some(skipped) => skipped == product,
            None => !is_listed,
        })
    }
}

fn warn_of_skipped(row: &SkippedProduct) {
    let product = row.product_id.map(ProductId::get);
    warn!(product, reason = %row.reason, "skipped a product that cannot be read; HitPoints decides about its orders");
}
