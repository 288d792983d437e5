use std::fmt;

/// The status of a card.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CardStatus {
    /// The card can be used.
    Active,
    /// The card cannot be used, or not yet.
    Inactive,
    /// The card has been used.
    Verified,
    /// The vendor has scrapped the card.
    Void,
    /// The card has expired.
    Expired,
    /// A word that the vendor does not document.
    Other(String),
}

impl From<&str> for CardStatus {
    fn from(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "inactive" => Self::Inactive,
            "verified" => Self::Verified,
            "void" => Self::Void,
            "expired" => Self::Expired,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl CardStatus {
    /// Returns the vendor's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Verified => "verified",
            Self::Void => "void",
            Self::Expired => "expired",
            Self::Other(word) => word,
        }
    }
}

/// The status of an order. Every word but `completed` means that the order is not settled yet: query again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// The order is paid and its cards are delivered.
    Completed,
    /// A word that the vendor does not document. It never means that the order failed.
    Other(String),
}

impl From<&str> for OrderStatus {
    fn from(word: &str) -> Self {
        match word {
            "completed" => Self::Completed,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl OrderStatus {
    /// Returns the vendor's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Completed => "completed",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for CardStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
