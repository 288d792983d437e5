use std::time::{Duration, SystemTime};

use reqwest::{
    Body, Response, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use super::{
    clock, failure,
    guarded::{CancellableBody, Permit},
    random::RandomSource,
    random_key::random_key,
};
use crate::{
    answer::{self, Data, Header, Headers},
    call_error::{CallError, CallResult},
    date,
    request::{Method, Request, Signed},
    sign::{Signer, Verifier},
};

const SIGN: HeaderName = HeaderName::from_static("sign");
const DATE_GMT: HeaderName = HeaderName::from_static("date-gmt");

/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Transport {
    pub(super) http: reqwest::Client,
    pub(super) base: Url,
    pub(super) signer: Signer,
    pub(super) verifier: Verifier,
    pub(super) date_window: Duration,
    pub(super) random: RandomSource,
}

impl Transport {
    /// One attempt: sign, send, verify, read.
    pub(super) async fn call<T>(
        &self,
        request: &Request<'_>,
        read: impl FnOnce(Data<'_>) -> CallResult<T>,
    ) -> CallResult<T> {
        self.call_if(request, None, read).await
    }

    /// The same, for a request that has a body, if it may still leave then.
    pub(super) async fn call_if<T>(
        &self,
        request: &Request<'_>,
        permit: Option<Permit>,
        read: impl FnOnce(Data<'_>) -> CallResult<T>,
    ) -> CallResult<T> {
        let (mut response, sign) = self.ask(request, permit).await?;
        let headers = std::mem::take(response.headers_mut());
        let body = body(response).await?;
        self.accept(&headers, &body)
            .map_err(|error| without(&sign, error))
            .and_then(read)
    }

    /// The answer's date, and nothing else of it.
    pub(super) async fn time(&self, request: &Request<'_>) -> CallResult<SystemTime> {
        let (response, _) = self.ask(request, None).await?;
        let dated = response.headers().get(DATE_GMT);
        dated
            .and_then(|date| date::parse(date.to_str().ok()?))
            .ok_or_else(|| CallError::Malformed("it has no usable Date-GMT header".to_owned()))
    }

    /// Signs and sends; gives the signature too, which must not be shown.
    async fn ask(
        &self,
        request: &Request<'_>,
        permit: Option<Permit>,
    ) -> CallResult<(Response, String)> {
        let date = date::format(clock::now());
        let signed = request.sign(&self.signer, &random_key(self.random.bits()), &date);
        let sign = signed.sign.clone();
        Ok((self.send(signed, &date, permit).await?, sign))
    }

    async fn send(
        &self,
        signed: Signed,
        date: &str,
        permit: Option<Permit>,
    ) -> CallResult<Response> {
        let mut url = self.base.clone();
        url.set_path(signed.path);
        let request = match signed.method {
            Method::Post => self.http.post(url).body(match permit {
                Some(permit) => Body::wrap(CancellableBody::new(signed.params, permit)),
                None => signed.params.into(),
            }),
            Method::Get => {
                url.set_query(Some(&signed.params));
                self.http.get(url)
            }
        };
        let request = request
            .header(DATE_GMT, date)
            .header(SIGN, secret_header(&signed.sign));
        let response = request.send().await.map_err(failure::of_sending)?;
        match response.status() {
            StatusCode::OK => Ok(response),
            other => Err(CallError::Status(other.as_u16())),
        }
    }

    fn accept<'a>(&self, headers: &HeaderMap, body: &'a [u8]) -> CallResult<Data<'a>> {
        let all = |name| {
            headers
                .get_all(name)
                .iter()
                .map(HeaderValue::as_bytes)
                .collect::<Header>()
        };
        let headers = Headers {
            sign: all(SIGN),
            date_gmt: all(DATE_GMT),
        };
        answer::accept(
            &self.verifier,
            clock::now(),
            self.date_window,
            &headers,
            body,
        )
    }
}

/// A base64 text is always a header value; marked so that no log of headers shows it.
fn secret_header(sign: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(sign).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

async fn body(mut response: Response) -> CallResult<Vec<u8>> {
    let announced = response.content_length().unwrap_or(0);
    let announced = usize::try_from(announced).unwrap_or(usize::MAX);
    if announced > MAX_ANSWER {
        return Err(CallError::TooLarge);
    }
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = response.chunk().await.map_err(failure::of_reading)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(CallError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Should the vendor quote the request's signature, then it does not get into a log. Looks for its
/// beginning only, because a long message has been cut.
fn without(sign: &str, mut error: CallError) -> CallError {
    if let (CallError::Api(api), Some(beginning)) = (&mut error, sign.get(..16))
        && let Some(at) = api.message.find(beginning)
    {
        api.message.truncate(at);
        api.message.push_str("[signature]");
    }
    error
}
