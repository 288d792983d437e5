//! Sealed results: cards that only the shops' own private keys open.
//!
//! A sealed copy is a libsodium sealed box (`crypto_box_seal`): `X25519`, `XSalsa20` and `Poly1305`. The format is described at
//! <https://doc.libsodium.org/public-key_cryptography/sealed_boxes>.

mod key;
mod recipients;
mod sealed_pins;
#[cfg(test)]
mod tests;

pub use key::{KeyError, PrivateKey, PublicKey};
pub use recipients::{KeyName, KeyNameError, Recipients};
pub use sealed_pins::{OpenError, SealedPins};
