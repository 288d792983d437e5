use std::{fmt, str::FromStr, time::Duration};

use crate::{
    call_error::{CallError, is_blocking},
    code::{self, Meaning, RefusalKind},
    value::Invalid,
};

/// The reason why the outcome of a call is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The event that the client saw.
    pub kind: DoubtKind,
    /// The vendor's code, if the vendor answered with one.
    pub code: Option<i64>,
    /// The reason as text, for logs and operators.
    pub message: String,
}

/// The event that the client saw in place of a definite answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoubtKind {
    /// The vendor already has this order id: an earlier attempt was executed or is still running.
    Exists,
    /// The answer was lost.
    Lost,
    /// The query never left this machine.
    NeverSent,
    /// HTTP 401, 403 or 407: the vendor rejects this machine, or a front end of the vendor rejects this order.
    Blocked,
    /// The answer is not an answer of the API.
    Garbled,
    /// The answer has no signature, a wrong signature, or a stale date.
    Unverified,
    /// The answer is a success without data.
    NoData,
    /// The answer is signed, but does not match the request.
    Mismatch,
    /// The order exists, but is not completed yet.
    Pending,
    /// The answer is a code that settles nothing.
    Code,
    /// The vendor denies the order, and an order that it has charged, too. So its "not found" proves nothing.
    ControlDenied,
    /// A front end turned the request away, so it does not arrive any more. With the time for which to send nothing, if this is
    /// fresh and the answer says it.
    TurnedAway(Option<Duration>),
    /// A front end asks to send less, and says nothing about the request. With the time for which to send nothing, if
    /// this is fresh and the answer says it.
    Throttled(Option<Duration>),
}

impl Doubt {
    pub(crate) fn from_error(error: &CallError) -> Self {
        let (code, message) = match error {
            CallError::Api(api) => (Some(api.code), api.message.clone()),
            CallError::Unattributed { code, .. } => (*code, error.to_string()),
            CallError::Lost(why) | CallError::NeverSent(why) => (None, why.clone()),
            other => (None, other.to_string()),
        };
        Self {
            kind: DoubtKind::from_error(error),
            code,
            message,
        }
    }

    /// Returns `true` if the failure is one of the caller's account: wrong credentials or a blocked IP address.
    ///
    /// Every other order would probably fail in the same way. So make a control call, for example for the product list, and
    /// pause if [it fails like this too](CallError::is_account_failure).
    pub fn is_account_failure(&self) -> bool {
        let credentials = Meaning::Refused(RefusalKind::Credentials);
        self.kind == DoubtKind::Blocked
            || self
                .code
                .is_some_and(|code| code::meaning(code) == credentials)
    }
}

impl DoubtKind {
    /// All kinds.
    pub const ALL: [Self; 13] = [
        Self::Exists,
        Self::Lost,
        Self::NeverSent,
        Self::Blocked,
        Self::Garbled,
        Self::Unverified,
        Self::NoData,
        Self::Mismatch,
        Self::Pending,
        Self::Code,
        Self::ControlDenied,
        Self::TurnedAway(None),
        Self::Throttled(None),
    ];

    fn from_error(error: &CallError) -> Self {
        match error {
            CallError::Api(api) if code::meaning(api.code) == Meaning::Exists => Self::Exists,
            CallError::Api(_) => Self::Code,
            // `Refusal` handles a fetch that was never sent. A query that was never sent settles nothing.
            CallError::NeverSent(_) | CallError::Cancelled => Self::NeverSent,
            CallError::Lost(_) => Self::Lost,
            CallError::TurnedAway { retry_after } => Self::TurnedAway(*retry_after),
            CallError::Throttled { retry_after, .. } => Self::Throttled(*retry_after),
            CallError::Status(status) if is_blocking(*status) => Self::Blocked,
            CallError::Status(_)
            | CallError::Unattributed { .. }
            | CallError::TooLarge
            | CallError::Malformed(_)
            | CallError::Shape(_) => Self::Garbled,
            CallError::Unverified(_) | CallError::Stale(_) => Self::Unverified,
            CallError::NoData => Self::NoData,
            CallError::Mismatch(mismatch) if mismatch.is_pending() => Self::Pending,
            CallError::Mismatch(_) => Self::Mismatch,
        }
    }

    /// Returns the kind as a record keeps it: without the time that a throttled call asks for.
    #[must_use]
    pub const fn without_time(self) -> Self {
        match self {
            Self::TurnedAway(_) => Self::TurnedAway(None),
            Self::Throttled(_) => Self::Throttled(None),
            kind => kind,
        }
    }

    /// Returns the kind as one word, for records and metrics. [`FromStr`] parses it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::Lost => "lost",
            Self::NeverSent => "never_sent",
            Self::Blocked => "blocked",
            Self::Garbled => "garbled",
            Self::Unverified => "unverified",
            Self::NoData => "no_data",
            // Stored records contain this word.
            Self::Mismatch => "misfit",
            Self::Pending => "pending",
            Self::Code => "code",
            Self::ControlDenied => "control_denied",
            Self::TurnedAway(_) => "turned_away",
            Self::Throttled(_) => "throttled",
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
