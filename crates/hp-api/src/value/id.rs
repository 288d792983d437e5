use std::{fmt, str::FromStr};

use super::invalid::Invalid;

/// The reseller's own id of an order. The API calls it `out_trade_id` and uses it as the idempotency key.
///
/// 1 to 50 bytes of visible ASCII (0x21 to 0x7E).
///
/// ```
/// use hp_api::OrderId;
///
/// assert_eq!("A-1001".parse::<OrderId>()?.as_str(), "A-1001");
/// assert!("two words".parse::<OrderId>().is_err());
/// # Ok::<(), hp_api::Invalid>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(String);

impl OrderId {
    /// The maximum length in bytes.
    pub const MAX_LEN: usize = 50;

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OrderId {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        if text.is_empty() || text.len() > Self::MAX_LEN {
            let (max, len) = (Self::MAX_LEN, text.len());
            return Err(Invalid::new(format!(
                "an order id has 1 to {max} bytes, this one has {len}"
            )));
        }
        check_visible_ascii("an order id", &text)?;
        Ok(Self(text))
    }
}

/// The serial number of a card: 16 bytes of visible ASCII. It is not secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PinSn(String);

impl PinSn {
    /// The length in bytes.
    pub const LEN: usize = 16;

    /// Returns the serial number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PinSn {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        if text.len() != Self::LEN {
            let (want, len) = (Self::LEN, text.len());
            return Err(Invalid::new(format!(
                "a card's serial number has {want} bytes, this one has {len}"
            )));
        }
        check_visible_ascii("a card's serial number", &text)?;
        Ok(Self(text))
    }
}

pub(super) fn check_visible_ascii(what: &str, text: &str) -> Result<(), Invalid> {
    match text.bytes().position(|byte| !byte.is_ascii_graphic()) {
        None => Ok(()),
        Some(index) => Err(Invalid::new(format!(
            "{what} has only visible ASCII characters (0x21 to 0x7E); byte {} is another character",
            index + 1
        ))),
    }
}

macro_rules! text_conversions {
    ($($name:ty),*) => {$(
        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::try_from(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

text_conversions!(OrderId, PinSn);
