use std::{fmt, str::FromStr};

use rust_decimal::Decimal;

use super::invalid::Invalid;

/// An amount of money in the major unit of a currency. It is never negative, and its text has exactly two decimals.
///
/// The currency is in a field of its own, see [`Currency`].
///
/// ```
/// use hp_api::Money;
///
/// let price: Money = "43.75".parse()?;
/// assert_eq!(price.to_string(), "43.75");
/// assert!("43.750".parse::<Money>().is_err());
/// # Ok::<(), hp_api::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(Decimal);

impl Money {
    /// Takes an amount that is not negative and that two decimals represent exactly.
    ///
    /// # Errors
    /// [`Invalid`] for any other amount.
    pub fn new(amount: Decimal) -> Result<Self, Invalid> {
        let mut cents = amount;
        cents.rescale(2);
        if amount.is_sign_negative() || cents.scale() != 2 || cents != amount {
            return Err(Invalid::new(FORMAT_RULE));
        }
        Ok(Self(cents))
    }

    /// Returns the amount.
    pub fn amount(self) -> Decimal {
        self.0
    }

    /// Returns the amount in minor units, hundredths of the major unit, or `None` if it is too large. The vendor writes two
    /// decimals for every currency.
    ///
    /// ```
    /// let price: hp_api::Money = "43.75".parse()?;
    /// assert_eq!(price.minor_units(), Some(4375));
    /// # Ok::<(), hp_api::Invalid>(())
    /// ```
    pub fn minor_units(self) -> Option<u64> {
        u64::try_from(self.0.mantissa()).ok()
    }

    /// Parses the text of an amount with up to two decimals, such as `9.5` or `10`.
    pub(crate) fn parse_short(text: &str) -> Result<Self, Invalid> {
        let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
        let amount = match cents.len() {
            1 => hundredths(whole, cents, 10),
            2 => hundredths(whole, cents, 1),
            _ => None,
        };
        amount
            .and_then(Self::from_hundredths)
            .ok_or_else(|| Invalid::new(SHORT_FORMAT_RULE))
    }

    fn from_hundredths(amount: i128) -> Option<Self> {
        Decimal::try_from_i128_with_scale(amount, 2).ok().map(Self)
    }

    /// Multiplies the amount, or returns `None` if the result has more than 28 digits.
    pub fn times(self, count: u32) -> Option<Self> {
        self.0.checked_mul(Decimal::from(count)).map(Self)
    }
}

const FORMAT_RULE: &str = "money is digits, a point and exactly two decimals, such as 43.75";
const SHORT_FORMAT_RULE: &str = "an amount is digits with at most two decimals, such as 43.75";

impl FromStr for Money {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parts = text.split_once('.').filter(|(_, cents)| cents.len() == 2);
        parts
            .and_then(|(whole, cents)| hundredths(whole, cents, 1))
            .and_then(Self::from_hundredths)
            .ok_or_else(|| Invalid::new(FORMAT_RULE))
    }
}

/// Parses an amount into hundredths, with the digits before and after the point. `unit` is the value of the last digit in
/// hundredths. It allows 28 digits, because a [`Decimal`] can hold any number of 28 digits.
fn hundredths(whole: &str, fraction: &str, unit: i128) -> Option<i128> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=26).contains(&whole.len()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    Some(whole.parse::<i128>().ok()? * 100 + fraction.parse::<i128>().ok()? * unit)
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A currency code: three letters A to Z, such as `USD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Returns the three letters.
    pub fn as_str(&self) -> &str {
        // `from_str` takes ASCII only, so this never fails.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err(Invalid::new(
                "a currency is three letters A to Z, such as USD",
            )),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Currency({self})")
    }
}
