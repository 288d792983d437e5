use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::key::PrivateKey;

/// The cards of a result as sealed copies, by the name of the key that opens each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPins(pub(crate) BTreeMap<String, String>);

/// Why sealed cards cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No key opens a copy.
    #[error("none of your private keys opens these cards: they are sealed to {}", names.join(", "))]
    OtherKey {
        /// The names of the keys that do.
        names: Vec<String>,
    },
    /// A key opens a copy, but there are no such cards in it.
    #[error("a key opens these cards, but `{0}` is missing or malformed in them")]
    Malformed(&'static str),
}

impl SealedPins {
    /// The names of the keys that open a copy.
    pub fn key_names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The sealed copies in base64, by the name of the key that opens each.
    pub fn copies(&self) -> impl Iterator<Item = (&str, &str)> {
        let copies = self.0.iter();
        copies.map(|(name, copy)| (name.as_str(), copy.as_str()))
    }

    /// Returns the JSON of the cards, from the first copy that one of these keys opens.
    pub(crate) fn open(&self, keys: &[PrivateKey]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let copies = self
            .0
            .values()
            .filter_map(|copy| STANDARD.decode(copy).ok());
        let mut opened = copies.filter_map(|copy| keys.iter().find_map(|key| key.open(&copy)));
        opened.next().ok_or_else(|| OpenError::OtherKey {
            names: self.key_names().map(str::to_owned).collect(),
        })
    }
}
