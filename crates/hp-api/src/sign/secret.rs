use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::value::AppSecret;

/// An HMAC-SHA256 key. It holds the hash state after the secret, so that each signature starts from there.
#[derive(Clone)]
pub(super) struct SecretKey(Hmac<Sha256>);

impl SecretKey {
    #[expect(
        clippy::expect_used,
        reason = "HMAC is defined for keys of every length"
    )]
    pub(super) fn new(secret: &AppSecret) -> Self {
        let key = secret.expose().as_bytes();
        Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    pub(super) fn sign(&self, flat: &[u8], date: &str) -> Vec<u8> {
        self.mac(flat, date).finalize().into_bytes().to_vec()
    }

    /// Compares in constant time.
    pub(super) fn matches(&self, flat: &[u8], date: &str, signature: &[u8]) -> bool {
        self.mac(flat, date).verify_slice(signature).is_ok()
    }

    fn mac(&self, flat: &[u8], date: &str) -> Hmac<Sha256> {
        self.0.clone().chain_update(flat).chain_update(date)
    }
}
