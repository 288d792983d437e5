use std::{fmt, str::FromStr};

use super::invalid::Invalid;

/// The number of a product in the vendor's product list, 1 to 2^53-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductId(u64);

impl ProductId {
    /// The largest product number. JSON readers that use floats lose digits above it.
    pub const MAX: u64 = (1 << 53) - 1;

    /// Takes a number from 1 to [`ProductId::MAX`].
    ///
    /// # Errors
    /// [`Invalid`] for any other number.
    pub fn new(number: u64) -> Result<Self, Invalid> {
        if (1..=Self::MAX).contains(&number) {
            return Ok(Self(number));
        }
        Err(Invalid::new("a product id is an integer from 1 to 2^53-1"))
    }

    /// Returns the number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for ProductId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new(parse_digits(text).unwrap_or(0))
    }
}

/// The number of cards in one order, 1 to 10000. The vendor sets a lower maximum for each product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u32);

impl Quantity {
    /// The maximum number of cards in one order.
    pub const MAX: u32 = 10_000;

    /// Takes a number from 1 to [`Quantity::MAX`].
    ///
    /// # Errors
    /// [`Invalid`] for any other number.
    pub fn new(number: u32) -> Result<Self, Invalid> {
        if (1..=Self::MAX).contains(&number) {
            return Ok(Self(number));
        }
        Err(Invalid::new("a quantity is an integer from 1 to 10000"))
    }

    /// Returns the number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl FromStr for Quantity {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let number = parse_digits(text).and_then(|number| u32::try_from(number).ok());
        Self::new(number.unwrap_or(0))
    }
}

/// Parses a decimal integer without sign, blanks or leading zeros, so that each number has one text.
fn parse_digits(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    is_plain.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
