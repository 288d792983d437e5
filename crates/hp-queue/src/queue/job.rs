use std::{fmt, str::FromStr};

use hp_api::{OrderId, ProductId, Quantity};
use hp_order::Millis;

/// An order to be enqueued. The worker admits every job that can be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The shop's own order id: the idempotency key.
    pub order_id: OrderId,
    /// The product, from the product list.
    pub product_id: ProductId,
    /// The number of cards.
    pub quantity: Quantity,
    /// After this time the order is not submitted any more.
    pub deadline: Option<Deadline>,
    /// The stream for the result, in place of the common one.
    pub reply_to: Option<ResultStream>,
    /// Returned unchanged with the result.
    pub meta: Option<Meta>,
    /// The span that places the order.
    pub traceparent: Option<Traceparent>,
}

impl Job {
    /// Creates an order without extras.
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

/// A value that no job can have. The text says what is wrong, and how to write it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JobError(String);

/// A time after which an order is not submitted any more, by Redis' clock. It is in the years 2001 to 33658: a time outside
/// is in seconds or in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Millis);

impl Deadline {
    /// Returns the time.
    pub const fn at(self) -> Millis {
        self.0
    }
}

impl TryFrom<Millis> for Deadline {
    type Error = JobError;

    fn try_from(at: Millis) -> Result<Self, JobError> {
        if (EARLIEST_DEADLINE..DEADLINE_END).contains(&at.0) {
            return Ok(Self(at));
        }
        let why = match in_another_unit(at.0) {
            Some((unit, right)) => format!("looks like {unit}; did you mean {right}?"),
            None if at.0 < EARLIEST_DEADLINE => "is before the year 2001".into(),
            None => "has more than 15 digits".into(),
        };
        Err(JobError(format!(
            "deadline must be Unix milliseconds: {} {why}",
            at.0
        )))
    }
}

/// The year 2001, Unix ms.
const EARLIEST_DEADLINE: u64 = 978_307_200_000;
/// The year 5138, Unix seconds.
const SECONDS_END: u64 = 10_u64.pow(11);
const DEADLINE_END: u64 = 10_u64.pow(15);

/// Returns the unit in which this number is a usual time, and that time in milliseconds.
fn in_another_unit(at: u64) -> Option<(&'static str, u64)> {
    match at {
        ..SECONDS_END => {
            let right = at * 1000;
            (right >= EARLIEST_DEADLINE).then_some(("seconds", right))
        }
        _ => match at.ilog10() + 1 {
            16 => Some(("microseconds", at / 1000)),
            19 => Some(("nanoseconds", at / 1_000_000)),
            _ => None,
        },
    }
}

/// The name of a shop's own result stream: 1 to 64 of `A-Z a-z 0-9 _ . -`. Its key is `{hp}:results:<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResultStream(String);

impl FromStr for ResultStream {
    type Err = JobError;

    fn from_str(name: &str) -> Result<Self, JobError> {
        let usable = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if (1..=64).contains(&name.len()) && name.bytes().all(usable) {
            return Ok(Self(name.into()));
        }
        Err(JobError(format!(
            "{name:?} cannot name a result stream: use 1 to 64 of A-Z a-z 0-9 _ . -"
        )))
    }
}

/// A shop's own data about an order, at most 4096 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta(String);

impl FromStr for Meta {
    type Err = JobError;

    fn from_str(text: &str) -> Result<Self, JobError> {
        if text.len() <= 4096 {
            return Ok(Self(text.into()));
        }
        Err(JobError(format!(
            "it has {} bytes, and the limit is 4096",
            text.len()
        )))
    }
}

/// A `traceparent` of [W3C Trace Context](https://www.w3.org/TR/trace-context/).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traceparent(String);

impl FromStr for Traceparent {
    type Err = JobError;

    fn from_str(text: &str) -> Result<Self, JobError> {
        if is_traceparent(text) {
            return Ok(Self(text.into()));
        }
        Err(JobError(format!(
            "{text:?} does not have the form of W3C Trace Context, such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        )))
    }
}

/// Accepts the present version and later ones, which may have more after the flags.
fn is_traceparent(text: &str) -> bool {
    let hex = |text: &str, len: usize| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == len && text.bytes().all(is_digit)
    };
    let is_set = |text: &str| text.bytes().any(|byte| byte != b'0');
    let mut parts = text.splitn(5, '-');
    let [Some(version), Some(trace), Some(parent), Some(flags)] =
        [parts.next(), parts.next(), parts.next(), parts.next()]
    else {
        return false;
    };
    let ends_well = parts.next().is_none_or(|more| {
        let is_visible = more.bytes().all(|byte| byte.is_ascii_graphic());
        version != "00" && (1..128).contains(&more.len()) && is_visible
    });
    let is_hex = hex(version, 2) && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    is_hex && version != "ff" && is_set(trace) && is_set(parent) && ends_well
}

macro_rules! text {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text!(ResultStream, Meta, Traceparent);
