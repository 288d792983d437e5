use std::time::{Duration, SystemTime};

use reqwest::{
    Body, Response, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use super::{
    cancellable_body::{CancellableBody, Permit},
    clock, failure,
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

/// The maximum size of an answer in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// Signs, sends and verifies. It makes one attempt for each call.
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
    /// Makes one attempt: signs, sends, verifies and reads.
    pub(super) async fn call<T>(
        &self,
        request: &Request<'_>,
        read: impl FnOnce(Data<'_>) -> CallResult<T>,
    ) -> CallResult<T> {
        self.call_if(request, None, read).await
    }

    /// Like [`call`](Self::call), but sends the body only if the permit still allows it then.
    pub(super) async fn call_if<T>(
        &self,
        request: &Request<'_>,
        permit: Option<Permit>,
        read: impl FnOnce(Data<'_>) -> CallResult<T>,
    ) -> CallResult<T> {
        let (mut response, sign) = self.exchange(request, permit).await?;
        let headers = std::mem::take(response.headers_mut());
        let body = read_body(response).await?;
        self.accept(&headers, &body)
            .map_err(|error| redact(&sign, error))
            .and_then(read)
    }

    /// Returns the date of the answer, and checks nothing else.
    pub(super) async fn time(&self, request: &Request<'_>) -> CallResult<SystemTime> {
        let (response, _) = self.exchange(request, None).await?;
        let date = response.headers().get(DATE_GMT);
        date.and_then(|date| date::parse(date.to_str().ok()?))
            .ok_or_else(|| CallError::Malformed("it has no valid Date-GMT header".to_owned()))
    }

    /// Signs and sends. Returns the answer with the signature of the request, which must not be shown.
    async fn exchange(
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
            .header(SIGN, sensitive_header(&signed.sign));
        let response = request.send().await.map_err(failure::on_send)?;
        match response.status() {
            StatusCode::OK => Ok(response),
            other => Err(CallError::Status(other.as_u16())),
        }
    }

    fn accept<'a>(&self, headers: &HeaderMap, body: &'a [u8]) -> CallResult<Data<'a>> {
        let header = |name| {
            headers
                .get_all(name)
                .iter()
                .map(HeaderValue::as_bytes)
                .collect::<Header>()
        };
        let headers = Headers {
            sign: header(SIGN),
            date_gmt: header(DATE_GMT),
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

/// Marks the signature as sensitive, so that no log of headers shows it. Base64 is always a valid header value.
fn sensitive_header(sign: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(sign).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

async fn read_body(mut response: Response) -> CallResult<Vec<u8>> {
    let announced = response.content_length().unwrap_or(0);
    let announced = usize::try_from(announced).unwrap_or(usize::MAX);
    if announced > MAX_ANSWER {
        return Err(CallError::TooLarge);
    }
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = response.chunk().await.map_err(failure::on_read)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(CallError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Removes the request's signature from an error message in which the vendor quotes it.
///
/// It searches for the first 16 characters only, because a long message was cut.
fn redact(sign: &str, mut error: CallError) -> CallError {
    if let (CallError::Api(api), Some(prefix)) = (&mut error, sign.get(..16))
        && let Some(at) = api.message.find(prefix)
    {
        api.message.truncate(at);
        api.message.push_str("[signature]");
    }
    error
}
