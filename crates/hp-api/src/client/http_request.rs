use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, Uri,
    header::{HeaderName, HeaderValue},
};

use super::cancellable_body::{CancellableBody, Permit};
use crate::{
    call_error::{CallError, CallResult},
    request::{Method, Signed},
};

pub(super) const SIGN: HeaderName = HeaderName::from_static("sign");
pub(super) const DATE_GMT: HeaderName = HeaderName::from_static("date-gmt");

/// A signed request that can be written to a connection.
pub(super) struct HttpRequest {
    method: http::Method,
    uri: Uri,
    headers: HeaderMap,
    body: Option<Bytes>,
    permit: Permit,
}

impl HttpRequest {
    /// Builds a request from the headers that are the same in every request, and its own parts.
    pub(super) fn new(
        common: &HeaderMap,
        signed: Signed,
        date: &str,
        permit: Option<Permit>,
    ) -> CallResult<Self> {
        let (method, target, body) = match signed.method {
            Method::Post => (
                http::Method::POST,
                Uri::from_static(signed.path),
                Some(signed.params.into()),
            ),
            Method::Get => {
                let target = format!("{}?{}", signed.path, signed.params);
                (http::Method::GET, target.parse().map_err(unsendable)?, None)
            }
        };
        let mut headers = common.clone();
        headers.insert(DATE_GMT, date.parse().map_err(unsendable)?);
        let mut sign: HeaderValue = signed.sign.parse().map_err(unsendable)?;
        // No log of headers shows a sensitive one.
        sign.set_sensitive(true);
        headers.insert(SIGN, sign);
        Ok(Self {
            method,
            uri: target,
            headers,
            body,
            permit: permit.unwrap_or_else(|| Arc::new(|| true)),
        })
    }

    /// Returns the request in the form of the HTTP library. A request that was never sent may be written again.
    pub(super) fn to_http(&self) -> http::Request<CancellableBody> {
        let body = CancellableBody::new(self.body.clone(), Arc::clone(&self.permit));
        let mut request = http::Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// An order id may have any visible character, but parameters are encoded, so this never happens.
fn unsendable(error: impl std::fmt::Display) -> CallError {
    CallError::NeverSent(format!("the request cannot be written: {error}"))
}
