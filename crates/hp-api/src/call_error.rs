use std::{fmt, time::Duration};

use crate::{code::RefusalKind, model::Mismatch, readable};

/// The result of one call.
pub type CallResult<T> = Result<T, CallError>;

/// The reason why one call did not return data.
///
/// An error is about this one call only. [`Outcome::of`] and [`Lookup::of`] decide whether an order was charged.
/// No variant holds a card's key, the app secret, or a request's signature.
///
/// [`Outcome::of`]: crate::Outcome::of
/// [`Lookup::of`]: crate::Lookup::of
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// DNS, connection or TLS failed: the request never left this machine.
    #[error(
        "the request was never sent: {0}; check the base URL, DNS, network and TLS, then repeat it"
    )]
    NeverSent(String),
    /// The caller cancelled the request before it was sent, see [`Client::fetch_if`](crate::Client::fetch_if).
    #[error("the request was cancelled before it was sent")]
    Cancelled,
    /// The call timed out or the connection broke after the client had begun to send.
    #[error("the answer was lost: {0}; the vendor may have executed the request")]
    Lost(String),
    /// The HTTP status is not 200, for example a redirect: something in front of the API answered.
    #[error("the server answered with HTTP status {0}; {hint}", hint = status_hint(*.0))]
    Status(u16),
    /// A front end turned the request away because there are too many: HTTP 429, and the answer belongs to the request. The
    /// request does not arrive any more.
    #[error(
        "the server turned the request away with HTTP status 429: too many requests; send less"
    )]
    TurnedAway {
        /// For how long to send nothing, at most an hour. `None` if the answer does not say it.
        retry_after: Option<Duration>,
    },
    /// A front end asks to send less: HTTP 503 with the header `Retry-After`, or a 429 that may answer another request. It says
    /// nothing about the order.
    #[error(
        "the server answered with HTTP status {status}: too many requests, or no server at the moment; the request may still have been executed"
    )]
    Throttled {
        /// 429 or 503.
        status: u16,
        /// For how long to send nothing, at most an hour. `None` if the answer does not say it.
        retry_after: Option<Duration>,
    },
    /// The answer is larger than the client reads.
    #[error(
        "the answer is larger than 8 MiB and was not read; the vendor may have executed the request"
    )]
    TooLarge,
    /// The answer is not the vendor's envelope.
    #[error(
        "the answer is not one of the API: {0}; check that the base URL is the address of the API"
    )]
    Malformed(String),
    /// The vendor answered with an error.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The vendor answered with an error or without data, but perhaps to an earlier request: the client could not check
    /// that the connection delivers each answer to its own request. It proves nothing.
    #[error(
        "the answer may belong to an earlier request, because the connection could not be checked: {message}"
    )]
    Unattributed {
        /// The vendor's code, if the answer has one.
        code: Option<i64>,
        /// The answer as text.
        message: String,
    },
    /// The answer is a success without data. It is unsigned and proves nothing.
    #[error("the vendor answered success without data, which proves nothing")]
    NoData,
    /// The signature is missing, wrong or ambiguous.
    #[error(
        "the answer is not signed by the vendor: {0}; check the secret or the server's key, and which server answers at the base URL"
    )]
    Unverified(String),
    /// The answer is signed, but its date is invalid or too far from now.
    #[error("the answer is stale: {0}; check the clock of this machine")]
    Stale(String),
    /// The answer is signed, but a field is missing or has the wrong format. Names the field, never its value.
    #[error(
        "the answer does not have the documented fields: {0}; ask the vendor, or update this client"
    )]
    Shape(String),
    /// The answer is signed and well-formed, but does not match the request.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

impl CallError {
    /// Returns `true` if the answer rejects the caller's account, this machine or its clock, so that every other call would
    /// probably fail in the same way.
    pub fn is_account_failure(&self) -> bool {
        match self {
            Self::Status(status) => is_blocking(*status),
            Self::Api(api) => matches!(
                RefusalKind::from_code(api.code),
                Some(RefusalKind::Credentials | RefusalKind::StaleDate)
            ),
            _ => false,
        }
    }

    /// Returns `true` if a front end asks to send less.
    #[cfg(feature = "client")]
    pub(crate) fn asks_to_send_less(&self) -> bool {
        matches!(self, Self::TurnedAway { .. } | Self::Throttled { .. })
    }

    /// Returns the error of an answer that may belong to another request.
    #[cfg(feature = "client")]
    pub(crate) fn unattributed(self) -> Self {
        let code = match &self {
            Self::Api(api) => Some(api.code),
            _ => None,
        };
        Self::Unattributed {
            code,
            message: self.to_string(),
        }
    }
}

/// Returns what an operator can do about an HTTP status.
fn status_hint(status: u16) -> &'static str {
    match status {
        300..=399 => "redirects are not followed: set the base URL to the address of the API",
        401 | 403 | 407 => "ask the vendor whether this machine's IP and app id are allowed",
        429 => "too many requests: send fewer",
        _ => {
            "something in front of the API answered, or the API failed; the request may have been executed"
        }
    }
}

/// An error answer of the vendor. It is not signed; only TLS protects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The vendor's code.
    pub code: i64,
    /// The vendor's text: at most 200 characters, without control characters, and with `[...]` in place of what may be a card
    /// key or a signature.
    pub message: String,
}

impl ApiError {
    /// The maximum number of characters in a message.
    pub const MESSAGE_LEN: usize = 200;

    /// Builds an error. It shortens the message, and replaces control characters and what may be a secret, so that logs can
    /// show it.
    ///
    /// ```
    /// let error = hp_api::ApiError::new(400_100, "card BP905QS5ZDZAV0ZB is sold");
    /// assert_eq!(error.message, "card [...] is sold");
    /// ```
    pub fn new(code: i64, message: &str) -> Self {
        let printable = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
        let message = readable::without_codes(message)
            .chars()
            .take(Self::MESSAGE_LEN)
            .map(printable)
            .collect();
        Self { code, message }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message } = self;
        write!(
            f,
            "the vendor answered {code} ({message}); {}",
            crate::code::remedy(*code)
        )
    }
}

impl std::error::Error for ApiError {}

/// Returns `true` for an HTTP status that rejects the caller, not the request.
pub(crate) fn is_blocking(status: u16) -> bool {
    matches!(status, 401 | 403 | 407)
}
