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
    target: Uri,
    date: HeaderValue,
    sign: HeaderValue,
    body: Option<Bytes>,
    permit: Permit,
}

impl HttpRequest {
    pub(super) fn new(signed: Signed, date: &str, permit: Option<Permit>) -> CallResult<Self> {
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
        let mut sign: HeaderValue = signed.sign.parse().map_err(unsendable)?;
        // No log of headers shows a sensitive one.
        sign.set_sensitive(true);
        Ok(Self {
            method,
            target,
            date: date.parse().map_err(unsendable)?,
            sign,
            body,
            permit: permit.unwrap_or_else(|| Arc::new(|| true)),
        })
    }

    /// Returns the request in the form of the HTTP library, with the headers that are the same in every request. A request
    /// that was never sent may be written again.
    pub(super) fn to_http(&self, common: &HeaderMap) -> http::Request<CancellableBody> {
        let body = CancellableBody::new(self.body.clone(), Arc::clone(&self.permit));
        let mut request = http::Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.clone();
        let headers = request.headers_mut();
        common.clone_into(headers);
        headers.insert(DATE_GMT, self.date.clone());
        headers.insert(SIGN, self.sign.clone());
        request
    }
}

/// An order id may have any visible character, but parameters are encoded, so this never happens.
fn unsendable(error: impl std::fmt::Display) -> CallError {
    CallError::NeverSent(format!("the request cannot be written: {error}"))
}
