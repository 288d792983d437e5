use std::{fmt, sync::Arc};

use ::rsa::PublicKey;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{key_error::KeyError, rsa, secret::SecretKey};
use crate::value::AppSecret;

/// Checks the signatures of answers or, in a server, of requests. A clone is cheap.
#[derive(Clone)]
pub struct Verifier(Key);

#[derive(Clone)]
enum Key {
    Secret(SecretKey),
    Rsa(Arc<PublicKey>),
}

/// The reason why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The text is not base64 in the standard alphabet with padding.
    #[error("the signature is not base64")]
    NotBase64,
    /// The signature was made with another key, or for another text or date.
    #[error("the signature is wrong")]
    Wrong,
}

impl Verifier {
    /// Creates a verifier for secret mode.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the secret is wiped when this function returns"
    )]
    pub fn secret(secret: AppSecret) -> Self {
        Self(Key::Secret(SecretKey::new(&secret)))
    }

    /// Creates a verifier for RSA mode from a public key in PEM: SPKI or PKCS#1, at least 2048 bits.
    ///
    /// # Errors
    /// [`KeyError`] if the text is not such a key, or if the key is shorter.
    pub fn rsa(public_key_pem: &str) -> Result<Self, KeyError> {
        Ok(Self(Key::Rsa(Arc::new(rsa::public_key(public_key_pem)?))))
    }

    /// Checks the value of a `Sign` header against a [flattened](super::flatten) text and the value of the `Date-GMT`
    /// header. It does not check the age of the date.
    ///
    /// # Errors
    /// [`SignError`] if the signature is not strict base64, or not the signature of this text and date.
    pub fn verify(&self, flat: &[u8], date: &str, sign: &str) -> Result<(), SignError> {
        let signature = STANDARD.decode(sign).map_err(|_| SignError::NotBase64)?;
        let is_valid = match &self.0 {
            Key::Secret(key) => key.matches(flat, date, &signature),
            Key::Rsa(key) => rsa::matches(key, flat, date, &signature),
        };
        if is_valid {
            Ok(())
        } else {
            Err(SignError::Wrong)
        }
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
