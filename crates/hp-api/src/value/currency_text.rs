use std::{fmt, str::FromStr};

use super::{id::check_visible_ascii, invalid::Invalid, money::Currency};

/// What the vendor writes as the currency of an order: 1 to 12 bytes of visible ASCII, such as `USD` or `USDT`.
///
/// A paid order must stay readable, so this type also takes a text that is no [`Currency`].
///
/// ```
/// use hp_api::CurrencyText;
///
/// let text: CurrencyText = "USDT".parse()?;
/// assert_eq!((text.as_str(), text.code()), ("USDT", None));
/// # Ok::<(), hp_api::Invalid>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyText(String);

impl CurrencyText {
    /// The maximum length in bytes.
    pub const MAX_LEN: usize = 12;

    /// Returns the text as the vendor wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the currency, or `None` if the text is not the code of one.
    pub fn code(&self) -> Option<Currency> {
        self.0.parse().ok()
    }
}

impl FromStr for CurrencyText {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() || text.len() > Self::MAX_LEN {
            let (max, len) = (Self::MAX_LEN, text.len());
            return Err(Invalid::new(format!(
                "the text of a currency has 1 to {max} bytes, this one has {len}"
            )));
        }
        check_visible_ascii("the text of a currency", text)?;
        Ok(Self(text.to_owned()))
    }
}

impl From<Currency> for CurrencyText {
    fn from(currency: Currency) -> Self {
        Self(currency.as_str().to_owned())
    }
}

impl fmt::Display for CurrencyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
