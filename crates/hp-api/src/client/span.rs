//! The spans of requests, with the names that OpenTelemetry gives to HTTP clients.

use tracing::{Instrument, Span, field::Empty, info_span};
use url::Url;

use crate::{
    call_error::{CallError, CallResult},
    request::{Method, Request},
};

/// The server of the vendor, as spans name it.
#[derive(Debug)]
pub(super) struct Server {
    address: String,
    port: u16,
    base: String,
}

impl Server {
    pub(super) fn new(base: &Url) -> Self {
        Self {
            address: base.host_str().unwrap_or_default().to_owned(),
            port: base.port_or_known_default().unwrap_or_default(),
            base: base[..url::Position::AfterPort].to_owned(),
        }
    }

    /// The span of a request. The address is shown without the parameters.
    pub(super) fn span(&self, request: &Request<'_>) -> Span {
        let (path, method) = (request.path(), method(request));
        info_span!(
            "request",
            otel.name = %format_args!("{method} {path}"),
            otel.kind = "client",
            http.request.method = method,
            url.template = path,
            url.full = %format_args!("{}{path}", self.base),
            server.address = self.address,
            server.port = self.port,
            http.response.status_code = Empty,
            error.type = Empty,
            otel.status_code = Empty,
        )
    }
}

fn method(request: &Request<'_>) -> &'static str {
    match request.method() {
        Method::Get => "GET",
        Method::Post => "POST",
    }
}

/// Waits for the result of a request, in its span, and adds the end to the span. A caller that does not wait for the result
/// interrupts the request.
pub(super) async fn recorded<T>(
    span: Span,
    request: impl Future<Output = CallResult<T>>,
) -> CallResult<T> {
    let mut open = Open(Some(&span));
    let result = request.instrument(span.clone()).await;
    open.0 = None;
    record(&span, &result);
    result
}

/// A span whose end is not known, unless this is empty.
struct Open<'a>(Option<&'a Span>);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if let Some(span) = self.0 {
            span.record("error.type", "interrupted");
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// Adds the end of a request to its span.
fn record<T>(span: &Span, result: &CallResult<T>) {
    let Err(error) = result else {
        span.record("http.response.status_code", 200);
        return;
    };
    if let Some(status) = status(error) {
        span.record("http.response.status_code", status);
        span.record("error.type", tracing::field::display(status));
    } else {
        span.record("error.type", kind(error));
    }
    span.record("otel.status_code", "ERROR");
}

fn status(error: &CallError) -> Option<u16> {
    match error {
        CallError::Status(status) | CallError::Throttled { status, .. } => Some(*status),
        CallError::TurnedAway { .. } => Some(429),
        _ => None,
    }
}

/// What has kept an answer from being read, in one word. Whether the vendor accepts the request is not a matter of HTTP.
fn kind(error: &CallError) -> &'static str {
    match error {
        CallError::NeverSent(_) => "never_sent",
        CallError::Cancelled => "cancelled",
        CallError::Lost(_) => "lost",
        CallError::TooLarge => "too_large",
        _ => "malformed",
    }
}
