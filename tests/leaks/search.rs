use std::collections::{BTreeSet, HashMap};

use base64::{Engine, engine::general_purpose::STANDARD};

/// Something that must not appear.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    /// What it is, for the report.
    pub(crate) name: String,
    /// Its random part.
    pub(crate) text: String,
}

impl Secret {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// A secret of 32 random letters and digits.
    pub(crate) fn random(name: &str) -> Self {
        let symbol = || {
            char::from(
                *b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
                    .get(rand::random_range(0..56))
                    .unwrap(),
            )
        };
        let text: String = std::iter::repeat_with(symbol).take(32).collect();
        Self::new(name, &text)
    }
}

/// So many consecutive characters of a secret are a leak.
const PART: usize = 8;
/// The base64 text of a part, at any alignment, has so many characters that depend on nothing else.
const PART_IN_BASE64: usize = 10;

/// A part of a secret, as it may appear.
struct Needle {
    bytes: Vec<u8>,
    secret: usize,
    form: &'static str,
}

/// Searches for secrets in all their forms.
pub(crate) struct Search {
    names: Vec<String>,
    /// By their first eight bytes.
    needles: HashMap<[u8; 8], Vec<Needle>>,
    /// `true` for the first two bytes of each needle.
    starts: Vec<bool>,
}

impl Search {
    pub(crate) fn new(secrets: &[Secret]) -> Self {
        let mut search = Self {
            names: secrets.iter().map(|secret| secret.name.clone()).collect(),
            needles: HashMap::new(),
            starts: vec![false; 1 << 16],
        };
        for (index, secret) in secrets.iter().enumerate() {
            assert!(secret.text.len() >= PART, "{} is too short", secret.name);
            for part in secret.text.as_bytes().windows(PART) {
                for (form, bytes) in forms(part) {
                    search.add(index, form, bytes);
                }
            }
            for text in in_base64(secret.text.as_bytes()) {
                for part in text.as_bytes().windows(PART_IN_BASE64) {
                    search.add(index, "base64", part.to_vec());
                }
                let url_safe = text.replace('+', "-").replace('/', "_");
                if url_safe != text {
                    for part in url_safe.as_bytes().windows(PART_IN_BASE64) {
                        search.add(index, "base64", part.to_vec());
                    }
                }
            }
        }
        search
    }

    fn add(&mut self, secret: usize, form: &'static str, bytes: Vec<u8>) {
        let start = *bytes.first_chunk().unwrap();
        self.starts[usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))] = true;
        let needles = self.needles.entry(start).or_default();
        needles.push(Needle {
            bytes,
            secret,
            form,
        });
    }

    /// What it finds in the bytes: each secret and form once, without its text.
    pub(crate) fn find(&self, bytes: &[u8]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut rest = bytes;
        while let Some(start) = rest.first_chunk::<8>() {
            if self.starts[usize::from(u16::from_le_bytes([start[0], start[1]]))] {
                let needles = self.needles.get(start).into_iter().flatten();
                for needle in needles.filter(|needle| rest.starts_with(&needle.bytes)) {
                    let (name, form) = (&self.names[needle.secret], needle.form);
                    found.insert(format!("{name} ({form})"));
                }
            }
            rest = &rest[1..];
        }
        found
    }
}

fn forms(part: &[u8]) -> [(&'static str, Vec<u8>); 6] {
    let each = |write: fn(&u8) -> String, separator: &str| {
        let parts: Vec<_> = part.iter().map(write).collect();
        parts.join(separator).into_bytes()
    };
    [
        ("clear text", part.to_vec()),
        ("hexadecimal", each(|byte| format!("{byte:02x}"), "")),
        ("hexadecimal", each(|byte| format!("{byte:02X}"), "")),
        ("percent-encoding", each(|byte| format!("%{byte:02x}"), "")),
        ("percent-encoding", each(|byte| format!("%{byte:02X}"), "")),
        ("a list of bytes", each(ToString::to_string, ", ")),
    ]
}

/// The base64 text of a secret behind 0, 1 and 2 other bytes, without the characters that depend on its neighbours.
fn in_base64(secret: &[u8]) -> [String; 3] {
    [(0, 0), (1, 2), (2, 3)].map(|(before, dependent)| {
        let text = STANDARD.encode([&vec![0; before], secret].concat());
        let complete = (before + secret.len()) * 8 / 6;
        text[dependent..complete].to_owned()
    })
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE;

    use super::*;

    #[test]
    fn search_finds_every_form_and_part_of_a_secret() {
        let secret = Secret::random("the secret");
        let search = Search::new(std::slice::from_ref(&secret));
        let text = secret.text.as_str();
        let bytes = text.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for leak in [
            text.to_owned(),
            text[..8].to_owned(),
            text[24..].to_owned(),
            hex.to_uppercase(),
            hex,
            format!("{bytes:?}"),
            STANDARD.encode(text),
            STANDARD.encode(format!("a{text}")),
            STANDARD.encode(format!("ab{text}c")),
            URL_SAFE.encode(format!("?{text}")),
            STANDARD.encode(&text[10..20]),
            bytes.iter().map(|byte| format!("%{byte:02X}")).collect(),
        ] {
            let found = search.find(format!("before {leak} after").as_bytes());
            assert_eq!(found.len(), 1, "{leak}: {found:?}");
        }
        let other = Secret::random("another").text;
        let clean = [&text[..7], &text[25..], &*other, &STANDARD.encode(&other)];
        assert!(search.find(clean.join(" ").as_bytes()).is_empty());
    }
}
