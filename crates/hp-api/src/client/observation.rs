//! What a client reports about its HTTP calls.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{call_error::CallError, request::Request};

/// One HTTP call of a client: a request, and its answer or the reason why there is none. Contains nothing of either, so that
/// metrics can count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpCall {
    /// What was called.
    pub endpoint: Endpoint,
    /// How it ended.
    pub class: CallClass,
    /// The time from the start, before the connection, to the end of the answer.
    pub duration: Duration,
}

/// An endpoint of the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The product list.
    Products,
    /// The purchase of cards.
    Fetch,
    /// The record of an order.
    Query,
    /// The record of a card.
    QueryPin,
}

/// How an HTTP call ended.
///
/// It is for metrics and decides nothing about an order: [`Outcome::of`](crate::Outcome::of) and
/// [`Lookup::of`](crate::Lookup::of) do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallClass {
    /// The answer is verified and fits the request.
    Ok,
    /// The vendor answered with a code: a refusal, or "not found".
    ErrorCode,
    /// The vendor answered success without data.
    NoData,
    /// The vendor has the order, and it is not completed yet.
    Pending,
    /// The answer is signed and does not fit the request.
    Mismatch,
    /// The answer has no valid signature, or its date is stale.
    Unverified,
    /// The answer is not one of the API: no JSON, too large, or without the documented fields.
    InvalidAnswer,
    /// A front end asked to send less: HTTP 429, or 503 with `Retry-After`.
    Throttled,
    /// Another HTTP status from 400 to 499.
    Http4xx,
    /// Another HTTP status from 500 to 599.
    Http5xx,
    /// Another HTTP status than 200, such as a redirect.
    HttpOther,
    /// The request was sent, and no answer came in time.
    Timeout,
    /// The request was sent, and the connection broke before the answer was complete.
    ConnectionLost,
    /// The request was never sent: DNS, the proxy, the connection or TLS failed.
    ConnectFailed,
    /// The caller gave the call up, before it was sent or before its answer came.
    Abandoned,
}

impl Endpoint {
    /// All endpoints.
    pub const ALL: [Self; 4] = [Self::Products, Self::Fetch, Self::Query, Self::QueryPin];

    /// Returns the endpoint as one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Fetch => "fetch",
            Self::Query => "query",
            Self::QueryPin => "query_pin",
        }
    }

    const fn of(request: &Request<'_>) -> Self {
        match request {
            Request::Products { .. } => Self::Products,
            Request::FetchCards(_) => Self::Fetch,
            Request::QueryOrder { .. } => Self::Query,
            Request::QueryPin { .. } => Self::QueryPin,
        }
    }
}

impl CallClass {
    /// All classes.
    pub const ALL: [Self; 15] = [
        Self::Ok,
        Self::ErrorCode,
        Self::NoData,
        Self::Pending,
        Self::Mismatch,
        Self::Unverified,
        Self::InvalidAnswer,
        Self::Throttled,
        Self::Http4xx,
        Self::Http5xx,
        Self::HttpOther,
        Self::Timeout,
        Self::ConnectionLost,
        Self::ConnectFailed,
        Self::Abandoned,
    ];

    /// Returns the class as one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ErrorCode => "error_code",
            Self::NoData => "no_data",
            Self::Pending => "pending",
            Self::Mismatch => "mismatch",
            Self::Unverified => "unverified",
            Self::InvalidAnswer => "invalid_answer",
            Self::Throttled => "throttled",
            Self::Http4xx => "http_4xx",
            Self::Http5xx => "http_5xx",
            Self::HttpOther => "http_other",
            Self::Timeout => "timeout",
            Self::ConnectionLost => "connection_lost",
            Self::ConnectFailed => "connect_failed",
            Self::Abandoned => "abandoned",
        }
    }

    /// Classifies an error. `is_late`: the time of the call was over.
    fn of(error: &CallError, is_late: bool) -> Self {
        match error {
            CallError::NeverSent(_) => Self::ConnectFailed,
            CallError::Cancelled => Self::Abandoned,
            CallError::Lost(_) if is_late => Self::Timeout,
            CallError::Lost(_) => Self::ConnectionLost,
            CallError::TurnedAway { .. } | CallError::Throttled { .. } => Self::Throttled,
            CallError::Status(400..=499) => Self::Http4xx,
            CallError::Status(500..=599) => Self::Http5xx,
            CallError::Status(_) => Self::HttpOther,
            CallError::Api(_) | CallError::Unattributed { code: Some(_), .. } => Self::ErrorCode,
            CallError::NoData | CallError::Unattributed { code: None, .. } => Self::NoData,
            CallError::Unverified(_) | CallError::Stale(_) => Self::Unverified,
            CallError::TooLarge | CallError::Malformed(_) | CallError::Shape(_) => {
                Self::InvalidAnswer
            }
            CallError::Mismatch(mismatch) if mismatch.is_pending() => Self::Pending,
            CallError::Mismatch(_) => Self::Mismatch,
        }
    }
}

type Observe = dyn Fn(&HttpCall) + Send + Sync;

/// Whom a client tells about its HTTP calls, see
/// [`ClientBuilder::observe_calls`](super::ClientBuilder::observe_calls).
#[derive(Clone, Default)]
pub(super) struct CallObserver(Option<Arc<Observe>>);

impl CallObserver {
    pub(super) fn new(observe: impl Fn(&HttpCall) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observe)))
    }

    /// Begins a call that may take this long.
    pub(super) fn begin(&self, request: &Request<'_>, timeout: Duration) -> OpenCall<'_> {
        let started = Instant::now();
        OpenCall {
            observer: self,
            endpoint: Endpoint::of(request),
            started,
            deadline: started + timeout,
            is_open: true,
        }
    }
}

impl fmt::Debug for CallObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallObserver")
    }
}

/// A call that has not ended yet. One that is dropped was abandoned.
pub(super) struct OpenCall<'a> {
    observer: &'a CallObserver,
    endpoint: Endpoint,
    started: Instant,
    /// When its time is over.
    pub(super) deadline: Instant,
    is_open: bool,
}

impl OpenCall<'_> {
    /// Reports how the call ended: with this error, or well. Only the first report counts.
    pub(super) fn end(&mut self, error: Option<&CallError>) {
        let is_late = Instant::now() >= self.deadline;
        self.report(error.map_or(CallClass::Ok, |error| CallClass::of(error, is_late)));
    }

    fn report(&mut self, class: CallClass) {
        let is_first = std::mem::replace(&mut self.is_open, false);
        if let (true, CallObserver(Some(observe))) = (is_first, self.observer) {
            observe(&HttpCall {
                endpoint: self.endpoint,
                class,
                duration: self.started.elapsed(),
            });
        }
    }
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        self.report(CallClass::Abandoned);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{CallClass, Endpoint};

    #[test]
    fn words_of_calls_are_distinct() {
        let classes: HashSet<_> = CallClass::ALL.map(CallClass::as_str).into();
        assert_eq!(classes.len(), CallClass::ALL.len());
        let endpoints: HashSet<_> = Endpoint::ALL.map(Endpoint::as_str).into();
        assert_eq!(endpoints.len(), Endpoint::ALL.len());
    }
}
