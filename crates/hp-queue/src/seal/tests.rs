use std::collections::BTreeMap;

use crypto_box::aead::rand_core::{CryptoRng, Error, RngCore, impls};
use serde::Deserialize;

use super::{KeyError, KeyName, OpenError, PrivateKey, PublicKey, Recipients, SealedPins};

/// Made with libsodium in three languages, and with this module.
#[derive(Deserialize)]
struct Vectors {
    private_key: String,
    public_key: String,
    text: String,
    sealed_by: BTreeMap<String, String>,
}

fn vectors() -> Vectors {
    let json = include_str!("../../../../tests/data/sealed-vectors.json");
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}"))
}

/// Counts upwards.
struct Counter(u8);

impl RngCore for Counter {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Counter {}

fn private(byte: u8) -> PrivateKey {
    PrivateKey::from_random(&[byte; 32].into())
}

fn name(text: &str) -> KeyName {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn seal(keys: &[(&str, &PrivateKey)], text: &[u8]) -> SealedPins {
    let keys = keys
        .iter()
        .map(|(key, private)| (name(key), private.public()));
    let json = keys.collect::<Recipients>().seal(text, &mut Counter(0));
    SealedPins(serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}")))
}

fn opened(sealed: &SealedPins, keys: &[PrivateKey]) -> Option<Vec<u8>> {
    sealed.open(keys).ok().map(|text| text.to_vec())
}

#[test]
fn libsodium_boxes_of_other_languages_open() {
    let vectors = vectors();
    let key: PrivateKey = vectors
        .private_key
        .parse()
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(key.public().to_string(), vectors.public_key);
    assert!(vectors.sealed_by.len() >= 4);
    for (language, copy) in vectors.sealed_by {
        let sealed = SealedPins([(language.clone(), copy)].into());
        let text = opened(&sealed, std::slice::from_ref(&key));
        assert_eq!(text.as_deref(), Some(vectors.text.as_bytes()), "{language}");
    }
}

#[test]
fn sealing_makes_the_published_vector() {
    let vectors = vectors();
    let key: PublicKey = vectors
        .public_key
        .parse()
        .unwrap_or_else(|error| panic!("{error}"));
    let recipients = Recipients::from_iter([(name("worker"), key)]);
    let sealed = recipients.seal(vectors.text.as_bytes(), &mut Counter(100));
    let wanted = format!(r#"{{"worker":"{}"}}"#, vectors.sealed_by["worker"]);
    assert_eq!(sealed, wanted);
}

#[test]
fn every_recipient_opens_its_copy_and_nobody_else() {
    let (old, new, other) = (private(1), private(2), private(3));
    let sealed = seal(&[("old", &old), ("new", &new)], b"cards");
    for key in [&old, &new] {
        let keys = [other.clone(), key.clone()];
        assert_eq!(opened(&sealed, &keys).as_deref(), Some(&b"cards"[..]));
    }
    let names = vec!["new".to_owned(), "old".to_owned()];
    assert_eq!(sealed.open(&[other]), Err(OpenError::OtherKey { names }));
    assert_eq!(opened(&sealed, &[]), None);
}

#[test]
fn changed_copy_does_not_open() {
    let key = private(1);
    let sealed = seal(&[("shop", &key)], b"cards");
    let copy = &sealed.0["shop"];
    for at in 0..copy.len() {
        for byte in [b'A', b'!', b'='] {
            let mut changed = copy.clone().into_bytes();
            if changed[at] == byte {
                continue;
            }
            changed[at] = byte;
            let changed = String::from_utf8(changed).unwrap_or_else(|error| panic!("{error}"));
            let changed = SealedPins([("shop".into(), changed)].into());
            assert_eq!(opened(&changed, std::slice::from_ref(&key)), None, "{at}");
        }
        let cut = SealedPins([("shop".into(), copy[..at].into())].into());
        assert_eq!(opened(&cut, std::slice::from_ref(&key)), None, "{at}");
    }
}

#[test]
fn two_boxes_of_one_text_differ() {
    let keys = [("a", &private(1)), ("b", &private(1))];
    let sealed = seal(&keys, b"cards");
    assert_ne!(sealed.0["a"], sealed.0["b"]);
}

#[test]
fn private_key_prints_nothing() {
    let key = private(7);
    assert_eq!(format!("{key:?}"), "[redacted]");
    let text = key.expose();
    assert_eq!(
        text.parse().ok().map(|key: PrivateKey| key.public()),
        Some(key.public())
    );
    assert_eq!("x".parse::<PrivateKey>().err(), Some(KeyError::Malformed));
}

#[test]
fn public_key_that_protects_nothing_is_refused() {
    // Points of small order: 0, 1, p - 1, p, p + 1, and two of order 8 (RFC 7748; the list of libsodium).
    let weak = [
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "7P///////////////////////////////////////38=",
        "7f///////////////////////////////////////38=",
        "7v///////////////////////////////////////38=",
        "4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=",
        "X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc=",
    ];
    for key in weak {
        assert_eq!(
            key.parse::<PublicKey>().err(),
            Some(KeyError::Weak),
            "{key}"
        );
    }
    let good = private(9).public().to_string();
    assert!(good.parse::<PublicKey>().is_ok());
    let url_safe = good.replace('+', "-").replace('/', "_");
    for text in [
        "",
        "AAAA",
        &good[..43],
        &format!("{good}\n"),
        &format!(" {good}"),
    ] {
        assert_eq!(
            text.parse::<PublicKey>().err(),
            Some(KeyError::Malformed),
            "{text}"
        );
    }
    assert!(url_safe == good || url_safe.parse::<PublicKey>().is_err());
}

#[test]
fn key_name_fits_an_environment_variable() {
    for good in ["a", "shop-2026_new", &"x".repeat(64)] {
        assert!(good.parse::<KeyName>().is_ok(), "{good}");
    }
    for bad in ["", "Shop", "a b", "a.b", "ä", &"x".repeat(65)] {
        assert!(bad.parse::<KeyName>().is_err(), "{bad}");
    }
}
