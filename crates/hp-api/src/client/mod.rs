//! The transport: one connection pool, no redirects, no proxy, no repetitions.

mod base_url;
mod builder;
mod clock;
mod failure;
mod guarded;
mod random_key;
mod transport;

pub use builder::{BuildError, Builder};

use std::sync::Arc;

use crate::{
    answer::Data,
    call_error::CallResult,
    model::{Card, FetchCards, Mismatch, Order, Product},
    request::Request,
    value::{Currency, OrderId, PinSn},
};

/// The vendor's API at one base URL, for one app id. Cheap to clone; clones share their connections.
///
/// Each call makes one attempt and never repeats it: what to do after a failure is for [`Outcome`] and
/// [`Lookup`] to say. Proxy settings of the environment are not used.
///
/// ```no_run
/// # async fn buy() -> Result<(), Box<dyn std::error::Error>> {
/// use hp_api::{AppSecret, Client, FetchCards, Outcome, ProductId, Quantity};
///
/// let client = Client::builder("https://api.sandbox.hitpoints.com", "my-app-id")
///     .secret(AppSecret::from("my-secret".to_owned()))
///     .build()?;
/// let wanted = FetchCards {
///     order_id: "A-1001".parse()?,
///     product_id: ProductId::new(2)?,
///     quantity: Quantity::new(3)?,
/// };
/// match Outcome::of(client.fetch(&wanted).await) {
///     Outcome::Charged(order) => println!("{} cards", order.cards.len()),
///     Outcome::NotCharged(refusal) => println!("nothing was charged: {}", refusal.message),
///     Outcome::Unknown(doubt) => println!("query before trying again: {}", doubt.message),
/// }
/// # Ok(())
/// # }
/// ```
///
/// [`Outcome`]: crate::Outcome
/// [`Lookup`]: crate::Lookup
#[derive(Clone, Debug)]
pub struct Client(Arc<transport::Transport>);

impl Client {
    /// Starts a client for a base URL (`https`, or `http` to this machine only) and an app id.
    pub fn builder(base_url: &str, app_id: &str) -> Builder {
        Builder::new(base_url, app_id)
    }

    /// The products that may be ordered, of one currency or of all.
    ///
    /// # Errors
    /// See [`CallError`](crate::CallError).
    pub async fn products(&self, currency: Option<Currency>) -> CallResult<Vec<Product>> {
        self.0.call(&Request::Products { currency }, listed).await
    }

    /// The vendor's time, to the second, by the date header of an answer. Its signature is not looked at, so that a clock
    /// which is off can be told from a secret that is wrong.
    ///
    /// # Errors
    /// See [`CallError`](crate::CallError); [`Malformed`](crate::CallError::Malformed) where the answer has no date.
    pub async fn time(&self) -> CallResult<std::time::SystemTime> {
        self.0.time(&Request::Products { currency: None }).await
    }

    /// Buys cards. The order that is given fits what was wanted.
    ///
    /// # Errors
    /// See [`CallError`](crate::CallError); an error does **not** mean that nothing was charged, ask
    /// [`Outcome::of`](crate::Outcome::of).
    pub async fn fetch(&self, wanted: &FetchCards) -> CallResult<Order> {
        self.fetch_if(wanted, || true).await
    }

    /// Buys cards if `may_leave` still says so when the connection stands and the request is about to be written to
    /// it: for those whose right to buy may run out while they wait. Otherwise nothing is bought, and the error is
    /// [`Cancelled`](crate::CallError::Cancelled).
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    pub async fn fetch_if(
        &self,
        wanted: &FetchCards,
        may_leave: impl Fn() -> bool + Send + Sync + 'static,
    ) -> CallResult<Order> {
        let request = Request::FetchCards(wanted);
        let permit: guarded::Permit = Box::new(may_leave);
        self.0
            .call_if(&request, Some(permit), |data| {
                fitting(data.into_order()?, wanted)
            })
            .await
    }

    /// The record of an order, not held against anything but its id.
    ///
    /// # Errors
    /// See [`CallError`](crate::CallError).
    pub async fn query_order(&self, order_id: &OrderId) -> CallResult<Order> {
        let request = Request::QueryOrder { order_id };
        self.0
            .call(&request, |data| of_this_id(data.into_order()?, order_id))
            .await
    }

    /// The record of an order, held against what was wanted. [`Lookup::of`](crate::Lookup::of) says
    /// what follows from it.
    ///
    /// # Errors
    /// See [`CallError`](crate::CallError).
    pub async fn query(&self, wanted: &FetchCards) -> CallResult<Order> {
        let request = Request::QueryOrder {
            order_id: &wanted.order_id,
        };
        self.0
            .call(&request, |data| fitting(data.into_order()?, wanted))
            .await
    }

    /// The record of a card.
    ///
    /// # Errors
    /// See [`CallError`](crate::CallError).
    pub async fn query_pin(&self, pin_sn: &PinSn) -> CallResult<Card> {
        let request = Request::QueryPin { pin_sn };
        self.0
            .call(&request, |data| of_this_number(data.into_card()?, pin_sn))
            .await
    }
}

fn listed(data: Data<'_>) -> CallResult<Vec<Product>> {
    data.into_products()
}

fn fitting(order: Order, wanted: &FetchCards) -> CallResult<Order> {
    order.fits(wanted)?;
    Ok(order)
}

fn of_this_id(order: Order, wanted: &OrderId) -> CallResult<Order> {
    if order.out_trade_id != *wanted {
        return Err(Mismatch::OrderId.into());
    }
    Ok(order)
}

fn of_this_number(card: Card, wanted: &PinSn) -> CallResult<Card> {
    if card.pin_sn != *wanted {
        return Err(Mismatch::Card("pin_sn".to_owned()).into());
    }
    Ok(card)
}
