//! Values of single options, as text and as types.

use std::str::FromStr;
use std::time::Duration;

use rust_decimal::Decimal;

/// A setting that makes no sense; the text says what would.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub(crate) String);

/// Money in the account of one currency: `CNY=100000` or `USD=12.50`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Three capital letters.
    pub currency: String,
    /// Not negative, at most two decimals.
    pub amount: Decimal,
}

impl Balance {
    /// Checks both parts.
    ///
    /// # Errors
    /// A currency that is not three capital letters; an amount below zero or with parts of a cent.
    pub fn new(currency: &str, amount: Decimal) -> Result<Self, BadSetting> {
        if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(BadSetting(format!(
                "currency {currency:?}: give three capital letters, such as CNY"
            )));
        }
        if amount.is_sign_negative() || amount.normalize().scale() > 2 {
            return Err(BadSetting(format!(
                "amount {amount}: give zero or more, with at most two decimals"
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
                "{text:?}: give CURRENCY=AMOUNT, such as CNY=100000"
            ))
        };
        let (currency, amount) = text.split_once('=').ok_or_else(usage)?;
        Self::new(currency, amount.parse().map_err(|_| usage())?)
    }
}

/// How long a call takes: always the same, or anything between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The shortest.
    pub from: Duration,
    /// The longest.
    pub to: Duration,
}

impl FromStr for Latency {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let time = |part: &str| {
            humantime::parse_duration(part)
                .map_err(|why| BadSetting(format!("{part:?}: {why}; give 80ms, or 80ms..200ms")))
        };
        let latency = Self {
            from: time(from)?,
            to: time(to)?,
        };
        if latency.from > latency.to {
            return Err(BadSetting(format!("{text}: the shorter time comes first")));
        }
        Ok(latency)
    }
}

/// The answer to a query for an order or card that does not exist.
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
                "{text:?}: give an error code other than 200, or `empty`"
            ))),
        }
    }
}
