use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use crypto_box::{KEY_SIZE, SalsaBox, SecretKey, aead::Aead};
use zeroize::Zeroizing;

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not standard base64 of 32 bytes.
    #[error("a key is 32 bytes in standard base64: 44 characters that end with `=`")]
    Malformed,
    /// It belongs to the shop alone.
    #[error("this is a private key. Give the public key, which is in the file NAME.pub")]
    Private,
    /// Whoever has the sealed copy could open it.
    #[error("this public key protects nothing: it is a point of small order")]
    Weak,
}

/// This bit of the last byte marks private keys that [`PrivateKey::from_random`] makes. X25519 ignores it, and it is never set in
/// a public key.
const PRIVATE: u8 = 0x80;

/// An X25519 public key. Whoever has it can seal, and cannot open.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(crypto_box::PublicKey);

impl PublicKey {
    pub(super) const fn as_inner(&self) -> &crypto_box::PublicKey {
        &self.0
    }

    /// Every private key gives the same secret with a point of small order.
    fn is_weak(&self) -> bool {
        let seal = |private| {
            let private = SecretKey::from_bytes([private; KEY_SIZE]);
            SalsaBox::new(&self.0, &private).encrypt(&[0; 24].into(), &[][..])
        };
        seal(1) == seal(2)
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = decode(text)?;
        if bytes[KEY_SIZE - 1] & PRIVATE != 0 {
            return Err(KeyError::Private);
        }
        let key = Self(crypto_box::PublicKey::from_bytes(*bytes));
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        Ok(key)
    }
}

/// In base64.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// An X25519 private key: opens what was sealed to its [public key](Self::public). Is wiped from memory when dropped, and
/// prints as `[redacted]`. It cannot be displayed or serialized:
///
/// ```
/// let key: hp_queue::PrivateKey = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".parse()?;
/// assert_eq!(format!("{key:?}"), "[redacted]");
/// # Ok::<(), hp_queue::KeyError>(())
/// ```
/// ```compile_fail,E0277
/// let key: hp_queue::PrivateKey = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".parse().unwrap();
/// println!("{key}");
/// ```
/// ```compile_fail,E0277
/// let key: hp_queue::PrivateKey = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".parse().unwrap();
/// serde_json::to_string(&key);
/// ```
#[derive(Clone)]
pub struct PrivateKey(SecretKey);

impl PrivateKey {
    /// Makes a key of unpredictable bytes.
    pub fn from_random(bytes: &Zeroizing<[u8; KEY_SIZE]>) -> Self {
        let mut bytes = bytes.clone();
        bytes[KEY_SIZE - 1] |= PRIVATE;
        Self(SecretKey::from_bytes(*bytes))
    }

    /// Returns `false` if this may be a public key by mistake.
    pub fn is_marked(&self) -> bool {
        Zeroizing::new(self.0.to_bytes())[KEY_SIZE - 1] & PRIVATE != 0
    }

    /// Returns the public key that belongs to this one.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key())
    }

    /// Returns the key in base64. Nothing else writes it out.
    pub fn expose(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(self.0.to_bytes());
        Zeroizing::new(STANDARD.encode(*bytes))
    }

    pub(super) fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.0.unseal(sealed).ok().map(Zeroizing::new)
    }
}

impl FromStr for PrivateKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        decode(text).map(|bytes| Self(SecretKey::from_bytes(*bytes)))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn decode(text: &str) -> Result<Zeroizing<[u8; KEY_SIZE]>, KeyError> {
    let mut bytes = Zeroizing::new([0; KEY_SIZE]);
    let decoded = STANDARD.decode_slice(text, &mut *bytes);
    if decoded != Ok(KEY_SIZE) {
        return Err(KeyError::Malformed);
    }
    Ok(bytes)
}
