use std::fmt;

use zeroize::Zeroizing;

/// The key of a card. Anyone who has the key can use the card.
///
/// It is wiped when dropped, prints as `[redacted]`, and implements neither `Display` nor serialization.
///
/// ```
/// let key = hp_api::PinKey::from("BP905QS5ZDZAV0ZB".to_owned());
/// assert_eq!(format!("{key:?}"), "[redacted]");
/// ```
///
/// It cannot be displayed or serialized:
///
/// ```compile_fail,E0277
/// println!("{}", hp_api::PinKey::from("key".to_owned()));
/// ```
/// ```compile_fail,E0277
/// serde_json::to_string(&hp_api::PinKey::from("key".to_owned()));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PinKey(Zeroizing<String>);

impl PinKey {
    /// Returns the key itself, to deliver it to the buyer. Keep it out of logs and errors.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The secret that signs requests and answers in secret mode.
///
/// It is wiped when dropped, prints as `[redacted]`, and cannot be read back, displayed or serialized:
///
/// ```
/// let secret = hp_api::AppSecret::from("secret".to_owned());
/// assert_eq!(format!("{secret:?}"), "[redacted]");
/// ```
/// ```compile_fail,E0277
/// println!("{}", hp_api::AppSecret::from("secret".to_owned()));
/// ```
/// ```compile_fail,E0277
/// serde_json::to_string(&hp_api::AppSecret::from("secret".to_owned()));
/// ```
/// ```compile_fail,E0624
/// hp_api::AppSecret::from("secret".to_owned()).expose();
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AppSecret(Zeroizing<String>);

impl AppSecret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

macro_rules! redacted {
    ($($name:ty),*) => {$(
        impl From<String> for $name {
            fn from(secret: String) -> Self {
                Self(Zeroizing::new(secret))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[redacted]")
            }
        }
    )*};
}

redacted!(PinKey, AppSecret);
