use std::{fmt, sync::Arc};

use ::rsa::PrivateKey;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{KeyError, rsa, secret::SecretKey};
use crate::value::AppSecret;

/// Signs requests (or, in a server, answers). Cheap to clone.
#[derive(Clone)]
pub struct Signer(Key);

#[derive(Clone)]
enum Key {
    Secret(SecretKey),
    Rsa(Arc<PrivateKey>),
}

impl Signer {
    /// Signs with a shared secret.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the secret is wiped when this is done"
    )]
    pub fn secret(secret: AppSecret) -> Self {
        Self(Key::Secret(SecretKey::new(&secret)))
    }

    /// Signs with an RSA private key: PKCS#8 or PKCS#1 in PEM.
    ///
    /// # Errors
    /// When it is no such key, or one that cannot sign.
    pub fn rsa(private_key_pem: &str) -> Result<Self, KeyError> {
        Ok(Self(Key::Rsa(Arc::new(rsa::private_key(private_key_pem)?))))
    }

    /// The value of the `Sign` header, in base64, for a [flattened](super::flatten) text and the
    /// value of the `Date-GMT` header.
    pub fn sign(&self, flat: &[u8], date: &str) -> String {
        STANDARD.encode(match &self.0 {
            Key::Secret(key) => key.sign(flat, date),
            // The key has signed when it was read. Should it fail now, then no signature is sent, and
            // the vendor refuses the request as unsigned.
            Key::Rsa(key) => rsa::try_sign(key, flat, date).unwrap_or_default(),
        })
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Key::Secret(_) => "Signer(secret [redacted])",
            Key::Rsa(_) => "Signer(rsa [redacted])",
        })
    }
}
