use std::{fmt, str::FromStr};

use hp_api::{OrderId, ProductId, Quantity};
use hp_order::Millis;

/// An order to be put into the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The shop's own order id; the idempotency key.
    pub order_id: OrderId,
    /// From the signed product list.
    pub product_id: ProductId,
    /// How many cards.
    pub quantity: Quantity,
    /// After this time the order is not bought any more.
    pub deadline: Option<Millis>,
    /// Where the result goes, in place of the common stream.
    pub reply_to: Option<ResultStream>,
    /// Returned unchanged with the result; at most 4096 bytes.
    pub meta: Option<String>,
    /// W3C Trace Context of the span that places the order.
    pub traceparent: Option<String>,
}

impl Job {
    /// An order without extras.
    pub const fn new(order_id: OrderId, product_id: ProductId, quantity: Quantity) -> Self {
        Self {
            order_id,
            product_id,
            quantity,
            deadline: None,
            reply_to: None,
            meta: None,
            traceparent: None,
        }
    }
}

/// The name of a result stream of one's own: 1 to 64 of `A-Z a-z 0-9 _ . -`. Its key is `{hp}:results:<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultStream(String);

/// A name that no result stream can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot name a result stream: use 1 to 64 of A-Z a-z 0-9 _ . -")]
pub struct JobError(String);

impl FromStr for ResultStream {
    type Err = JobError;

    fn from_str(name: &str) -> Result<Self, JobError> {
        let usable = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if (1..=64).contains(&name.len()) && name.bytes().all(usable) {
            Ok(Self(name.into()))
        } else {
            Err(JobError(name.into()))
        }
    }
}

impl fmt::Display for ResultStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
