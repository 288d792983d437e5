//! Client for the `HitPoints` reseller API.
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
pub use lookup::{Absence, Lookup};
pub use model::{Card, FetchCards, Mismatch, Order, Product};
pub use outcome::{Doubt, DoubtKind, Outcome, Refusal, RefusalKind};
pub use value::{
    AppSecret, CardStatus, Currency, Invalid, Money, OrderId, OrderStatus, PinKey, PinSn,
    ProductId, Quantity,
};
