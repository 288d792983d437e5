//! A client for the `HitPoints` reseller API.
//!
//! A purchase moves money, and its answer can be lost. So an [`Outcome`] has three cases: the vendor charged the order,
//! certainly did not charge it, or **unknown**. The caller must handle all three.
//!
//! `Client` makes the calls. Without the feature `client` the crate does no I/O, and its user provides the transport.
//!
//! * [`request`]: requests, and their signed form.
//! * [`answer`]: answers, verified and read.
//! * [`sign`]: the signature of requests and answers.
//! * [`value`]: ids, money, secrets and status words, which validate themselves.
//! * [`Order`], [`Card`], [`Product`]: the data in answers.
//! * [`CallError`]: the reason why one call failed.
//! * [`Outcome`]: the outcome of a fetch.
//! * [`Lookup`]: the verdict of one query about an order whose outcome is unknown.
//! * `Settler`: settles an unknown outcome safely, with probe and control.

pub mod answer;
mod ca_certificates;
mod call_error;
#[cfg(feature = "client")]
mod client;
mod client_certificate;
mod code;
pub mod date;
mod doubt;
mod json;
mod lookup;
mod model;
mod outcome;
mod pem;
mod readable;
mod refusal;
pub mod request;
pub mod sign;
pub mod value;

pub use ca_certificates::CaCertificates;
pub use call_error::{ApiError, CallError, CallResult};
#[cfg(feature = "client")]
pub use client::{
    BuildError, CallClass, Client, ClientBuilder, ControlOrder, Endpoint, HttpCall, Learned,
    NotFoundRule, ProbeError, Settlement, Settler, SigningKeys,
};
pub use client_certificate::{ClientCertificate, ClientCertificateError};
pub use code::RefusalKind;
pub use doubt::{Doubt, DoubtKind};
pub use lookup::{Lookup, NotFoundAnswer};
pub use model::{Card, FetchCards, Mismatch, Order, Product, ProductList, SkippedProduct};
pub use outcome::Outcome;
pub use pem::{PemError, pem_text};
pub use refusal::Refusal;
pub use value::{
    AppSecret, CardStatus, Currency, CurrencyText, Invalid, Money, OrderId, OrderStatus, PinKey,
    PinSn, ProductId, Quantity,
};

/// Compiles the examples of the README.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;
