use std::{fmt, str::FromStr};

use super::is_pending;
use crate::{
    call_error::CallError,
    code::{self, Meaning, RefusalKind},
    value::Invalid,
};

/// Why nothing is known for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// What was seen.
    pub kind: DoubtKind,
    /// The vendor's code, where it answered with one.
    pub code: Option<i64>,
    /// For people.
    pub message: String,
}

/// What was seen in place of a definite answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoubtKind {
    /// The vendor knows the order id already: an earlier attempt got through, or still runs.
    Exists,
    /// The answer was lost.
    Lost,
    /// HTTP 401, 403 or 407: this machine is refused.
    Blocked,
    /// Something other than an answer of the API.
    Garbled,
    /// Not signed, wrongly signed, or stale.
    Unverified,
    /// Success without data.
    NoData,
    /// Signed, but about something else than was asked.
    Mismatch,
    /// The order is there, and not completed yet.
    Pending,
    /// A code that settles nothing.
    Code,
}

impl Doubt {
    pub(crate) fn of(error: &CallError) -> Self {
        let (code, message) = match error {
            CallError::Api(api) => (Some(api.code), api.message.clone()),
            CallError::Lost(why) | CallError::NeverSent(why) => (None, why.clone()),
            other => (None, other.to_string()),
        };
        Self {
            kind: DoubtKind::of(error),
            code,
            message,
        }
    }

    /// Whether the trouble is the caller's own (credentials, or an IP that is refused), so that every
    /// other order would meet it as well: pause rather than go on.
    pub fn is_account_failure(&self) -> bool {
        let credentials = Meaning::Refused(RefusalKind::Credentials);
        self.kind == DoubtKind::Blocked
            || self
                .code
                .is_some_and(|code| code::meaning(code) == credentials)
    }
}

impl DoubtKind {
    const ALL: [Self; 9] = [
        Self::Exists,
        Self::Lost,
        Self::Blocked,
        Self::Garbled,
        Self::Unverified,
        Self::NoData,
        Self::Mismatch,
        Self::Pending,
        Self::Code,
    ];

    fn of(error: &CallError) -> Self {
        match error {
            CallError::Api(api) if code::meaning(api.code) == Meaning::Exists => Self::Exists,
            CallError::Api(_) => Self::Code,
            // Asking a question that never left leaves the doubt as it was.
            CallError::Lost(_) | CallError::NeverSent(_) | CallError::Cancelled => Self::Lost,
            CallError::Status(401 | 403 | 407) => Self::Blocked,
            CallError::Status(_)
            | CallError::TooLarge
            | CallError::Malformed(_)
            | CallError::Shape(_) => Self::Garbled,
            CallError::Unverified(_) | CallError::Stale(_) => Self::Unverified,
            CallError::NoData => Self::NoData,
            CallError::Mismatch(mismatch) if is_pending(mismatch) => Self::Pending,
            CallError::Mismatch(_) => Self::Mismatch,
        }
    }

    /// The kind as one word, for records and metrics; [`FromStr`] reads it back.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::Lost => "lost",
            Self::Blocked => "blocked",
            Self::Garbled => "garbled",
            Self::Unverified => "unverified",
            Self::NoData => "no_data",
            Self::Mismatch => "misfit",
            Self::Pending => "pending",
            Self::Code => "code",
        }
    }
}

impl FromStr for DoubtKind {
    type Err = Invalid;

    fn from_str(word: &str) -> Result<Self, Invalid> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        known.ok_or_else(|| Invalid::new("not a kind of doubt"))
    }
}

impl fmt::Display for DoubtKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
