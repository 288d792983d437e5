use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_box::aead::rand_core::CryptoRngCore;

use super::key::PublicKey;

/// The name of a public key: 1 to 64 characters of `a-z`, `0-9`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName(String);

/// A text that is no name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a key has 1 to 64 characters: lower-case letters, digits, `_` and `-`")]
pub struct KeyNameError;

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        let fits = |c: u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
            return Ok(Self(text.into()));
        }
        Err(KeyNameError)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public keys to which cards are sealed, by name. Without a key, cards are published in clear text. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients(Arc<BTreeMap<KeyName, PublicKey>>);

impl Recipients {
    /// The most keys: each adds a copy of all cards to every result.
    pub const MOST: usize = 8;

    /// Returns `true` if cards are published in clear text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `pins_encoding` for cards that are published with these keys.
    pub(crate) fn encoding(&self) -> &'static str {
        if self.is_empty() {
            "json"
        } else {
            "sealed-box"
        }
    }

    /// The keys by name.
    pub fn iter(&self) -> impl Iterator<Item = (&KeyName, &PublicKey)> {
        self.0.iter()
    }

    /// Returns a JSON object: key name -> sealed copy of `text` in base64. Each copy takes fresh randomness from `rng`.
    pub(crate) fn seal(&self, text: &[u8], rng: &mut impl CryptoRngCore) -> String {
        let copies: BTreeMap<_, _> = self
            .iter()
            .map(|(name, key)| {
                let copy = key.as_inner().seal(rng, text);
                let copy = copy.expect("a text that fits in memory can be sealed");
                (&*name.0, STANDARD.encode(copy))
            })
            .collect();
        serde_json::to_string(&copies).expect("texts are always JSON")
    }
}

impl FromIterator<(KeyName, PublicKey)> for Recipients {
    fn from_iter<I: IntoIterator<Item = (KeyName, PublicKey)>>(keys: I) -> Self {
        Self(Arc::new(keys.into_iter().collect()))
    }
}
