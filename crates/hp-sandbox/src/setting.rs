//! The types of option values, and how to parse them.

use std::str::FromStr;
use std::time::Duration;

use rust_decimal::Decimal;

/// A value that is not valid. The text says which values are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub(crate) String);

/// The balance of the account in one currency: `CNY=100000` or `USD=12.50`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Three capital letters.
    pub currency: String,
    /// Not negative, with at most two decimals.
    pub amount: Decimal,
}

impl Balance {
    /// Checks the currency and the amount.
    ///
    /// # Errors
    /// The currency is not three capital letters, or the amount is negative or has more than two decimals.
    pub fn new(currency: &str, amount: Decimal) -> Result<Self, BadSetting> {
        if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(BadSetting(format!(
                "the currency {currency:?} is not valid; give three capital letters, such as CNY"
            )));
        }
        if amount.is_sign_negative() || amount.normalize().scale() > 2 {
            return Err(BadSetting(format!(
                "the amount {amount} is not valid; give zero or more, with at most two decimals"
            )));
        }
        Ok(Self {
            currency: currency.to_owned(),
            amount,
        })
    }
}

impl FromStr for Balance {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let usage = || {
            BadSetting(format!(
                "{text:?} is not CURRENCY=AMOUNT; give for example CNY=100000"
            ))
        };
        let (currency, amount) = text.split_once('=').ok_or_else(usage)?;
        Self::new(currency, amount.parse().map_err(|_| usage())?)
    }
}

/// How long a call takes: a fixed time, or a random time between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The shortest time.
    pub from: Duration,
    /// The longest time.
    pub to: Duration,
}

impl FromStr for Latency {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let time = |part: &str| {
            humantime::parse_duration(part).map_err(|why| {
                let usage = "give for example 80ms or 80ms..200ms";
                BadSetting(format!("{part:?} is not a duration ({why}); {usage}"))
            })
        };
        let (from, to) = (time(from)?, time(to)?);
        if from > to {
            let why = format!("the range {text} is not valid; give the shorter time first");
            return Err(BadSetting(why));
        }
        Ok(Self { from, to })
    }
}

/// The answer to a query for an order or a card that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// This error code.
    Code(i64),
    /// Success with empty data, unsigned.
    Empty,
}

impl FromStr for NotFound {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        match (text, text.parse()) {
            ("empty", _) => Ok(Self::Empty),
            (_, Ok(code)) if code != 200 => Ok(Self::Code(code)),
            _ => Err(BadSetting(format!(
                "{text:?} is not valid; give an error code other than 200, or \"empty\""
            ))),
        }
    }
}
