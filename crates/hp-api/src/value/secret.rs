use std::fmt;

use zeroize::Zeroizing;

/// The key of a card: whoever has it can use the card.
///
/// Wiped when dropped, prints as `[redacted]`, and cannot be displayed or serialised by accident.
///
/// ```
/// let key = hp_api::PinKey::from("BP905QS5ZDZAV0ZB".to_owned());
/// assert_eq!(format!("{key:?}"), "[redacted]");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PinKey(Zeroizing<String>);

impl PinKey {
    /// The key itself, for handing it to its buyer; keep it out of logs and errors.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The secret that requests and answers are signed with.
///
/// Wiped when dropped, prints as `[redacted]`, and cannot be read back.
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
