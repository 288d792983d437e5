use std::{fmt, sync::Arc};

use ::rsa::PublicKey;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{KeyError, rsa, secret::SecretKey};
use crate::value::AppSecret;

/// Checks signatures of answers (or, in a server, of requests). Cheap to clone.
#[derive(Clone)]
pub struct Verifier(Key);

#[derive(Clone)]
enum Key {
    Secret(SecretKey),
    Rsa(Arc<PublicKey>),
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Standard alphabet, with padding, nothing else.
    #[error("the signature is not base64")]
    NotBase64,
    /// Made with another key, or for another text or date.
    #[error("the signature is wrong")]
    Wrong,
}

impl Verifier {
    /// Checks with a shared secret.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the secret is wiped when this is done"
    )]
    pub fn secret(secret: AppSecret) -> Self {
        Self(Key::Secret(SecretKey::new(&secret)))
    }

    /// Checks with an RSA public key of at least 2048 bits: SPKI or PKCS#1 in PEM.
    ///
    /// # Errors
    /// When it is no such key, or a shorter one.
    pub fn rsa(public_key_pem: &str) -> Result<Self, KeyError> {
        Ok(Self(Key::Rsa(Arc::new(rsa::public_key(public_key_pem)?))))
    }

    /// Checks the value of a `Sign` header against a [flattened](super::flatten) text and the value
    /// of the `Date-GMT` header. Says nothing about the age of the date.
    ///
    /// # Errors
    /// When the signature is not strict base64, or is not this text's.
    pub fn verify(&self, flat: &[u8], date: &str, sign: &str) -> Result<(), SignError> {
        let signature = STANDARD.decode(sign).map_err(|_| SignError::NotBase64)?;
        let good = match &self.0 {
            Key::Secret(key) => key.matches(flat, date, &signature),
            Key::Rsa(key) => rsa::matches(key, flat, date, &signature),
        };
        if good { Ok(()) } else { Err(SignError::Wrong) }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Key::Secret(_) => "Verifier(secret [redacted])",
            Key::Rsa(_) => "Verifier(rsa)",
        })
    }
}
