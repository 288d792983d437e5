use std::{collections::BTreeMap, fmt};

use hp_queue::{KeyName, PublicKey, Recipients};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// The public keys that cards are sealed to.
#[derive(Debug, Default, JsonSchema)]
#[schemars(
    inline,
    with = "BTreeMap<String, String>",
    extend("propertyNames" = { "pattern": "^[a-z0-9_-]{1,64}$" }, "maxProperties" = 8)
)]
pub(super) struct SealTo(pub(super) Recipients);

impl<'de> Deserialize<'de> for SealTo {
    fn deserialize<D: Deserializer<'de>>(table: D) -> Result<Self, D::Error> {
        let keys = table.deserialize_map(Keys)?;
        if keys.len() > Recipients::MOST {
            return Err(D::Error::custom(format!(
                "has {} keys. Each key adds a copy of all cards to every result: give {} at most.",
                keys.len(),
                Recipients::MOST
            )));
        }
        let keys = keys.into_iter().map(|(Name(name), Key(key))| (name, key));
        Ok(Self(keys.collect()))
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = BTreeMap<Name, Key>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of public keys by name: seal_to.shop for the key `shop`, or the environment variable HP_RESULTS__SEAL_TO__SHOP")
    }

    fn visit_map<A: MapAccess<'de>>(self, keys: A) -> Result<Self::Value, A::Error> {
        Deserialize::deserialize(MapAccessDeserializer::new(keys))
    }
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(try_from = "String")]
struct Name(KeyName);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let key_name = name.parse().map(Self);
        key_name.map_err(|error| format!("has the key name `{name}`: {error}."))
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Key(PublicKey);

impl TryFrom<String> for Key {
    type Error = String;

    /// Does not show the text: it may be a private key.
    fn try_from(key: String) -> Result<Self, String> {
        let key = key.trim().parse().map(Self);
        key.map_err(|error| {
            format!("cannot be used: {error}. Give a public key that `worker keygen` has printed.")
        })
    }
}
