//! The signature of requests and answers.
//!
//! What is signed is [`flatten`] of the parameters or of an answer's `data`, followed by the text of
//! the `Date-GMT` header. A [`Signer`] signs it, a [`Verifier`] checks it, with a shared secret
//! (HMAC-SHA256) or with RSA keys (PKCS#1 v1.5 with SHA-1, as the vendor asks).
//!
//! ```
//! use hp_api::{AppSecret, sign::{Signer, Verifier, flatten}};
//!
//! let flat = flatten(br#"{"product_id":"2","quantity":"2","out_trade_id":"2019298869","random_key":"TMlPoZNabvAUZfB1"}"#)?;
//! let date = "Tue, 16 Jun 2020 06:17:42 GMT";
//! let secret = AppSecret::from("yelyHt6Y0jRkeXwFDiMmA-APSWj88eELzkvIxN6ZS1MHgWET".to_owned());
//!
//! let sign = Signer::secret(secret.clone()).sign(&flat, date);
//! assert_eq!(sign, "pPlTUC9kXco3nLw27W+pH9rRWzvXdZdL2F7XyLHnfKw=");
//! Verifier::secret(secret).verify(&flat, date, &sign)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The scheme is weak where it has no separators: text can move between neighbours, and keys are not
//! signed. So a good signature alone proves little; [`answer`](crate::answer) checks shape and date
//! as well, and [`Order::fits`](crate::Order::fits) the content.

mod flatten;
mod float;
mod numeric;
mod order;
mod rsa;
mod secret;
mod signer;
mod sort;
mod verifier;

pub use crate::json::JsonError;
pub use flatten::flatten;
pub(crate) use flatten::{flatten_params, flatten_value};
pub use signer::Signer;
pub use verifier::{SignError, Verifier};

/// A PEM text that is not a key of the wanted kind; says why, without quoting it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(pub(crate) String);
