use std::fmt;

/// What a card can still do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CardStatus {
    /// Can be used.
    Active,
    /// Cannot be used (yet).
    Inactive,
    /// Has been used.
    Verified,
    /// Scrapped.
    Void,
    /// Its time has passed.
    Expired,
    /// A word that the vendor has not documented.
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
    /// The vendor's word.
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

/// How far an order has got. Every word but `completed` means: not settled, ask again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// Paid, and its cards delivered.
    Completed,
    /// A word that the vendor has not documented. Never to be taken for a failure.
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
    /// The vendor's word.
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
