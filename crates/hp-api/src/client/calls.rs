use std::{sync::Arc, time::SystemTime};

use super::{cancellable_body::Permit, random_key::random_key, transport::Transport};
use crate::{
    answer::Data,
    call_error::CallResult,
    model::{Card, FetchCards, Mismatch, Order, ProductList},
    request::Request,
    value::{Currency, OrderId, PinSn},
};

/// The client of the vendor's API at one base URL, for one app id. Clones are cheap and share their connections.
///
/// Each call makes one attempt and never repeats it. [`Outcome`] and [`Lookup`] decide what to do after a failure. The
/// client does not use the proxy settings of the environment, but [`ClientBuilder::proxy`](crate::ClientBuilder::proxy).
///
/// Every call returns a [`CallError`] if it fails.
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
///     Outcome::Unknown(doubt) => println!("query before you try again: {}", doubt.message),
/// }
/// # Ok(())
/// # }
/// ```
///
/// [`CallError`]: crate::CallError
/// [`Outcome`]: crate::Outcome
/// [`Lookup`]: crate::Lookup
#[derive(Clone, Debug)]
pub struct Client(Arc<Transport>);

#[allow(
    clippy::missing_errors_doc,
    reason = "the type says what every call returns"
)]
impl Client {
    pub(super) fn new(transport: Transport) -> Self {
        Self(Arc::new(transport))
    }

    /// Lists the products that may be ordered, in one currency or in all.
    pub async fn products(&self, currency: Option<Currency>) -> CallResult<ProductList> {
        self.0
            .call(&Request::Products { currency }, product_list)
            .await
    }

    /// Makes a connection and sends nothing. Shows whether requests can leave this machine.
    ///
    /// # Errors
    /// [`NeverSent`](crate::CallError::NeverSent) with the reason.
    pub async fn connect(&self) -> CallResult<()> {
        self.0.connect().await
    }

    /// Returns the vendor's time to the second, from the date header of an answer.
    ///
    /// It does not check the signature. So a caller can distinguish a wrong clock from a wrong secret.
    ///
    /// # Errors
    /// Also [`Malformed`](crate::CallError::Malformed) if the answer has no date.
    pub async fn time(&self) -> CallResult<SystemTime> {
        self.0.time(&Request::Products { currency: None }).await
    }

    /// Buys cards. The returned order was validated against the request.
    ///
    /// # Errors
    /// An error does **not** mean that nothing was charged: pass it to [`Outcome::of`](crate::Outcome::of).
    pub async fn fetch(&self, wanted: &FetchCards) -> CallResult<Order> {
        self.fetch_if(wanted, || true).await
    }

    /// Buys cards if `permit` returns `true` when the connection is established and the request is about to be sent.
    ///
    /// Use it if the right to send may expire while the client connects. If `permit` returns `false`, the client sends
    /// nothing.
    ///
    /// # Errors
    /// Like [`fetch`](Self::fetch), and [`Cancelled`](crate::CallError::Cancelled) if `permit` returned `false`.
    pub async fn fetch_if(
        &self,
        wanted: &FetchCards,
        permit: impl Fn() -> bool + Send + Sync + 'static,
    ) -> CallResult<Order> {
        let request = Request::FetchCards(wanted);
        let permit: Permit = Arc::new(permit);
        self.0
            .call_if(&request, Some(permit), |data| {
                validated(data.into_order()?, wanted)
            })
            .await
    }

    /// Returns the record of an order. It checks only that the record has this id.
    pub async fn query_order(&self, order_id: &OrderId) -> CallResult<Order> {
        let request = Request::QueryOrder { order_id };
        self.0
            .call(&request, |data| with_order_id(data.into_order()?, order_id))
            .await
    }

    /// Returns the record of an order, validated against the request. [`Lookup::of`](crate::Lookup::of) classifies the
    /// result.
    pub async fn query(&self, wanted: &FetchCards) -> CallResult<Order> {
        let request = Request::QueryOrder {
            order_id: &wanted.order_id,
        };
        self.0
            .call(&request, |data| validated(data.into_order()?, wanted))
            .await
    }

    /// Returns the record of a card.
    pub async fn query_pin(&self, pin_sn: &PinSn) -> CallResult<Card> {
        let request = Request::QueryPin { pin_sn };
        self.0
            .call(&request, |data| with_pin_sn(data.into_card()?, pin_sn))
            .await
    }
}

impl Client {
    /// Waits until a request may be sent that is not the first one of a query.
    pub(super) async fn permit_extra_call(&self) {
        self.0.extra_calls.permit().await;
    }

    /// Returns an order id that certainly never existed.
    pub(super) fn random_id(&self) -> String {
        let bits = || random_key(self.0.random.bits());
        format!("probe-{}{}", bits(), bits())
    }
}

fn product_list(data: Data<'_>) -> CallResult<ProductList> {
    data.into_products()
}

fn validated(order: Order, wanted: &FetchCards) -> CallResult<Order> {
    order.validate(wanted)?;
    Ok(order)
}

fn with_order_id(order: Order, wanted: &OrderId) -> CallResult<Order> {
    if order.out_trade_id != *wanted {
        return Err(Mismatch::OrderId.into());
    }
    Ok(order)
}

fn with_pin_sn(card: Card, wanted: &PinSn) -> CallResult<Card> {
    if card.pin_sn != *wanted {
        return Err(Mismatch::Card("pin_sn".to_owned()).into());
    }
    Ok(card)
}
