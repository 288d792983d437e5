use std::fmt;

use crate::model::Mismatch;

/// What one call comes to.
pub type CallResult<T> = Result<T, CallError>;

/// Every way in which one call can fail to give its data.
///
/// An error speaks of this one call only: whether an order was charged is for [`Outcome::of`] and
/// [`Lookup::of`] to say. No variant holds a card's key, the app secret, or a request's signature.
///
/// [`Outcome::of`]: crate::Outcome::of
/// [`Lookup::of`]: crate::Lookup::of
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Name, connection or TLS failed: nothing of the request left this machine.
    #[error(
        "the request was never sent: {0}; check the base URL, DNS, network and TLS, then repeat it"
    )]
    NeverSent(String),
    /// The caller took it back before it left: see [`Client::fetch_if`](crate::Client::fetch_if).
    #[error("the request was cancelled before it left: nothing was sent")]
    Cancelled,
    /// Time ran out or the connection broke after the request had begun to leave.
    #[error(
        "the answer was lost: {0}; the request may have been carried out, query before repeating it"
    )]
    Lost(String),
    /// An HTTP status other than 200, redirects included: something in front of the API answered.
    #[error("HTTP status {0} in place of an answer; {hint}", hint = status_hint(*.0))]
    Status(u16),
    /// The answer is larger than the client reads.
    #[error("the answer is larger than 8 MiB and was not read; query for the order's record")]
    TooLarge,
    /// Not the vendor's envelope.
    #[error("not an answer of the API: {0}; check that the base URL names the API itself")]
    Malformed(String),
    /// The vendor answered with an error.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Success, but without data: it is unsigned and proves nothing.
    #[error("success without data, which proves nothing; query again")]
    NoData,
    /// The signature is missing, wrong, or not clearly one.
    #[error(
        "the answer is not signed by the vendor: {0}; check the secret or the server's key, and who answers at the base URL"
    )]
    Unverified(String),
    /// Signed, but its date is unusable or too far from now.
    #[error("the answer is signed, but stale: {0}; check this machine's clock")]
    Stale(String),
    /// Signed, but fields are missing or out of format; names the field, never its value.
    #[error(
        "the answer is signed, but not of the documented shape: {0}; ask the vendor, or update this client"
    )]
    Shape(String),
    /// Signed and well-formed, but not what was asked for.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

fn status_hint(status: u16) -> &'static str {
    match status {
        300..=399 => "a redirect is not followed: set the base URL to the API itself",
        401 | 403 | 407 => "ask the vendor whether this machine's IP and app id are allowed",
        429 => "too many requests: send fewer",
        _ => "try again later",
    }
}

/// An error answer of the vendor. It is not signed: only TLS speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The vendor's code.
    pub code: i64,
    /// The vendor's text: at most 200 characters, control characters replaced.
    pub message: String,
}

impl ApiError {
    /// Most characters kept of a message.
    pub const MESSAGE_LEN: usize = 200;

    /// An error answer, its message made fit for a log.
    pub fn new(code: i64, message: &str) -> Self {
        let plain = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
        let message = message.chars().take(Self::MESSAGE_LEN).map(plain).collect();
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
