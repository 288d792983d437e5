use std::{fmt, str::FromStr};

use super::Invalid;

/// Number of a product in the vendor's product list, 1 to 2^53-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductId(u64);

impl ProductId {
    /// The largest product number: above it, JSON readers that use floats lose digits.
    pub const MAX: u64 = (1 << 53) - 1;

    /// # Errors
    /// When the number is 0 or above [`ProductId::MAX`].
    pub fn new(number: u64) -> Result<Self, Invalid> {
        if (1..=Self::MAX).contains(&number) {
            return Ok(Self(number));
        }
        Err(Invalid::new("a product id is an integer from 1 to 2^53-1"))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for ProductId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new(digits(text).unwrap_or(0))
    }
}

/// Number of cards in one order, 1 to 10000. The vendor sets a lower limit for each product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u32);

impl Quantity {
    /// Most cards in one order.
    pub const MAX: u32 = 10_000;

    /// # Errors
    /// When the number is 0 or above [`Quantity::MAX`].
    pub fn new(number: u32) -> Result<Self, Invalid> {
        if (1..=Self::MAX).contains(&number) {
            return Ok(Self(number));
        }
        Err(Invalid::new("a quantity is an integer from 1 to 10000"))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl FromStr for Quantity {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let number = digits(text).and_then(|number| u32::try_from(number).ok());
        Self::new(number.unwrap_or(0))
    }
}

/// A decimal integer without sign, blanks or leading zeros: one text for one number.
fn digits(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
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
