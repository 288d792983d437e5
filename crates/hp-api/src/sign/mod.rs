//! The signature of requests and answers.
//!
//! The signature covers a text: [`flatten`] of the request's parameters or of the answer's `data`, followed by the value
//! of the `Date-GMT` header. A [`Signer`] signs this text and a [`Verifier`] checks a signature. Both use either a shared
//! secret (HMAC-SHA256) or RSA keys (PKCS#1 v1.5 with SHA-1, which the vendor requires).
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
//! The scheme is weak. The signed text has no separators, so characters can move between neighbouring fields, and field
//! names are not signed. So a valid signature alone proves little: [`answer`](crate::answer) also checks fields and date,
//! and [`Order::validate`](crate::Order::validate) checks the content.

mod compare;
mod flatten;
mod float;
mod key_error;
mod key_fault;
mod numeric;
mod rsa;
mod secret;
mod signer;
mod sort;
mod verifier;

pub use crate::json::JsonError;
pub use flatten::flatten;
pub(crate) use flatten::{flatten_params, flatten_value};
pub use key_error::KeyError;
pub use signer::Signer;
pub use verifier::{SignError, Verifier};
