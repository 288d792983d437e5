use std::{fmt, str::FromStr};

use hp_api::{Currency, ProductId};

use crate::word::UnknownWord;

/// The orders that one balance hold concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BalanceScope {
    /// All orders that HitPoints charges in this currency.
    Currency(Currency),
    /// All orders of this product, because its currency is unknown.
    Product(ProductId),
}

/// The start of the word for a product.
const PRODUCT: &str = "product:";

impl From<Currency> for BalanceScope {
    fn from(currency: Currency) -> Self {
        Self::Currency(currency)
    }
}

/// `USD` or `product:2`: the word in Redis and in the output of commands.
impl fmt::Display for BalanceScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Currency(currency) => f.pad(currency.as_str()),
            Self::Product(product) => write!(f, "{PRODUCT}{product}"),
        }
    }
}

impl FromStr for BalanceScope {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let scope = match word.strip_prefix(PRODUCT) {
            Some(product) => product.parse().map(Self::Product),
            None => word.parse().map(Self::Currency),
        };
        scope.map_err(|_| UnknownWord(word.into()))
    }
}
