//! Client for the `HitPoints` reseller API.
//!
//! Buying moves money, and the answer to a purchase can be lost on the way: an [`Outcome`] says whether
//! cards were charged, certainly not charged, or whether that is unknown. `Client` makes the calls; without
//! the feature `client` the crate does no I/O and leaves transport to its user.
//!
//! * [`sign`]: the signature of requests and answers.
//! * [`value`]: ids, money, secrets and status words, checked when they are made.
//! * [`Order`], [`Card`], [`Product`]: what the vendor answers.
//! * [`CallError`]: every way one call can fail.
//! * [`Outcome`]: what became of an order: charged, not charged, or **unknown**.
//! * [`Lookup`]: what a query says about an order whose outcome was unknown.

pub mod answer;
mod call_error;
#[cfg(feature = "client")]
mod client;
mod code;
pub mod date;
mod json;
mod lookup;
mod model;
mod outcome;
pub mod request;
pub mod sign;
pub mod value;

pub use call_error::{ApiError, CallError, CallResult};
#[cfg(feature = "client")]
pub use client::{BuildError, Builder, Client};
pub use code::RefusalKind;
pub use lookup::{Lookup, NotFoundAnswer};
pub use model::{Card, FetchCards, Mismatch, Order, Product};
pub use outcome::{Doubt, DoubtKind, Outcome, Refusal};
pub use value::{
    AppSecret, CardStatus, Currency, Invalid, Money, OrderId, OrderStatus, PinKey, PinSn,
    ProductId, Quantity,
};

/// Compiles the examples of the README.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;
