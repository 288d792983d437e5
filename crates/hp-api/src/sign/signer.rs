use std::{fmt, sync::Arc};

use ::rsa::PrivateKey;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{key_error::KeyError, rsa, secret::SecretKey};
use crate::value::AppSecret;

/// Signs requests or, in a server, answers. A clone is cheap.
#[derive(Clone)]
pub struct Signer(Key);

#[derive(Clone)]
enum Key {
    Secret(SecretKey),
    Rsa(Arc<PrivateKey>),
}

impl Signer {
    /// Creates a signer for secret mode.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the secret is wiped when this function returns"
    )]
    pub fn secret(secret: AppSecret) -> Self {
        Self(Key::Secret(SecretKey::new(&secret)))
    }

    /// Creates a signer for RSA mode from a private key in PEM: PKCS#8 or PKCS#1, without a password.
    ///
    /// # Errors
    /// [`KeyError`] if the text is not such a key, or if the key cannot sign.
    pub fn rsa(private_key_pem: &str) -> Result<Self, KeyError> {
        Ok(Self(Key::Rsa(Arc::new(rsa::private_key(private_key_pem)?))))
    }

    /// Signs a [flattened](super::flatten) text and the value of the `Date-GMT` header. Returns the value of the `Sign`
    /// header, in base64.
    pub fn sign(&self, flat: &[u8], date: &str) -> String {
        STANDARD.encode(match &self.0 {
            Key::Secret(key) => key.sign(flat, date),
            // `Signer::rsa` made a trial signature. If signing fails here, the vendor rejects the empty signature.
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
