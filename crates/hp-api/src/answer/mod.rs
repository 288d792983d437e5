//! Answers without I/O: envelope, signature, date, fields.
//!
//! [`accept`] takes the headers and the body of an HTTP 200 answer. It returns the [`Data`] only if the answer is signed
//! and fresh. The methods of [`Data`] then read the documented fields.

mod accept;
mod data;
mod envelope;
mod fields;
mod headers;
mod read;
mod read_products;
#[cfg(test)]
mod tests;
mod verify;

pub use accept::accept;
pub use data::Data;
pub use headers::{Header, Headers};
